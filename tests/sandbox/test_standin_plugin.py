"""The pytest plugin, as a project that tests its own code meets it: pytest in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from hub_library import write

ROOT = Path(__file__).resolve().parents[2]

TESTS = """
import os, subprocess, sys
import pytest

before = dict(os.environ)
seen = []

def ask(url, path, method="GET", body=None):
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen
    request = Request(f"{url}{path}", body, {"Authorization": "Bearer hf_x"}, method=method)
    try:
        with urlopen(request) as response:
            return response.status, response.read()
    except HTTPError as error:
        return error.code, error.read()

def test_seeds(hub_standin, tmp_path):
    (tmp_path / "notes").write_text("copied")
    hub_standin.seed("acme/tiny", {"config.json": {"model_type": "bert"}, "a/b.txt": "text", "c.bin": b"x",
                                   "notes.txt": tmp_path / "notes"}, downloads=7)
    hub_standin.seed("acme/rows", {"train.csv": "a\\\\n1\\\\n"}, repo_type="dataset")
    assert ask(hub_standin, "/acme/tiny/resolve/main/a/b.txt") == (200, b"text")
    assert b'"downloads":7' in ask(hub_standin.url, "/api/models/acme/tiny")[1]
    assert hub_standin.files("acme/tiny")["notes.txt"] == b"copied"
    assert ask(hub_standin, "/datasets/acme/rows/resolve/main/train.csv")[0] == 200
    assert ask(hub_standin, "/api/repos/create", "POST", b'{"name": "mine"}')[0] == 200
    assert set(hub_standin.files(f"{hub_standin.user}/mine")) == {".gitattributes"}
    seen.append(hub_standin.url)

def test_clean_and_at_the_same_address(hub_standin):
    assert ask(hub_standin, "/api/models/acme/tiny")[0] == 404
    assert ask(hub_standin, "/api/models/learner/mine")[0] == 404
    assert ask(hub_standin, "/shared/model/resolve/main/config.json") == (200, b"{}")
    with pytest.raises(KeyError):
        hub_standin.files("learner/mine")
    assert seen in ([], [hub_standin.url])
    assert dict(os.environ) | {"PYTEST_CURRENT_TEST": ""} == before | {"PYTEST_CURRENT_TEST": ""}

def test_gated(hub_standin):
    hub_standin.seed("acme/gated", {"config.json": {}}, gated="manual")
    assert ask(hub_standin, "/acme/gated/resolve/main/config.json")[0] == 403

def test_a_client_in_another_process(hub_standin):
    hub_standin.seed("acme/tiny", {"config.json": {"model_type": "bert"}})
    program = (
        "from huggingface_hub import HfApi, hf_hub_download; print(open(hf_hub_download('acme/tiny', 'config.json')).read());"
        "HfApi().create_repo('made'); HfApi().upload_file(path_or_fileobj=b'w', path_in_repo='w.bin', repo_id='learner/made')"
    )
    done = subprocess.run([sys.executable, "-c", program], env=os.environ | hub_standin.environment, capture_output=True, text=True)
    assert "bert" in done.stdout, done.stderr
    assert hub_standin.files("learner/made")["w.bin"] == b"w"

def test_variables_when_asked_for(hub_standin, hub_standin_environment):
    assert os.environ["HF_ENDPOINT"] == hub_standin.url

def test_and_gone_again(hub_standin):
    assert os.environ.get("HF_ENDPOINT") == before.get("HF_ENDPOINT")
"""

UNUSED = """
import sys
def test_nothing():
    heavy = {"standin.hub", "standin.layers", "starlette", "uvicorn", "yaml", "torch", "transformers", "workbook"}
    assert not heavy & sys.modules.keys()
"""


def run(folder: Path, tests: str, *arguments: str) -> subprocess.CompletedProcess:
    write(folder / "test_own.py", tests)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("HF_", "PYTEST"))
    }
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "standin.pytest_plugin", "-p", "no:cacheprovider", *arguments, "."],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_it_is_found_by_pytest():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    assert declared["pytest11"] == {"standin.pytest_plugin": "standin.pytest_plugin"}


def test_a_project_that_uses_it(tmp_path):
    write(tmp_path / "root" / "models" / "shared" / "model" / "config.json", "{}")
    done = run(tmp_path / "project", TESTS, "--standin-root", str(tmp_path / "root"))
    assert done.returncode == 0 and "6 passed" in done.stdout, done.stdout + done.stderr


def test_it_costs_nothing_where_it_is_not_used(tmp_path):
    done = run(tmp_path, UNUSED)
    assert done.returncode == 0, done.stdout


def test_a_root_that_cannot_be_served(tmp_path):
    done = run(tmp_path, "def test_it(hub_standin): pass", "--standin-root", str(tmp_path / "nowhere"))
    assert done.returncode != 0 and "--standin-root: There is no folder" in done.stdout + done.stderr
