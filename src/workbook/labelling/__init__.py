"""Labels from a reasoning model: put one question to a teacher, read its answers, keep them safe.

>>> teacher = workbook.teacher.find()
>>> question = Question(way="thinking")
>>> with LabelStore("labels.sqlite") as store:
...     ask_all(store, teacher, question, papers)    # again: asks only what is missing
"""

from __future__ import annotations

import importlib
from typing import Any

# Where each public name lives; loaded when asked for, since pydantic and the rest take their time.
_HOMES = {
    name: module
    for module, names in {
        "asking": ("Summary", "ask_all"),
        "corpus": ("papers_about_datasets", "scan_papers"),
        "parsing": ("USABLE", "Parsed", "parse_completion"),
        "prompt": ("write_prompt",),
        "question": ("Question",),
        "reading": ("Reply", "ask", "read"),
        "schema": ("LABELS", "Answer"),
        "store": ("LabelStore",),
    }.items()
    for name in names
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
