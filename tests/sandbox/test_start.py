"""start() as a notebook calls it: in a process of its own, with the sandbox behind it."""

import json
import os
import socket
import subprocess
import sys
import textwrap

import pytest

QUIET = {
    "WORKBOOK_MODE",
    "WORKBOOK_HUB_ROOTS",
    "WORKBOOK_SANDBOX_PORT",
    "CI",
    "WORKBOOK_STRICT",
    "RUNPOD_POD_ID",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Results of this module's processes: the first start builds the miniatures here, the others find them."""
    return tmp_path_factory.mktemp("outputs")


def run(outputs, program, cwd=None, **variables):
    """The last line that a fresh Python prints, as JSON, or its error output."""
    environment = {
        name: value for name, value in os.environ.items() if name not in QUIET and not name.startswith("HF_")
    }
    environment |= {
        "WORKBOOK_OUTPUTS": str(outputs),
        "PYTHONWARNINGS": "ignore",
        "OMP_NUM_THREADS": "1",
        **variables,
    }
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=environment, timeout=180,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else done.stderr


TIMED = """
    import json, sys, time
    began = time.perf_counter()
    import workbook
    lab = workbook.start("03_klue_ner", "sandbox")
    seconds = time.perf_counter() - began
    heavy = [name for name in ("torch", "transformers", "datasets", "huggingface_hub") if name in sys.modules]
    print(json.dumps({"seconds": seconds, "heavy": heavy, "outputs": lab.outputs.name}))
"""


@pytest.fixture(scope="module")
def first(outputs):
    return run(outputs, TIMED)


def test_start_imports_no_client(first):
    assert first["heavy"] == [], "what start() imports would have read its settings too early"


@pytest.mark.timing
def test_the_first_start_takes_seconds(tmp_path):
    assert run(tmp_path, TIMED)["seconds"] < 60  # 7 to 9 where nothing else runs


@pytest.mark.timing
def test_a_warm_start_takes_about_half_a_second(first, outputs):
    """Measured 0.43 s; the limit leaves room for a busy machine."""
    assert min(run(outputs, TIMED)["seconds"] for _ in range(3)) < 1.5


def test_from_any_working_folder(first, outputs, tmp_path):
    assert run(outputs, TIMED, cwd=tmp_path)["outputs"] == "03_klue_ner"


def test_idempotent_and_the_ids_lead_into_the_sandbox(first, outputs):
    answer = run(
        outputs,
        """
        import json, workbook
        lab = workbook.start("01_hub_exploration", "sandbox")
        same = workbook.start("01_hub_exploration") is lab
        other = workbook.start("02_tokenizer_alignment")
        from datasets import load_dataset
        from transformers import AutoTokenizer
        rows = load_dataset("klue/klue", "ner", split="validation")
        after = workbook.start("01_hub_exploration") is lab  # clients are imported now: still fine
        tokenizer = AutoTokenizer.from_pretrained("klue/bert-base")
        print(json.dumps([same, after, other.hub == lab.hub, len(rows) > 100, tokenizer.cls_token_id]))
        """,
    )
    assert answer == [True, True, True, True, 2]


@pytest.mark.parametrize("client", ["transformers", "datasets", "huggingface_hub", "evaluate"])
def test_a_client_imported_first(first, outputs, client):
    error = run(outputs, f"import {client}; import workbook; workbook.start('00_start_here', 'sandbox')")
    assert "imported before workbook.start()" in error and client in error and "Restart the kernel" in error


def test_port_in_use(first, outputs):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        program = "import workbook; workbook.start('00_start_here', 'sandbox')"
        error = run(outputs, program, WORKBOOK_SANDBOX_PORT=str(port))
    assert f"Port {port}" in error and "WORKBOOK_SANDBOX_PORT" in error


def test_an_overlay_that_is_not_there(first, outputs, tmp_path):
    program = "import workbook; workbook.start('00_start_here', 'sandbox')"
    error = run(outputs, program, WORKBOOK_HUB_ROOTS=str(tmp_path / "nowhere"))
    assert "WorkbookError" in error and "nowhere" in error and "WORKBOOK_HUB_ROOTS" in error


def test_a_persons_own_settings_do_not_leak_in(first, outputs, tmp_path):
    answer = run(
        outputs,
        """
        import json, os, workbook
        workbook.start("00_start_here", "sandbox")
        from huggingface_hub import constants, get_token
        import datasets
        print(json.dumps([constants.ENDPOINT, constants.HF_HUB_CACHE, str(datasets.config.HF_DATASETS_CACHE),
                          get_token(), constants.HF_HUB_OFFLINE, datasets.config.USE_PARQUET_EXPORT]))
        """,
        HF_HUB_CACHE=str(tmp_path), HF_DATASETS_CACHE=str(tmp_path), HF_TOKEN="hf_private", HF_HUB_OFFLINE="1",
        HF_ENDPOINT="https://mirror.example",
    )  # fmt: skip
    endpoint, hub_cache, datasets_cache, token, offline, export = answer
    assert (
        endpoint.startswith("http://127.0.0.1:") and token != "hf_private" and not offline and export is False
    )
    assert str(tmp_path) not in (hub_cache, datasets_cache) and str(outputs) in hub_cache
    assert not list(tmp_path.iterdir())
