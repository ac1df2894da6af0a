"""Asking about one paper: the teacher's completion, and what it reads as."""

from __future__ import annotations

from dataclasses import dataclass

from workbook.labelling.parsing import USABLE, Parsed, parse_completion
from workbook.labelling.question import Question
from workbook.teacher import Completion, FormatRefused, Outcome, Teacher


@dataclass(frozen=True)
class Reply:
    """What the teacher sent, and what it reads as: `parsed` is None where nothing arrived."""

    completion: Completion
    parsed: Parsed | None = None

    @property
    def status(self) -> str:
        """How the answer reads, or why none arrived."""
        return self.parsed.status if self.parsed else self.completion.outcome.value

    @property
    def label(self) -> str | None:
        """The label of a usable answer."""
        return self.parsed.label if self.parsed else None

    @property
    def usable(self) -> bool:
        """Whether there is a label."""
        return self.status in USABLE


# A paper without an abstract is not asked about; this is what stands in the store for it.
NO_ABSTRACT = Reply(Completion(Outcome.ARRIVED), Parsed("no_abstract"))


def read(completion: Completion) -> Reply:
    """Read a completion as an answer to a `Question`."""
    return Reply(completion, parse_completion(completion.choice()) if completion.arrived else None)


def ask(teacher: Teacher, question: Question, title: str | None, abstract: str | None) -> Reply:
    """Put one paper to the teacher and wait. Raises teacher.Stop for what would fail every time."""
    try:
        return read(teacher.send(question.request(teacher.model, title, abstract)))
    except FormatRefused as refused:
        raise FormatRefused(
            f"{refused} Ask in another way: Question(way='json_object') or Question(way='thinking')."
        ) from None
