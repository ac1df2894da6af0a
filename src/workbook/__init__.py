"""Encoder Workbook: what its notebooks import. The first code cell of each is `workbook.start("NN_topic")`."""

from typing import TYPE_CHECKING

from workbook.errors import WorkbookError

if TYPE_CHECKING:
    from workbook.lab import Lab, start

__all__ = ["Lab", "WorkbookError", "start"]


def __getattr__(name: str):
    # Only when asked for: the command line and the sandbox's own processes need no Lab.
    if name in ("Lab", "start"):
        from workbook import lab

        return getattr(lab, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
