"""`workbook run` with real kernels, on notebooks made for it."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest


@pytest.fixture
def folder(tmp_path):
    def notebook(name, *sources):
        cells = [nbformat.v4.new_markdown_cell(f"# {name}")]
        cells += [nbformat.v4.new_code_cell(source) for source in sources]
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / f"{name}.ipynb")

    notebook(
        "00_well",
        "import os, sys\nfrom pathlib import Path",
        "(Path.cwd().name, os.environ['WORKBOOK_MODE'], Path(sys.executable) == Path(os.environ['EXPECTED']))",
        "block = bytearray(300 * 2**20)\nimport time\ntime.sleep(1.2)",
    )
    notebook("01_fails", "a = 1", "# the second cell\nraise ValueError('no rows')", "a")
    notebook("02_dies", "import os\nos._exit(9)")
    notebook("03_hangs", "import time\nfrom pathlib import Path\nPath('hangs').touch()\ntime.sleep(600)")
    return tmp_path


def workbook(folder, *arguments, **options):
    environment = {**os.environ, "WORKBOOK_OUTPUTS": str(folder / "outputs"), "EXPECTED": sys.executable}
    command = [
        sys.executable,
        "-m",
        "workbook",
        "run",
        "--notebooks",
        str(folder / "notebooks"),
        *arguments,
    ]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=environment,
        **options,
    )


def result(folder, name):
    return json.loads((folder / "outputs" / "sandbox" / name / "run.json").read_text(encoding="utf-8"))


def executed(folder, name):
    return nbformat.read(folder / "outputs" / "sandbox" / name / f"{name}.ipynb", 4)


def test_it_stops_at_the_first_failure_and_shows_the_cell(folder):
    process = workbook(folder, "0", "1", "2")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert (
        "cell [2]:\n    | # the second cell\n    | raise ValueError('no rows')\n    ValueError: no rows"
        in out
    )
    assert "1 passed, 1 failed, 1 not run" in out
    assert err == ""
    well = result(folder, "00_well")
    assert (well["status"], well["cells_done"], well["cells"]) == ("passed", 3, 3)
    assert len(well["cell_seconds"]) == 3 and 1 < sum(well["cell_seconds"]) < well["seconds"]
    assert 300 * 2**20 < well["peak_memory_bytes"] < 2**30
    assert 1.2 < well["seconds"] < 30
    shown = executed(folder, "00_well").cells[2].outputs[0].data["text/plain"]
    assert shown == "('notebooks', 'sandbox', True)"
    failed = executed(folder, "01_fails")
    assert [cell.get("execution_count") for cell in failed.cells[1:]] == [1, 2, None]
    assert failed.cells[2].outputs[0].ename == "ValueError"
    assert not (folder / "outputs" / "sandbox" / "02_dies").exists()


def test_it_goes_on_where_told_so_past_a_dead_kernel_and_a_cell_that_hangs(folder):
    process = workbook(folder, "--keep-going", "--timeout", "8")
    out, err = process.communicate(timeout=180)
    assert process.returncode == 1, err
    assert "1 passed, 3 failed in" in out
    assert "The kernel died: " in out and "memory ran out" in out
    assert "Timeout: The cell took longer" in out
    assert [result(folder, name)["status"] for name in ("02_dies", "03_hangs")] == ["failed", "failed"]


@pytest.mark.skipif(os.name == "nt", reason="sends the signal of a terminal's Ctrl-C")
def test_ctrl_c_ends_the_kernel_and_says_what_is_done(folder):
    process = workbook(folder, "0", "3", start_new_session=True)
    deadline = time.monotonic() + 120
    while not (folder / "notebooks" / "hangs").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    kernels = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "1 passed, 1 interrupted in" in out
    assert kernels and not any(kernel.is_running() for kernel in kernels)
    assert result(folder, "03_hangs")["status"] == "interrupted"


def test_a_results_folder_that_cannot_be_made(folder):
    (folder / "outputs").write_text("a file is in the way", encoding="utf-8")
    process = workbook(folder, "1")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "starting" not in out  # said before anything has run
    assert "cannot be written" in err and "WORKBOOK_OUTPUTS" in err and "Traceback" not in err
