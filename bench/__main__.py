"""`python -m bench [pairs] [--quick] [--size …] [--data …] [--page]`: measure pairs, print and keep a row of each."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TQDM_DISABLE="1", TOKENIZERS_PARALLELISM="true")

from bench import page
from bench.measure import Row, keep
from bench.pairs import PAIRS, Plan
from bench.sources import SIZES, Sources
from workbook import paths
from workbook.errors import WorkbookError
from workbook.machine import nvidia_gpu


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for. Returns 0 if everything was measured, else 1."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split(": ", 1)[1])
    add = parser.add_argument
    add("pairs", nargs="*", metavar="PAIR", help=f"all by default: {', '.join(PAIRS)}")
    add("--quick", action="store_true", help="a few steps, 3 repetitions: to check that it works")
    add(
        "--size",
        choices=SIZES,
        help="of the models (default: base on a GPU and for ynat, else small: 4 layers)",
    )
    add(
        "--data",
        type=Path,
        metavar="ROOT",
        help="a folder laid out like the Hub (default: real data, or miniature)",
    )
    add(
        "--page",
        action="store_true",
        help="write docs/benchmarks.md from the rows kept; measure only the pairs named",
    )
    options = parser.parse_args(arguments)
    folder = paths.outputs_root() / "bench"
    try:
        if unknown := [name for name in options.pairs if name not in PAIRS]:
            raise WorkbookError(f"There is no pair {unknown[0]!r}. There are: {', '.join(PAIRS)}.")
        plan = Plan(Sources(options.data), options.quick, options.size, _on_gpu())
        names = options.pairs or ([] if options.page else list(PAIRS))
        if names:
            print(
                "Measuring on the graphics card." if plan.gpu else "No GPU here: measuring on the processor."
            )
        failed = sum(not _measure(name, plan, folder) for name in names)
        if options.page:
            docs = (paths.clone_root() or Path.cwd()) / "docs"
            file = page.write(page.rows(folder, PAIRS, docs), docs)
            print(f"Written: {paths.shown(file)}")
    except WorkbookError as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if failed else 0


def _on_gpu() -> bool:
    """Whether there is a card and a torch that computes on it."""
    if nvidia_gpu() is None:
        return False
    import torch  # seconds, so only where there is a card

    return torch.cuda.is_available()


def _measure(name: str, plan: Plan, folder: Path) -> bool:
    """Measure one pair and keep its row. Returns False, with the reason on stderr, where that fails."""
    began = time.perf_counter()
    try:
        row = Row(pair=name, goal=PAIRS[name].goal, quick=plan.quick, **PAIRS[name].measure(plan))
        keep(row, folder)
    except WorkbookError as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        return False
    print(f"{page.verdict(row)}  [{time.perf_counter() - began:.0f} s]", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
