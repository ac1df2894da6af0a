"""What a person sees of `workbook run`."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbook import paths
from workbook.wording import duration, size

if TYPE_CHECKING:
    from workbook.commands.results import Failure, Run


class Screen:
    """One line for each notebook, updated in place on a terminal and plain elsewhere; then a table."""

    HEARTBEAT = 60.0  # seconds between signs of life where the output is not a terminal

    def __init__(self, out: Any, total: int, width: int):
        self.out, self.total, self.width = out, total, max(width, len("notebook"))
        self.alive = bool(getattr(out, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"
        self.prefix, self.beaten = "", 0.0

    def begins(self, number: int, name: str) -> None:
        self.prefix = f"[{number}/{self.total}] {name:<{self.width}}"
        self.beaten = time.monotonic()
        if not self.alive:
            self._line(f"{self.prefix}  starting")

    def watch(self, run: Run) -> None:
        state = f"cell {min(run.cells_done + 1, run.cells)}/{run.cells}  {duration(run.seconds)}  {size(run.peak_memory_bytes)}"
        if self.alive:
            self.out.write(f"\r\x1b[2K{self.prefix}  {state}")
            self.out.flush()
        elif time.monotonic() - self.beaten >= self.HEARTBEAT:
            self.beaten = time.monotonic()
            self._line(f"{self.prefix}  {state}")

    def ended(self, run: Run, copy: Path) -> None:
        if self.alive:
            self.out.write("\r\x1b[2K")
        state = f"{run.status:<11}  {duration(run.seconds):>10}  {size(run.peak_memory_bytes):>8}"
        self._line(f"{self.prefix}  {state}")
        if run.error:
            self._line(failure_text(run.error))
        if not run.passed:
            self._line(f"    executed so far: {paths.shown(copy)}\n")

    def summary(self, runs: Sequence[Run], names: Sequence[str], folder: Path) -> None:
        self._line("")
        self._line(f"{'notebook':<{self.width}}  {'result':<11}  {'cells':>7}  {'time':>10}  {'memory':>8}")
        for name in names:
            run = next((run for run in runs if run.notebook == name), None)
            if run is None:
                self._line(f"{name:<{self.width}}  not run")
                continue
            cells = f"{run.cells_done}/{run.cells}"
            self._line(
                f"{name:<{self.width}}  {run.status:<11}  {cells:>7}  {duration(run.seconds):>10}  "
                f"{size(run.peak_memory_bytes):>8}"
            )
        total = sum(run.seconds for run in runs)
        counts = {status: sum(run.status == status for run in runs) for status in ("failed", "interrupted")}
        counts = {"passed": sum(run.passed for run in runs), **counts, "not run": len(names) - len(runs)}
        told = ", ".join(
            f"{count} {status}" for status, count in counts.items() if count or status == "passed"
        )
        self._line(f"\n{told} in {duration(total)}. Executed copies and figures: {paths.shown(folder)}/")

    def _line(self, text: str) -> None:
        self.out.write(text + "\n")
        self.out.flush()


def failure_text(failure: Failure) -> str:
    """The failing cell: its number, its first lines, the error."""
    lines = [f"    cell [{failure.cell}]:"] if failure.cell else []
    lines += [f"    | {line}" for line in failure.source]
    message = f"{failure.name}: {failure.message}".strip(": ")
    lines += [f"    {line}" for line in message.splitlines()]
    return "\n".join(lines)
