"""`workbook label`, and batch files."""

import json
import os
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

from standin.teacher_faults import Behaviour, Running
from workbook.commands import cli
from workbook.errors import WorkbookError
from workbook.labelling import LabelStore, Question, batch_files
from workbook.teacher import Teacher

ROWS = pl.DataFrame(
    {
        "id": ["1", "2", "3"],
        "title": ["A corpus", "A method", "A blank"],
        "abstract": ["We introduce a new corpus of letters.", "We test it on existing datasets.", " "],
    }
)
WHY = "The abstract says so in its first sentence, and in no other."


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.delenv("WORKBOOK_TEACHER_MODEL", raising=False)
    monkeypatch.delenv("WORKBOOK_TEACHER_NAME", raising=False)
    ROWS.write_parquet(tmp_path / "x.parquet")
    return tmp_path


def label(*arguments) -> int:
    return cli.main(["label", *map(str, arguments)])


def test_it_asks_stores_and_writes(folder, monkeypatch, capsys):
    with Running(Behaviour(wrong=0)) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
        command = [
            "--input",
            folder / "x.parquet",
            "--output",
            folder / "labels.parquet",
            "--workers",
            2,
            "--prices",
            1,
            2,
        ]
        assert label(*command) == 1, "one paper has no label"
        said = capsys.readouterr()
        assert "3 papers: 0 were answered before, 2 asked now" in said.out
        assert "cost 0.00" in said.out
        assert "1 papers have no label yet" in said.out
        assert "3 answers are in" in said.out and ": 1 new_dataset, 1 no_new_dataset." in said.out
        assert "sk-very-secret" not in said.out + said.err
        assert label(*command) == 1
        assert "2 were answered before, 0 asked now" in capsys.readouterr().out
        assert running.teacher.asked.total() == 2
    found = pl.read_parquet(folder / "labels.parquet")
    assert dict(found.select("paper", "label").iter_rows()) == {
        "1": "new_dataset",
        "2": "no_new_dataset",
        "3": None,
    }
    assert found["status"].to_list() == ["ok", "ok", "no_abstract"]
    assert b"sk-very-secret" not in (folder / "labels.sqlite").read_bytes()


def test_the_output_is_written_also_when_the_run_stops_itself(folder, monkeypatch, capsys):
    rows = {"id": list("abcdef"), "title": list("abcdef"), "abstract": [f"We study {c}." for c in "abcdef"]}
    pl.DataFrame(rows).write_parquet(folder / "y.parquet")
    command = ["--input", folder / "y.parquet", "--output", folder / "labels.parquet", "--workers", 1]
    with Running(Behaviour(balance=4)) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        assert label(*command) == 1
    said = capsys.readouterr()
    assert "no credit left" in said.err
    assert "4 answers are in" in said.out
    assert pl.read_parquet(folder / "labels.parquet").height == 4


def test_the_output_of_nothing(folder, capsys):
    LabelStore(folder / "s.sqlite").close()
    assert label("--store", folder / "s.sqlite", "--output", folder / "labels.parquet") == 0
    assert "0 answers are in" in capsys.readouterr().out


SLOW = """
import sys
from workbook.commands import cli
sys.exit(cli.main(["label", "--input", sys.argv[1], "--workers", "4", "--output", sys.argv[1] + ".labels"]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent in another way there")
@pytest.mark.parametrize("presses", [1, 2, 5])
def test_ctrl_c_once_or_often_ends_without_a_traceback(folder, monkeypatch, presses):
    rows = [str(i) for i in range(500)]
    pl.DataFrame({"id": rows, "title": rows, "abstract": rows}).write_parquet(folder / "many.parquet")
    with Running(Behaviour(latency=0.1)) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        child = subprocess.Popen(
            [sys.executable, "-c", SLOW, str(folder / "many.parquet")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )  # fmt: skip
        until = time.monotonic() + 60
        while running.teacher.asked.total() < 8 and time.monotonic() < until:
            time.sleep(0.05)
        for _ in range(presses):
            child.send_signal(signal.SIGINT)
            time.sleep(0.05)
        _, err = child.communicate(timeout=30)
    assert "Traceback" not in err and "Exception ignored" not in err, err
    assert child.returncode in (130, -signal.SIGINT)
    with LabelStore(folder / "labels.sqlite") as store:
        assert 0 < sum(store.counts().values()) < 500


def test_a_sample(folder, monkeypatch, capsys):
    with Running(Behaviour()) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        label("--input", folder / "x.parquet", "--store", folder / "s.sqlite", "--sample", 1)
    assert "1 papers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--input", "none.parquet"], "There is no file"),
        (["--input", "y.parquet"], "no column title and no column abstract. There are: id, text. Rename"),
        (["--input", "x.parquet"], "No teacher is named. Set OPENAI_BASE_URL"),
        (["--input", "x.parquet", "--export-batch", "q.jsonl"], "Which model is to answer? --model NAME"),
        ([], "Name the papers: --input FILE"),
        (["--store", "s.sqlite", "--import-batch", "none.jsonl"], "cannot be read"),
        (
            ["--store", "s.sqlite", "--import-batch", "junk.jsonl"],
            "holds no answer to a request of this store",
        ),
    ],
)
def test_what_it_refuses(folder, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(folder)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    pl.DataFrame({"id": ["1"], "text": ["x"]}).write_parquet("y.parquet")
    (folder / "junk.jsonl").write_text('junk\n{"custom_id": 5}\n[]\n', encoding="utf-8")
    assert label(*arguments) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--workers", "0"], ["--way", "loudly"], ["--max-tokens", "many"]])
def test_wrong_use(folder, arguments):
    with pytest.raises(SystemExit) as stopped:
        label("--input", folder / "x.parquet", *arguments)
    assert stopped.value.code == 2


def results(requests, answer) -> str:
    """What `vllm run-batch` writes: one line a request, in the form of OpenAI's batch output."""
    lines = []
    for request in requests:
        body = {
            "id": "c",
            "object": "chat.completion",
            "choices": [answer],
            "usage": {"prompt_tokens": 9, "completion_tokens": 4},
        }
        lines.append(
            {
                "id": "vllm-1", "custom_id": request["custom_id"], "error": None,
                "response": {"status_code": 200, "request_id": "vllm-batch-1", "body": body},
            }
        )  # fmt: skip
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_out_to_a_batch_and_back(folder, capsys):
    questions, answers, store = folder / "q.jsonl", folder / "a.jsonl", folder / "s.sqlite"
    export = [
        "--input",
        folder / "x.parquet",
        "--store",
        store,
        "--export-batch",
        questions,
        "--model",
        "r1-7b",
    ]
    assert label(*export) == 0
    assert "2 questions" in capsys.readouterr().out
    requests = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    first = requests[0]
    assert (first["method"], first["url"], first["body"]["model"]) == (
        "POST",
        "/v1/chat/completions",
        "r1-7b",
    )
    assert first["body"] == Question().request("r1-7b", "A corpus", "We introduce a new corpus of letters.")

    sound = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"content": f'{{"label": "new_dataset", "explanation": "{WHY}"}}'},
    }
    cut = {"index": 0, "finish_reason": "length", "message": {"content": "<think>so"}}
    stranger = [{"custom_id": "0" * 32}]
    answers.write_text(
        results(requests[:1], sound) + results(requests[1:], cut) + results(stranger, sound) + "half a li",
        encoding="utf-8",
    )
    arguments = ["--store", store, "--import-batch", answers, "--output", folder / "labels.parquet"]
    assert label(*arguments) == 0
    said = capsys.readouterr().out
    for words in (
        "ok                    1",
        "truncated             1",
        "unknown               1",
        "unreadable            1",
    ):
        assert words in said
    found = pl.read_parquet(folder / "labels.parquet")
    assert found.select("paper", "status", "label", "endpoint", "model").rows() == [
        ("1", "ok", "new_dataset", "batch file", "r1-7b"), ("2", "truncated", None, "batch file", "r1-7b"),
    ]  # fmt: skip
    assert label(*export) == 0
    assert "1 questions" in capsys.readouterr().out, "only what has no label is asked again"


def test_failed_lines_of_a_batch(folder):
    teacher, question = Teacher("r1", batch_files.BATCH), Question()
    with LabelStore(folder / "s.sqlite") as store:
        batch_files.write_requests(folder / "q.jsonl", store, teacher, question, ROWS)
        keys = [
            json.loads(line)["custom_id"]
            for line in (folder / "q.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        lines = [
            {
                "custom_id": keys[0],
                "response": {"status_code": 400, "body": {"error": {"message": "too long"}}},
                "error": None,
            },
            {
                "custom_id": keys[1],
                "response": None,
                "error": {"code": "batch_expired", "message": "expired"},
            },
        ]
        (folder / "a.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        assert batch_files.read_results(folder / "a.jsonl", store) == {"server_error": 2}
        assert "too long" in store.answers()["error"][0]
        # The file of questions is no file of answers.
        with pytest.raises(WorkbookError, match=r"Give the \*output\* of the batch run"):
            batch_files.read_results(folder / "q.jsonl", store)


def test_answers_that_were_exported_again_are_not_paid_for_twice(folder):
    """A batch's usable answers count for that batch's model alone."""
    with LabelStore(folder / "s.sqlite") as store:
        for model in ("a", "b"):
            teacher = Teacher(model, batch_files.BATCH)
            assert batch_files.write_requests(folder / "q.jsonl", store, teacher, Question(), ROWS) == 2
