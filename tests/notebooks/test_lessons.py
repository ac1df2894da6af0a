"""What the lessons say: figures have a source, winners are printed and not written, code in the text works.

A figure in a notebook's prose stands in an output of the same notebook, or its paragraph says where it comes from.
A sentence that names a winner among our own models is printed by a cell from what it measured, so that it holds for
any seed; prose may ask, explain, or cite.
"""

import ast
import json
import re
import shlex
import subprocess
import sys

import pytest

from workbook.catalogue import NOTEBOOKS
from workbook.paths import resource

ROOT = resource("notebooks").parent
NAMES = list(NOTEBOOKS)
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
)

FIGURE = re.compile(r"(?<![\w.,/-])(?<!= )(?:\d+\.\d{2,}|\d+(?:\.\d+)? ?%)(?![\w.])")
SOURCE = re.compile(
    r"https?://|tutorial|published|\bpaper\b|\bpaper's\b|\bcard\b|\bbook\b|KLUE's|\breal\b|et al\.|by definition|measured by"
    r"|convention|commonly|Set |at least|\bBERT\b",
    re.IGNORECASE,
)
WINNER = re.compile(
    r"\b(?:wins|won|beats|outperforms?|loses to|(?:is|are) (?:far |well |clearly )?(?:ahead|behind|better|worse))\b"
)
MODEL = re.compile(
    r"encoder|miniature|student|teacher|baseline|ten lines|TF-IDF|CRF|LSTM|BERT|fine-tun|pretrain|scratch|\bloop|Trainer|count",
    re.IGNORECASE,
)
OPEN = re.compile(
    r"\?|\b(?:if|whether|where|when|should|may|can|could|would|might)\b|tutorial|published|\bpaper\b|\breal\b",
    re.IGNORECASE,
)


def cells(name):
    return json.loads((resource("notebooks") / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]


def text_of(cell):
    """What a cell shows: its source and, of a code cell, its outputs as text."""
    shown = ["".join(cell["source"])]
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        shown += [
            "".join(output.get("text", "")),
            "".join(data.get("text/plain", "")),
            "".join(data.get("text/html", "")),
        ]
    return "\n".join(shown)


def prose(name):
    """(cell number, paragraph) of all markdown; a table belongs to the paragraph before it, code fences are left out."""
    for number, cell in enumerate(cells(name)):
        if cell["cell_type"] == "markdown":
            text = re.sub(r"```.*?```|`[^`]*`|\$[^$]*\$", "", "".join(cell["source"]), flags=re.DOTALL)
            for paragraph in re.split(r"\n\s*\n(?!\|)", text):
                yield number, paragraph


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_in_the_prose_is_computed_or_has_a_source(name):
    shown = "\n".join(text_of(cell) for cell in cells(name) if cell["cell_type"] == "code")
    unfounded = []
    for number, paragraph in prose(name):
        if SOURCE.search(paragraph):
            continue
        for figure in FIGURE.findall(paragraph):
            value = figure.rstrip(" %")
            # 20 % is 0.2 in code, and a table may show a third digit
            if value not in shown and not (figure.endswith("%") and f"{float(value) / 100:g}" in shown):
                unfounded.append(f"cell {number}: {figure} in “{paragraph.strip()[:90]}…”")
    assert not unfounded, "\n".join(unfounded)


@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_names_a_winner_that_a_cell_would_have_to_print(name):
    claims = [
        f"cell {number}: {sentence.strip()}"
        for number, paragraph in prose(name)
        for sentence in re.split(r"(?<=[.!?:])\s+|\n", paragraph)
        if WINNER.search(sentence) and MODEL.search(sentence) and not OPEN.search(sentence)
    ]
    assert not claims, "\n".join(claims)


def fences(language):
    for page in [*PAGES, *(f"notebooks/{name}.ipynb" for name in NAMES)]:
        text = (ROOT / page).read_text(encoding="utf-8")
        if page.endswith(".ipynb"):
            text = "\n".join(
                "".join(c["source"]) for c in json.loads(text)["cells"] if c["cell_type"] == "markdown"
            )
        for number, (kind, code) in enumerate(re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.S | re.M)):
            if kind in language:
                yield pytest.param(page, code, id=f"{page.rsplit('/')[-1]}-{number}")


@pytest.mark.parametrize(("page", "code"), list(fences(["python"])))
def test_python_in_the_text_runs(page, code, tmp_path):
    if "def test_" in code:
        (tmp_path / "test_page.py").write_text(code, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "--rootdir", tmp_path, tmp_path]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert "1 passed" in ran.stdout, ran.stdout + ran.stderr
        return
    names: dict = {}
    if page.endswith(".ipynb"):  # what the notebook has imported by then
        for cell in cells(page.split("/")[1].removesuffix(".ipynb")):
            if cell["cell_type"] == "code" and "%" not in "".join(cell["source"]):
                imports = [
                    n
                    for n in ast.parse("".join(cell["source"])).body
                    if isinstance(n, ast.Import | ast.ImportFrom)
                ]
                exec(compile(ast.Module(imports, []), page, "exec"), names)
    exec(compile(code, page, "exec"), names)


def commands():
    """Each command of ours in a shell fence: (page, words)."""
    for parameter in fences(["", "bash", "console"]):
        page, code = parameter.values
        for line in code.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            ours = words[:1] == ["workbook"] or (
                words[:1] == ["python"] and words[1:2] != ["-m"] and "/" in words[1]
            )
            if ours or words[:3] in (["python", "-m", "standin"], ["python", "-m", "bench"]):
                yield pytest.param(page, words, id=f"{page.rsplit('/')[-1]}: {line.strip()[:50]}")


@pytest.mark.parametrize(("page", "words"), list(commands()))
def test_commands_in_the_text_have_the_options_they_name(page, words):
    command = (
        ["-m", "workbook", words[1]] if words[0] == "workbook" else words[1 : 3 if words[1] == "-m" else 2]
    )
    shown = subprocess.run(
        [sys.executable, *command, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert shown.returncode == 0, shown.stderr
    missing = [word for word in words if word.startswith("--") and word.split("=")[0] not in shown.stdout]
    assert not missing, f"{page}: {' '.join(command)} does not know {', '.join(missing)}"


@pytest.mark.parametrize("name", [name for name in NAMES if name[:2] not in ("00",)])
def test_exercises_come_as_stub_solution_and_check(name):
    tags = [set(cell["metadata"].get("tags", [])) for cell in cells(name)]
    stubs = sum("stub" in each for each in tags)
    assert stubs >= 3, f"{stubs} exercises"
    assert stubs == sum("check" in each for each in tags) == sum("solution" in each for each in tags)


def test_what_pretraining_brings_is_what_the_notebooks_show():
    table = [line for line in (ROOT / "docs" / "pretraining.md").read_text(encoding="utf-8").splitlines()]
    rows = [line.split("|")[1:-1] for line in table if re.match(r"\| (?:\[\d\d\]\(\.\.|\|)", line)]
    name, figures = "", 0
    for first, _labels, *scores in rows:
        if found := re.search(r"notebooks/(\w+)\.ipynb", first):
            name = found[1]
        shown = "\n".join(text_of(cell) for cell in cells(name) if cell["cell_type"] == "code")
        values = {round(float(value), 3) for value in re.findall(r"(?<![\d.])0\.\d+", shown)}
        for score in filter(None, map(str.strip, scores)):
            assert float(score) in values, f"{name} does not show {score}"
            figures += 1
    assert figures > 25
