"""Where results go in a clone, in Colab, on RunPod; what the machine shows; a Hub that hangs."""

import http.server
import socket
import threading
import time
from pathlib import Path

import pytest

from workbook import machine, paths
from workbook.errors import WorkbookError


@pytest.fixture
def plain(monkeypatch):
    for name in ("WORKBOOK_OUTPUTS", "RUNPOD_POD_ID", "COLAB_RELEASE_TAG"):
        monkeypatch.delenv(name, raising=False)


def test_in_a_clone(plain):
    assert paths.outputs_root() == paths.clone_root() / "outputs"


def test_named_folder_wins(plain, monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path / "mine"))
    assert paths.outputs_root() == tmp_path / "mine"


def test_without_a_clone_the_working_folder(plain, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "clone_root", lambda: None)
    monkeypatch.chdir(tmp_path)
    assert paths.outputs_root() == Path.cwd() / "outputs"
    with pytest.raises(WorkbookError, match="Install it again"):
        paths.resource("nothing-of-this-name")


def test_a_dataset_that_comes_with_the_workbook():
    """The Hub does not have it, so its folder is what `load_dataset` gets: in both modes."""
    folder = Path(paths.shipped("encoder-workbook/arxiv-hand-labelled"))
    assert (folder / "README.md").is_file() and list(folder.rglob("*.jsonl"))
    with pytest.raises(WorkbookError, match="by its id"):
        paths.shipped("encoder-workbook/none")


def test_runpod_uses_its_volume(plain, monkeypatch, tmp_path):
    monkeypatch.setenv("RUNPOD_POD_ID", "abc")
    monkeypatch.setattr(paths, "RUNPOD_VOLUMES", (tmp_path,))
    assert paths.runpod_volume() is None, "a folder that is no mount dies with the pod"
    monkeypatch.setattr("os.path.ismount", lambda path: True)
    assert paths.outputs_root() == tmp_path / "encoder-workbook" / "outputs"


def test_colab_uses_drive_where_mounted(plain, monkeypatch, tmp_path):
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release")
    monkeypatch.setattr(paths, "COLAB_DISK", tmp_path / "content")
    monkeypatch.setattr(paths, "COLAB_DRIVE", tmp_path / "drive")
    assert paths.outputs_root() == tmp_path / "content" / "encoder-workbook" / "outputs"
    (tmp_path / "drive").mkdir()
    assert paths.outputs_root() == tmp_path / "drive" / "encoder-workbook" / "outputs"


def test_the_cache_is_where_the_clients_find_it(plain, monkeypatch, tmp_path):
    for name in ("HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert paths.hub_cache() == Path.home() / ".cache" / "huggingface"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert paths.hub_cache() == tmp_path / "xdg" / "huggingface"
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    assert paths.hub_cache() == tmp_path / "hf"


def test_shown_paths_are_relative(plain):
    assert paths.shown(paths.clone_root() / "outputs" / "sandbox") == "outputs/sandbox"


def test_no_gpu_where_none_may_be_seen(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert machine.nvidia_gpu() is None


def test_gpu_is_read_from_the_driver(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("shutil.which", lambda name: name)
    answer = type("Answer", (), {"stdout": "Tesla T4, 15360\n"})
    monkeypatch.setattr("subprocess.run", lambda *a, **k: answer)
    assert str(machine.nvidia_gpu()) == "Tesla T4, 15 GiB"
    answer.stdout = "No devices were found\n"
    assert machine.nvidia_gpu() is None


def test_memory_and_disk_are_plausible(tmp_path):
    assert 0.5 < machine.memory_gib() < 100_000
    assert machine.free_disk_gib(tmp_path / "not" / "there" / "yet") > 0
    assert machine.same_disk(tmp_path, tmp_path / "not" / "there" / "yet")


def test_a_hub_that_hangs_costs_no_more_than_its_time():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # takes the connection and never says a word
        began = time.perf_counter()
        assert not machine.hub_answers(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.5)
        assert time.perf_counter() - began < 2


def test_a_hub_that_refuses_connections():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert not machine.hub_answers(f"http://127.0.0.1:{unused.getsockname()[1]}", timeout=2)


def test_a_file_is_whole_or_the_old_one(tmp_path):
    target = tmp_path / "metrics.json"
    paths.write_json(target, {"x": "가"})
    with pytest.raises(TypeError):
        paths.write_json(target, {"x": object()})
    with pytest.raises(UnicodeEncodeError):
        paths.write_text(target, "half \ud800")
    assert target.read_text(encoding="utf-8") == '{\n  "x": "가"\n}\n'
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


def test_a_mirror_on_this_machine_is_asked_without_the_proxy(monkeypatch):
    class Refusal(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(404)  # a refusal is an answer

        def log_message(self, *arguments):
            pass

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with http.server.HTTPServer(("127.0.0.1", 0), Refusal) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert machine.hub_answers(f"http://127.0.0.1:{server.server_port}", timeout=5)
