"""Nothing leaves the machine, and nothing enters the person's own caches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Put into every Python process of the run by its name: Python imports `sitecustomize` first of all.
GUARD = """
import os, sys

LOCAL = ("127.0.0.1", "localhost", "::1", "", None)

def guard(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        host = arguments[1][0] if isinstance(arguments[1], tuple) else None  # None: a socket file
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in LOCAL:
        with open(os.environ["GUARD_LOG"], "a") as log:
            log.write(f"{event} {host}\\n")
        raise OSError(f"this test lets nobody ask for {host}")

sys.addaudithook(guard)
"""

RUN = """
import os
import workbook

workbook.start("03_klue_ner", mode="sandbox")

import evaluate
from datasets import load_dataset
from huggingface_hub import HfApi, list_models
from transformers import AutoModelForTokenClassification, AutoTokenizer

rows = load_dataset("klue/klue", "ner", split="validation")
assert len(rows) > 0
next(iter(load_dataset("klue/klue", "ner", split="train", streaming=True)))
tokenizer = AutoTokenizer.from_pretrained("klue/bert-base")
model = AutoModelForTokenClassification.from_pretrained("klue/bert-base", num_labels=13)
assert evaluate.load("seqeval").compute(predictions=[["B-PS"]], references=[["B-PS"]])["overall_f1"] == 1.0
model.push_to_hub("secluded")
tokenizer.push_to_hub("secluded")
assert "learner/secluded" in [found.id for found in list_models(author="learner")]
AutoModelForTokenClassification.from_pretrained("learner/secluded")
HfApi().upload_file(path_or_fileobj=b"x" * 11_000_000, path_in_repo="big.txt", repo_id="learner/secluded")
print("done")
"""


def _listing(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def secluded(tmp_path, outputs):
    """A way to run Python with a home and caches of its own, and the guard in every process."""
    home, guard = tmp_path / "home", tmp_path / "guard"
    guard.mkdir()
    (guard / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    own_cache = home / ".cache" / "huggingface"
    own_cache.mkdir(parents=True)
    (own_cache / "token").write_text("hf_the_persons_own", encoding="utf-8")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("HF_", "WORKBOOK_"))
    }
    environment |= {
        "HOME": str(home), "USERPROFILE": str(home), "PYTHONPATH": str(guard), "GUARD_LOG": str(tmp_path / "asked.txt"),
        "WORKBOOK_OUTPUTS": str(outputs), "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    environment.pop("XDG_CACHE_HOME", None)

    def run(code: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=180,
        )

    run.home, run.asked = home, tmp_path / "asked.txt"
    return run


def test_nothing_leaves_and_nothing_enters(secluded):
    before = _listing(secluded.home)
    done = secluded(RUN)
    assert done.returncode == 0 and done.stdout.strip().endswith("done"), (
        done.stdout[-2000:] + done.stderr[-4000:]
    )
    assert not secluded.asked.exists(), secluded.asked.read_text()
    assert _listing(secluded.home / ".cache" / "huggingface") == {
        name.removeprefix(".cache/huggingface/"): value
        for name, value in before.items()
        if name.startswith(".cache/huggingface/")
    }


def test_the_guard_sees_who_asks(secluded):
    """Without the sandbox the same guard catches the first request: it is no empty watch."""
    done = secluded("from huggingface_hub import model_info\nmodel_info('klue/bert-base', timeout=2)")
    assert done.returncode != 0
    assert "huggingface.co" in secluded.asked.read_text()
