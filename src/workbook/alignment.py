"""Characters ↔ sub-words ↔ entities: what a NER label belongs to, and the way back.

KLUE labels *characters* (spaces included); an encoder labels *sub-words*. The offsets that a fast tokenizer
returns, `(start, end)` in characters of the sentence for each sub-word, join the two. A tag is written as in
IOB2: `B-PS` begins a person, `I-PS` goes on with it, `O` is outside.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from workbook.errors import WorkbookError

IGNORED = -100  # the label that PyTorch's cross entropy leaves out
Offset = tuple[int, int]


class Entity(NamedTuple):
    """Characters `start` to `end` (exclusive) of a sentence, and what they name."""

    start: int
    end: int
    type: str


def subword_labels(tags: Sequence[Any], offsets: Sequence[Offset], ignored: Any = IGNORED) -> list[Any]:
    """For each sub-word the tag of its first character; `ignored` for special tokens and padding.

    tags: one a character; offsets: one a sub-word, empty (`start == end`) for special tokens.
    """
    return [tags[start] if end > start else ignored for start, end in offsets]


def character_tags(labels: Sequence[str], offsets: Sequence[Offset], length: int) -> list[str]:
    """The way back: `length` character tags from sub-word tags.

    The first character of a sub-word takes its tag, the others go on with it (`I-`): so does every character
    that an [UNK] stands for. A character that no sub-word covers (a space, what truncation cut) is `O`,
    unless the entity goes on behind it.
    """
    tags: list[str | None] = [None] * length
    for label, (start, end) in zip(labels, offsets, strict=True):
        if end > start:
            tags[start:end] = [label] + [_inside(label)] * (end - start - 1)
    before, gap = "O", 0
    for position, tag in enumerate(tags):
        if tag is None:
            gap += 1
            continue
        goes_on = tag != "O" and tag == _inside(before)
        tags[position - gap : position] = [tag if goes_on else "O"] * gap
        before, gap = tag, 0
    return ["O" if tag is None else tag for tag in tags]


def _inside(tag: str) -> str:
    return tag if tag == "O" else "I-" + tag[2:]


def entities(tags: Sequence[str]) -> list[Entity]:
    """The entities in character (or sub-word) tags, read leniently.

    An `I-` without its `B-` starts an entity; a tag of another type closes the open one.
    """
    found: list[Entity] = []
    start = kind = None
    for position, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        if kind is not None and (prefix != "I" or name != kind):
            found.append(Entity(start, position, kind))
            start = kind = None
        if prefix != "O" and kind is None:
            start, kind = position, name
    return found


def tagged_sentence(sentence: str, found: Sequence[Entity]) -> str:
    """The sentence with its entities marked as KLUE writes them: `<이순신:PS> 장군은 …`."""
    parts, position = [], 0
    for start, end, kind in sorted(found):
        parts += [sentence[position:start], f"<{sentence[start:end]}:{kind}>"]
        position = end
    return "".join([*parts, sentence[position:]])


def check_rows(batch: dict[str, list], label_names: Sequence[str]) -> None:
    """Refuse rows that cannot be aligned.

    batch: columns `tokens` (lists of single characters) and `ner_tags` (lists of ids into `label_names`).
    Raises WorkbookError that names the row and what is wrong with it: no characters, a token that is not one
    character, another number of tags than characters, a tag outside the range.
    """
    cure = "Leave the row out with dataset.filter(…), or put it right."
    for row, (characters, tags) in enumerate(zip(batch["tokens"], batch["ner_tags"], strict=True)):
        where = f"Row {row} ({''.join(characters)[:30]!r})"
        if not "".join(characters).strip():
            raise WorkbookError(f"{where} is an empty sentence. {cure}")
        if len(characters) != len(tags):
            raise WorkbookError(f"{where} has {len(characters)} characters and {len(tags)} tags. {cure}")
        if (other := next((c for c in characters if len(c) != 1), None)) is not None:
            raise WorkbookError(f"{where} has the token {other!r}, which is not one character. {cure}")
        if wrong := [tag for tag in tags if not 0 <= tag < len(label_names)]:
            raise WorkbookError(
                f"{where} has the tag {wrong[0]}, outside 0 to {len(label_names) - 1}. Compare the data set's "
                f"features['ner_tags'] with your label list. {cure}"
            )


def tokenize_and_align(
    batch: dict[str, list], tokenizer: Any, label_names: Sequence[str], max_length: int | None = None
) -> dict[str, list]:
    """Model inputs with labels from KLUE rows, for `dataset.map(…, batched=True)`.

    Adds `labels` (−100 where there is nothing to learn), `offset_mapping`, and `length` (sub-words, special
    tokens included). Nothing is padded: the collator does that batch by batch. Sub-words beyond
    `max_length` (default: the model's limit) are cut, and their labels with them.

    Raises WorkbookError for rows that cannot be aligned (check_rows) and for a tokenizer without offsets.
    """
    if not tokenizer.is_fast:
        raise WorkbookError(
            f"{type(tokenizer).__name__} gives no offsets. Load it with AutoTokenizer.from_pretrained(…), which "
            "returns a fast one."
        )
    check_rows(batch, label_names)
    with _no_garbage_collection():
        encoded = tokenizer(
            ["".join(characters) for characters in batch["tokens"]],
            truncation=True,
            max_length=max_length,
            return_offsets_mapping=True,
        )
        encoded["labels"] = [
            subword_labels(tags, offsets)
            for tags, offsets in zip(batch["ner_tags"], encoded["offset_mapping"], strict=True)
        ]
        encoded["length"] = [len(ids) for ids in encoded["input_ids"]]
    return encoded


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Python's search for cycles put off: every offset is a tuple, and a batch has tens of thousands of them.

    None is in a cycle, yet each few hundred new ones set off a search, now and then through all that there is.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
