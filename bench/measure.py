"""Alternating repetitions, the rows they come to, and the files that keep them."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from workbook import paths
from workbook.errors import WorkbookError
from workbook.machine import nvidia_gpu

PACKAGES = ("torch", "transformers", "datasets", "tokenizers", "polars", "pandas", "openai")


@dataclass(kw_only=True)
class Row:
    """One measured pair, as it is kept: what was compared, on what, and either ways with a ratio, points or lines."""

    date: str = ""  # date, machine and versions are set by keep()
    machine: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    pair: str
    goal: float | None = None  # the ratio to reach
    quick: bool = False
    title: str
    data: str  # what kind of data: real, miniature, made up
    size: str  # of the model, "-" where there is none
    examples: int | None = None
    unit: str | None = None  # of examples
    ways: dict[str, dict[str, Any]] | None = None  # these four from compare()
    ratio: float | None = None
    ratio_range: list[float] | None = None
    repetitions: int | None = None
    real_token_share: dict[str, float] | None = None  # by way, of the tokens computed
    outside_the_model: float | None = None  # share of our time
    flops_of_largest_product: float | None = None  # our share of what a large matrix product reaches
    each: dict[str, dict[str, float]] = field(default_factory=dict)  # further figures by way
    accuracy: dict[str, list[float]] | None = None
    x: str | None = None  # a curve, and what its axes are
    y: str | None = None
    points: list[list[float]] | None = None
    head: list[str] | None = None  # a table
    lines: list[list[Any]] | None = None
    remarks: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Its fields, those left out that say nothing."""
        return {name: value for name, value in asdict(self).items() if value not in (None, [], {})}


def alternate(
    ways: dict[str, Callable[[int], Any]], repetitions: int, warm_up: bool = True
) -> dict[str, list[float]]:
    """Seconds of every way by repetition: A B A B …, so that a machine that slows down hurts both alike.

    Each way is called with the number of the repetition; 0 is the warm-up, which is not kept, and which a way may
    make shorter. A way that returns a float has measured itself; otherwise the call's time counts.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for repetition in range(0 if warm_up else 1, repetitions + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            measured = way(repetition)
            took = measured if isinstance(measured, float) else time.perf_counter() - began
            if repetition:
                seconds[name].append(took)
    return seconds


def compare(seconds: dict[str, list[float]], first: str, ours: str) -> dict[str, Any]:
    """Median, lowest and highest of each way, and how many times faster `ours` is than `first`.

    `ratio` is that of the medians; `ratio_range` holds the lowest and highest of the repetitions side by side.
    """
    pairs = [a / b for a, b in zip(seconds[first], seconds[ours], strict=True)]
    return {
        "ways": {
            name: {
                "seconds": values,
                "median": statistics.median(values),
                "low": min(values),
                "high": max(values),
            }
            for name, values in seconds.items()
        },
        "ratio": statistics.median(seconds[first]) / statistics.median(seconds[ours]),
        "ratio_range": [min(pairs), max(pairs)],
        "repetitions": len(pairs),
    }


def machine() -> dict[str, Any]:
    """What this ran on: processor, cores available to this process, graphics card, memory in GiB, system."""
    import psutil

    gpu = nvidia_gpu()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": cores,
        "gpu": str(gpu) if gpu else None,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()}, Python {platform.python_version()}",
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """The versions that speed may depend on."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def keep(row: Row, folder: Path) -> Path:
    """Append a row to `<its pair>.json` in `folder`, with time, machine and versions. Returns the file.

    Raises WorkbookError where that file cannot be read: nothing is overwritten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{row.pair}.json"
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    stamped = replace(row, date=now, machine=machine(), versions=versions())
    paths.write_json(file, [each.as_json() for each in (*read(file), stamped)])
    return file


def read(file: Path) -> list[Row]:
    """The rows of one file, none where there is no file. Raises WorkbookError where it is broken."""
    if not file.exists():
        return []
    try:
        return [Row(**row) for row in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise WorkbookError(
            f"{paths.shown(file)} cannot be read ({error}). Move it away or delete it, then run again."
        ) from None
