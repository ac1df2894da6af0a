"""Characters ↔ sub-words ↔ entities: which label a sub-word gets, and the way back.

KLUE labels *characters*, spaces included; an encoder labels *sub-words*. A fast tokenizer's offsets, the characters
`(start, end)` that each sub-word comes from, join the two. Tags are IOB2: `B-PS` begins a person, `I-PS` continues
it, `O` is outside.

Offsets need reading with care, because tokenizers differ in what they count as part of a sub-word:

* WordPiece (BERT) leaves spaces out.
* Byte-level BPE (ModernBERT) puts the space before a word into its first sub-word, `' Y'` (RoBERTa's tokenizer trims
  it), and may cut one character into several sub-words, each with the offsets of the whole character.
* SentencePiece (XLM-R, e5) marks the space with `▁`, at times as a sub-word of its own that overlaps the next one.
"""

from __future__ import annotations

import gc
import unicodedata
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


def covered(offsets: Sequence[Offset], text: str) -> list[Offset]:
    """The characters of `text` that each sub-word stands for, and no other sub-word does.

    A sub-word begins at the first of its characters that is not a space, and ends where the next one begins.
    Nothing is left (`start == end`) of special tokens, of a sub-word of spaces, and of one that the next overlaps
    entirely: a lone `▁`, all but the last part of a character. An accent or an invisible character that the
    tokenizer dropped goes with the sub-word before it.
    """
    found, limit = [], len(text)
    for start, end in reversed(offsets):
        if end > start:
            end = min(end, limit)
            while start < end and text[start].isspace():
                start += 1
            while start < end and text[end - 1].isspace():
                end -= 1
            if start < end:
                while end < limit and _is_dropped(text[end]):
                    end += 1
                limit = start
        found.append((start, max(start, end)))
    return found[::-1]


def _is_dropped(character: str) -> bool:
    """Whether a normalizer may leave the character out: a mark, a control or format character."""
    return unicodedata.category(character)[0] in "MC" and not character.isspace()


def subword_labels(
    tags: Sequence[Any], offsets: Sequence[Offset], text: str, ignored: Any = IGNORED
) -> list[Any]:
    """For each sub-word the tag of the first character that it covers; `ignored` where it covers none.

    tags: one per character of `text`; offsets: one per sub-word, as the tokenizer returns them.
    """
    return [tags[start] if end > start else ignored for start, end in covered(offsets, text)]


def character_tags(labels: Sequence[str], offsets: Sequence[Offset], text: str) -> list[str]:
    """The way back: one tag per character of `text` from one tag per sub-word.

    The first character that a sub-word covers takes its tag, the others continue it (`I-`): so does every
    character that an [UNK] stands for. A character that no sub-word covers (a space, what truncation cut) is
    `O`, unless the entity continues after it. Labels of sub-words that cover nothing are not read.
    """
    tags: list[str | None] = [None] * len(text)
    for label, (start, end) in zip(labels, covered(offsets, text), strict=True):
        if end > start:
            tags[start:end] = [label] + [_inside(label)] * (end - start - 1)
    before, gap = "O", 0
    for position, tag in enumerate(tags):
        if tag is None:
            gap += 1
            continue
        continues = tag != "O" and tag == _inside(before)
        tags[position - gap : position] = [tag if continues else "O"] * gap
        before, gap = tag, 0
    return ["O" if tag is None else tag for tag in tags]


def _inside(tag: str) -> str:
    return tag if tag == "O" else "I-" + tag[2:]


def entities(tags: Sequence[str]) -> list[Entity]:
    """The entities in character (or sub-word) tags, read leniently.

    An `I-` without its `B-` starts an entity; a tag of another type ends the current one.
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
    character, more or fewer tags than characters, a tag out of range.
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
                f"{where} has the tag {wrong[0]}, outside 0 to {len(label_names) - 1}. Compare the dataset's "
                f"features['ner_tags'] with your label list. {cure}"
            )


def tokenize_and_align(
    batch: dict[str, list], tokenizer: Any, label_names: Sequence[str], max_length: int | None = None
) -> dict[str, list]:
    """Model inputs with labels from KLUE rows, for `dataset.map(…, batched=True)`.

    Adds `labels` (−100 where there is nothing to learn), `offset_mapping`, and `length` (in sub-words, special
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
    texts = ["".join(characters) for characters in batch["tokens"]]
    with _no_garbage_collection():
        encoded = tokenizer(texts, truncation=True, max_length=max_length, return_offsets_mapping=True)
        encoded["labels"] = [
            subword_labels(tags, offsets, text)
            for tags, offsets, text in zip(batch["ner_tags"], encoded["offset_mapping"], texts, strict=True)
        ]
        encoded["length"] = [len(ids) for ids in encoded["input_ids"]]
    return encoded


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Postpone Python's search for cycles: every offset is a tuple, and a batch has tens of thousands of them.

    None is part of a cycle, yet every few hundred new ones start a search, at times through all of memory.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
