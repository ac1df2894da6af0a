"""Labels from a reasoning model: ask any OpenAI-compatible server, read its answers, keep them safe.

>>> teacher = connect()                      # the server that OPENAI_BASE_URL names
>>> question = Question(way="thinking")
>>> with LabelStore("labels.sqlite") as store:
...     ask_all(store, teacher, question, papers)    # again: asks only what is missing
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbook.labelling.asking import Outcome, ask_all
    from workbook.labelling.connection import Reply, Teacher, connect
    from workbook.labelling.corpus import papers_about_datasets, scan_papers
    from workbook.labelling.parsing import USABLE, Parsed, parse_completion
    from workbook.labelling.prompt import write_prompt
    from workbook.labelling.question import Question
    from workbook.labelling.schema import LABELS, Answer
    from workbook.labelling.serving import model_that_fits, serve_teacher
    from workbook.labelling.store import LabelStore

# Where each public name lives: loaded when asked for, since the command line needs none of it to show its help.
_MODULES = {
    "asking": ("Outcome", "ask_all"),
    "connection": ("Reply", "Teacher", "connect"),
    "corpus": ("papers_about_datasets", "scan_papers"),
    "parsing": ("USABLE", "Parsed", "parse_completion"),
    "prompt": ("write_prompt",),
    "question": ("Question",),
    "schema": ("LABELS", "Answer"),
    "serving": ("model_that_fits", "serve_teacher"),
    "store": ("LabelStore",),
}

__all__ = [
    "LABELS", "USABLE", "Answer", "LabelStore", "Outcome", "Parsed", "Question", "Reply", "Teacher", "ask_all",
    "connect", "model_that_fits", "papers_about_datasets", "parse_completion", "scan_papers", "serve_teacher",
    "write_prompt",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
