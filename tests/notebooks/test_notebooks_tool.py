"""tools/notebooks.py on notebooks that are broken on purpose: one fault each, told by their names."""

import copy
import json
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = Path(__file__).parent / "fixtures"
sys.path.insert(0, str(ROOT / "tools"))
import notebooks as tool  # noqa: E402
from workbook.errors import WorkbookError  # noqa: E402

FAULTS = {
    "absolute_path": ["cell 5: shows an absolute path: /home/somebody"],
    "asks_mode": ["cell 6: asks for the mode in its line 1"],
    "asks_mode_in_a_table": ["cell 6: asks for the mode in its line 1"],
    "asks_mode_shortly": ["cell 6: asks for the mode in its line 1"],
    "compares_nothing": ["cell 5: is marked NBVAL_CHECK_OUTPUT and has no output"],
    "cut_off": ["is not a valid notebook: "],
    "double_id": ["cell 6: has no id of its own"],
    "empty_cell": ["cell 6: is empty"],
    "error_missing": ["cell 6: is tagged raises-exception and raises none"],
    "error_output": ["cell 6: ends in ValueError"],
    "invalid": ["is not a valid notebook: 'name' is a required property"],
    "late_start": ["cell 3: imports datasets before workbook.start()", "cell 3: ruff I001"],
    "memory_address": ["cell 6: shows a memory address: at 0x7f12ab34cd50"],
    "no_install": ["has no install cell before its other code"],
    "no_next": ["its last heading does not say what is next"],
    "no_start": ['cell 3: the first code cell after the install cell has to call workbook.start("no_start")'],
    "no_title": ["does not begin with a title"],
    "not_run": ["cell 6: has not run"],
    "nothing_compared": ["has no cell marked NBVAL_CHECK_OUTPUT"],
    "old_format": ["is nbformat 4.4", *(f"cell {n}: has no id of its own" for n in range(1, 8))],
    "other_kernel": ["its kernelspec is not python3"],
    "other_name": ['cell 3: starts another notebook; it has to be workbook.start("other_name")'],
    "out_of_order": ["cell 6: ran as [7], out of order: should be [4]"],
    "progress_bar": ["cell 6: shows a progress bar"],
    "python_version": ["its language_info names more than the language"],
    "result_count": ["cell 6: its result is counted [None], the cell [4]"],
    "sound": [],
    "stderr": ["cell 5: writes to stderr: UserWarning: loud"],
    "syntax_error": ["cell 6: cannot be parsed", "cell 6: ruff invalid-syntax"],
    "timestamps": ["cell 5: metadata other than tags: execution"],
    "token_in_output": ["cell 5: shows a token: hf_aB3…"],
    "token_in_source": ["cell 6: holds a token: hf_aB3…"],
    "unformatted": ["not formatted"],
    "unused_import": ["cell 6: ruff F401"],
    "widget_metadata": ["has metadata that belong to one run or one editor: widgets"],
    "widget_view": ["cell 6: shows a widget"],
    "windows_path": ["cell 5: shows an absolute path: C:\\Users"],
}


def test_every_fixture_is_tested():
    assert {path.stem for path in FIXTURES.glob("*.ipynb")} == set(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_and_nothing_else(name):
    path = FIXTURES / f"{name}.ipynb"
    errors = tool.check([path])
    expected = [f"tests/notebooks/fixtures/{name}.ipynb: {fault}" for fault in FAULTS[name]]
    assert len(errors) == len(expected), errors
    for error, start in zip(errors, expected, strict=True):
        assert error.startswith(start)


def test_all_errors_are_gathered_before_it_exits(capsys):
    names = ("no_next", "stderr", "cut_off", "unused_import")
    assert tool.main(["check", *(str(FIXTURES / f"{name}.ipynb") for name in names)]) == 1
    shown = capsys.readouterr().err
    assert all(f"{name}.ipynb: " in shown for name in names)
    assert "4 to put right" in shown
    assert tool.main(["check", str(FIXTURES / "sound.ipynb")]) == 0


def test_a_large_notebook(tmp_path):
    notebook = json.loads((FIXTURES / "sound.ipynb").read_text(encoding="utf-8"))
    notebook["cells"][4]["outputs"][0]["text"] = "6" * 2_000_001
    (tmp_path / "sound.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (error,) = tool.check_notebook(tmp_path / "sound.ipynb")
    assert error.startswith("has 2.0 MB; at most 2")


def test_what_is_allowed_is_not_refused():
    sound = nbformat.read(FIXTURES / "sound.ipynb", 4)
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
    sound = nbformat.read(FIXTURES / "sound.ipynb", 4)
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
