"""The fourth generation: a language model behind the OpenAI API is asked, and its answer is read with care.

A language model writes text; it does not label what is there. So an answer counts only as far as it can be laid
over the sentence: positions that it states are not looked at, and a sentence that comes back changed is unusable.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from workbook.alignment import Entity, entities, tagged_sentence
from workbook.ner.characters import Row, with_spaces
from workbook.teacher import Outcome, Teacher

KINDS = {
    "PS": "person", "LC": "place", "OG": "organisation", "DT": "date", "TI": "time of day or duration",
    "QT": "quantity",
}  # fmt: skip
TASK = (
    "You find named entities in Korean sentences.\nTypes: "
    + ", ".join(f"{kind} ({what})" for kind, what in KINDS.items())
    + ".\nParticles such as 은, 는, 이, 가, 을 do not belong to an entity.\n"
)
STYLES = {
    "tagged": TASK
    + "Answer with the sentence itself, not a character changed, and every entity in it marked like "
    "this: <entity:TYPE>. Write nothing else.",
    "json": TASK
    + 'Answer with JSON only: {"entities": [{"text": "…", "type": "PS"}]}. Name the entities in the order '
    "in which they stand in the sentence, each text copied from it exactly.",
}
_MARK = re.compile(rf"<([^<>]+):({'|'.join(KINDS)})>")
_OTHER_MARK = re.compile(rf"<[^<>]*:(?!(?:{'|'.join(KINDS)})>)[A-Za-z]+>")


def messages(sentence: str, style: str, examples: Sequence[Row] = ()) -> list[dict[str, str]]:
    """The chat that asks for the entities of `sentence`; `examples` are shown as earlier turns of it.

    style: "tagged" (the sentence with `<…:PS>` marks) or "json".
    """
    chat = [{"role": "system", "content": STYLES[style]}]
    for row in examples:
        chat += [
            {"role": "user", "content": row.sentence},
            {"role": "assistant", "content": written(row.sentence, entities(row.tags), style)},
        ]
    return [*chat, {"role": "user", "content": sentence}]


def written(sentence: str, found: Sequence[Entity], style: str) -> str:
    """The answer that names these entities."""
    if style == "tagged":
        return tagged_sentence(sentence, found)
    named = [{"text": sentence[start:end], "type": kind} for start, end, kind in sorted(found)]
    return json.dumps({"entities": named}, ensure_ascii=False)


def choose_examples(rows: Sequence[Row], number: int, seed: int = 42) -> list[Row]:
    """`number` rows at random, first such as show a type that was not shown yet."""
    order = random.Random(seed).sample(list(rows), len(rows))
    chosen: list[Row] = []
    shown: set[str] = set()
    for row in order:
        kinds = {entity.type for entity in entities(row.tags)}
        if kinds - shown and len(chosen) < number:
            chosen.append(row)
            shown |= kinds
    return chosen + [row for row in order if row not in chosen][: number - len(chosen)]


class Reading(NamedTuple):
    """What an answer came to.

    status: `ok`, or why it is unusable: `text_changed`, `broken_mark`, `unknown_type`, `no_json`, `empty`,
    `cut_off`, `failed` (the server gave no answer).
    tags: one a character; all `O` where the answer is unusable.
    lost: entities of a usable answer that are not in the sentence, or of a type that does not exist.
    """

    status: str
    tags: list[str]
    lost: int = 0


def read_answer(answer: str | None, sentence: str, style: str) -> Reading:
    """Lay an answer over the sentence it was asked about.

    What a model thought before it, a code fence and words around it are forgiven.
    """
    answer = (answer or "").rpartition("</think>")[2].strip()
    if not answer:
        return _unusable("empty", sentence)
    return (_read_tagged if style == "tagged" else _read_json)(answer, sentence)


def _unusable(status: str, sentence: str) -> Reading:
    return Reading(status, ["O"] * len(sentence))


def _read_tagged(answer: str, sentence: str) -> Reading:
    wanted = "".join(sentence.split())
    for candidate in (answer, *answer.splitlines()):
        tags: list[str] = []
        # Pieces in turn: text, then text and type of a mark, and so on.
        pieces = _MARK.split(candidate)
        if "".join("".join(p for i, p in enumerate(pieces) if i % 3 < 2).split()) != wanted:
            continue
        for place, piece in enumerate(pieces):
            length = len("".join(piece.split()))
            if place % 3 == 0:
                tags += ["O"] * length
            elif place % 3 == 1 and length:
                kind = pieces[place + 1]
                tags += [f"B-{kind}", *[f"I-{kind}"] * (length - 1)]
        return Reading("ok", with_spaces(sentence, tags))
    rest = _MARK.sub(r"\1", answer)
    if _OTHER_MARK.search(rest) and not _OTHER_MARK.search(sentence):
        return _unusable("unknown_type", sentence)
    if rest.count("<") > sentence.count("<") or rest.count(">") > sentence.count(">"):
        return _unusable("broken_mark", sentence)
    return _unusable("text_changed", sentence)


def _read_json(answer: str, sentence: str) -> Reading:
    named = _json_entities(answer)
    if named is None:
        return _unusable("no_json", sentence)
    tags, cursor, lost = ["O"] * len(sentence), 0, 0
    for entity in named:
        text, kind = (entity.get("text"), entity.get("type")) if isinstance(entity, dict) else (None, None)
        place = (
            _place(text.strip(), sentence, tags, cursor) if isinstance(text, str) and kind in KINDS else None
        )
        if place is None:
            lost += 1
            continue
        cursor = place + len(text.strip())
        tags[place:cursor] = [f"B-{kind}", *[f"I-{kind}"] * (cursor - place - 1)]
    return Reading("ok", tags, lost)


def _json_entities(answer: str) -> list[Any] | None:
    """The list under `entities` in the first JSON object that has one."""
    for start in (match.start() for match in re.finditer("{", answer)):
        try:
            document, _ = json.JSONDecoder().raw_decode(answer, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict) and isinstance(document.get("entities"), list):
            return document["entities"]
    return None


def _place(text: str, sentence: str, tags: Sequence[str], cursor: int) -> int | None:
    """Where `text` stands that is not taken yet: behind the entity before it, else anywhere; None for nowhere."""
    for first in (cursor, 0):
        place = sentence.find(text, first) if text else -1
        while place >= 0:
            if set(tags[place : place + len(text)]) == {"O"}:
                return place
            place = sentence.find(text, place + 1)
    return None


class Llm:
    """A language model behind a `workbook.teacher`, with one way of asking.

    `readings` keeps what each answer came to, `prompt_tokens` and `completion_tokens` what all of them took.
    """

    def __init__(self, teacher: Teacher, style: str, examples: Sequence[Row] = (), max_tokens: int = 4096):
        self.teacher, self.style, self.examples, self.max_tokens = teacher, style, list(examples), max_tokens
        self.readings: list[Reading] = []
        self.answers: list[str | None] = []
        self.prompt_tokens = self.completion_tokens = 0

    def predict(self, sentences: Sequence[str], batch_size: int = 1) -> list[list[str]]:
        """One tag a character for each sentence, `batch_size` requests at a time.

        A request that fails, or whose answer is unusable, gives `O`; `readings` say why. Raises `teacher.Stop` for
        what every further request would meet as well.
        """
        with ThreadPoolExecutor(batch_size) as pool:
            replies = list(pool.map(self._ask, sentences))
        for answer, reading, prompt, completion in replies:
            self.answers.append(answer)
            self.readings.append(reading)
            self.prompt_tokens += prompt
            self.completion_tokens += completion
        return [reading.tags for _, reading, _, _ in replies]

    def _ask(self, sentence: str) -> tuple[str | None, Reading, int, int]:
        if not sentence.strip():
            return None, Reading("ok", ["O"] * len(sentence)), 0, 0
        completion = self.teacher.send(
            {
                "model": self.teacher.model,
                "messages": messages(sentence, self.style, self.examples),
                "temperature": 0.0,
                "max_tokens": self.max_tokens,
            }
        )
        if not completion.arrived:
            reading = _unusable("failed", sentence)
        elif completion.outcome == Outcome.CUT_OFF:
            reading = _unusable("cut_off", sentence)
        else:
            reading = read_answer(completion.content, sentence, self.style)
        return completion.content, reading, completion.prompt_tokens, completion.completion_tokens
