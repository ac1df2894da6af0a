"""From what a server sent back to a label, or to the reason why there is none.

Reasoning models think before they answer, and what they think holds drafts of answers. So the thinking is cut off
first, the JSON object is cut out of what is left, and only then is it read. Nothing is guessed.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from workbook.labelling.schema import LABELS, Answer

USABLE = ("ok", "repaired")
UNUSABLE = {
    "truncated": "cut off before the answer was complete",
    "unclosed_think": "the thinking never ended",
    "empty": "no answer at all",
    "no_json": "an answer in prose",
    "invalid": "JSON, but not an answer of the schema",
    "ambiguous": "several answers that disagree",
    "refused": "stopped by a content filter",
}


@dataclass(frozen=True)
class Parsed:
    """What became of one completion. `label` is None unless `status` is ok or repaired."""

    status: str
    label: str | None = None
    explanation: str | None = None
    reasoning: str | None = None
    flags: tuple[str, ...] = ()


def parse_completion(choice: Any) -> Parsed:
    """Read one choice of a chat completion: openai's object, or the dict it came as.

    `status` is ok, repaired (the JSON needed mending), or one of `UNUSABLE`. It never raises, whatever comes in.
    """
    message = _get(choice, "message")
    finish = _get(choice, "finish_reason")
    content = _text(_get(message, "content"))
    field = _text(_get(message, "reasoning_content")) or _text(_get(message, "reasoning"))
    if finish == "content_filter" or (not content.strip() and _text(_get(message, "refusal"))):
        return Parsed("refused", reasoning=field.strip() or None)

    cut = finish == "length"
    flags: tuple[str, ...] = ()
    if not content.strip() and field.strip() and not cut:
        # A server whose reasoning parser took too much: an answer only if nothing but an answer is in there.
        thinking, rest, _ = _split(field)
        whole = rest if thinking is not None else field
        status, answer, found = _read(whole, cut)
        if status in USABLE and _only_whitespace_around(whole, found):
            reasoning = (thinking or "").strip() or None
            return Parsed(status, answer.label, answer.explanation, reasoning, ("from_reasoning",))
        return Parsed("empty", reasoning=field.strip())

    thinking, rest, closed = _split(content)
    reasoning = "\n\n".join(part.strip() for part in (field, thinking or "") if part.strip()) or None
    if thinking is not None and reasoning is None:
        flags = ("no_reasoning",)
    if not closed:
        return Parsed("truncated" if cut else "unclosed_think", reasoning=reasoning, flags=flags)

    status, answer, found = _read(rest, cut)
    if cut and not (status in USABLE and _only_whitespace_around(rest, found)):
        status = "truncated"  # what was cut off might have taken the answer back
    elif cut:
        flags += ("cut_after_answer",)
    if status not in USABLE:
        return Parsed(status, reasoning=reasoning, flags=flags)
    return Parsed(status, answer.label, answer.explanation, reasoning, flags)


# --- the thinking ---------------------------------------------------------------------------------------

_TAG = re.compile(r"<(/?)think(?:ing)?>|\[(/?)THINK\]", re.IGNORECASE)
_OBJECT = re.compile(r"\{\s*(?:[\"']|label\b|explanation\b)")
_STRICT = json.JSONDecoder()


def _split(text: str) -> tuple[str | None, str, bool]:
    """(the thinking or None where there is no think tag, what is outside of it, whether every block was closed).

    A closing tag without its opening one ends a block that the chat template opened. A tag inside an answer's own
    strings is none.
    """
    thinking: list[str] = []
    outside: list[str] = []
    depth, start, last_close, tagged = 0, 0, 0, False
    answer_ends, tries = 0, 8
    for number, found in enumerate(_TAG.finditer(text)):
        if number == _MOST_TAGS:
            return text, "", False
        if depth == 0 and tries:
            tries -= 1
            for candidate in _OBJECT.finditer(text, max(start, answer_ends), found.start()):
                with contextlib.suppress(ValueError, RecursionError):
                    answer_ends = _STRICT.raw_decode(text, candidate.start())[1]
                break
        if depth == 0 and found.start() < answer_ends:
            continue
        tagged = True
        if found.group(1) or found.group(2):
            last_close = found.end()
            if depth == 0:  # opened by the chat template: all before it was thinking
                thinking += [*outside, text[start : found.start()]]
                outside = []
                start = found.end()
            else:
                depth -= 1
                if depth == 0:
                    thinking.append(text[start : found.start()])
                    start = found.end()
        else:
            if depth == 0:
                outside.append(text[start : found.start()])
                start = found.end()
            depth += 1
    if not tagged:
        return None, text, True
    if depth == 0:
        outside.append(text[start:])
        return "".join(thinking), "".join(outside), True
    # More blocks opened than closed: a tag that was only mentioned, if nothing but an answer follows the last one.
    after = text[last_close:] if last_close > start else ""
    status, _, found = _read(after, cut=False)
    if status in USABLE and _only_whitespace_around(after, found):
        return "".join([*thinking, text[start:last_close]]), after, True
    return "".join([*thinking, text[start:]]), "", False


# --- the answer -----------------------------------------------------------------------------------------


class _Object(dict):
    """A JSON object that remembers whether a name occurred in it with two different values."""

    torn = False

    @classmethod
    def of(cls, pairs: list[tuple[str, Any]]) -> _Object:
        made = cls(pairs)
        made.torn = any(made[name] != value for name, value in pairs)
        return made


_JSON = json.JSONDecoder(object_pairs_hook=_Object.of, parse_int=str)
_LENIENT = json.JSONDecoder(object_pairs_hook=_Object.of, parse_int=str, strict=False)
_LABEL = re.compile(r"[\"']?\blabel[\"']?\s*:\s*[\"'](\w{1,40})")
# An answer is one small object. What is far beyond that is no answer, and must not cost seconds to find out.
_MOST_TAGS = 500
_MOST_OBJECTS = 64
_MOST_REPAIRS = 6
_MOST_PIECES = 200
_LONGEST_REPAIR = 6_000  # characters


def _read(text: str, cut: bool) -> tuple[str, Answer | None, tuple[int, int]]:
    """(status, the answer, where it stands) of a text without thinking."""
    if not text.strip():
        return ("truncated" if cut else "empty"), None, (0, 0)
    answers: list[tuple[_Object, bool, tuple[int, int]]] = []
    broken: set[str] = set()  # labels of objects that could not be read
    seen = tangled = False
    position, repairs = 0, _MOST_REPAIRS
    for _ in range(_MOST_OBJECTS):
        found = _OBJECT.search(text, position)
        if found is None:
            break
        seen, start = True, found.start()
        try:
            value, position = _JSON.raw_decode(text, start)
            mended = False
        except RecursionError:
            tangled = True
            break
        except ValueError:
            if repairs == 0:
                tangled = True
                break
            repairs -= 1
            value, end = _mend(text[start : start + _LONGEST_REPAIR])
            mended = True
            position = start + (end or 1)
            if value is None:
                broken.update(_LABEL.findall(text[start : start + (end or 200)]))
                continue
        if "label" in value:
            answers.append((value, mended, (start, position)))
    else:
        tangled = _OBJECT.search(text, position) is not None

    if tangled:
        return "invalid", None, (0, 0)
    if not answers:
        return ("invalid" if seen else "no_json"), None, (0, 0)
    labels = {str(value["label"]) for value, _, _ in answers} | (broken & set(LABELS))
    if len(labels) > 1 or any(value.torn for value, _, _ in answers):
        return "ambiguous", None, (0, 0)
    for value, mended, place in reversed(answers):
        explanation = value.get("explanation")
        if isinstance(explanation, str):
            value = {**value, "explanation": explanation.encode("utf-8", "replace").decode("utf-8")}
        try:
            answer = Answer.model_validate(dict(value))
        except ValidationError:
            continue
        # Said twice, it covers both: what stands around them is what counts as being around the answer.
        return ("repaired" if mended else "ok"), answer, (answers[0][2][0], place[1])
    return "invalid", None, (0, 0)


_FENCE = re.compile(r"\s*(?:```[a-zA-Z]{0,10})?\s*")


def _only_whitespace_around(text: str, place: tuple[int, int]) -> bool:
    """Whether nothing but white space and a code fence stands around an object."""
    return bool(_FENCE.fullmatch(text[: place[0]]) and _FENCE.fullmatch(text[place[1] :]))


# --- mending: only ever a cut-out object, never a whole completion ------------------------------------------

_PIECE = re.compile(
    r"""(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')|(?P<brace>[{}])|[^"'{}]+""", re.DOTALL
)
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[\"\\/bfnrt])|\\")
_SINGLE = re.compile(r"\\.|\"", re.DOTALL)
_BARE_NAME = re.compile(r"(^|,)(\s*)(label|explanation)(?=\s*:)")
_PYTHON = {"True": "true", "False": "false", "None": "null"}
_FORM = re.compile(
    r"""\{\s*"label"\s*:\s*"(?P<label>\w{1,40})"\s*,\s*"explanation"\s*:\s*"(?P<explanation>[^{}]*)"\s*\}"""
)


def _mend(text: str) -> tuple[_Object | None, int | None]:
    """(the object that `text` begins with, mended, or None; where it ends, or None where it does not).

    Mended are Python's quotation marks and constants, names without quotation marks, trailing commas, escapes that
    JSON does not know, line breaks and unescaped quotation marks in a string, and a missing last brace.
    """
    pieces: list[str] = []
    depth = position = 0
    while len(pieces) < _MOST_PIECES and (piece := _PIECE.match(text, position)):
        position = piece.end()
        if piece["string"]:
            pieces.append(_json_string(piece.group()))
            continue
        between = piece.group()
        if between == "}" and pieces and pieces[-1].rstrip().endswith(","):
            pieces[-1] = pieces[-1].rstrip()[:-1]
        pieces.append(between if piece["brace"] else _outside_strings(between))
        depth += (between == "{") - (between == "}")
        if depth == 0:
            break
    end = position if depth == 0 else None
    if depth == 1 and position == len(text) and re.fullmatch(r"\s*(?:```)?\s*|\".*", pieces[-1], re.DOTALL):
        pieces = [*(pieces if pieces[-1].startswith('"') else pieces[:-1]), "}"]
        end = position
    if end is not None:
        try:
            return _LENIENT.raw_decode("".join(pieces))[0], end
        except (ValueError, RecursionError):
            pass
    if form := _FORM.match(text):
        known = not _LABEL.search(form["explanation"])  # else it would swallow a second answer
        return (_Object(form.groupdict()) if known else None), form.end()
    return None, end


def _json_string(literal: str) -> str:
    """A JSON or Python string literal as JSON."""
    body = literal[1:-1]
    if literal[0] == "'":
        body = _SINGLE.sub(lambda m: {'"': '\\"', "\\'": "'"}.get(m.group(), m.group()), body)
    body = _ESCAPE.sub(lambda m: m.group() if len(m.group()) > 1 else "\\\\", body)
    return f'"{body}"'


def _outside_strings(text: str) -> str:
    """What stands between strings, in JSON's words."""
    text = _BARE_NAME.sub(r'\1\2"\3"', re.sub(r",\s*\]", "]", text))
    return re.sub(r"\b(?:True|False|None)\b", lambda m: _PYTHON[m.group()], text)


# --- what servers and clients hand over ---------------------------------------------------------------------


def _get(holder: Any, name: str) -> Any:
    """A field of a dict, or of an object; None where there is none."""
    try:
        return holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)
    except Exception:  # a property that raises is no answer either
        return None


def _text(value: Any) -> str:
    """A message's text: a string, or the text parts of a list of parts."""
    if isinstance(value, list):
        return "".join(_text(_get(part, "text")) for part in value if not isinstance(part, list))
    return value if isinstance(value, str) else ""
