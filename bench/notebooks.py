"""The notebooks as `make run` runs them, one after another in the sandbox: where do the seconds go?"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from workbook import paths
from workbook.commands.run import Run, execute, kernel_environment, select
from workbook.errors import WorkbookError

# The first that fits names a cell's phase. Baselines by scikit-learn count as training, labels asked for as such.
PHASES = {
    "start": r"workbook\.start\(",
    "imports": "",  # more than half of its statements are imports
    "training": r"\.train\(|\btrain\(|\.fit\(|\bfit_\w+\(|fine_tune\(",
    "asking": r"ask_all\(|teachers\.find\(",
    "prediction": r"predict\w*\(|\.evaluate\(|pipeline\(",
    "models, data": r"from_pretrained\(|load_dataset\(|snapshot_download\(|\.map\(|scan_parquet\(",
    "drawing": r"plt\.show\(|plots\.|EntityView\(",
    "the rest": "",
}
KERNEL = "kernel"  # its start and end


def phase(source: str) -> str:
    """What a cell spends its time on, as far as its text tells."""
    try:
        statements = ast.parse(re.sub(r"^(\s*)%.*$", r"\1pass", source, flags=re.MULTILINE)).body
    except SyntaxError:
        statements = []
    imports = sum(isinstance(statement, ast.Import | ast.ImportFrom) for statement in statements)
    for name, pattern in PHASES.items():
        if (name == "imports" and 2 * imports > len(statements)) or (pattern and re.search(pattern, source)):
            return name
    return "the rest"


def by_phase(notebook: Any, run: Run) -> dict[str, float]:
    """Seconds of each phase of an executed notebook. What its cells do not account for is the kernel's."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    seconds = dict.fromkeys([*PHASES, KERNEL], 0.0)
    for source, took in zip(cells, run.cell_seconds, strict=True):
        seconds[phase(source)] += took
    seconds[KERNEL] = max(0.0, run.seconds - sum(run.cell_seconds))
    return seconds


def whole_run(numbers: tuple[str, ...] = ()) -> dict[str, Any]:
    """Every notebook once, from the first to the last, with seconds by phase and peak memory; and five warm starts.

    Raises WorkbookError for a notebook that fails.
    """
    lines, total = [], dict.fromkeys([*PHASES, KERNEL], 0.0)
    with tempfile.TemporaryDirectory() as folder:
        environment = kernel_environment("sandbox", Path(folder))
        for file in select(paths.resource("notebooks"), numbers):
            notebook, run = execute(file, "sandbox", environment)
            if not run.passed:
                raise WorkbookError(f"{run.notebook} {run.status}: see workbook run {run.notebook[:2]}")
            seconds = by_phase(notebook, run)
            total = {name: total[name] + took for name, took in seconds.items()}
            lines.append([run.notebook, run.seconds, *seconds.values(), run.peak_memory_bytes / 2**30])
            print(f"  {run.notebook}: {run.seconds:.0f} s", flush=True)
        starts = [_start(environment) for _ in range(6)][1:]
    lines.append(["all", sum(line[1] for line in lines), *total.values(), max(line[-1] for line in lines)])
    return {
        "title": "All notebooks in the sandbox, by phase",
        "data": "miniature data",
        "size": "-",
        "head": ["notebook", "seconds", *PHASES, KERNEL, "peak memory, GiB"],
        "lines": [[name, *(round(value, 1) for value in values)] for name, *values in lines],
        "remarks": [
            f"`import workbook` and `workbook.start()` in a fresh Python: {statistics.median(starts):.2f} s "
            f"({min(starts):.2f} to {max(starts):.2f}, five times, the interpreter's own start with it)."
        ],
    }


def _start(environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "import workbook; workbook.start('00_start_here')"],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - began
