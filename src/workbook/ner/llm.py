"""The fourth generation: ask a language model behind the OpenAI API, and read its answer with care.

A language model writes text of its own instead of labelling the text it was given. So an answer counts only as far
as it can be laid over the sentence: positions that it states are ignored, and a changed sentence is unusable.
"""

from __future__ import annotations

import itertools
import json
import random
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from workbook.alignment import Entity, entities, tagged_sentence
from workbook.ner.characters import Row, with_spaces
from workbook.teacher import Completion, Outcome, Teacher

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
    The task stands at the head of the first turn and there is no system message: R1's card advises against one.
    """
    chat: list[dict[str, str]] = []
    for row in examples:
        chat += [
            {"role": "user", "content": row.sentence},
            {"role": "assistant", "content": written(row.sentence, entities(row.tags), style)},
        ]
    chat.append({"role": "user", "content": sentence})
    chat[0]["content"] = f"{STYLES[style]}\n\n{chat[0]['content']}"
    return chat


def written(sentence: str, found: Sequence[Entity], style: str) -> str:
    """The answer that names these entities."""
    if style == "tagged":
        return tagged_sentence(sentence, found)
    named = [{"text": sentence[start:end], "type": kind} for start, end, kind in sorted(found)]
    return json.dumps({"entities": named}, ensure_ascii=False)


def choose_examples(rows: Sequence[Row], number: int, seed: int = 42) -> list[Row]:
    """`number` random rows, beginning with rows that show a type not shown yet."""
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
    tags: one per character; all `O` where the answer is unusable.
    lost: entities of a usable answer that are not in the sentence, or of a type that does not exist.
    """

    status: str
    tags: list[str]
    lost: int = 0


def read_answer(answer: str | None, sentence: str, style: str) -> Reading:
    """Lay an answer over the sentence it was asked about.

    Thinking before it, a code fence and words around it are forgiven.
    """
    answer = (answer or "").rpartition("</think>")[2].strip()
    if not answer:
        return _unusable("empty", sentence)
    return (_read_tagged if style == "tagged" else _read_json)(answer, sentence)


def _unusable(status: str, sentence: str) -> Reading:
    return Reading(status, ["O"] * len(sentence))


def _read_tagged(answer: str, sentence: str) -> Reading:
    wanted = "".join(sentence.split())
    for candidate in dict.fromkeys((answer, *answer.splitlines())):
        if len(candidate) < len(wanted):
            continue
        # Pieces in turn: text, then text and type of a mark, and so on.
        pieces = _MARK.split(candidate)
        texts = ["".join(piece.split()) for place, piece in enumerate(pieces) if place % 3 < 2]
        if "".join(texts) != wanted:
            continue
        tags: list[str] = []
        for outside, marked, kind in itertools.zip_longest(
            texts[::2], texts[1::2], pieces[2::3], fillvalue=""
        ):
            tags += ["O"] * len(outside) + _named(kind, len(marked))
        return Reading("ok", with_spaces(sentence, tags))
    rest = _MARK.sub(r"\1", answer)
    if _OTHER_MARK.search(rest) and not _OTHER_MARK.search(sentence):
        return _unusable("unknown_type", sentence)
    if rest.count("<") > sentence.count("<") or rest.count(">") > sentence.count(">"):
        return _unusable("broken_mark", sentence)
    return _unusable("text_changed", sentence)


def _named(kind: str, length: int) -> list[str]:
    """The tags of an entity of `length` characters."""
    return [f"{'I' if place else 'B'}-{kind}" for place in range(length)]


def _read_json(answer: str, sentence: str) -> Reading:
    named = _json_entities(answer)
    if named is None:
        return _unusable("no_json", sentence)
    tags, cursor, lost = ["O"] * len(sentence), 0, 0
    nowhere = {""}
    for entity in named:
        text, kind = (entity.get("text"), entity.get("type")) if isinstance(entity, dict) else (None, None)
        text = text.strip() if isinstance(text, str) and kind in list(KINDS) else ""
        place = None if text in nowhere else _place(text, sentence, tags, cursor)
        if place is None:
            nowhere.add(text)  # nor will there be a place later on
            lost += 1
        else:
            cursor = place + len(text)
            tags[place:cursor] = _named(kind, len(text))
    return Reading("ok", tags, lost)


_OBJECT = re.compile(r'\{\s*"')
_JSON = json.JSONDecoder(parse_int=str)  # a number of many digits takes long to read, and none is wanted
_COST_OF_A_TRY = 100  # characters that could be read meanwhile


def _json_entities(answer: str) -> list[Any] | None:
    """The list under `entities` in the first JSON object that has one, be it inside another.

    However many braces an answer holds, at most a few of its lengths are read: then it is no answer.
    """
    position, budget = 0, 2 * len(answer) + 20_000
    while budget > 0 and (opening := _OBJECT.search(answer, position)):
        start = opening.start()
        try:
            document, end = _JSON.raw_decode(answer, start)
            if isinstance(document.get("entities"), list):
                return document["entities"]
        except RecursionError:
            return None
        except ValueError as error:
            end = len(answer) if error.msg.startswith("Unterminated") else error.pos
        budget -= end - start + _COST_OF_A_TRY
        position = start + 1
    return None


def _place(text: str, sentence: str, tags: Sequence[str], cursor: int) -> int | None:
    """Where `text` stands that is not taken yet: behind the entity before it, else anywhere; None for nowhere."""
    for first in (cursor, 0):
        place = sentence.find(text, first)
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
        for completion, reading in replies:
            self.answers.append(completion.content)
            self.readings.append(reading)
            self.prompt_tokens += completion.prompt_tokens
            self.completion_tokens += completion.completion_tokens
        return [reading.tags for _, reading in replies]

    def _ask(self, sentence: str) -> tuple[Completion, Reading]:
        if not sentence.strip():
            return Completion(Outcome.ARRIVED), Reading("ok", ["O"] * len(sentence))
        chat = messages(sentence, self.style, self.examples)
        request = {
            "model": self.teacher.model,
            "messages": chat,
            "temperature": 0.6,  # as R1's card advises; at 0 it runs in circles
            "max_tokens": self.max_tokens,
        }
        completion = self.teacher.send(request)
        if not completion.arrived:
            return completion, _unusable("failed", sentence)
        if completion.outcome == Outcome.CUT_OFF:
            return completion, _unusable("cut_off", sentence)
        return completion, read_answer(completion.content, sentence, self.style)
