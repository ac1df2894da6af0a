"""Removes from an executed notebook what changes from run to run: progress bars, widgets, timestamps."""

from __future__ import annotations

import re
from typing import Any

# A tqdm line: "Map: 40%|████ | 2/5 [00:00<00:01, 3.1it/s]", "12 examples [00:00, 80.1 examples/s]", "0it [00:00, ?it/s]".
_TQDM = re.compile(r"\d+%\|.*\||\[\d+:\d\d(:\d\d)?(<[\d:?]+)?,\s*[\d.?]+\s?\S*(/s|s/)\S*.*\]")
# The text beside an HTML output names the object's address, which differs on each run.
_ADDRESS = re.compile(r"(?<=\w) at 0x[0-9a-f]+(?=>)")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# What the Trainer shows: a bar in a <div>, and below it a table of the scores of each evaluation.
_TRAINERS_BAR = re.compile(r"<div>[^<]*<progress.*?</div>", re.DOTALL)
_MOST_ROWS = (
    20  # of such a table: a longer one is a log, and so is one without evaluations; a figure shows it better
)
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}


def clean(notebook: Any) -> Any:
    """Clean a notebook (nbformat 4) in place and return it.

    Drops progress bars (tqdm on stderr, the Trainer's HTML bar but not its table of scores, ipywidgets), joins split
    streams and keeps only metadata that stay the same from run to run: a cell's tags, the kernel's name. Other text on stderr, and
    errors, stay: they are worth reading.
    """
    notebook.metadata = type(notebook.metadata)(kernelspec=dict(KERNELSPEC), language_info={"name": "python"})
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = type(cell.metadata)({"tags": tags} if tags else {})
        if cell.cell_type == "code":
            cell.outputs = _clean_outputs(cell.outputs)
    return notebook


def _clean_outputs(outputs: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for output in outputs:
        if output.output_type == "stream":
            if kept and kept[-1].output_type == "stream" and kept[-1].name == output.name:
                kept[-1].text += output.text
            else:
                kept.append(output)
        elif output.output_type == "display_data":
            if "text/html" in output.data:
                output.data["text/html"] = _without_trainers_bar(output.data["text/html"])
            if not _is_progress(output.data):
                kept.append(output)
        else:
            kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            output.text = _without_bars(output.text)
        elif "text/html" in output.get("data", {}) and "text/plain" in output.data:
            output.data["text/plain"] = _ADDRESS.sub("", output.data["text/plain"])
    return [output for output in kept if output.output_type != "stream" or output.text]


def _is_progress(data: dict[str, Any]) -> bool:
    if WIDGET_VIEW in data:
        return True
    html = data.get("text/html")
    if html is None:
        return False
    # The Trainer's bar is emptied when it ends: what remains of it is a blank display.
    return "<progress" in html or (not html.strip() and not any(mime.startswith("image/") for mime in data))


def _without_trainers_bar(html: str) -> str:
    """The table of scores below the bar; nothing where there is none, or a log of losses."""
    if not _TRAINERS_BAR.search(html):
        return html
    table = _TRAINERS_BAR.sub("", html).strip()
    return table if "Validation Loss" in table and 1 < table.count("<tr") <= _MOST_ROWS + 1 else ""


def _without_bars(text: str) -> str:
    """Text as a terminal would leave it, without the lines that are progress bars."""
    lines = []
    for line in text.split("\n"):
        shown = next((part for part in reversed(line.split("\r")) if part), "")
        if _TQDM.search(shown):
            continue
        if "\r" in line and not shown.strip():
            continue
        lines.append(shown)
    joined = "\n".join(lines)
    return joined if joined.strip() else ""
