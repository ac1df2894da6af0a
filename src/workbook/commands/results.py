"""Reads what runs left in the outputs: `run.json`, `metrics.json`, executed copies.

Any of these may be cut off, hand-edited or hostile: every value is checked for its type here, and what does not fit
is left out.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from workbook.catalogue import MODES, NOTEBOOKS

_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_ROWS = 40  # of a table


@dataclass
class Figure:
    """A recorded figure. `value` is JSON of any shape; `band` and `published` are those of `lab.expect`."""

    name: str
    value: Any
    band: tuple[float, float] | None = None
    inside: bool = True
    published: str = ""

    @property
    def judged(self) -> bool:
        return self.band is not None or bool(self.published)


@dataclass
class Cell:
    """One cell of a table: its text in runs, each with whether it is marked."""

    head: bool
    columns: int = 1
    rows: int = 1
    runs: list[tuple[str, bool]] = field(default_factory=list)


@dataclass
class Picture:
    """An output worth seeing, with the heading it stands under: a PNG in base64, or the rows of a table."""

    caption: str
    png: str = ""
    table: list[list[Cell]] = field(default_factory=list)
    more: int = 0  # rows left out


@dataclass
class Result:
    """What one folder of the outputs holds."""

    notebook: str
    mode: str
    status: str  # passed | failed | interrupted | by hand
    when: str = ""
    seconds: float | None = None
    memory: float | None = None  # bytes
    device: str = ""
    system: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    overlays: list[str] = field(default_factory=list)
    mirror: bool = False
    error: dict[str, str] = field(default_factory=dict)  # where, source, message
    figures: dict[str, Figure] = field(default_factory=dict)
    pictures: list[Picture] = field(default_factory=list)

    @property
    def title(self) -> str:
        return NOTEBOOKS[self.notebook].title if self.notebook in NOTEBOOKS else self.notebook

    @property
    def headline(self) -> Figure | None:
        """The figure that stands for the notebook: the catalogue's, else the last one that was judged."""
        named = NOTEBOOKS[self.notebook].headline if self.notebook in NOTEBOOKS else ""
        judged = [figure for figure in self.figures.values() if figure.judged]
        return self.figures.get(named) or (judged[-1] if judged else None)


def gather(outputs: Path) -> list[Result]:
    """The results under `outputs/<mode>/<folder>/`, in the order of the notebooks; live before sandbox."""
    results = []
    for mode in MODES:
        for folder in sorted((outputs / mode).glob("*/")):
            run, metrics = _read(folder / "run.json"), _read(folder / "metrics.json")
            if run or metrics:
                results.append(_result(folder, mode, run, metrics))
    return sorted(results, key=lambda result: (result.notebook, result.mode))


def _result(folder: Path, mode: str, run: dict[str, Any], metrics: dict[str, Any]) -> Result:
    name = _text(run.get("notebook")) or _text(metrics.get("notebook")) or folder.name
    versions = _mapping(metrics.get("versions")) or _mapping(run.get("versions"))
    data = metrics.get("data")
    return Result(
        notebook=name,
        mode=mode,
        status=_text(run.get("status")) or "by hand",
        when=_text(run.get("started")) or _text(metrics.get("time")),
        seconds=number(run.get("seconds")),
        memory=number(run.get("peak_memory_bytes")) or None,
        device=_text(metrics.get("device")),
        system=_text(metrics.get("system")) or _text(run.get("system")),
        versions={name: _text(version) for name, version in versions.items() if _text(version)},
        overlays=_texts(data if isinstance(data, list) else run.get("overlays")),
        mirror=metrics.get("mirror") is True or run.get("mirror") is True,
        error=_failure(_mapping(run.get("error"))),
        figures=_figures(_mapping(metrics.get("figures"))),
        # The name comes from a file: only a copy that lies in this folder is opened.
        pictures=list(_pictures(_read(folder / f"{Path(name).name}.ipynb"))),
    )


def _figures(recorded: dict[str, Any]) -> dict[str, Figure]:
    figures = {}
    for name, entry in recorded.items():
        if not (isinstance(entry, dict) and "value" in entry):
            entry = {"value": entry}
        figure = Figure(name, entry["value"], published=_text(entry.get("published")))
        band, value = entry.get("band"), number(entry["value"])
        if isinstance(band, list) and len(band) == 2 and None not in (value, *map(number, band)):
            figure.band = (band[0], band[1])
            figure.inside = band[0] <= value <= band[1]
        figures[name] = figure
    return figures


def _failure(error: dict[str, Any]) -> dict[str, str]:
    if not error:
        return {}
    cell = number(error.get("cell"))
    message = f"{_text(error.get('name'))}: {_text(error.get('message'))}".strip(": ")
    where = "It failed" if cell is None else f"Cell [{cell:.0f}] failed"
    return {"where": where, "source": "\n".join(_texts(error.get("source"))), "message": message}


def _pictures(notebook: dict[str, Any]) -> Iterator[Picture]:
    """The PNG and table outputs of an executed copy, each under its nearest heading."""
    heading = ""
    for cell in _mappings(notebook.get("cells")):
        source = _joined(cell.get("source"))
        if cell.get("cell_type") == "markdown":
            headings = re.findall(r"^#{1,6}\s+(.+?)\s*#*$", re.sub(r"(?ms)^```.*?^```", "", source), re.M)
            heading = _plain_markdown(headings[-1]) if headings else heading
        elif "workbook.start(" not in source:
            for output in _mappings(cell.get("outputs")):
                data = _mapping(output.get("data"))
                if png := _png(_joined(data.get("image/png"))):
                    yield Picture(heading, png=png)
                elif rows := _table(_joined(data.get("text/html"))):
                    yield Picture(heading, table=rows[:_MOST_ROWS], more=max(0, len(rows) - _MOST_ROWS))


def _png(text: str) -> str:
    """The base64 of a PNG, decoded, checked and encoded again; "" for anything else."""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(data).decode() if data.startswith(_PNG) and data[12:16] == b"IHDR" else ""


class _TableParser(HTMLParser):
    """Takes the texts of table cells, and which of them are marked. Tags and attributes do not survive."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[Cell]] = []
        self.cell: Cell | None = None
        self.hidden = self.marked = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            spans = [_span(dict(attributes).get(name)) for name in ("colspan", "rowspan")]
            self.cell = Cell(tag == "th", *spans)
            self.rows[-1].append(self.cell)
        self.hidden = tag in ("script", "style")
        self.marked = self.marked or tag == "mark"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.cell = None
        self.hidden, self.marked = False, self.marked and tag != "mark"

    def handle_data(self, data: str) -> None:
        if self.cell is not None and not self.hidden and data.strip():
            self.cell.runs.append((data, self.marked))


def _table(markup: str) -> list[list[Cell]]:
    parser = _TableParser()
    parser.feed(markup)
    parser.close()
    return [row for row in parser.rows if row]


def _span(text: str | None) -> int:
    return min(int(text), 99) if text and text.isascii() and text.isdecimal() and len(text) < 4 else 1


def _plain_markdown(text: str) -> str:
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[`*_]{1,3}(\S[^`*]*?)[`*_]{1,3}", r"\1", text).strip()


def _read(path: Path) -> dict[str, Any]:
    try:
        return _mapping(json.loads(path.read_text(encoding="utf-8")))
    except (
        OSError,
        ValueError,
        RecursionError,
    ):  # absent, cut off, nested too deep: the rest is worth a page
        return {}


def number(value: Any) -> float | None:
    """`value` where it is a finite number, else None."""
    try:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        fits = False
    return value if fits else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _joined(value: Any) -> str:
    return _text(value) or "".join(_texts(value))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
