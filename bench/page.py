"""Writes docs/benchmarks.md and its plot from the rows in outputs/bench."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.measure import Row, read
from workbook import paths
from workbook.errors import WorkbookError

BEGIN, END = "<!-- measured: written by `python -m bench --page` -->", "<!-- end of what is measured -->"
HEAD = """# This workbook's way against the tutorials' way

Pairs of runs on one machine: same model, data, seed and number of examples. `python -m bench` measures them, `python -m bench --page` writes the part between the two marks of this file.
"""
KEPT = "benchmarks.json"  # the rows that the page shows


def rows(folder: Path, order: Iterable[str], docs: Path) -> list[Row]:
    """The newest full row of every pair, size, data and machine, including those that the page in `docs` shows.

    So the page grows: what another machine measured stays. Raises WorkbookError where there are no rows.
    """
    place = {name: number for number, name in enumerate(order)}
    newest: dict[tuple, Row] = {}
    found = [row for file in (docs / KEPT, *sorted(folder.glob("*.json"))) for row in read(file)]
    for row in sorted(found, key=lambda row: row.date):
        if not row.quick and row.pair in place:
            newest[row.pair, row.size, row.data, machine_name(row)] = row
    if not newest:
        raise WorkbookError(
            f"There is no full result in {paths.shown(folder.absolute())}. Measure first, without --quick: python -m bench"
        )
    return sorted(newest.values(), key=lambda row: place[row.pair])


def machine_name(row: Row) -> str:
    """A machine as the page names it."""
    machine = row.machine
    processor = f"{machine['processor']}, {machine['cores']} cores"
    return f"{machine['gpu']} ({processor})" if machine["gpu"] else processor


def verdict(row: Row) -> str:
    """The result of a row, in one line for the terminal."""
    if row.points is not None:
        return f"{row.pair:<11} {row.size:<10} " + ", ".join(f"{x}: {y:.1f}" for x, y in row.points)
    if row.lines is not None:
        return f"{row.pair:<11} {row.size:<10} " + ", ".join(
            f"{line[0]}: {line[1]:.0f} s" for line in row.lines
        )
    ways = ", ".join(f"{name} {way['median']:.2f} s" for name, way in row.ways.items())
    low, high = row.ratio_range
    goal = f"; goal {row.goal:g}×" if row.goal else ""
    return f"{row.pair:<11} {row.size:<10} {row.ratio:.2f}× ({low:.2f} to {high:.2f}{goal}): {ways}"


def write(found: list[Row], docs: Path) -> Path:
    """Put tables and plot into docs/benchmarks.md; what people wrote around the marks stays."""
    file = docs / "benchmarks.md"
    text = file.read_text(encoding="utf-8") if file.exists() else f"{HEAD}\n{BEGIN}\n{END}\n"
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise WorkbookError(
            f"{file.name} lacks the two marks between which results go. Put them back, or delete the file:\n{BEGIN}\n{END}"
        )
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    paths.write_json(docs / KEPT, [row.as_json() for row in found])
    paths.write_text(docs / "benchmarks.svg", plot(found))
    paths.write_text(file, f"{before}{BEGIN}\n\n{tables(found)}\n{END}{after}")
    return file


def tables(found: list[Row]) -> str:
    """The measured part of the page."""
    parts = ["![How many times faster, and the goals](benchmarks.svg)\n"]
    for name in dict.fromkeys(machine_name(row) for row in found):
        mine = [row for row in found if machine_name(row) == name]
        packages = ", ".join(f"{package} {version}" for package, version in mine[-1].versions.items())
        parts.append(f"## {name}\n\n{mine[-1].machine['system']}; {packages}.\n")
        parts.append(_ratios([row for row in mine if row.ways is not None]))
        parts += [_limits(mine), *(_details(row) for row in mine)]
    return "\n".join(part for part in parts if part)


def _table(head: str, lines: Iterable[Iterable[Any]]) -> str:
    count = head.count("|") + 1
    body = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([f"| {head} |", "|---" * count + "|", *body, ""])


def _ratios(found: list[Row]) -> str:
    lines = []
    for row in found:
        (_, theirs), (_, ours) = ((name, row.ways[name]) for name in _compared(row))
        low, high = row.ratio_range
        goal = row.goal
        lines.append(
            [
                row.title, row.size, f"{row.examples:,} {row.unit}, {row.data}", row.repetitions,
                *(f"{w['median']:.2f} s ({w['low']:.2f} to {w['high']:.2f})" for w in (theirs, ours)),
                f"**{row.ratio:.2f}×** ({low:.2f} to {high:.2f})",
                f"≥ {goal:g}×, " + ("reached" if row.ratio >= goal else "**missed**") if goal else "",
            ]
        )  # fmt: skip
    head = (
        "pair: what the other way does | model | of | times | its median (low to high) | ours | ratio | goal"
    )
    return _table(head, lines)


def _compared(row: Row) -> tuple[str, str]:
    names = list(row.ways)
    return names[0], "ours" if "ours" in names else names[1]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _limits(found: list[Row]) -> str:
    lines = [
        [row.title, row.size, *(_percent(row.real_token_share[way]) for way in ("tutorial", "ours")),
         _percent(row.outside_the_model), _percent(row.flops_of_largest_product)]
        for row in found if row.real_token_share is not None
    ]  # fmt: skip
    head = (
        "training | model | real tokens, the other way | ours | our time outside the model | "
        "our FLOP/s of a large matrix product's"
    )
    note = (
        "Real tokens: of those computed (goal ≥ 96 %). Outside the model: fetching and padding rows, logging (goal on "
        "a processor ≤ 5 %). FLOP/s count what the real tokens need, forward and backward (goal on a card at base "
        "size ≥ 45 % of bf16).\n"
    )
    return f"### Against the limit\n\n{_table(head, lines)}\n{note}" if lines else ""


def _details(row: Row) -> str:
    """Figures by way, the points of a curve, and remarks, under the row's title; empty where it has none of them."""
    parts = list(row.remarks)
    for name, values in row.each.items():
        lines = [[way, f"{row.ways[way]['median']:.2f} s", f"{v:.3g}"] for way, v in values.items()]
        parts.insert(0, _table(f"way | median | {name}", lines))
    if row.points is not None:
        parts.append(_table(f"{row.x} | {row.y}", [[f"{x:,}", f"{y:.1f}"] for x, y in row.points]))
    if row.lines is not None:
        parts.insert(0, _table(" | ".join(row.head), row.lines))
    return f"### {row.title}\n\n" + "\n".join(parts) + "\n" if parts else ""


def plot(found: list[Row]) -> str:
    """An SVG: how many times faster each pair is, on a logarithmic scale, with a line at its goal."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    found = [row for row in found if row.ratio][::-1]
    fixed = {
        "svg.fonttype": "none",
        "svg.hashsalt": "bench",
        "font.size": 9,
    }  # text stays text; same bytes each time
    with matplotlib.rc_context(fixed):
        figure, axes = pyplot.subplots(figsize=(8.6, 0.6 + 0.34 * len(found)), layout="constrained")
        for place, row in enumerate(found):
            reached = row.ratio >= (row.goal or 0)
            axes.barh(place, row.ratio - 1, left=1, height=0.6, color="#3b6fb6" if reached else "#c2703d")
            if row.goal:
                axes.plot([row.goal] * 2, [place - 0.4, place + 0.4], color="#24324a", linewidth=2)
            end = max(1, row.ratio, row.goal if row.goal and row.goal < 1.2 * row.ratio else 0)
            axes.text(end * 1.03, place, f"{row.ratio:.1f}×", va="center")
        size = ["" if row.size == "-" else f", {row.size}" for row in found]
        card = [", GPU" if row.machine["gpu"] else "" for row in found]
        labels = [row.pair + suffix + on for row, suffix, on in zip(found, size, card, strict=True)]
        axes.set_yticks(range(len(found)), labels)
        axes.set_xscale("log")
        most = max(10.0, *(max(row.ratio, row.goal or 0) for row in found)) * 1.3
        ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100) if tick < most]
        axes.set_xticks(ticks, [f"{tick}×" for tick in ticks])
        axes.minorticks_off()
        axes.set_xlim(min(0.8, *(row.ratio for row in found)), most)
        axes.grid(axis="x", color="#d5dae2")
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.set_title("Times faster than the other way (line: the goal)", loc="left", fontsize=10)
        written = io.StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
        pyplot.close(figure)
    return written.getvalue()
