"""`python -m standin`: the stand-in in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hub_clients import TOKEN, ask
from hub_library import write, write_library

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture
def start(tmp_path):
    """Start the command; returns its process and, from its first line, its address."""
    processes = []
    (tmp_path / "temporary").mkdir()

    def run(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "standin", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
        )  # fmt: skip
        processes.append(process)
        return process, process.stdout.readline().strip()

    yield run
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="no such signals on Windows")
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_serves_and_ends_cleanly(start, tmp_path, way):
    process, url = start("--root", DATA, "--port", "0")
    assert url.startswith("http://127.0.0.1:")
    assert ask(url, "/api/datasets/klue/klue")[0] == 200
    assert json.loads(ask(url, "/v1/models")[2])["data"][0]["id"] == "scripted-r1"
    assert ask(url, "/api/repos/create", "POST", json.dumps({"name": "new"}), **TOKEN)[0] == 200
    assert list((tmp_path / "temporary").rglob("new.json")), (
        "without --outputs it writes to a temporary folder"
    )
    process.send_signal(way)
    output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (0, "") and "Traceback" not in errors
    assert list((tmp_path / "temporary").iterdir()) == []


def test_roots_options_and_writes_that_stay(start, tmp_path):
    write_library(tmp_path / "upper")
    write(tmp_path / "lower" / "models" / "acme" / "alpha" / "config.json", '{"model_type": "lower"}')
    write(tmp_path / "lower" / "models" / "acme" / "low" / "config.json", "{}")
    _, url = start(
        "--root", tmp_path / "upper", "--root", tmp_path / "lower",
        "--outputs", tmp_path / "kept", "--user", "me", "--no-teacher",
    )  # fmt: skip
    assert b"lower" not in ask(url, "/acme/alpha/resolve/main/config.json")[2], "the first root is uppermost"
    assert ask(url, "/acme/low/resolve/main/config.json")[2] == b"{}"
    assert ask(url, "/v1/models")[0] == 404
    assert json.loads(ask(url, "/api/whoami-v2", **TOKEN)[2])["name"] == "me"
    ask(url, "/api/repos/create", "POST", json.dumps({"name": "new"}), **TOKEN)
    assert (tmp_path / "kept" / "hub" / "repos" / "models" / "me" / "new.json").is_file()
    assert not (tmp_path / "kept" / "models").exists(), "miniatures are built only when asked for"


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--root", "nowhere"], "There is no folder 'nowhere'"),
        (["--root", str(DATA), "--port", "99999"], "not a port"),
        ([], "--root"),
    ],
)
def test_what_it_refuses(start, arguments, cause):
    process, line = start(*arguments)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2 and line == "" and cause in errors
    assert "Traceback" not in errors and "WORKBOOK" not in errors
