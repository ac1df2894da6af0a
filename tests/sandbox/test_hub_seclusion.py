"""Nothing leaves the machine, and nothing enters the person's own caches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
def secluded(tmp_path, outputs, guard):
    """A way to run Python with a home and caches of its own, and the guard in every process."""
    home = tmp_path / "home"
    own_cache = home / ".cache" / "huggingface"
    own_cache.mkdir(parents=True)
    (own_cache / "token").write_text("hf_the_persons_own", encoding="utf-8")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("HF_", "WORKBOOK_"))
    }
    environment |= {
        "HOME": str(home), "USERPROFILE": str(home), "PYTHONPATH": os.pathsep.join(filter(None, (str(guard), os.environ.get("PYTHONPATH")))), "GUARD_LOG": str(tmp_path / "asked.txt"),
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


# What no notebook does, but a person may in a cell of their own: huggingface_hub's services beside the Hub.
OWN_CELL = """
import workbook

workbook.start("00_start_here", mode="sandbox")

from huggingface_hub import HfApi, InferenceClient

api = HfApi()
for ask in (
    api.list_inference_endpoints,
    api.list_inference_catalog,
    lambda: api.list_dataset_parquet_files("klue/klue"),
    lambda: InferenceClient(timeout=5).get_endpoint_info(model="klue/bert-base"),
    lambda: InferenceClient(provider="hf-inference", timeout=5).fill_mask("[MASK]", model="klue/bert-base"),
    lambda: InferenceClient(provider="together", timeout=5).chat_completion([{"role": "user", "content": "x"}], model="a/b"),
):
    try:
        ask()
    except Exception as error:
        print(type(error).__name__, str(error)[:80].replace("\\n", " "))
print("done")
"""


def test_inference_from_a_cell_of_ones_own_stays_here_too(secluded):
    done = secluded(OWN_CELL)
    assert done.returncode == 0 and done.stdout.strip().endswith("done"), done.stdout + done.stderr[-4000:]
    assert not secluded.asked.exists(), secluded.asked.read_text() + done.stdout
