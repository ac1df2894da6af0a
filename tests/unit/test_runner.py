import io
import json
import os
import signal

import nbformat
import pytest

from workbook import wording
from workbook.commands import run as runner
from workbook.commands.cleaning import clean
from workbook.errors import WorkbookError


def test_notebooks_are_selected_by_number_or_name_and_kept_in_order(tmp_path):
    for name in ("10_ten", "02_two", "00_zero", "notes"):
        (tmp_path / f"{name}.ipynb").write_text("{}", encoding="utf-8")
    names = lambda *wanted: [path.stem for path in runner.select(tmp_path, wanted)]  # noqa: E731
    assert names() == ["00_zero", "02_two", "10_ten"]
    assert names("10", "2") == ["02_two", "10_ten"]
    assert names("02", "02_two", "02_two.ipynb") == ["02_two"]
    with pytest.raises(WorkbookError, match=r"no notebook '1'\. There are: 00_zero, 02_two, 10_ten"):
        names("1")


def test_the_kernel_is_led_to_mode_outputs_and_overlays(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_HUB_ROOTS", "of-the-person")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path)
    environment = runner.kernel_environment("sandbox", tmp_path / "out", [runner.Path("a"), tmp_path / "b"])
    assert environment["WORKBOOK_MODE"] == "sandbox"
    assert environment["WORKBOOK_OUTPUTS"] == str((tmp_path / "out").resolve())
    assert environment["WORKBOOK_HUB_ROOTS"].split(os.pathsep) == [
        str((tmp_path / name).resolve()) for name in "ab"
    ]
    assert runner.kernel_environment("live", tmp_path)["WORKBOOK_HUB_ROOTS"] == "of-the-person"
    with pytest.raises(WorkbookError, match="is not a folder"):
        runner.kernel_environment("sandbox", tmp_path, [tmp_path / "c"])


def test_saving_leaves_whole_files_only(tmp_path, monkeypatch):
    run = runner.Run("00_toy", "sandbox", status="passed", seconds=1.5)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    copy = runner.save(notebook, run, tmp_path / "a")
    assert nbformat.read(copy, 4).cells[0].source == "1"
    assert json.loads((tmp_path / "a" / "run.json").read_text(encoding="utf-8"))["status"] == "passed"
    before = copy.read_text(encoding="utf-8")

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runner.os, "replace", full)
    notebook.cells[0].source = "2"
    with pytest.raises(WorkbookError, match=r"No space left on device.*WORKBOOK_OUTPUTS"):
        runner.save(notebook, run, tmp_path / "a")
    assert copy.read_text(encoding="utf-8") == before
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["00_toy.ipynb", "run.json"]


def test_a_file_that_is_no_notebook(tmp_path):
    (tmp_path / "00_cut.ipynb").write_text('{"cells": [', encoding="utf-8")
    with pytest.raises(WorkbookError, match=r"00_cut\.ipynb cannot be read as a notebook"):
        runner.execute(tmp_path / "00_cut.ipynb", "sandbox", {})


def test_the_screen_is_plain_where_there_is_no_terminal_and_alive_where_there_is(tmp_path):
    run = runner.Run(
        "03_x", "sandbox", status="failed", seconds=65, peak_memory_bytes=2**30, cells=4, cells_done=2
    )
    run.error = runner.Failure(3, ["a = 1", "b"], "NameError", "name 'b' is not defined")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for out in (io.StringIO(), Terminal()):
        screen = runner.Screen(out, 2, 4)
        screen.begins(1, "03_x")
        screen.watch(run)
        screen.ended(run, tmp_path / "copy.ipynb")
        screen.summary([run], ["03_x", "04_y"], tmp_path)
        text = out.getvalue()
        assert ("\r" in text) == out.isatty()
        assert ("cell 3/4" in text) == out.isatty()
        assert "cell [3]:" in text and "    | b\n" in text and "NameError: name 'b' is not defined" in text
        assert "1 min 05 s" in text and "1.0 GiB" in text
        assert "0 passed, 1 failed, 1 not run" in text


def test_only_the_first_ctrl_c_counts():
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with runner.one_interrupt():
            with pytest.raises(KeyboardInterrupt), runner.one_interrupt():
                signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)  # while what was done is saved
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as `nohup` leaves it
        with runner.one_interrupt():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_durations_and_sizes_as_a_person_says_them():
    durations = [wording.duration(s) for s in (0.4, 59.6, 65, 3599, 3599.6, 3661)]
    assert durations == ["0 s", "1 min", "1 min 05 s", "59 min 59 s", "1 h", "1 h 01 min"]
    assert [wording.estimate(s) for s in (15, 60, 90, 120, 5399, 5400, 72000)] == [
        "15 s", "1 min", "90 s", "2 min", "90 min", "1.5 h", "20 h",
    ]  # fmt: skip
    assert wording.size(180 * 2**20) == "180 MiB" and wording.size(1.5 * 2**30) == "1.5 GiB"
    numbers = [wording.number(n) for n in (600, 12345.0, 1.0, 0.82051, 97.52, float("nan"))]
    assert numbers == ["600", "12,345", "1.0000", "0.8205", "97.5", "nan"]


def output(kind, **content):
    return nbformat.v4.new_output(kind, **content)


def stderr(text):
    return output("stream", name="stderr", text=text)


BARS = [
    "Map:   0%|          | 0/5 [00:00<?, ? examples/s]\rMap: 100%|██████████| 5/5 [00:00<00:00, 80.1 examples/s]\n",
    "Generating train split: 12 examples [00:00, 1402.91 examples/s]\n",
    "0it [00:00, ?it/s]\n",
    "model.safetensors: 100%|##########| 1.2M/1.2M [00:01<00:00, 1.1MB/s]",
    " 33%|███▎      | 1/3 [00:02<00:04,  2.00s/it]",
]


@pytest.mark.parametrize("text", BARS)
def test_progress_bars_go(text):
    cell = nbformat.v4.new_code_cell("x", outputs=[stderr(text)])
    assert clean(nbformat.v4.new_notebook(cells=[cell])).cells[0].outputs == []


@pytest.mark.parametrize(
    ("column", "rows", "stays"),
    [
        ("Validation Loss", 0, False),
        ("Validation Loss", 3, True),
        ("Validation Loss", 200, False),
        ("Loss", 3, False),
    ],
)
def test_the_trainers_table_of_scores_stays_without_its_bar(column, rows, stays):
    from transformers.utils.notebook import html_progress_bar, text_to_html_table

    table = text_to_html_table([["Epoch", column], *([i, 0.5] for i in range(rows))])
    html = html_progress_bar(3, 3, "", "[3/3 00:01, Epoch 3/3]") + table
    cell = nbformat.v4.new_code_cell("x", outputs=[output("display_data", data={"text/html": html})])
    kept = clean(nbformat.v4.new_notebook(cells=[cell])).cells[0].outputs
    assert [o.data["text/html"] for o in kept] == ([table] if stays else [])


def test_what_is_worth_reading_stays():
    outputs = [
        output("stream", name="stdout", text="half "),
        output("stream", name="stdout", text="a line\n50% of | all [2/4]\n"),
        stderr("UserWarning: careful\n" + BARS[0]),
        output("display_data", data={"text/html": "<progress value='3'></progress>", "text/plain": "x"}),
        output("display_data", data={"text/html": "", "text/plain": "<IPython.core.display.HTML object>"}),
        output("display_data", data={"application/vnd.jupyter.widget-view+json": {}, "text/plain": "0%"}),
        output("display_data", data={"image/png": "aGk="}),
        output(
            "execute_result",
            data={"text/html": "<b>table</b>", "text/plain": "<x.Styler at 0x7f4a>"},
            execution_count=1,
        ),
    ]
    cell = nbformat.v4.new_code_cell(
        "x", outputs=outputs, metadata={"tags": ["t"], "execution": {"iopub": "12:00"}}
    )
    notebook = nbformat.v4.new_notebook(
        cells=[cell],
        metadata={"widgets": {}, "papermill": {}, "kernelspec": {"name": "o", "display_name": "O"}},
    )
    clean(notebook)
    kept = notebook.cells[0].outputs
    assert [o.output_type for o in kept] == ["stream", "stream", "display_data", "execute_result"]
    assert kept[0].text == "half a line\n50% of | all [2/4]\n"
    assert kept[1].text == "UserWarning: careful\n"
    assert kept[3].data["text/plain"] == "<x.Styler>"
    assert notebook.cells[0].metadata == {"tags": ["t"]}
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec["name"] == "python3"
    nbformat.validate(notebook)
