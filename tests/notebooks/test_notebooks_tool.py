"""tools/notebooks.py: what it finds in a sound notebook that is broken on purpose, what it writes, what it saves."""

import copy
import json
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOUND = Path(__file__).parent / "fixtures" / "sound.ipynb"
sys.path.insert(0, str(ROOT / "tools"))
import notebooks as tool  # noqa: E402
from workbook.errors import WorkbookError  # noqa: E402

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"


def display(mime, value):
    return {"output_type": "display_data", "metadata": {}, "data": {mime: value}}


# What breaks sound.ipynb: (cell, {field: value}) sets fields of that cell, of its `output` with a dot before it.
TOKEN = "hf_" + "aB3" * 8
FAULTS = {
    "absolute path": ("sum", {".text": "saved to /home/somebody/outputs/model\n"}, ["cell 5: shows an absolute path: /home/somebody"]),
    "Windows path": ("sum", {".text": "saved to C:\\Users\\somebody\\model\n"}, ["cell 5: shows an absolute path: C:\\Users"]),
    "asks mode": ("length", {"source": 'if lab.mode == "sandbox":\n    rows = rows[:2]\nlen(rows)'}, ["cell 6: branches on the mode in line 1"]),
    "asks mode in a table": ("length", {"source": 'epochs = {"sandbox": 3, "live": 5}[lab.mode]\nlen(rows) * epochs'}, ["cell 6: branches on the mode in line 1"]),
    "asks mode in an expression": ("length", {"source": 'rows = rows[:2] if "sandbox" in repr(lab) else rows\nlen(rows)'}, ["cell 6: branches on the mode in line 1"]),
    "compares nothing": ("sum", {"outputs": []}, ["cell 5: is to be compared by nbval but has no output"]),
    "compares nothing, by its tag": ("length", {"metadata": {"tags": ["nbval-check-output"]}, "outputs": []}, ["cell 6: is to be compared by nbval but has no output"]),
    "exercise without a check": ("length", {"metadata": {"tags": ["stub"]}}, ["has exercises without all of stub, check and solution"]),
    "double id": ("length", {"id": "sum"}, ["cell 6: has no id of its own"]),
    "empty cell": ("length", {"source": "", "outputs": []}, ["cell 6: is empty"]),
    "error missing": ("length", {"metadata": {"tags": ["raises-exception"]}}, ["cell 6: is tagged raises-exception but raises nothing"]),
    "error output": ("length", {"outputs": [{"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["ValueError: no"]}]}, ["cell 6: ends in ValueError"]),
    "invalid": ("sum", {"outputs": [{"output_type": "stream", "text": "6\n"}]}, ["is not a valid notebook: 'name' is a required property"]),
    "late start": ("start", {"source": 'import datasets\nimport workbook\n\nlab = workbook.start("sound")\nprint(datasets.__version__)'}, ["cell 3: imports datasets before workbook.start()", "cell 3: ruff I001"]),
    "memory address": ("length", {".data": {"text/plain": "<builtins.Thing at 0x7f12ab34cd50>"}}, ["cell 6: shows a memory address: at 0x7f12ab34cd50"]),
    "no next": ("next", {"source": "## The end"}, ["its last heading does not say what is next"]),
    "no start": ("start", {"source": 'print("off we go")'}, ['cell 3: the first code cell after the install cell must call workbook.start("sound")']),
    "other name": ("start", {"source": 'import workbook\n\nlab = workbook.start("other")'}, ['cell 3: starts another notebook; it must call workbook.start("sound")']),
    "no title": ("title", {"source": "A notebook"}, ["does not begin with a title"]),
    "not run": ("length", {"execution_count": None, "outputs": []}, ["cell 6: has not run"]),
    "nothing compared": ("sum", {"source": "rows = [1, 2, 3]\nprint(sum(rows))"}, ["has no cell for nbval to compare"]),
    "other kernel": (None, {"kernelspec": {"display_name": "my-env", "language": "python", "name": "my-env"}}, ["its kernelspec is not python3"]),
    "Python version": (None, {"language_info": {"name": "python", "version": "3.11.7"}}, ["its language_info names more than the language"]),
    "widget metadata": (None, {"widgets": {WIDGET_STATE: {"state": {}, "version_major": 2, "version_minor": 0}}}, ["has metadata that belong to one run or one editor: widgets"]),
    "out of order": ("length", {"execution_count": 7, ".execution_count": 7}, ["cell 6: ran as [7], out of order: should be [4]"]),
    "progress bar": ("length", {"outputs": [display("text/html", "<progress value='3' max='3'></progress>")]}, ["cell 6: shows a progress bar"]),
    "widget": ("length", {"outputs": [display(WIDGET_VIEW, {"model_id": "x", "version_major": 2, "version_minor": 0})]}, ["cell 6: shows a widget"]),
    "result count": ("length", {".execution_count": None}, ["cell 6: its result is counted [None], the cell [4]"]),
    "stderr": ("sum", {".name": "stderr", ".text": "UserWarning: loud\n"}, ["cell 5: writes to stderr: UserWarning: loud"]),
    "syntax error": ("length", {"source": "len(rows"}, ["cell 6: cannot be parsed", "cell 6: ruff invalid-syntax"]),
    "timestamps": ("sum", {"metadata": {"execution": {"iopub.execute_input": "2026-01-01T00:00:00Z"}}}, ["cell 5: metadata other than tags: execution"]),
    "token in output": ("sum", {".text": f"logged in with {TOKEN}\n"}, ["cell 5: shows a token: hf_aB3…"]),
    "token in source": ("length", {"source": f'token = "{TOKEN}"\nlen(token)'}, ["cell 6: holds a token: hf_aB3…"]),
    "unformatted": ("length", {"source": "len( rows )"}, ["not formatted"]),
    "unused import": ("length", {"source": "import os\n\nlen(rows)"}, ["cell 6: ruff F401"]),
}  # fmt: skip


def sound():
    return json.loads(SOUND.read_text(encoding="utf-8"))


def broken(name):
    """The sound notebook with one fault."""
    notebook = sound()
    where, fields, _ = FAULTS[name]
    cell = next((cell for cell in notebook["cells"] if cell["id"] == where), None)
    for field, value in fields.items():
        if field.startswith("."):
            cell["outputs"][0][field[1:]] = value
        else:
            (cell or notebook["metadata"])[field] = value
    return notebook


def saved(notebook, path):
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def check(path):
    """What `check` finds, without the name of the file."""
    return [error.removeprefix(f"{path.name}: ") for error in tool.check([path])]


def test_a_sound_notebook_has_no_fault():
    assert check(SOUND) == []


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_and_nothing_else(name, tmp_path):
    errors = check(saved(broken(name), tmp_path / "sound.ipynb"))
    assert len(errors) == len(FAULTS[name][2]), errors
    for error, start in zip(errors, FAULTS[name][2], strict=True):
        assert error.startswith(start)


def test_a_notebook_that_was_cut_off(tmp_path):
    (tmp_path / "sound.ipynb").write_text(SOUND.read_text(encoding="utf-8")[:500], encoding="utf-8")
    (error,) = check(tmp_path / "sound.ipynb")
    assert error.startswith("is not a valid notebook: ")


def test_the_old_format_has_no_ids(tmp_path):
    notebook = sound() | {"nbformat_minor": 4}
    for cell in notebook["cells"]:
        del cell["id"]
    first, *others = check(saved(notebook, tmp_path / "sound.ipynb"))
    assert first.startswith("is nbformat 4.4")
    assert [error[:30] for error in others] == [f"cell {n}: has no id of its own" for n in range(1, 8)]


def test_a_notebook_without_an_install_cell(tmp_path):
    notebook = sound()
    del notebook["cells"][1]
    for count, cell in enumerate((cell for cell in notebook["cells"] if cell["cell_type"] == "code"), 1):
        cell["execution_count"] = count
    notebook["cells"][4]["outputs"][0]["execution_count"] = 3
    (error,) = check(saved(notebook, tmp_path / "sound.ipynb"))
    assert error.startswith("has no install cell before its other code")


def test_all_errors_are_gathered_before_it_exits(tmp_path, capsys):
    names = ("no next", "stderr", "invalid", "unused import")
    for name in names:
        (tmp_path / name).mkdir()
    files = [saved(broken(name), tmp_path / name / "sound.ipynb") for name in names]
    assert tool.main(["check", *map(str, files)]) == 1
    shown = capsys.readouterr().err
    assert all(f"sound.ipynb: {FAULTS[name][2][0]}" in shown for name in names)
    assert "4 to fix" in shown
    assert tool.main(["check", str(SOUND)]) == 0


def test_a_large_notebook(tmp_path):
    notebook = sound()
    notebook["cells"][4]["outputs"][0]["text"] = "6" * 2_000_001
    (error,) = check(saved(notebook, tmp_path / "sound.ipynb"))
    assert error.startswith("has 2.0 MB; at most 2")


def test_what_is_allowed_is_not_refused():
    sound = nbformat.read(SOUND, 4)
    sound.cells[4].outputs[
        0
    ].text = "see https://huggingface.co/data/home and outputs/sandbox/x, ~/x, a/b, 3/4\n"
    assert list(tool.check_outputs(sound)) == []
    sound.cells[
        5
    ].source = (
        'EPOCHS = lab.pick(sandbox=3, live=5)\nprint(lab.mode)\nif EPOCHS > 4:\n    pass\n"model" in {}'
    )
    assert list(tool.check_sources(sound)) == []
    sound.cells[4].source = sound.cells[4].source.replace("# NBVAL_CHECK_OUTPUT\n", "")
    sound.cells[4].metadata = {"tags": ["nbval-check-output"]}
    assert list(tool.check_sources(sound)) == []


# --- the notebooks themselves -----------------------------------------------------------------------


def test_the_notebooks_are_fit_to_be_shown():
    assert tool.check(tool.runner.select(tool.FOLDER)) == []


def test_badges_install_cells_and_the_readme_are_in_step():
    assert tool.sync(tool.FOLDER, ROOT / "README.md", check_only=True) == []


def test_the_catalogue_names_the_notebooks_that_there_are():
    assert [path.stem for path in tool.runner.select(tool.FOLDER)] == list(tool.NOTEBOOKS)


# --- sync -------------------------------------------------------------------------------------------


def project(tmp_path, notebook):
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks" / "00_toy.ipynb")
    readme = tmp_path / "README.md"
    readme.write_text(f"# Toy\n\n{tool.TABLE_BEGIN}\nold\n{tool.TABLE_END}\nend\n", encoding="utf-8")
    return tmp_path / "notebooks", readme


def bare():
    cells = [nbformat.v4.new_markdown_cell("# Toy\n\nWhat it is."), nbformat.v4.new_code_cell("1")]
    return nbformat.v4.new_notebook(cells=cells)


def test_sync_writes_once_and_then_finds_nothing(tmp_path):
    folder, readme = project(tmp_path, bare())
    before = (folder / "00_toy.ipynb").read_bytes()
    assert len(tool.sync(folder, readme, check_only=True)) == 2
    assert (folder / "00_toy.ipynb").read_bytes() == before
    assert len(tool.sync(folder, readme, check_only=False)) == 2
    assert tool.sync(folder, readme, check_only=True) == []
    title, install, code = nbformat.read(folder / "00_toy.ipynb", 4).cells
    url = tool.repository()
    place = url.removeprefix("https://github.com/")
    assert title.source.splitlines()[0] == "# Toy" and title.source.endswith("\n\nWhat it is.")
    assert (
        f"(https://colab.research.google.com/github/{place}/blob/main/notebooks/00_toy.ipynb)" in title.source
    )
    assert f'"encoder-workbook @ git+{url}"' in install.source and install.id == "install"
    assert code.source == "1"
    text = readme.read_text(encoding="utf-8")
    assert "old" not in text and text.endswith(f"{tool.TABLE_END}\nend\n")
    assert all(f"](notebooks/{name}.ipynb)" in text for name in tool.NOTEBOOKS)


def test_another_address_replaces_the_old_one_everywhere(tmp_path, monkeypatch):
    folder, readme = project(tmp_path, bare())
    tool.sync(folder, readme, check_only=False)
    monkeypatch.setattr(tool, "repository", lambda: "https://github.com/someone/fork")
    assert tool.sync(folder, readme, check_only=False) == [
        "00_toy.ipynb: badge or install cell out of step with [project.urls]"
    ]
    text = (folder / "00_toy.ipynb").read_text(encoding="utf-8")
    assert text.count("someone/fork") == 2 and "encoder-workbook/encoder-workbook" not in text


def test_a_cut_off_notebook_and_a_readme_without_markers_are_both_named(tmp_path):
    folder, readme = project(tmp_path, bare())
    (folder / "01_cut.ipynb").write_text('{"cells": [', encoding="utf-8")
    readme.write_text("# Toy", encoding="utf-8")
    errors = tool.sync(folder, readme, check_only=True)
    assert [error.split(":")[0] for error in errors] == ["00_toy.ipynb", "01_cut.ipynb", "README.md"]
    with pytest.raises(WorkbookError, match="markers"):
        tool.synced_readme(f"{tool.TABLE_END}{tool.TABLE_BEGIN}")


def test_the_install_cell_does_nothing_where_workbook_is_installed(monkeypatch):
    """It is run as IPython would run it, with a %pip that must not be reached, and then without workbook."""
    import importlib.util

    from IPython.core.inputtransformer2 import TransformerManager

    code = TransformerManager().transform_cell(tool.install_source("https://github.com/x/y"))
    calls = []

    class Shell:
        def run_line_magic(self, *arguments):
            calls.append(arguments)

    exec(code, {"get_ipython": Shell})
    assert calls == []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    exec(code, {"get_ipython": Shell})
    assert calls == [("pip", 'install --quiet "encoder-workbook @ git+https://github.com/x/y"')]


# --- refresh ----------------------------------------------------------------------------------------


def test_refresh_saves_what_is_fit_and_leaves_what_is_not(tmp_path, capsys):
    """Two kernels: one notebook that is fit, one that writes to stderr."""
    sound = nbformat.read(SOUND, 4)
    del sound.cells[2]  # needs a catalogue entry; how notebooks start is not what this is about
    ids = [cell.id for cell in sound.cells]
    code = nbformat.v4.new_code_cell
    sound.cells.insert(
        4, code("import os\nos.environ['WORKBOOK_MODE'], bool(os.environ.get('WORKBOOK_STRICT'))", id="mode")
    )
    sound.cells.insert(
        5, code("from tqdm import tqdm\nos.environ.pop('TQDM_DISABLE')\nlist(tqdm([1]))", id="bar")
    )
    failing = code("raise ValueError('meant')", id="meant", metadata={"tags": ["raises-exception"]})
    sound.cells.insert(6, failing)
    loud = copy.deepcopy(sound)
    loud.cells.insert(4, code("import sys\nprint('loud', file=sys.stderr)", id="loud"))
    paths = [tmp_path / "00_sound.ipynb", tmp_path / "01_loud.ipynb"]
    for notebook, path in zip((sound, loud), paths, strict=True):
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, path)
    before = paths[1].read_bytes()
    stale = tmp_path / "outputs" / "sandbox" / "00_sound" / "checkpoint"
    stale.mkdir(parents=True)

    errors = tool.refresh(paths, tmp_path / "outputs")

    assert errors == ["01_loud.ipynb: cell 5: writes to stderr: loud; not saved"]
    assert paths[1].read_bytes() == before
    assert not stale.exists()
    saved = nbformat.read(paths[0], 4)
    assert [cell.id for cell in saved.cells if cell.id in ids] == ids
    counts = [cell.execution_count for cell in saved.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    by_id = {cell.id: cell for cell in saved.cells}
    assert by_id["mode"].outputs[0].data["text/plain"] == "('sandbox', True)"
    assert [output.output_type for output in by_id["bar"].outputs] == ["execute_result"]
    assert by_id["meant"].outputs[0].traceback == ["ValueError: meant"]
    assert list(tool.check_outputs(saved)) == [] and list(tool.check_executed(saved)) == []
