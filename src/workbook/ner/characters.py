"""What the CRF and the Bi-LSTM-CRF see of a sentence: its characters without the spaces, and the way back.

KLUE's scores leave spaces out, and a space is no letter of any name: a word's edges say the same in less.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from workbook.alignment import character_tags
from workbook.errors import WorkbookError


class Row(NamedTuple):
    """A sentence with one IOB2 tag a character, spaces included."""

    sentence: str
    tags: Sequence[str]


def word_edges(sentence: str) -> list[str]:
    """For each character that is no space: B, I or E where it begins, continues or ends a word, S if it is one."""
    return [
        edge
        for word in sentence.split()
        for edge in ("S" if len(word) == 1 else "B" + "I" * (len(word) - 2) + "E")
    ]


def without_spaces(row: Row) -> list[str]:
    """The row's tags without those of spaces, as sound IOB2: what continues nothing begins an entity.

    (Two of KLUE's entities begin on a space, so that their `B-` goes with it.)
    Raises WorkbookError where there is nothing to learn from, or not one tag a character.
    """
    sentence, tags = row
    cure = "Leave the row out, or put it right."
    if not sentence.strip():
        raise WorkbookError(f"There is an empty sentence in the training data. {cure}")
    if len(sentence) != len(tags):
        raise WorkbookError(f"{sentence[:30]!r} has {len(sentence)} characters and {len(tags)} tags. {cure}")
    kept = [tag for character, tag in zip(sentence, tags, strict=True) if not character.isspace()]
    return [
        "B-" + tag[2:] if tag[:2] == "I-" and before[1:] != tag[1:] else tag
        for before, tag in zip(["O", *kept], kept, strict=False)
    ]


def with_spaces(sentence: str, tags: Sequence[str]) -> list[str]:
    """The way back: one tag a character. A space inside an entity belongs to it."""
    places = [(i, i + 1) for i, character in enumerate(sentence) if not character.isspace()]
    return character_tags(tags, places, sentence)
