"""docs/coverage.md: each row leads to headings that exist, and what it says is kept stands in the notebooks it names."""

import json
import re
from functools import cache

import pytest

from workbook.catalogue import NOTEBOOKS
from workbook.paths import resource

ROOT = resource("notebooks").parent
PAGE = ROOT / "docs" / "coverage.md"
TEXT = PAGE.read_text(encoding="utf-8")
HEAD = "| step | in the tutorial | notebook › heading | note |\n|---|---|---|---|\n"
SECTIONS = dict(part.split("\n", 1) for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:])
LINES = [
    pytest.param(line, id=f"{title[:12]}: {line[2:40]}")
    for title, body in SECTIONS.items()
    for line in body.partition(HEAD)[2].splitlines()
    if line.strip()
]

PLACE = re.compile(r"\[(\d\d)\]\(\.\./notebooks/(\1_\w+)\.ipynb\) › (.+)")
FIGURE = re.compile(r"(?<![\w.])(?:\d+(?:,\d{3})+|\d+\.\d+|\d+e-\d+)(?![\w.])")


@cache
def sources(name, kind=None):
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(cell["source"]) for cell in cells if kind in (None, cell["cell_type"]))


@cache
def headings(name):
    """All headings in the markdown of a notebook; a line of code that begins with # is none."""
    text = re.sub(r"^```.*?^```", "", sources(name, "markdown"), flags=re.MULTILINE | re.DOTALL)
    return {heading.strip() for heading in re.findall(r"^#{1,6} (.+)$", text, flags=re.MULTILINE)}


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def places(cell):
    """(notebook, heading) of each line of a cell."""
    found = [PLACE.fullmatch(place.strip()) for place in cell.split("<br>")]
    assert all(found), f"not “[NN](../notebooks/NN_name.ipynb) › heading”: {cell}"
    return [(place[2], place[3]) for place in found]


def test_each_of_five_tutorials_has_rows():
    assert len(SECTIONS) == 5
    for title, body in SECTIONS.items():
        assert len(body.partition(HEAD)[2].splitlines()) >= 5, f"“{title}” has hardly any row"


def test_every_notebook_is_named():
    named = {name for row in LINES for name, _ in places(cells(*row.values)[2])}
    assert named == set(NOTEBOOKS)


@pytest.mark.parametrize("line", LINES)
def test_a_row_leads_to_headings_that_exist(line):
    assert len(cells(line)) == 4, line
    step, _, where, note = cells(line)
    assert step
    assert re.match(r"(?:Kept|Corrected|Left out)\b", note), (
        f"the note begins with none of the three words: {note}"
    )
    for name, heading in places(where):
        assert name in NOTEBOOKS
        assert heading in headings(name), f"{name} has no heading “{heading}”: {sorted(headings(name))}"


@pytest.mark.parametrize("line", [line for line in LINES if "| Kept" in line.values[0]])
def test_what_is_kept_stands_in_the_notebooks_named(line):
    _, theirs, where, _ = cells(line)
    text = "\n".join(sources(name) for name, _ in places(where))
    code = re.findall(r"`([^`]+)`", theirs)
    absent = [word for word in code if word not in text]
    numbers = re.sub(r"(?<=\d)[,_](?=\d{3})", "", text)
    absent += [f for f in FIGURE.findall(re.sub(r"`[^`]+`", "", theirs)) if f.replace(",", "") not in numbers]
    assert not absent, f"the notebooks named do not have {absent}"


def test_no_link_is_dead():
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", TEXT) if not link.startswith("https://")]
    assert not [link for link in links if not (PAGE.parent / link).is_file()]
