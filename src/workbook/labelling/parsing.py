"""From what a server sent back to a label, or to the reason why there is none.

Four steps, and their order matters:

1. Cut off the thinking. It holds drafts of answers, and a draft is not the answer.
2. Cut the JSON objects out of what is left, and mend those that are nearly JSON.
3. Judge them: is there one label, and a real explanation?
4. Where the answer was cut off, ask whether what is missing could have changed it.

Nothing is guessed: where two readings are possible, there is no label. Each step takes time linear in the length of
the text, whatever it holds.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from pydantic import ValidationError

from workbook.labelling.schema import LABELS, PLACEHOLDER, Answer
from workbook.teacher.completion import field, text_of

USABLE = ("ok", "repaired")
UNUSABLE = {
    "truncated": "cut off before the answer was complete",
    "unclosed_think": "the thinking never ended",
    "empty": "no answer at all",
    "no_json": "an answer in prose",
    "invalid": "JSON, but not an answer of the schema",
    "placeholder": "the prompt's own words in place of an explanation",
    "ambiguous": "several answers that disagree",
    "refused": "stopped by a content filter",
}

# An answer is one small object. Beyond these limits a text is not an answer, and finding that out must be cheap.
_MOST_TAGS = 500
_MOST_OBJECTS = 64
_MOST_REPAIRS = 6
_LONGEST_REPAIR = 6_000  # characters
_DEEPEST_REPAIR = 20


@dataclass(frozen=True)
class Parsed:
    """What became of one completion. `label` is None unless `status` is ok or repaired.

    flags: `no_reasoning` (the think block is empty), `from_reasoning` (the answer stood in the reasoning field),
    `cut_after_answer` (cut off, but only after the complete answer).
    """

    status: str
    label: str | None = None
    explanation: str | None = None
    reasoning: str | None = None
    flags: tuple[str, ...] = ()


def parse_completion(choice: Any) -> Parsed:
    """Read one choice of a chat completion: openai's object, or the dict it came as.

    `status` is ok, repaired (the JSON needed mending), or one of `UNUSABLE`. Never raises, whatever comes in.
    """
    message, finish = field(choice, "message"), field(choice, "finish_reason")
    content = text_of(field(message, "content")) or ""
    apart = text_of(field(message, "reasoning_content")) or text_of(field(message, "reasoning")) or ""
    if finish == "content_filter" or (not content.strip() and text_of(field(message, "refusal"))):
        return Parsed("refused", reasoning=apart.strip() or None)

    cut = finish == "length"
    if not content.strip() and apart.strip() and not cut:
        return _from_reasoning(apart)

    split = _split(content)
    reasoning = "\n\n".join(part.strip() for part in (apart, split.thinking or "") if part.strip()) or None
    flags = ("no_reasoning",) if split.thinking is not None and reasoning is None else ()
    if not split.closed:
        return Parsed("truncated" if cut else "unclosed_think", reasoning=reasoning, flags=flags)

    reading = _read(split.answer)
    if cut:
        reading = _after_cut(reading, split.answer, thought=reasoning is not None or bool(flags))
    return _parsed(reading, reasoning, (*flags, "cut_after_answer") if cut and reading.answer else flags)


def _from_reasoning(text: str) -> Parsed:
    """A server's reasoning parser may swallow the answer. Then it counts if there is nothing besides."""
    split = _split(text)
    reading = _read(split.answer)
    if not _stands_alone(reading, split.answer):
        return Parsed("empty", reasoning=text.strip())
    return _parsed(reading, (split.thinking or "").strip() or None, ("from_reasoning",))


def _parsed(reading: _Reading, reasoning: str | None, flags: tuple[str, ...]) -> Parsed:
    answer = reading.answer
    if answer is None:
        return Parsed(reading.status, reasoning=reasoning, flags=flags)
    return Parsed(reading.status, answer.label, answer.explanation, reasoning, flags)


# --- 1. the thinking -----------------------------------------------------------------------------------------

_TAG = re.compile(
    r"<\s?(/?)\s?(?:seed:)?(?:think(?:ing)?|thoughts?|reasoning)\s?>|\[(/?)THINK\]|◁(/?)think▷", re.IGNORECASE
)


class _Split(NamedTuple):
    thinking: str | None  # None where there is no think tag
    answer: str
    closed: bool = True  # whether every block that was opened was closed


def _split(text: str) -> _Split:
    """A text as its thinking and its answer.

    A closing tag without an opening one ends a block that the chat template opened: all before it was thinking.
    """
    thinking: list[str] = []
    outside: list[str] = []
    depth = start = last_close = 0
    tags = _tags(text)
    if len(tags) > _MOST_TAGS:
        return _Split(text, "", closed=False)
    for tag in tags:
        before = text[start : tag.start()]
        if not any(tag.groups()):  # an opening tag
            depth += 1
            if depth > 1:
                continue
            outside.append(before)
        else:
            last_close = tag.end()
            if depth > 1:
                depth -= 1
                continue
            if depth == 0:
                thinking += outside
                outside = []
            thinking.append(before)
            depth = 0
        start = tag.end()
    if depth == 0:
        return _Split("".join(thinking) if tags else None, "".join([*outside, text[start:]]))
    # More tags opened than closed: one was only mentioned if nothing but an answer follows the last closing one.
    if last_close > start and _stands_alone(_read(text[last_close:]), text[last_close:]):
        return _Split("".join([*thinking, text[start:last_close]]), text[last_close:])
    return _Split("".join([*thinking, text[start:]]), "", closed=False)


def _tags(text: str) -> list[re.Match[str]]:
    """The think tags, but not those that an answer quotes in its own strings."""
    tags = list(islice(_TAG.finditer(text), _MOST_TAGS + 1))
    quoting: list[_Found] = []
    with contextlib.suppress(_TooMany):
        for found in _objects(text) if tags else ():
            quoting += [found] if found.fields and not found.mended else []
    return [tag for tag in tags if not any(it.start < tag.start() < it.end for it in quoting)]


# --- 2. the objects ------------------------------------------------------------------------------------------

_DOUBLE, _SINGLE = '"“”„‟«»＂', "'‘’‚‛`"
_QUOTE = f"[{_DOUBLE}{_SINGLE}]"
_OBJECT = re.compile(rf"[{{｛]\s*(?:{_QUOTE}|label\b|explanation\b)")
_LABEL = re.compile(rf"{_QUOTE}?\blabel{_QUOTE}?\s*[:：]\s*{_QUOTE}?(\w{{1,40}})")


class _Fields(dict):
    """A JSON object that knows whether a name occurred in it with two different values."""

    torn = False

    @classmethod
    def of(cls, pairs: list[tuple[str, Any]]) -> _Fields:
        made = cls(pairs)
        made.torn = any(made[name] != value for name, value in pairs)
        return made


_JSON = json.JSONDecoder(object_pairs_hook=_Fields.of, parse_int=str)


class _Found(NamedTuple):
    """An object in a text, from `start` to `end`. `fields` is None where it cannot be read, even mended."""

    start: int
    end: int
    fields: _Fields | None
    mended: bool = False
    closed: bool = True  # False where its last brace is missing


class _TooMany(Exception):
    """More objects than an answer has; or broken ones that are too many, too deep or too long to mend."""


def _objects(text: str) -> Iterator[_Found]:
    """The objects of a text, from the first to the last. Raises _TooMany."""
    position, repairs = 0, _MOST_REPAIRS
    for _ in range(_MOST_OBJECTS):
        opening = _OBJECT.search(text, position)
        if opening is None:
            return
        start = opening.start()
        try:
            fields, position = _JSON.raw_decode(text, start)
            yield _Found(start, position, fields)
        except RecursionError:
            raise _TooMany from None
        except ValueError as error:
            if repairs == 0 or error.pos - start > _LONGEST_REPAIR:
                raise _TooMany from None
            repairs -= 1
            found = _mend(text, start) or _Found(start, opening.end(), None)
            position = found.end
            yield found
    if _OBJECT.search(text, position):
        raise _TooMany


# --- 3. the verdict ------------------------------------------------------------------------------------------


class _Reading(NamedTuple):
    """What a text without thinking came to, with the place of its answer; else `end` is that of its last object."""

    status: str
    answer: Answer | None = None
    start: int = 0
    end: int = 0


def _read(text: str) -> _Reading:
    if not text.strip():
        return _Reading("empty")
    try:
        found = list(_objects(text))
    except _TooMany:
        return _Reading("invalid")
    if not found:
        return _Reading("no_json")
    end = found[-1].end if found[-1].fields and found[-1].closed else 0
    broken = [_unread(text, place, found) for place, it in enumerate(found) if it.fields is None]
    stated = [it for it in found if it.fields and "label" in it.fields]
    answers = [it for it in stated if not _is_placeholder(it.fields.get("explanation"))]
    if not answers:
        echoed = stated or any(map(_quotes_placeholder, broken))
        return _Reading("placeholder" if echoed else "invalid", end=end)

    hints = {label for part in broken if not _quotes_placeholder(part) for label in _LABEL.findall(part)}
    labels = {str(it.fields["label"]) for it in answers} | (hints & set(LABELS))
    if len(labels) > 1 or any(it.fields.torn for it in answers):
        return _Reading("ambiguous", end=end)
    for it in reversed(answers):
        if answer := _validated(it.fields):
            if _names_other(text[it.end :], answer.label) and _DOUBT.search(text[it.end :]):
                return _Reading("ambiguous", end=end)
            # Said twice, it covers both: what stands around them is what counts as being around the answer.
            return _Reading("repaired" if it.mended else "ok", answer, answers[0].start, it.end)
    return _Reading("invalid", end=end)


def _unread(text: str, place: int, found: list[_Found]) -> str:
    """What belongs to an object that cannot be read: all up to the next object."""
    following = found[place + 1].start if place + 1 < len(found) else len(text)
    return text[found[place].start : min(following, found[place].start + _LONGEST_REPAIR)]


def _validated(fields: _Fields) -> Answer | None:
    explanation = fields.get("explanation")
    if isinstance(explanation, str):  # lone surrogates, which UTF-8 cannot hold, become '?'
        fields = {**fields, "explanation": explanation.encode("utf-8", "replace").decode("utf-8")}
    try:
        return Answer.model_validate(fields)
    except ValidationError:
        return None


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


# What prompts say where an explanation belongs: this prompt, its earlier wording, and an example that small models
# repeat from the labels' definitions.
_ECHOES = [
    _words(text)
    for text in (
        PLACEHOLDER,
        "one or two sentences, at least 40 characters, naming what in the abstract decides it",
        "one or two sentences naming what in the abstract decides it",
        "They use the data of others, as the abstract says.",
    )
]
_OWN_WORDS = 40  # characters: an echo with as many of the model's own behind it is an explanation


def _is_placeholder(explanation: Any) -> bool:
    """Whether an explanation only repeats the prompt. Its label is then worth nothing."""
    words = _words(explanation) if isinstance(explanation, str) else ""
    return any(
        (len(words) >= 20 and words in echo) or (echo in words and len(words) - len(echo) < _OWN_WORDS)
        for echo in _ECHOES
    )


def _quotes_placeholder(text: str) -> bool:
    words = _words(text)
    return any(echo in words for echo in _ECHOES)


# --- 4. what was cut off -------------------------------------------------------------------------------------

_DOUBT = re.compile(
    r"\b(?:wait|actually|hmm+|sorry|apolog\w+|mistake\w*|wrong|incorrect|correction|reconsider\w*|second thought"
    r"|instead|rather|(?:let me|i should|i need to) (?:re\w+|double|check|think))\b"
    r"|(?:^|[.!?\n])\s?(?:but|no|or|however|although|yet|unless|maybe|perhaps|alternatively|still|not)\b",
    re.IGNORECASE,
)


def _after_cut(reading: _Reading, text: str, thought: bool) -> _Reading:
    """The verdict on a text that was cut off at its end. `thought`: whether thinking came before it."""
    rest = text[reading.end :]
    if reading.end and _is_blank(rest):  # some servers run on with white space until the limit
        return reading
    if reading.answer and not (
        "{" in rest or _names_other(rest, reading.answer.label) or _DOUBT.search(rest.strip())
    ):
        return reading
    if reading.status == "no_json" and not thought:
        return reading  # no answer had begun: more room would bring more prose
    return _Reading("truncated")


def _names_other(text: str, label: str) -> bool:
    return any(re.search(rf"\b{other}\b", text) for other in LABELS if other != label)


_FENCE = re.compile(r"(?:```[a-zA-Z0-9]{0,10})?")


def _is_blank(text: str) -> bool:
    """Whether it is nothing but white space and a code fence."""
    return _FENCE.fullmatch(text.strip()) is not None


def _stands_alone(reading: _Reading, text: str) -> bool:
    """Whether there is an answer and nothing else."""
    return reading.answer is not None and _is_blank(text[: reading.start]) and _is_blank(text[reading.end :])


# --- mending: a lenient reader for one object, never for a whole completion ---------------------------------------

_BLANK = re.compile(r"\s*")
_NAME = re.compile(rf"{_QUOTE}?(\w{{1,40}}){_QUOTE}?\s*[:：]")
_WORD = re.compile(r"[-+.\w]+")
# A quotation mark ends a value only where the object goes on behind it; any other stands within the value.
_GOES_ON = (
    rf"(?=\s*(?:\Z|```|[,，]?\s*(?:[}}｝\]]|{_QUOTE}(?:label|explanation){_QUOTE}\s*[:：])"
    rf"|[,，]\s*(?:{_QUOTE}\w{{1,40}}{_QUOTE}|label|explanation)\s*[:：]))"
)


def _string(opening: str, closing: str) -> re.Pattern[str]:
    return re.compile(
        rf"[{opening}]((?:[^\\{closing}]|\\.|[{closing}](?!{_GOES_ON}))*)[{closing}]{_GOES_ON}", re.DOTALL
    )


_STRINGS = [_string(*marks) for marks in ('""', "''", (_DOUBLE[1:], _DOUBLE), (_SINGLE[1:], _SINGLE))]
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\[\"\\/bfnrt']|\\|\"")


def _mend(text: str, start: int) -> _Found | None:
    """The object that begins at `start`, read leniently; None where even that fails.

    Forgiven are Python's and typographic quotation marks, full-width punctuation, constants of Python, names without
    quotation marks, missing and trailing commas, escapes that JSON does not know, line breaks and
    unescaped quotation marks in a string, and a missing last brace at the end of the text.
    """
    reader = _Lenient(text[start : start + _LONGEST_REPAIR])
    try:
        fields = reader.object(0)
    except ValueError:
        return None
    return _Found(start, start + reader.position, fields, mended=True, closed=reader.closed)


class _Lenient:
    """Reads one value after the other from `position` on. Raises ValueError where it cannot."""

    def __init__(self, text: str):
        self.text, self.position, self.closed = text, 0, True

    def peek(self) -> str:
        """The next character that is not blank; '' at the end or before a closing code fence."""
        self.position = _BLANK.match(self.text, self.position).end()
        return (
            "" if self.text.startswith("```", self.position) else self.text[self.position : self.position + 1]
        )

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.position)
        self.position = found.end() if found else self.position
        return found

    def items(self, depth: int, ends: str, item: Any) -> list[Any]:
        """What stands between a bracket and one of `ends`, with or without commas."""
        if depth > _DEEPEST_REPAIR:
            raise ValueError("too deep")
        self.position += 1
        found = []
        while (sign := self.peek()) not in ends:
            found.append(item(depth + 1))
            if self.peek() in tuple(",，"):
                self.position += 1
        if sign:
            self.position += 1
        elif depth:
            raise ValueError("an inner bracket is missing")
        else:
            self.closed = False
        return found

    def object(self, depth: int) -> _Fields:
        return _Fields.of(self.items(depth, "}｝", self.pair))

    def pair(self, depth: int) -> tuple[str, Any]:
        name = self.take(_NAME)
        if name is None:
            raise ValueError("no name")
        return name[1], self.value(depth)

    def value(self, depth: int) -> Any:
        sign = self.peek()
        if sign in ("{", "｛"):
            return self.object(depth)
        if sign == "[":
            return self.items(depth, "]", self.value)
        for pattern in _STRINGS:
            if string := self.take(pattern):
                return _unescaped(string[1])
        if word := self.take(_WORD):
            return word[0]
        raise ValueError("no value")


def _unescaped(body: str) -> str:
    """The inside of a JSON or Python string literal as the text it stands for."""
    mend = {'"': '\\"', "\\'": "'", "\\": "\\\\"}
    return json.loads('"' + _ESCAPE.sub(lambda m: mend.get(m[0], m[0]), body) + '"', strict=False)
