"""Starting `transformers serve`: what happens where it does not start. (That it serves: test_transformers_serve.)"""

import contextlib
import subprocess
import sys
import time

import psutil
import pytest

from workbook import machine
from workbook.errors import WorkbookError
from workbook.teacher import model_that_fits, serve, serving


@pytest.mark.parametrize(("gpu", "size"), [(None, "1.5B"), (15.0, "1.5B"), (24.0, "7B"), (80.0, "7B")])
def test_the_model_that_fits(monkeypatch, gpu, size):
    monkeypatch.setattr(machine, "nvidia_gpu", lambda: gpu and machine.GPU("a card", gpu))
    assert model_that_fits() == f"deepseek-ai/DeepSeek-R1-Distill-Qwen-{size}"


def test_packages_that_are_missing(monkeypatch):
    monkeypatch.setattr(serving, "_NEEDED", ("fastapi_that_is_not_there", "json"))
    with pytest.raises(WorkbookError, match=r"needs fastapi_that_is_not_there: pip install"):
        serve("x")


def test_its_log_is_shown_where_it_does_not_start(monkeypatch, tmp_path):
    pytest.importorskip("fastapi")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WorkbookError) as caught:
        serve(str(tmp_path / "no-model"), start_within=90)
    message = str(caught.value)
    assert "no-model` ended with code" in message
    assert "The end of its log:" in message
    assert "Error" in message.split("The end of its log:")[1]


def test_a_child_that_fails_ends_with_its_own_error():
    """Its parent still holds its standard input: a thread that reads there must not break the end of the interpreter."""
    failing = serving._CHILD.replace(
        "from transformers.cli.transformers import main", "main = lambda: sys.exit('no such model')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", failing], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        said = child.stderr.read()
        assert child.wait(timeout=30) == 1
    assert said.strip() == "no such model"


def test_the_child_ends_with_its_parent_however_that_ends():
    code = (
        "import subprocess, sys\nfrom workbook.teacher.serving import _CHILD\n"
        "slow = _CHILD.replace('from transformers.cli.transformers import main', 'import time; main = lambda: time.sleep(99)')\n"
        "child = subprocess.Popen([sys.executable, '-c', slow], stdin=subprocess.PIPE)\n"
        "print(child.pid, flush=True)\nchild.wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    time.sleep(0.3)
    assert child.is_running()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    with contextlib.suppress(psutil.NoSuchProcess):
        child.wait(timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
