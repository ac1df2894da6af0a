"""What the scripted teacher says, and the many ways in which reasoning models wrap, bend and break their answers."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, Protocol

# Ways to wrap a sound answer; the teacher takes one of them for each paper.
HABITS = (
    *["plain"] * 11, *["fenced"] * 5, "draft_in_think", "prose_around", "no_opening_tag", "empty_think",
)  # fmt: skip
# Sound as well, but rarer.
HARMLESS = ("two_fences", "nested_braces", "latex_in_think", "nested_think", "null_json")
# JSON that is nearly right.
REPAIRABLE = ("trailing_comma", "single_quotes", "latex_escape")
# No usable answer.
BROKEN = (
    "unclosed_think", "null_prose", "blank", "no_json", "two_answers", "unknown_label", "missing_label",
    "short_explanation", "refused",
)  # fmt: skip
KINDS = frozenset((*HABITS, *HARMLESS, *REPAIRABLE, *BROKEN))
# Those that happen even where decoding is bound to a schema.
STRUCTURED = ("null_prose", "null_json", "blank", "refused")

_LONGEST_QUOTE = 220


class View(Protocol):
    """A label, the sentence it comes from, and whether it goes against the rules."""

    label: str
    sentence: str
    wrong: bool


class Answer(NamedTuple):
    """An answer before it is packed into a message: what is thought and said, and how both are joined."""

    thinking: str | None
    content: str | None
    finish: str = "stop"
    opening: str = "<think>\n"
    closing: str = "\n</think>\n\n"
    unclosed: bool = False
    cut: int | None = None  # tokens after which it breaks off


def shape(kind: str, title: str, view: View, fields: dict[str, Any], thinking: bool) -> Answer:
    """The answer `fields`, wrapped, bent or broken as `kind` (one of `KINDS`, or "bare") says."""
    thought = _thinking(title, view) if thinking else None
    other = {
        "label": "no_new_dataset" if view.label == "new_dataset" else "new_dataset",
        "explanation": "At a first reading the sentence about the data can be taken the other way round.",
    }
    text, draft = json.dumps(fields, ensure_ascii=False), json.dumps(other)
    sound = Answer(thought, text)
    match kind:
        case "plain" | "bare":
            return sound
        case "fenced":
            return sound._replace(content=f"```json\n{json.dumps(fields, indent=2, ensure_ascii=False)}\n```")
        case "two_fences":
            return sound._replace(content=f"```\nthe sentence that decides: above\n```\n```json\n{text}\n```")
        case "draft_in_think":
            return sound._replace(thinking=f"My first idea is {draft}\n\nBut wait. {thought}")
        case "latex_in_think":
            return sound._replace(
                thinking=f"The score of $\\frac{{1}}{{2}}$ for x_{{i,j}} is no matter. {thought}"
            )
        case "nested_think":
            return sound._replace(thinking=f"They write <think> and </think> as tags. {thought}")
        case "no_opening_tag":
            return sound._replace(opening="")
        case "empty_think":
            return sound._replace(thinking="")
        case "prose_around":
            return sound._replace(content=f"Here is my answer:\n{text}\nTell me if you need more.")
        case "nested_braces":
            return sound._replace(content=json.dumps({**fields, "evidence": {"quote": view.sentence}}))
        case "trailing_comma":
            return sound._replace(content=f"{text[:-1]},}}")
        case "single_quotes":
            return sound._replace(content=repr(fields))
        case "latex_escape":
            return sound._replace(
                content=text.replace('"explanation": "', '"explanation": "About \\alpha-data. ')
            )
        case "null_json":
            return Answer(text, None)
        case "null_prose":
            return Answer(f"{thought or ''} So {text}? No, wait", None)
        case "blank":
            return sound._replace(content="  \n\n ")
        case "no_json":
            verb = "introduces" if view.label == "new_dataset" else "does not introduce"
            return sound._replace(content=f"The paper {verb} a new dataset.")
        case "two_answers":
            return sound._replace(content=f"{text}\n{draft}")
        case "unknown_label":
            return sound._replace(content=json.dumps({**fields, "label": "maybe"}, ensure_ascii=False))
        case "missing_label":
            return sound._replace(content=json.dumps({"explanation": fields["explanation"]}))
        case "short_explanation":
            return sound._replace(content=json.dumps({**fields, "explanation": "Yes."}))
        case "unclosed_think":
            return sound._replace(thinking=f"{thought} So perhaps {text} hmm", content="", unclosed=True)
        case "refused":
            return sound._replace(finish="content_filter")
    raise AssertionError(kind)


def fill(schema: dict[str, Any], view: View) -> dict[str, Any]:
    """An object of this JSON schema, its fields in the schema's order.

    A choice among fixed values takes the label where it is one of them; the first free text is the explanation,
    further ones quote the sentence.
    """
    texts = iter([_explanation(view)])
    names = {**schema.get("definitions", {}), **schema.get("$defs", {})}

    def value(part: dict[str, Any]) -> Any:
        if "$ref" in part:
            return value(names.get(part["$ref"].rsplit("/", 1)[-1], {}))
        for choice in part.get("anyOf") or part.get("oneOf") or part.get("allOf") or ():
            return value(choice)
        if "const" in part:
            return part["const"]
        if part.get("enum"):
            return view.label if view.label in part["enum"] else part["enum"][0]
        match part.get("type", "object"):
            case "string":
                return next(texts, _short(view.sentence))
            case "boolean":
                return view.label == "new_dataset"
            case "number" | "integer":
                return part.get("minimum", 1)
            case "array":
                return [value(part["items"])] if "items" in part else []
            case "object":
                return {name: value(inner) for name, inner in part.get("properties", {}).items()}
        return None

    return value(schema)


def _thinking(title: str, view: View) -> str:
    found = view.label == "new_dataset"
    if not view.sentence:
        verdict = "There is nothing to read here, so I can only say that it introduces no data."
    elif view.wrong:
        verdict = (
            "Hmm, it speaks of data in a way that sounds as if the authors had put them together. I will count it."
            if found
            else "Hmm, these could be data of their own, but it reads like a means to another end. I will not count it."
        )
    else:
        verdict = (
            "That is the authors' own work: they made these data, and others can use them. It counts."
            if found
            else "Those are data that others made, or the sentence is about something else. Nobody collects or "
            "releases anything here."
        )
    name = f", “{_short(title)}”," if title else ""
    return (
        f"Okay, I have to say whether this paper{name} introduces a new dataset, not whether it uses one.\n\n"
        f'Let me find the place where it speaks of data: "{_short(view.sentence)}"\n\n{verdict} '
        f"So the label is {view.label}."
    )


def _explanation(view: View) -> str:
    if not view.sentence:
        return "The text is empty, so nothing in it says that the authors introduce a dataset."
    quote = _short(view.sentence)
    if view.label == "new_dataset":
        return f'The authors introduce data of their own, as this sentence says: "{quote}"'
    return f'No dataset is introduced; what the abstract says of data is: "{quote}"'


def _short(text: str) -> str:
    if len(text) <= _LONGEST_QUOTE:
        return text
    return text[:_LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"
