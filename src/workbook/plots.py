"""The figures that several notebooks share. Each returns an object that Jupyter displays."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workbook.alignment import Entity
from workbook.metrics import evaluations

# Okabe and Ito's colours, told apart by nearly everyone; light enough for dark text.
ENTITY_COLOURS = {
    "PS": "#f7c59f", "LC": "#a8dcc6", "OG": "#b6d4f0", "DT": "#f3e79b", "TI": "#e3c4e0", "QT": "#d5d5d5",
}  # fmt: skip


def length_histogram(
    lengths: Mapping[str, Sequence[int]], limits: Sequence[int] = (), limit: str = "cut at"
) -> Figure:
    """How long texts are, in sub-words, one colour for each dataset; dashed lines at `limits`, called `limit` 512."""
    figure, axes = plt.subplots(figsize=(8, 3))
    longest = max(max(values) for values in lengths.values())
    bins = range(0, longest + 6, max(1, longest // 40))
    for name, values in lengths.items():
        axes.hist(values, bins=bins, alpha=0.6, label=f"{name} (longest {max(values)})")
    for place in limits:
        axes.axvline(place, color="black", linestyle="--", linewidth=1)
        axes.text(place, axes.get_ylim()[1] * 0.95, f" {limit} {place}", va="top")
    axes.set(xlabel="sub-words in a text", ylabel="texts")
    axes.legend(frameon=False)
    return _finished(figure)


def training_curves(runs: Mapping[str, Sequence[dict[str, Any]]], metric: str) -> Figure:
    """Loss by epoch (training a line, evaluation points) and `metric` by epoch, for each run's `log_history`."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
    for number, (name, history) in enumerate(runs.items()):
        colour = f"C{number}"
        evaluated = evaluations(history)
        for key, style, what, entries in (
            ("loss", "-", "training", history),
            ("eval_loss", "o--", "evaluation", evaluated),
        ):
            points = [(entry["epoch"], entry[key]) for entry in entries if key in entry]
            left.plot(*zip(*points, strict=True), style, color=colour, linewidth=1, label=f"{name}, {what}")
        points = [(entry["epoch"], entry[metric]) for entry in evaluated]
        right.plot(*zip(*points, strict=True), color=colour, marker="o", label=name)
    left.set(xlabel="epoch", ylabel="loss")
    right.set(xlabel="epoch", ylabel=metric.removeprefix("eval_"))
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize="small")
    return _finished(figure)


class EntityView:
    """Sentences with their entities in colour; as text, marked as KLUE does."""

    def __init__(self, rows: Sequence[tuple[str, str, Sequence[Entity]]]):
        """rows: (caption, sentence, entities)."""
        self.rows = rows

    def _repr_html_(self) -> str:
        lines = "".join(
            f"<tr><td style='text-align:left;white-space:nowrap;opacity:0.7'>{html.escape(caption)}</td>"
            f"<td style='text-align:left;line-height:1.9'>{self._coloured(sentence, found)}</td></tr>"
            for caption, sentence, found in self.rows
        )
        return f"<table>{lines}</table>"

    @staticmethod
    def _coloured(sentence: str, found: Sequence[Entity]) -> str:
        parts, position = [], 0
        for start, end, kind in sorted(found):
            parts.append(html.escape(sentence[position:start]))
            parts.append(
                f"<mark style='background:{ENTITY_COLOURS.get(kind, '#ddd')};color:#222;padding:1px 4px;"
                f"border-radius:4px'>{html.escape(sentence[start:end])}"
                f"<sub style='margin-left:3px;font-size:0.7em'>{html.escape(kind)}</sub></mark>"
            )
            position = end
        return "".join([*parts, html.escape(sentence[position:])])

    def __repr__(self) -> str:
        from workbook.alignment import tagged_sentence

        return "\n".join(f"{caption}: {tagged_sentence(text, found)}" for caption, text, found in self.rows)


def _finished(figure: Figure) -> Figure:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    plt.close(figure)  # or Jupyter would show it twice
    return figure
