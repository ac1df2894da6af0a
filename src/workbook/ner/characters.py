"""What the CRF and the Bi-LSTM-CRF see of a sentence: its characters without the spaces, and the way back.

KLUE's scores ignore spaces, and word edges carry the same information in fewer characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from workbook.alignment import character_tags
from workbook.errors import WorkbookError


class Row(NamedTuple):
    """A sentence with one IOB2 tag per character, spaces included."""

    sentence: str
    tags: Sequence[str]


def word_edges(sentence: str) -> list[str]:
    """For each character that is not a space: B, I or E where it begins, continues or ends a word, S if it is one."""
    return [
        edge
        for word in sentence.split()
        for edge in ("S" if len(word) == 1 else "B" + "I" * (len(word) - 2) + "E")
    ]


def without_spaces(row: Row) -> list[str]:
    """The row's tags without those of spaces, as valid IOB2: an `I-` that continues nothing becomes `B-`.

    (Two of KLUE's entities begin on a space, so that their `B-` goes with it.)
    Raises WorkbookError for an empty sentence, or where there is not one tag per character.
    """
    sentence, tags = row
    cure = "Leave the row out, or correct it."
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
    """The way back: one tag per character. A space inside an entity belongs to it."""
    places = [(i, i + 1) for i, character in enumerate(sentence) if not character.isspace()]
    return character_tags(tags, places, sentence)
