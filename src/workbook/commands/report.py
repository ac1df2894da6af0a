"""One self-contained page of everything that ran, figures beside the published ones (`workbook report`).

`results.py` reads the outputs, `report.html.j2` is the page, and this module says what the page shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2

from workbook import paths, wording
from workbook.catalogue import NOTEBOOKS
from workbook.commands.results import Figure, Result, gather, number
from workbook.errors import WorkbookError

# The four generations of notebook 09, as its figures call them.
GENERATIONS = {"crf": "CRF", "bilstm_crf": "Bi-LSTM-CRF", "encoder": "Encoder", "llm": "Language model"}
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
    ran = {result.notebook for result in results}
    return environment.get_template("report.html.j2").render(
        now=now,
        sections=[_section(index, result) for index, result in enumerate(results)],
        counts=_counts(results),
        total=sum(result.seconds or 0 for result in results),
        sandbox=any(result.mode == "sandbox" for result in results),
        generations=_generations(results),
        missing=[entry for name, entry in NOTEBOOKS.items() if name not in ran],
    )


def _counts(results: Sequence[Result]) -> dict[str, int]:
    counts = {
        status: sum(result.status == status for result in results)
        for status in ("passed", "failed", "interrupted", "running", "by hand")
    }
    return {status: count for status, count in counts.items() if count}


@dataclass
class Row:
    """A figure as it is shown."""

    figure: Figure
    shown: Shown
    interval: tuple[float, float] | None


@dataclass
class Shown:
    """A value as it is shown: a text, with the points of a line or the cells of a table where it is one."""

    text: str = ""
    line: str = ""
    table: list[list[str]] | None = None


def _section(index: int, result: Result) -> dict[str, Any]:
    rows = _rows(result)
    headline = result.headline
    return {
        "anchor": f"result-{index}",
        "result": result,
        "headline": next((row for row in rows if row.figure is headline), None),
        "judged": [row for row in rows if row.figure.judged],
        "others": [row for row in rows if not row.figure.judged],
        "note": _note(result),
    }


def _note(result: Result) -> str:
    """What the figures are worth, where the page's own line on the sandbox does not say it."""
    names = ", ".join(result.overlays)
    if result.mirror:
        return f"Live sizes, with data and models from a mirror on this machine ({names}), not from the Hub."
    if result.overlays:
        return (
            f"A miniature model on real data ({names}): not comparable with a model pretrained at full size."
        )
    return ""


def _rows(result: Result) -> list[Row]:
    """The figures; an interval that belongs to one of them is drawn beside it and has no row of its own."""
    intervals = {
        name.removesuffix("_interval"): _pair(figure.value)
        for name, figure in result.figures.items()
        if name.endswith("_interval") and _pair(figure.value)
    }
    rows = []
    for name, figure in result.figures.items():
        stem = name.removesuffix("_interval")
        if stem not in intervals:
            rows.append(Row(figure, _shown(figure.value), None))
        elif name == stem or stem not in result.figures:
            shown = _shown(figure.value) if name == stem else Shown()
            rows.append(Row(figure, shown, intervals[stem]))
    return rows


def _pair(value: Any) -> tuple[float, float] | None:
    """An interval of a share: two numbers from 0 to 1, in order."""
    if not (isinstance(value, list) and len(value) == 2 and all(number(end) is not None for end in value)):
        return None
    return (value[0], value[1]) if 0 <= value[0] <= value[1] <= 1 else None


def _generations(results: Sequence[Result]) -> list[dict[str, Any]]:
    """The rows of the forest plot: name, score and interval of each generation; those of a live run first."""
    for result in sorted(results, key=lambda result: result.mode):
        rows = []
        for key, name in GENERATIONS.items():
            score, interval = (result.figures.get(f"{key}_micro_f1{end}") for end in ("", "_interval"))
            ends = interval and _pair(interval.value)
            if score and ends and number(score.value) is not None:
                rows.append({"name": name, "score": score.value, "ends": ends, "mode": result.mode})
        if len(rows) > 1:
            return rows
    return []


def _shown(value: Any) -> Shown:
    """A value as a text, a small line (three numbers or more) or a table (anything that has names or rows)."""
    if isinstance(value, list) and len(value) > 2 and all(number(item) is not None for item in value):
        return Shown(_plain(value), _line(value))
    if isinstance(value, dict) and value:
        return Shown(table=_as_table(value))
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return Shown(table=_as_table({str(place): item for place, item in enumerate(value, 1)}))
    return Shown(_plain(value))


def _as_table(value: dict[str, Any]) -> list[list[str]]:
    """Rows of texts, the first being the heading: a row for each name, a column for each name within."""
    inner = [item for item in value.values() if isinstance(item, dict)]
    if inner:
        columns = list(dict.fromkeys(name for item in inner for name in item))
        rows = [
            [name, *(_plain(item[column]) if column in item else "" for column in columns)]
            if isinstance(item, dict)
            else [name, _plain(item), *[""] * (len(columns) - 1)]
            for name, item in value.items()
        ]
        return [["", *columns], *rows]
    if all(isinstance(item, list) for item in value.values()):
        longest = max(len(item) for item in value.values())
        rows = [[name, *map(_plain, item), *[""] * (longest - len(item))] for name, item in value.items()]
        return [[""] * (longest + 1), *rows]
    return [list(value), [_plain(item) for item in value.values()]]


def _plain(value: Any) -> str:
    """A value as a short text."""
    if value is None:
        return "–"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return wording.number(value) if number(value) is not None else f"{value}"[:_MOST_LETTERS]
    if isinstance(value, list):
        if any(isinstance(item, dict | list) for item in value):
            return f"{len(value)} entries"
        more = " …" if len(value) > _MOST_VALUES else ""
        return ", ".join(map(_plain, value[:_MOST_VALUES])) + more
    if isinstance(value, dict):
        return f"{len(value)} entries"
    text = str(value)
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
