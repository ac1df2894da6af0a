"""Encoder Workbook: what its notebooks import. The first code cell of each is `workbook.start("NN_topic")`."""

from workbook.errors import WorkbookError
from workbook.lab import Lab, start

__all__ = ["Lab", "WorkbookError", "start"]
