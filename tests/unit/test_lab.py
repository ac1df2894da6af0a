"""The mode and its reason, pick, expect, record, the results folder: without the sandbox's server."""

import errno
import json
import os
import re
import subprocess
import sys

import pytest

from workbook import lab, machine
from workbook.catalogue import NOTEBOOKS
from workbook.errors import WorkbookError

GPU = machine.GPU("Tesla T4", 15)


@pytest.fixture
def here(monkeypatch, tmp_path):
    """A fresh process, as far as start() is concerned: results in tmp_path, no network, no sandbox, no clients."""
    for name in (
        "WORKBOOK_MODE",
        "CI",
        "WORKBOOK_STRICT",
        "WORKBOOK_HUB_ROOTS",
        "HF_HUB_OFFLINE",
        "RUNPOD_POD_ID",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path))
    monkeypatch.setattr(lab, "_labs", {})
    monkeypatch.setattr(lab, "enter_live", lambda on_cpu: None)  # would set this process's threads
    monkeypatch.setattr(lab, "_enter_sandbox", lambda folder, overlays, early: "http://127.0.0.1:1")
    monkeypatch.setattr(machine, "nvidia_gpu", lambda: None)
    monkeypatch.setattr(machine, "hub_answers", lambda *a, **k: False)
    return tmp_path


def live(monkeypatch, gpu=GPU):
    monkeypatch.setattr(machine, "nvidia_gpu", lambda: gpu)
    monkeypatch.setattr(machine, "hub_answers", lambda *a, **k: True)
    return lab.start("03_klue_ner", "live")


@pytest.mark.parametrize(
    ("gpu", "answers", "variable", "mode", "why"),
    [
        (None, True, None, "sandbox", "no NVIDIA GPU"),
        (GPU, False, None, "sandbox", "does not answer"),
        (GPU, True, None, "live", "a GPU, and the Hub answers"),
        (GPU, True, "sandbox", "sandbox", "WORKBOOK_MODE"),
        (None, True, "live", "live", "WORKBOOK_MODE"),
    ],
)
def test_mode_and_why(here, monkeypatch, gpu, answers, variable, mode, why):
    monkeypatch.setattr(machine, "nvidia_gpu", lambda: gpu)
    monkeypatch.setattr(machine, "hub_answers", lambda *a, **k: answers)
    if variable:
        monkeypatch.setenv("WORKBOOK_MODE", variable)
    started = lab.start("00_start_here")
    assert started.mode == mode and why in started.why and why in repr(started)


def test_the_argument_beats_the_variable(here, monkeypatch):
    monkeypatch.setenv("WORKBOOK_MODE", "live")
    assert lab.start("00_start_here", "sandbox").mode == "sandbox"


def test_wrong_mode_and_wrong_notebook(here, monkeypatch):
    with pytest.raises(WorkbookError, match=r"no mode 'sandpit'.*'sandbox'.*'live'"):
        lab.start("00_start_here", "sandpit")
    monkeypatch.setenv("WORKBOOK_MODE", "prod")
    with pytest.raises(WorkbookError, match=r"'prod' \(WORKBOOK_MODE\)"):
        lab.start("00_start_here")
    with pytest.raises(WorkbookError, match="There are: 00_start_here"):
        lab.start("99_no_such")


def test_live_without_the_hub_offers_the_sandbox(here):
    with pytest.raises(WorkbookError, match="WORKBOOK_MODE=sandbox"):
        lab.start("00_start_here", "live")


def test_live_offline_by_choice(here, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert lab.start("00_start_here", "live").mode == "live"


def test_starting_twice_changes_nothing(here):
    first = lab.start("00_start_here")
    assert lab.start("00_start_here") is first
    with pytest.raises(WorkbookError, match="Restart the kernel"):
        lab.start("00_start_here", "live")


@pytest.mark.parametrize(
    ("address", "noted"),
    [("https://api.example.org/v1", False), ("http://localhost:1234/v1", True), ("", True)],
)
def test_a_teacher_on_another_machine_makes_up_for_the_gpu(here, monkeypatch, address, noted):
    """Without a GPU, 07 takes hours only where the model runs on this machine; 09 trains here in any case."""
    monkeypatch.setattr(machine, "nvidia_gpu", lambda: None)
    monkeypatch.setattr(machine, "hub_answers", lambda *a, **k: True)
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    shown = repr(lab.start("07_r1_labelling", "live"))
    assert ("No GPU here" in shown) is noted
    takes = next(line for line in shown.splitlines() if line.startswith("Takes about"))
    assert ("30 h" in takes) is noted
    assert "No GPU here" in repr(lab.start("09_ner_four_generations", "live"))


def test_live_on_a_cpu_says_what_it_costs(here, monkeypatch):
    text = repr(live(monkeypatch, gpu=None))
    assert "No GPU here" in text and "hours on a CPU" in text and "Change runtime type" in text
    monkeypatch.setattr(lab, "_labs", {})
    assert "No GPU here" not in repr(live(monkeypatch))


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_live_without_a_gpu_takes_time(here, monkeypatch, notebook):
    monkeypatch.setattr(machine, "hub_answers", lambda *a, **k: True)
    rows = dict(lab.start(notebook, "live")._rows())
    assert rows["Takes about"].endswith("(estimated)") and not rows["Takes about"].startswith("0 ")


def test_packages_replaced_under_the_kernel_end_the_start(here, monkeypatch):
    monkeypatch.setattr(lab, "replaced_packages", lambda: ["pyarrow 18.1.0 (installed: 21.0.0)"])
    with pytest.raises(
        WorkbookError, match=r"pyarrow 18.1.0 \(installed: 21.0.0\).*Restart the session, then run all"
    ):
        lab.start("00_start_here")
    assert not list(here.iterdir())


def test_live_mode_prepares_the_process(here, monkeypatch):
    seen = []
    monkeypatch.setattr(lab, "enter_live", lambda on_cpu: seen.append(on_cpu))
    live(monkeypatch, gpu=None)
    monkeypatch.setattr(lab, "_labs", {})
    live(monkeypatch)
    assert seen == [True, False]


def test_the_table_says_what_is_real(here, monkeypatch):
    started = lab.start("03_klue_ner")
    rows = dict(started._rows())
    assert rows["Data"] == "invented by us, 3,600 rows" and "miniatures" in rows["Models"]
    assert started.origin("klue/klue/ner") == "invented"
    started.record(f1=1)
    document = json.loads((started.outputs / "metrics.json").read_text(encoding="utf-8"))
    assert document["models"] == rows["Models"]
    monkeypatch.setattr(lab, "_labs", {})
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    started = live(monkeypatch)
    rows = dict(started._rows())
    assert (rows["Data"], rows["Models"]) == ("real: klue/klue/ner", "real")
    assert started.origin("klue/klue/ner") == "real"


def test_a_mirror_that_nobody_here_knows(here, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")
    rows = dict(live(monkeypatch)._rows())
    assert rows["Data"] == rows["Models"] == "as the mirror has them"


def test_whole_models_of_an_overlay_are_called_real(here, monkeypatch):
    numpy = pytest.importorskip("numpy")
    save_file = pytest.importorskip("safetensors.numpy").save_file
    bert = here / "mine" / "models" / "klue" / "bert-base"
    bert.mkdir(parents=True)
    monkeypatch.setenv("WORKBOOK_HUB_ROOTS", str(here / "mine"))
    (bert / "config.json").write_text('{"model_type": "bert"}')
    (bert / "vocab.txt").write_text("[PAD]")
    rows = dict(lab.start("03_klue_ner")._rows())
    assert rows["Data"] == "invented by us, 3,600 rows" and "real:" not in rows["Models"]
    assert rows["Hub"] == "a stand-in on this machine: mine over the workbook's own data"
    save_file({"weight": numpy.zeros(2, numpy.float32)}, bert / "model.safetensors")
    (here / "mine" / "datasets" / "klue" / "klue" / "ner").mkdir(parents=True)
    monkeypatch.setattr(lab, "_labs", {})
    rows = dict(lab.start("03_klue_ner")._rows())
    assert re.fullmatch(r"real: klue/bert-base; (.*; )?the others are \w+ miniatures", rows["Models"])
    assert rows["Data"] == "real: klue/klue/ner"


def test_live_figures_are_called_estimated(here, monkeypatch):
    rows = dict(live(monkeypatch)._rows())
    assert (
        rows["Memory"].endswith("needed: 8 GiB (estimated)") and rows["Takes about"] == "12 min (estimated)"
    )


def test_a_cache_without_room_is_a_note(here, monkeypatch):
    monkeypatch.setattr("workbook.paths.hub_cache", lambda: here / "cache")
    entry = NOTEBOOKS["03_klue_ner"]
    enough_for_results = entry.live_disk_gib + entry.live_download_gib / 2
    monkeypatch.setattr(machine, "free_disk_gib", lambda folder: enough_for_results)
    assert "HF_HOME=<folder>" in repr(live(monkeypatch)), "results and downloads on one disk"
    monkeypatch.setattr(lab, "_labs", {})
    monkeypatch.setattr(machine, "same_disk", lambda one, other: False)
    assert "HF_HOME=<folder>" not in repr(live(monkeypatch))
    monkeypatch.setattr(lab, "_labs", {})
    monkeypatch.setattr(machine, "free_disk_gib", lambda folder: 0.5 if folder.name == "cache" else 50)
    assert "has 0.5 GiB free" in repr(live(monkeypatch))


def test_runpod_keeps_the_cache_on_the_volume(here, monkeypatch):
    monkeypatch.setenv("RUNPOD_POD_ID", "abc")
    monkeypatch.delenv("HF_HOME", raising=False)
    monkeypatch.setattr("workbook.paths.runpod_volume", lambda: here)
    monkeypatch.setattr(lab, "imported_clients", list)
    text = repr(live(monkeypatch))
    assert os.environ.pop("HF_HOME") == str(here / "huggingface")
    assert "push what you want to keep" in text
    monkeypatch.setattr(lab, "_labs", {})
    monkeypatch.setattr("workbook.paths.runpod_volume", lambda: None)
    assert "has no volume" in repr(live(monkeypatch))


def test_every_notebook_tells_its_time_and_memory_in_both_modes(here, monkeypatch):
    for entry in NOTEBOOKS.values():
        for told in (entry.takes("sandbox"), entry.takes("live"), entry.takes("live", gpu=False)):
            assert int(told.split()[0].split(".")[0]) >= 1, (entry.name, told)
    monkeypatch.setattr(machine, "hub_answers", lambda *a, **k: True)
    text = repr(lab.start("00_start_here", "live"))  # without a GPU
    assert re.search(r"Takes about +72 s", text) and re.search(r"Memory .*needed: 2 GiB", text)


def test_a_mirror_is_named_and_its_figures_are_not_judged(here, monkeypatch, capsys):
    (here / "shelf" / "datasets" / "klue" / "klue" / "ner").mkdir(parents=True)
    monkeypatch.setenv("WORKBOOK_MIRROR", str(here / "shelf"))
    monkeypatch.setenv("CI", "1")
    started = live(monkeypatch)
    started.expect("f1", 0.1, sandbox=(0, 1), live=(0.8, 1), published="0.9")
    assert "f1 = 0.1000   a mirror's data: no band   published: 0.9" in capsys.readouterr().out
    document = json.loads((started.outputs / "metrics.json").read_text(encoding="utf-8"))
    assert (document["data"], document["mirror"]) == (["shelf"], True)
    assert "a mirror on this machine: shelf" in repr(started)
    rows = dict(started._rows())
    assert rows["Data"] == "real: klue/klue/ner" and "miniatures" in rows["Models"]


def test_pick(here):
    assert lab.start("00_start_here").pick(sandbox=3, live=5) == 3


def test_expect_inside_and_outside(here, monkeypatch, capsys):
    started = lab.start("00_start_here")
    started.expect("f1", 0.9, sandbox=(0.8, 1), live=(0, 0))
    started.expect("loss", 9, sandbox=(0, 1), live=(0, 9), hint="The learning rate is too high.")
    shown = capsys.readouterr().out
    assert "f1 = 0.9000   inside" in shown and "OUTSIDE" in shown and "learning rate is too high" in shown
    figures = json.loads((started.outputs / "metrics.json").read_text(encoding="utf-8"))["figures"]
    assert figures["f1"] == {"value": 0.9, "band": [0.8, 1], "inside": True}
    assert figures["loss"]["inside"] is False
    started.expect("rows", 12_600, sandbox=(0, 20_000), live=(0, 1), published="13,000 (tutorial)")
    assert (
        "rows = 12,600   inside the expected 0 to 20000   published: 13,000 (tutorial)"
        in capsys.readouterr().out
    )
    figures = json.loads((started.outputs / "metrics.json").read_text(encoding="utf-8"))["figures"]
    assert figures["rows"]["published"] == "13,000 (tutorial)"
    for variable in ("CI", "WORKBOOK_STRICT"):
        monkeypatch.setenv(variable, "1")
        with pytest.raises(WorkbookError, match="outside 0 to 1"):
            started.expect("loss", 9, sandbox=(0, 1), live=(0, 9))
        monkeypatch.setenv(variable, "false")
        started.expect("loss", float("nan"), sandbox=(0, 1), live=(0, 9))
        assert "loss = nan   OUTSIDE" in capsys.readouterr().out


def test_overlay_data_has_no_band(here, monkeypatch, capsys):
    (here / "roots" / "datasets").mkdir(parents=True)
    monkeypatch.setenv("WORKBOOK_HUB_ROOTS", str(here / "roots"))
    monkeypatch.setenv("CI", "1")
    lab.start("00_start_here").expect("f1", 0.1, sandbox=(0.8, 1), live=(0, 0))
    assert "no band" in capsys.readouterr().out


def test_record_takes_numpy_and_paths_and_leaves_no_draft(here):
    numpy = pytest.importorskip("numpy")
    started = lab.start("00_start_here")
    started.record(a=numpy.float32(0.5), b=[numpy.int64(1)], c={"d": here})
    document = json.loads((started.outputs / "metrics.json").read_text(encoding="utf-8"))
    assert document["figures"]["a"]["value"] == 0.5 and document["figures"]["b"]["value"] == [1]
    assert document["mode"] == "sandbox" and document["data"] == "miniature"
    assert not list(started.outputs.glob("*.tmp"))


def test_two_kernels_get_two_folders(here, monkeypatch):
    program = (
        "import sys, time; from workbook import lab; from workbook.catalogue import NOTEBOOKS\n"
        "lab._enter_sandbox = lambda *a: ''\n"
        "print(lab.start('00_start_here', 'sandbox').outputs.name, flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        while other.stdout.readline().strip() != "00_start_here":
            assert other.poll() is None
        mine = lab.start("00_start_here")
        assert mine.outputs.name == "00_start_here-2" and "Another kernel" in repr(mine)
    finally:
        other.kill()
        other.wait()
    monkeypatch.setattr(lab, "_labs", {})
    assert lab.start("00_start_here").outputs.name == "00_start_here", (
        "a killed kernel leaves the folder free"
    )


def test_a_results_folder_that_cannot_be_written(here, monkeypatch):
    (here / "sandbox").write_text("a file where a folder should be")
    with pytest.raises(WorkbookError, match="WORKBOOK_OUTPUTS"):
        lab.start("00_start_here")
    (here / "sandbox").unlink()

    def read_only(*arguments, **more):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("pathlib.Path.mkdir", read_only)
    with pytest.raises(WorkbookError, match="Read-only file system"):
        lab.start("00_start_here")


def test_a_disk_nearly_full(here, monkeypatch):
    monkeypatch.setattr(machine, "free_disk_gib", lambda folder: 0.1)
    with pytest.raises(WorkbookError, match=r"0\.1 GiB free.*writes up to 0\.5 GiB"):
        lab.start("00_start_here")


def test_what_is_not_a_port(here, monkeypatch):
    monkeypatch.setenv("WORKBOOK_SANDBOX_PORT", "http")
    with pytest.raises(WorkbookError, match="not a port"):
        lab._port()


def test_import_is_quick():
    program = "import time; t = time.perf_counter(); import workbook; print(time.perf_counter() - t)"
    times = [
        float(
            subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        )
        for _ in range(3)
    ]
    assert min(times) < 0.1, times


def test_catalogue_and_notebooks_agree():
    from workbook.paths import resource

    assert sorted(path.stem for path in resource("notebooks").glob("*.ipynb")) == sorted(NOTEBOOKS)
