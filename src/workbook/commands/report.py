"""One self-contained page of everything that ran, figures beside the published ones (`workbook report`).

`results.py` reads the outputs, `report.html.j2` is the page, and this module says what the page shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2

from workbook import paths, wording
from workbook.catalogue import NOTEBOOKS
from workbook.commands.results import Figure, Result, gather, is_number
from workbook.errors import WorkbookError

# The four generations of notebook 09, as its figures call them, and the third without its pretraining.
GENERATIONS = {
    "crf": "CRF", "bilstm_crf": "Bi-LSTM-CRF", "from_scratch": "Encoder from scratch", "encoder": "Encoder",
    "llm": "Language model",
}  # fmt: skip
_MOST_VALUES = 12  # of a list, and _MOST_LETTERS of a text, in a table of figures
_MOST_LETTERS = 240


def write(outputs: Path, target: Path | None = None) -> Path:
    """Make the page from what lies in `outputs`, and return where it is (`outputs/report.html`, or `target`).

    Raises WorkbookError where it cannot be written.
    """
    target = target or outputs / "report.html"
    page = render(gather(outputs), datetime.now().astimezone())
    page = page.encode("utf-8", "replace").decode("utf-8")  # JSON may hold lone surrogates
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        paths.write_text(target, page)
    except OSError as error:
        raise WorkbookError(
            f"The report cannot be written to {paths.shown(target)} ({error.strerror or error}). "
            "Choose another place: workbook report --output FILE."
        ) from error
    return target


def render(results: Sequence[Result], now: datetime) -> str:
    """The page as one HTML text: no script, nothing to load."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"duration": wording.duration, "size": wording.size, "number": wording.number}
    environment.filters["date"] = _date
    ran = {result.notebook for result in results if result.status != "unreadable"}
    return environment.get_template("report.html.j2").render(
        now=now,
        sections=[_section(index, result) for index, result in enumerate(results)],
        counts=Counter(result.status for result in results).most_common(),
        total=sum(result.seconds for result in results),
        sandbox=any(result.mode == "sandbox" for result in results),
        generations=_generations(results),
        missing=[entry for name, entry in NOTEBOOKS.items() if name not in ran],
    )


@dataclass
class Row:
    """A figure as it is shown: a text, the points of a line, the cells of a table, an interval, or two of these."""

    name: str
    figure: Figure
    text: str = ""
    line: str = ""
    table: list[list[str]] | None = None
    interval: tuple[float, float] | None = None


def _section(index: int, result: Result) -> dict[str, Any]:
    rows = _rows(result.figures)
    return {
        "anchor": f"result-{index}",
        "result": result,
        "headline": next((row for row in rows if row.name == result.headline), None),
        "beside": [
            next((row.text for row in rows if row.name == f"{what}_{result.headline}"), "")
            for what in ("from_scratch", "baseline")
        ],
        "judged": [row for row in rows if row.figure.judged],
        "others": [row for row in rows if not row.figure.judged],
    }


def _rows(figures: dict[str, Figure]) -> list[Row]:
    """The figures; an interval that belongs to one of them is drawn beside it and has no row of its own."""
    intervals = {
        name: ends
        for name, figure in figures.items()
        if name.endswith("_interval") and (ends := _interval(figure.value))
    }
    rows = []
    for name, figure in figures.items():
        if name not in intervals:
            row = _row(name, figure)
            row.interval = intervals.get(f"{name}_interval") if is_number(figure.value) else None
            rows.append(row)
        elif not is_number(figures.get(name.removesuffix("_interval"), Figure()).value):
            rows.append(Row(name, figure, interval=intervals[name]))
    return rows


def _interval(value: Any) -> tuple[float, float] | None:
    """An interval of a share: two numbers from 0 to 1, in order."""
    if not (isinstance(value, list) and len(value) == 2 and all(map(is_number, value))):
        return None
    return (value[0], value[1]) if 0 <= value[0] <= value[1] <= 1 else None


def _generations(results: Sequence[Result]) -> list[dict[str, Any]]:
    """The rows of the forest plot: name, score and interval of each generation; those of a live run first."""
    for result in sorted(results, key=lambda result: result.mode):
        rows = []
        for key, name in GENERATIONS.items():
            score, ends = (
                result.figures.get(f"{key}_micro_f1{end}", Figure()).value for end in ("", "_interval")
            )
            if is_number(score) and (ends := _interval(ends)):
                rows.append({"name": name, "score": score, "ends": ends, "mode": result.mode})
        if len(rows) > 1:
            return rows
    return []


def _row(name: str, figure: Figure) -> Row:
    """A value as a text, a small line (three numbers or more) or a table (anything that has names or rows)."""
    value = figure.value
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        value = {str(place): item for place, item in enumerate(value, 1)}
    if isinstance(value, dict) and value:
        return Row(name, figure, table=_table(value))
    is_line = isinstance(value, list) and len(value) > 2 and all(map(is_number, value))
    return Row(name, figure, _plain(value), _line(value) if is_line else "")


def _table(value: dict[str, Any]) -> list[list[str]]:
    """Rows of texts, the first being the heading: a row for each name, a column for each name within."""
    if all(isinstance(item, list) for item in value.values()):
        return [[""], *([name, *map(_plain, item)] for name, item in value.items())]
    if not any(isinstance(item, dict) for item in value.values()):
        return [list(value), [_plain(item) for item in value.values()]]
    inner = {name: item if isinstance(item, dict) else {"": item} for name, item in value.items()}
    columns = list(dict.fromkeys(column for item in inner.values() for column in item))
    rows = [
        [name, *(_plain(item[column]) if column in item else "" for column in columns)]
        for name, item in inner.items()
    ]
    return [["", *columns], *rows]


def _plain(value: Any) -> str:
    """A value as a short text."""
    if value is None:
        return "–"
    if isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(v, dict | list) for v in value)
    ):
        return f"{len(value)} entries"
    if isinstance(value, list):
        return ", ".join(map(_plain, value[:_MOST_VALUES])) + (" …" if len(value) > _MOST_VALUES else "")
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    text = wording.number(value) if numeric else str(value)
    return text if len(text) <= _MOST_LETTERS else text[:_MOST_LETTERS] + " …"


def _line(values: Sequence[float]) -> str:
    """The points of a line as small as a word, for an SVG of 70 × 20."""
    low, high = min(values), max(values)
    step, height = 64 / (len(values) - 1), (high - low) or 1
    return " ".join(f"{i * step + 3:.1f},{17 - 14 * (v - low) / height:.1f}" for i, v in enumerate(values))


def _date(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text):%d %b %Y, %H:%M}"
    except ValueError:
        return text
