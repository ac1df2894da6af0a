"""The figures that several notebooks share. Each returns an object that Jupyter displays."""

from __future__ import annotations

import html
import unicodedata
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


class SpanView:
    """A sentence, character by character, and below it rows of boxes over the characters that they stand for.

    An SVG and no matplotlib figure: the browser finds a font with Hangul, matplotlib's own fonts have none.
    """

    # pixels: a character's width, a row's height, the captions' width, the size of letters
    _CELL, _ROW, _CAPTION, _LETTER = 30, 32, 150, 13

    def __init__(self, text: str, rows: Mapping[str, Sequence[tuple[int, int, str]]]):
        """rows: by caption, boxes (start, end, label) in characters.

        A label that ends in an entity type, such as B-PS, takes the type's colour. A box that overlaps the one
        before it goes below that; one without characters (a special token) is left out.
        """
        self.text = text
        self.rows = {name: [box for box in boxes if box[1] > box[0]] for name, boxes in rows.items()}

    def _repr_svg_(self) -> str:
        parts, y = [], 4
        letters = [(place, place + 1, letter) for place, letter in enumerate(self.text)]
        for caption, boxes in ({"characters": letters} | self.rows).items():
            parts.append(self._words(self._CAPTION - 10, y, caption, "end"))
            ends: list[int] = []  # where each lane of this row is taken to
            for start, end, label in boxes:
                lane = next((lane for lane, taken in enumerate(ends) if taken <= start), len(ends))
                ends[lane : lane + 1] = [end]
                parts.append(self._box(start, end, y + lane * self._ROW, label))
            y += max(len(ends), 1) * self._ROW + 6
        width = self._CAPTION + self._CELL * len(self.text) + 6
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" width="{width}" height="{y}" '
            f'role="img" aria-label="{html.escape(repr(self))}" '
            "font-family=\"'Noto Sans KR', 'Noto Sans CJK KR', 'Apple SD Gothic Neo', 'Malgun Gothic', "
            f'sans-serif"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
        )

    def _box(self, start: int, end: int, y: int, label: str) -> str:
        x, width = self._CAPTION + start * self._CELL + 1, (end - start) * self._CELL - 2
        fill = ENTITY_COLOURS.get(label.rpartition("-")[2], "#f3f3f3")
        box = f'<rect x="{x}" y="{y}" width="{width}" height="{self._ROW - 4}" rx="4" fill="{fill}" stroke="#999"/>'
        return box + self._words(x + width / 2, y, label.replace(" ", "␣"), "middle", width - 4)

    def _words(self, x: float, y: int, words: str, anchor: str, room: float = 0) -> str:
        """Text, squeezed where it is likely to be wider than `room`."""
        wide = self._LETTER * sum(
            1 if unicodedata.east_asian_width(letter) in "WF" else 0.6 for letter in words
        )
        squeeze = f' textLength="{room}" lengthAdjust="spacingAndGlyphs"' if 0 < room < wide else ""
        return (
            f'<text x="{x}" y="{y + 19}" font-size="{self._LETTER}" text-anchor="{anchor}" fill="#222"{squeeze}>'
            f"{html.escape(words)}</text>"
        )

    def __repr__(self) -> str:
        lines = [
            f"{caption}: " + " ".join(f"{self.text[start:end]}[{label}]" for start, end, label in boxes)
            for caption, boxes in self.rows.items()
        ]
        return "\n".join([f"characters: {self.text}", *lines])


def _finished(figure: Figure) -> Figure:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    plt.close(figure)  # or Jupyter would show it twice
    return figure
