"""One self-contained page of everything that ran: figures beside the published ones, and pictures (`workbook report`)."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from workbook import paths
from workbook.catalogue import NOTEBOOKS
from workbook.commands.run import seconds, size
from workbook.errors import WorkbookError


@dataclass(frozen=True)
class Reference:
    """A published figure: `pattern` says which recorded names it stands beside (the first that fits wins)."""

    notebook: str
    pattern: str
    what: str
    tutorial: str = ""
    paper: str = ""
    note: str = ""


KLUE_PAPER = "KLUE benchmark, KLUE-BERT-base"
REFERENCES = (
    Reference("03_klue_ner", r"^f1_first", "sub-word micro F1, first training", "0.8829", "", "3 epochs, lr 2e-5"),
    Reference(
        "03_klue_ner", r"^f1_second", "sub-word micro F1, the tutorial's second recipe", "0.8897", "",
        "best of 5 epochs, chosen on the split that it reports; mean 0.8822",
    ),
    Reference("03_klue_ner", r"^f1_by_epoch", "the same by epoch", "0.8653, 0.8853, 0.8897, 0.8852, 0.8855"),
    Reference(
        "03_klue_ner", r"^klue_entity", "entity macro F1", "", "0.840 (0.837)",
        f"{KLUE_PAPER}: its page (its paper); their code loses points behind words that end in [UNK]",
    ),
    Reference("03_klue_ner", r"^klue_char", "character macro F1", "", "0.914", KLUE_PAPER),
    Reference(
        "03_klue_ner", r"^ceiling_entity", "entity macro F1 of perfect sub-word labels", "", "",
        "on the real sentences 0.9408 by KLUE's own code, 0.9861 without the sentences that hold an [UNK]",
    ),
    Reference("03_klue_ner", r"^mean_epoch_seconds", "seconds an epoch", "54.6", "", "one RTX 3090, padded to 128"),
    Reference("04_klue_ynat", r"^loop_accuracy", "accuracy, loop by hand", "0.84", "", "10,000 rows for training"),
    Reference("04_klue_ynat", r"^accuracy", "accuracy, Trainer", "0.864", "", "10,000 rows for training, 1,000 for testing"),
    Reference("04_klue_ynat", r"^macro_f1", "macro F1", "", "0.851", "KLUE benchmark, KLUE-RoBERTa-base, 4 epochs, all rows"),
    Reference("05_imdb_sentiment", r"^recall", "recall of pos", "0.93"),
    Reference("05_imdb_sentiment", r"^f1", "F1 of pos", "0.94"),
    Reference("05_imdb_sentiment", r"^accuracy", "accuracy", "0.94", "", "2 epochs, 25,000 rows, chosen on nothing"),
    Reference("05_imdb_sentiment", r"^padded_token_share", "real tokens if padded to 512", "0.54"),
    Reference("06_yelp_stars", r"^accuracy", "accuracy, Trainer", "", "", "the tutorial reports none for its 1,000 rows"),
    Reference("06_yelp_stars", r"^padded_token_share", "real tokens if padded to 512", "0.25"),
    Reference(
        "08_modernbert_student", r"^accuracy", "agreement with the teacher", "0.945", "",
        "of others with this recipe, on the split that chose the model; majority 0.784",
    ),
    Reference("08_modernbert_student", r"^weighted_f1", "weighted F1 against the teacher", "0.944", "", "as above"),
    Reference(
        "09_ner_four_generations", r"^encoder_entity_f1", "encoder: entity macro F1", "", "0.840 (0.837)",
        f"{KLUE_PAPER}, all 21,008 sentences",
    ),
    Reference("09_ner_four_generations", r"^encoder_character_f1", "encoder: character macro F1", "", "0.914", KLUE_PAPER),
    Reference(
        "09_ner_four_generations", r"^crf_micro_f1$", "CRF: entity micro F1, strict", "", "",
        "a plain window of characters reaches 0.75 on 4,000 of the real sentences",
    ),
)  # fmt: skip


def write(outputs: Path, target: Path | None = None) -> Path:
    """Make the page from what lies in `outputs`, and return where it is (`outputs/report.html`, or `target`).

    Raises WorkbookError where it cannot be written.
    """
    target = target or outputs / "report.html"
    page = render(gather(outputs), datetime.now().astimezone())
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        paths.write_text(target, page)
    except OSError as error:
        raise WorkbookError(
            f"The report cannot be written to {paths.shown(target)} ({error.strerror or error}). "
            "Name another place: workbook report --output FILE."
        ) from error
    return target


@dataclass
class Result:
    """What one folder of the outputs holds."""

    notebook: str
    mode: str
    run: dict[str, Any]
    metrics: dict[str, Any]
    pictures: list[Picture]

    @property
    def title(self) -> str:
        entry = NOTEBOOKS.get(self.notebook)
        return entry.title if entry else self.notebook

    @property
    def when(self) -> str:
        return self.run.get("started") or self.metrics.get("time") or ""

    @property
    def overlays(self) -> list[str]:
        data = self.metrics.get("data")
        return list(data) if isinstance(data, list) else list(self.run.get("overlays") or [])

    @property
    def status(self) -> str:
        return self.run.get("status", "by hand")

    @property
    def honest(self) -> str:
        """What the figures are worth, where that is not plain."""
        if self.mode != "sandbox":
            return ""
        if self.overlays:
            return f"A miniature model on real data ({', '.join(self.overlays)}): not comparable with a pre-trained one."
        return "A miniature model on miniature data: these figures show that the code works, not how good a model is."


@dataclass
class Picture:
    """An output worth seeing: an `<img>` or a table, and the heading it stands under."""

    caption: str
    markup: str
    wide: bool


def gather(outputs: Path) -> list[Result]:
    """The results under `outputs/<mode>/<folder>/`, in the order of the notebooks; live before sandbox."""
    results = []
    for mode in ("live", "sandbox"):
        for folder in sorted((outputs / mode).glob("*/")):
            run, metrics = _read_json(folder / "run.json"), _read_json(folder / "metrics.json")
            if not run and not metrics:
                continue
            name = run.get("notebook") or metrics.get("notebook") or folder.name
            results.append(Result(name, mode, run, metrics, pictures(folder / f"{name}.ipynb")))
    return sorted(results, key=lambda result: (result.notebook, result.mode))


def pictures(copy: Path) -> list[Picture]:
    """The PNG, SVG and HTML outputs of an executed copy, each under its nearest heading."""
    notebook = _read_json(copy)
    found: list[Picture] = []
    heading = ""
    for cell in notebook.get("cells", []):
        source = "".join(cell.get("source", []))
        if cell.get("cell_type") == "markdown":
            headings = re.findall(r"^#{1,6}\s+(.+?)\s*#*$", re.sub(r"(?ms)^```.*?^```", "", source), re.M)
            heading = _plain_markdown(headings[-1]) if headings else heading
        elif "workbook.start(" not in source:
            for output in cell.get("outputs", []):
                picture = _picture(output.get("data", {}), heading)
                if picture:
                    found.append(picture)
    return found


def _picture(data: dict[str, Any], caption: str) -> Picture | None:
    alternative = html.escape(caption, quote=True)
    if "image/png" in data:
        base64 = re.sub(r"\s", "", "".join(data["image/png"]))
        return Picture(caption, f'<img alt="{alternative}" src="data:image/png;base64,{base64}">', False)
    for mime in ("image/svg+xml", "text/html"):
        if mime in data:
            markup = "".join(data[mime])
            if not markup.strip() or _reaches_out(markup):
                return None
            return Picture(caption, markup, mime == "text/html")
    return None


def _reaches_out(markup: str) -> bool:
    """Whether the markup would run code or load something: the page has to stand alone."""
    pattern = r"<\s*(script|iframe|object|embed|link|base|form|video|audio)\b|\son\w+\s*=|javascript:|@import"
    if re.search(pattern, markup, re.I):
        return True
    loads = re.findall(
        r"""(?:\bsrc|\bsrcset|xlink:href)\s*=\s*["']?([^"'\s>]+)|url\(\s*["']?([^"')]+)""", markup, re.I
    )
    return any(not (a or b).startswith(("data:", "#")) for a, b in loads)


def _plain_markdown(text: str) -> str:
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[`*_]{1,3}(\S[^`*]*?)[`*_]{1,3}", r"\1", text).strip()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there, or cut off by a full disk: the rest is still worth a page
        return {}
    return document if isinstance(document, dict) else {}


# --- the page ---------------------------------------------------------------------------------------


def render(results: Sequence[Result], now: datetime) -> str:
    """The page as one HTML text: no script, nothing to load."""
    ran = {result.notebook for result in results}
    missing = [entry for name, entry in NOTEBOOKS.items() if name not in ran]
    body = [_head(results, now)]
    if results:
        body += [_overview(results), *(_section(result) for result in results)]
    if missing:
        body.append(_missing(missing, bool(results)))
    return _PAGE.format(style=_STYLE, body="\n".join(body))


def _head(results: Sequence[Result], now: datetime) -> str:
    counts = {
        "passed": sum(result.status == "passed" for result in results),
        "failed": sum(result.status == "failed" for result in results),
        "interrupted": sum(result.status == "interrupted" for result in results),
        "run by hand": sum(result.status == "by hand" for result in results),
    }
    chips = "".join(
        f'<span class="chip {name.split()[0]}"><b>{n}</b> {name}</span>' for name, n in counts.items() if n
    )
    total = sum(result.run.get("seconds", 0) for result in results)
    if total:
        chips += f'<span class="chip"><b>{seconds(total)}</b> in all</span>'
    return (
        '<header><p class="kicker">Encoder Workbook</p><h1>What ran, and what came of it</h1>'
        f'<p class="muted">Gathered on {now:%d %B %Y, %H:%M}</p>'
        f'<div class="chips">{chips or "<span class=chip>Nothing has run yet</span>"}</div></header>'
    )


def _overview(results: Sequence[Result]) -> str:
    rows = "".join(
        f'<tr><td><a href="#{_anchor(result)}">{_e(result.notebook)}</a></td>'
        f"<td>{_badge(result.mode)}</td><td>{_badge(result.status)}</td>"
        f'<td class="number">{_duration(result)}</td><td class="number">{_memory(result)}</td>'
        f"<td>{_e(result.metrics.get('device') or '–')}</td><td class='band'>{_e(_date(result.when))}</td></tr>"
        for result in results
    )
    return (
        '<section><h2>Runs</h2><div class="scroll"><table><thead><tr><th>notebook</th><th>mode</th><th>result</th>'
        '<th class="number">time</th><th class="number">peak memory</th><th>device</th><th>when</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _section(result: Result) -> str:
    versions = result.metrics.get("versions") or result.run.get("versions") or {}
    facts = [
        result.metrics.get("device"),
        result.metrics.get("system") or result.run.get("system"),
        *(f"{name} {version}" for name, version in versions.items() if version),
    ]
    parts = [
        f'<section id="{_anchor(result)}"><div class="title"><h2>{_e(result.title)}</h2>'
        f"<div>{_badge(result.mode)} {_badge(result.status)}</div></div>",
        f'<p class="muted">{_e(result.notebook)} · {_duration(result)} · {_memory(result)} · {_e(_date(result.when))}<br>'
        f"{_e(' · '.join(fact for fact in facts if fact))}</p>",
    ]
    if error := result.run.get("error"):
        source = "\n".join(error.get("source", []))
        where = f"Cell [{error['cell']}] failed" if error.get("cell") else "It failed"
        message = f"{error.get('name', '')}: {error.get('message', '')}".strip(": ")
        parts.append(
            f'<div class="box bad"><b>{where}</b><pre>{_e(source)}</pre><pre>{_e(message)}</pre></div>'
        )
    figures = result.metrics.get("figures") or {}
    references = [reference for reference in REFERENCES if reference.notebook == result.notebook]
    if figures or references:
        if result.honest and figures:
            parts.append(f'<p class="box note">{_e(result.honest)}</p>')
        parts.append(_figures(figures, references, result))
    if result.pictures:
        parts.append(f'<div class="pictures">{"".join(_figure_element(p) for p in result.pictures)}</div>')
    return "\n".join(parts) + "</section>"


def _figures(figures: dict[str, Any], references: Sequence[Reference], result: Result) -> str:
    rows, used = [], set()
    for name, figure in figures.items():
        figure = figure if isinstance(figure, dict) and "value" in figure else {"value": figure}
        fitting = None
        if _is_number(figure["value"]) or _are_numbers(figure["value"]):
            fitting = next((r for r in references if re.search(r.pattern, name, re.I)), None)
        if fitting:
            used.add(fitting)
        rows.append(_row(name, figure, fitting, result))
    rows += [_row(r.what, {"value": None}, r, result) for r in references if r not in used]
    published = (
        "".join(f'<th class="number">{who}</th>' for who in ("tutorial", "paper")) if references else ""
    )
    return (
        '<div class="scroll"><table class="figures"><thead><tr><th>figure</th><th class="number">here</th>'
        f"<th>expected here</th>{published}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(name: str, figure: dict[str, Any], reference: Reference | None, result: Result) -> str:
    band = figure.get("band")
    expected = ""
    if band:
        inside = figure.get("inside", band[0] <= figure["value"] <= band[1])
        expected = f"{band[0]:g} to {band[1]:g} {_badge('inside' if inside else 'outside')}"
    value = _value(figure["value"])
    if result.mode == "sandbox" and reference and figure["value"] is not None:
        value += ' <span class="badge miniature">miniature</span>'
    note = ""
    if reference:
        what = "" if figure["value"] is None else reference.what
        note = "; ".join(part for part in (what, reference.note) if part)
    name = _e(name) + (f'<div class="muted">{_e(note)}</div>' if note else "")
    cells = f'<td>{name}</td><td class="number">{value}</td><td class="band">{expected}</td>'
    if any(r.notebook == result.notebook for r in REFERENCES):
        tutorial, paper = (_e(reference.tutorial), _e(reference.paper)) if reference else ("", "")
        cells += f'<td class="number">{tutorial}</td><td class="number">{paper}</td>'
    return f"<tr>{cells}</tr>"


def _value(value: Any) -> str:
    if value is None:
        return '<span class="muted">not measured</span>'
    if _is_number(value):
        return _number(value)
    if _are_numbers(value):
        return f'{_spark(value)} <span class="small">{", ".join(_number(v) for v in value[:12])}{" …" if len(value) > 12 else ""}</span>'
    if isinstance(value, dict):
        return (
            '<span class="small">'
            + "<br>".join(f"{_e(str(k))} {_value(v)}" for k, v in value.items())
            + "</span>"
        )
    if isinstance(value, list):
        return '<span class="small">' + "<br>".join(_value(item) for item in value) + "</span>"
    return f'<span class="small">{_e(str(value))}</span>'


def _spark(values: Sequence[float]) -> str:
    """A line as small as a word."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    step, height = 64 / (len(values) - 1), (high - low) or 1
    points = " ".join(f"{i * step + 3:.1f},{17 - 14 * (v - low) / height:.1f}" for i, v in enumerate(values))
    x, y = points.split()[-1].split(",")
    return (
        '<svg class="spark" width="70" height="20" viewBox="0 0 70 20" aria-hidden="true">'
        f'<polyline points="{points}"/><circle cx="{x}" cy="{y}" r="2"/></svg>'
    )


def _figure_element(picture: Picture) -> str:
    caption = f"<figcaption>{_e(picture.caption)}</figcaption>" if picture.caption else ""
    return f'<figure class="{"wide" if picture.wide else ""}"><div class="paper">{picture.markup}</div>{caption}</figure>'


def _missing(entries: Sequence[Any], some: bool) -> str:
    items = "".join(
        f"<li><b>{_e(entry.name)}</b> {_e(entry.title)} "
        f'<span class="muted">about {seconds(entry.sandbox_seconds)} in the sandbox</span></li>'
        for entry in entries
    )
    title = "Did not run" if some else "Nothing has run yet"
    numbers = " ".join(entry.name.split("_")[0] for entry in entries) if some else ""
    command = f"workbook run {numbers}".strip()
    return (
        f"<section><h2>{title}</h2><ul>{items}</ul><p>To run {'them' if len(entries) > 1 else 'it'}, in a terminal:</p>"
        f"<pre>{_e(command)}\nworkbook report</pre></section>"
    )


def _anchor(result: Result) -> str:
    return _e(f"{result.mode}-{result.notebook}-{result.when}".replace(" ", "-"))


def _badge(text: str) -> str:
    return f'<span class="badge {_e(text.replace(" ", "-"))}">{_e(text)}</span>'


def _duration(result: Result) -> str:
    return seconds(result.run["seconds"]) if "seconds" in result.run else "–"


def _memory(result: Result) -> str:
    return size(result.run["peak_memory_bytes"]) if result.run.get("peak_memory_bytes") else "–"


def _date(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text):%d %b %Y, %H:%M}"
    except ValueError:
        return text


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_number(item) for item in value)


def _number(value: float) -> str:
    if isinstance(value, int) or (float(value).is_integer() and abs(value) >= 1):
        return f"{int(value):,}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"


def _e(text: Any) -> str:
    return html.escape(str(text), quote=True)


_STYLE = """
:root { color-scheme: light dark; --ground: #fbfaf7; --card: #fff; --text: #1f2328; --muted: #656d76; --line: #e4e1da;
  --accent: #0b5cad; --good: #1a7f37; --bad: #cf222e; --warn: #9a6700; --tint: #f3f1ea; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171c; --card: #1c2026; --text: #e6e8eb; --muted: #9aa3ad;
  --line: #30363d; --accent: #6cb0f5; --good: #4ac26b; --bad: #ff7b72; --warn: #d4a72c; --tint: #23282f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK KR", sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
header { margin-bottom: 2rem; }
.kicker { margin: 0; color: var(--accent); font-weight: 600; letter-spacing: .04em; }
h1 { margin: .1rem 0 .2rem; font-size: 2.1rem; line-height: 1.2; text-wrap: balance; }
h2 { margin: 0; font-size: 1.3rem; }
p { margin: .5rem 0; }
a { color: var(--accent); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.4rem 1.5rem; margin: 1.25rem 0; }
.title { display: flex; flex-wrap: wrap; gap: .5rem 1rem; justify-content: space-between; align-items: baseline; }
.muted { color: var(--muted); font-size: .88rem; }
.small { font-size: .88rem; }
.chips { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: 1rem; }
.chip { border: 1px solid var(--line); background: var(--card); border-radius: 999px; padding: .15rem .85rem; font-size: .92rem; }
.chip.passed b { color: var(--good); } .chip.failed b { color: var(--bad); } .chip.interrupted b { color: var(--warn); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
section > .scroll > table { margin-top: .9rem; }
.scroll th { text-align: left; font-weight: 600; color: var(--muted); font-size: .8rem; }
.scroll th, .scroll td { padding: .45rem .8rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.scroll tbody tr:last-child td { border-bottom: 0; }
.scroll .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.scroll .number .small { white-space: normal; }
.scroll .band { white-space: nowrap; } .scroll th, .scroll td { padding-right: 1.6rem; } .scroll tr > :last-child { padding-right: 0; }
.badge { display: inline-block; border-radius: 6px; padding: 0 .5rem; font-size: .8rem; background: var(--tint); color: var(--muted); white-space: nowrap; }
.badge.passed, .badge.inside { color: var(--good); } .badge.failed, .badge.outside { color: var(--bad); }
.badge.interrupted, .badge.miniature { color: var(--warn); } .badge.live { color: var(--accent); }
.box { border-left: 3px solid var(--line); background: var(--tint); border-radius: 0 8px 8px 0; padding: .6rem 1rem; }
.box.note { border-color: var(--warn); font-size: .92rem; } .box.bad { border-color: var(--bad); }
pre { margin: .4rem 0; white-space: pre-wrap; overflow-wrap: anywhere; font: .86rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
section > pre { background: var(--tint); border-radius: 8px; padding: .7rem 1rem; }
.spark { vertical-align: middle; } .spark polyline { fill: none; stroke: var(--accent); stroke-width: 1.6; } .spark circle { fill: var(--accent); }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1.1rem; margin-top: 1.2rem; }
figure { margin: 0; min-width: 0; } figure.wide { grid-column: 1 / -1; }
.paper { background: #fff; color: #1f2328; color-scheme: light; border: 1px solid var(--line); border-radius: 8px; padding: .8rem; overflow: auto; max-height: 34rem; }
.paper img, .paper > svg { display: block; max-width: 100%; height: auto; margin: 0 auto; }
.paper table { width: auto; } .paper th, .paper td { padding: .2rem .6rem; }
figcaption { color: var(--muted); font-size: .86rem; margin-top: .35rem; }
footer { color: var(--muted); font-size: .86rem; }
@media print { body { background: #fff; } section { break-inside: avoid; } .paper { max-height: none; } }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>Encoder Workbook: report</title>
<style>{style}</style>
</head>
<body><main>
{body}
<footer>Published figures: the tutorials that the notebooks grow out of, and the KLUE paper and its benchmark page, all on
KLUE's development split. The code and what was trained are beside this page.</footer>
</main></body>
</html>
"""
