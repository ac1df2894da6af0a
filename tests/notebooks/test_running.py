"""`workbook run` with real kernels, on notebooks made for it."""

import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

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
    assert "Timeout: The cell took longer than allowed" in out
    assert [result(folder, name)["status"] for name in ("02_dies", "03_hangs")] == ["failed", "failed"]


@pytest.mark.skipif(os.name == "nt", reason="sends the signal of a terminal's Ctrl-C")
@pytest.mark.parametrize("presses", [1, 3])
def test_ctrl_c_ends_the_kernel_and_says_what_is_done(folder, presses):
    # What a background job of a script inherits: SIGINT ignored. A terminal's foreground job does not.
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = workbook(folder, "0", "3", start_new_session=True, preexec_fn=heard)
    deadline = time.monotonic() + 120
    while not (folder / "notebooks" / "hangs").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    kernels = psutil.Process(process.pid).children(recursive=True)
    for _ in range(presses):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
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


def test_live_with_a_hub_root_runs_against_a_mirror(folder):
    shelf = folder / "shelf" / "datasets" / "someone" / "hello"
    shelf.mkdir(parents=True)
    (shelf / "README.md").write_text("---\nlicense: cc0-1.0\n---\n# Hello\n", encoding="utf-8")
    (shelf / "hello.txt").write_text("from the shelf", encoding="utf-8")
    cells = [
        "import os, workbook\nlab = workbook.start('00_start_here')\nlab.record(seen=1)",
        "lab.expect('f1', 0.1, sandbox=(0, 1), live=(0.8, 0.9))",
        "from pathlib import Path\nfrom huggingface_hub import HfApi, hf_hub_download\n"
        "Path(hf_hub_download('someone/hello', 'hello.txt', repo_type='dataset')).read_text()",
        "HfApi().dataset_info('klue/klue').id",  # the workbook's own, below
        "(lab.mode, lab.pick(sandbox=1, live=2), os.environ['OPENAI_BASE_URL'], os.environ['HF_ENDPOINT'])",
        "(os.environ['HF_HOME'], HfApi().create_repo('mine', exist_ok=True).repo_id)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    nbformat.write(notebook, folder / "notebooks" / "00_start_here.ipynb")
    (folder / "notebooks" / "00_well.ipynb").unlink()
    environment = {
        name: value for name, value in os.environ.items() if name not in ("HF_HOME", "WORKBOOK_HUB_ROOTS")
    }
    environment |= {
        "OPENAI_BASE_URL": "http://teacher.example/v1",
        "CI": "1",
        "WORKBOOK_OUTPUTS": str(folder / "outputs"),
    }
    command = [sys.executable, "-m", "workbook", "run", "0", "--mode", "live"]
    command += ["--notebooks", str(folder / "notebooks"), "--hub-root", str(folder / "shelf")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    results = folder / "outputs" / "live" / "00_start_here"
    run, metrics = (
        json.loads((results / f"{name}.json").read_text(encoding="utf-8")) for name in ("run", "metrics")
    )
    assert (run["mode"], run["mirror"], run["overlays"]) == ("live", True, ["shelf"])
    assert (metrics["data"], metrics["mirror"]) == (["shelf"], True)
    shown = nbformat.read(results / "00_start_here.ipynb", 4).cells
    assert "a mirror on this machine: shelf" in shown[0].outputs[0].data["text/plain"]
    assert "a mirror's data: no band" in shown[1].outputs[0].text
    assert shown[2].outputs[0].data["text/plain"] == "'from the shelf'"
    assert shown[3].outputs[0].data["text/plain"] == "'klue/klue'"
    seen = shown[4].outputs[0].data["text/plain"]
    assert seen.startswith("('live', 2, 'http://teacher.example/v1', 'http://127.0.0.1:")
    assert str(folder / "outputs" / "mirror") in shown[5].outputs[0].data["text/plain"]
    address = seen.split("'")[-2]
    with pytest.raises(OSError):  # the mirror has gone with the run
        urllib.request.urlopen(address, timeout=2)


def test_two_runs_of_one_notebook_keep_copy_and_metrics_together(folder):
    source = (
        "import os, time\nfrom pathlib import Path\nimport workbook\n"
        "lab = workbook.start('00_start_here', 'live')\nlab.record(process=os.getpid())\n"
        "Path(f'seen-{os.getpid()}').touch()\n"
        "while len(list(Path().glob('seen-*'))) < 2:\n    time.sleep(0.1)\n"
        "os.getpid()"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbformat.write(notebook, folder / "notebooks" / "00_start_here.ipynb")
    (folder / "notebooks" / "00_well.ipynb").unlink()
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "WORKBOOK_OUTPUTS": str(folder / "outputs")}
    command = [sys.executable, "-m", "workbook", "run", "0", "--mode", "live", "--timeout", "120"]
    command += ["--notebooks", str(folder / "notebooks")]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=offline)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=180)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    seen = set()
    for name in ("00_start_here", "00_start_here-2"):
        results = folder / "outputs" / "live" / name
        metrics = json.loads((results / "metrics.json").read_text(encoding="utf-8"))
        run = json.loads((results / "run.json").read_text(encoding="utf-8"))
        copy = nbformat.read(results / "00_start_here.ipynb", 4)
        assert copy.cells[0].outputs[-1].data["text/plain"] == str(metrics["figures"]["process"]["value"])
        assert (run["notebook"], run["results"]) == ("00_start_here", name)
        seen.add(metrics["figures"]["process"]["value"])
    assert len(seen) == 2


NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_papermill_can_set_publish(path):
    """papermill puts its own assignment behind the first cell tagged `parameters`, and knows no other place."""
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    tagged = [n for n, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", [])]
    uses = [n for n, cell in enumerate(cells) if re.search(r"\bPUBLISH\b", cell.source)]
    assert len(tagged) == bool(uses)
    if uses:
        assert tagged[0] == uses[0] < uses[1]
        assert cells[tagged[0]].source == "PUBLISH = lab.pick(sandbox=True, live=False)"
