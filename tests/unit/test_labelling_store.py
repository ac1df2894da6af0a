"""The store: what it keeps, what it asks for again, and what happens to it."""

import sqlite3
import subprocess
import sys

import polars as pl
import pytest

from workbook.errors import WorkbookError
from workbook.labelling import store as store_module
from workbook.labelling.asking import as_papers
from workbook.labelling.connection import Reply, Teacher
from workbook.labelling.parsing import Parsed, parse_completion
from workbook.labelling.question import Question
from workbook.labelling.store import LabelStore

TEACHER = Teacher("r1", "http://here/v1")
QUESTION = Question()
ID = QUESTION.id(TEACHER)
ROWS = pl.DataFrame(
    {"id": ["a", "b", "c"], "title": ["A", "B", "C"], "abstract": ["About a.", "About b.", "About c."]}
)


def usable(label="new_dataset", **fields):
    content = f'<think>Hm.</think>{{"label": "{label}", "explanation": "{"because " * 6}"}}'
    return Reply(
        parse_completion({"finish_reason": "stop", "message": {"content": content}}), content, None, "stop", 10, 5, 0.5, **fields
    )  # fmt: skip


@pytest.fixture
def store(tmp_path):
    with LabelStore(tmp_path / "labels.sqlite") as store:
        papers = as_papers(ROWS, ID)
        store.register(ID, QUESTION.settings(TEACHER), QUESTION.template, papers)
        store.papers = papers
        yield store


def test_what_is_kept(store):
    a, b, _ = store.papers
    store.save(ID, [(a.key, usable()), (b.key, Reply(Parsed("timeout"), error="no answer in time"))])
    rows = store.answers().to_dicts()
    assert [row["paper"] for row in rows] == ["a", "b"]
    first = rows[0]
    assert (first["status"], first["label"], first["reasoning"]) == ("ok", "new_dataset", "Hm.")
    assert first["answer"].startswith("<think>")
    assert (first["finish_reason"], first["prompt_tokens"], first["completion_tokens"]) == ("stop", 10, 5)
    assert (first["model"], first["endpoint"], first["way"], first["attempts"]) == (
        "r1",
        "http://here/v1",
        "thinking",
        1,
    )
    assert first["seconds"] == 0.5
    assert first["asked_at"].endswith("Z")
    assert rows[1]["error"] == "no answer in time"
    assert store.counts() == {"ok": 1, "timeout": 1}
    asked = store.questions().to_dicts()[0]
    assert asked["wording"] == QUESTION.template
    assert asked["answers"] == 2


def test_it_asks_for_what_is_missing_or_failed(store):
    a, b, c = store.papers
    assert store.left(ID, store.papers, attempts=2) == [a, b, c]
    store.save(
        ID, [(a.key, usable()), (b.key, Reply(Parsed("truncated"))), (c.key, Reply(Parsed("timeout")))]
    )
    assert store.left(ID, store.papers, attempts=2) == [b, c]
    store.save(ID, [(b.key, Reply(Parsed("no_json"))), (c.key, Reply(Parsed("timeout")))])
    assert store.left(ID, store.papers, attempts=2) == [c], "an unusable answer has its number of attempts"
    assert store.left("another question", store.papers, attempts=2) == [a, b, c]


def test_a_usable_answer_is_never_written_over(store):
    key = store.papers[0].key
    store.save(ID, [(key, Reply(Parsed("truncated"), prompt_tokens=10, completion_tokens=90))])
    store.save(ID, [(key, usable())])
    store.save(ID, [(key, Reply(Parsed("no_json")))])
    store.save(ID, [(key, usable("no_new_dataset"))])
    row = store.answers().to_dicts()[0]
    assert (row["label"], row["attempts"]) == ("new_dataset", 2)
    assert (row["prompt_tokens"], row["completion_tokens"]) == (20, 95), "all attempts are paid for"


def test_another_prompt_or_model_keeps_the_old_answers(store):
    other = Teacher("r2", TEACHER.name)
    other_id = QUESTION.id(other)
    papers = as_papers(ROWS, other_id)
    store.save(ID, [(store.papers[0].key, usable())])
    store.register(other_id, QUESTION.settings(other), QUESTION.template, papers)
    assert len(store.left(other_id, papers, 3)) == 3
    store.save(other_id, [(papers[0].key, usable("no_new_dataset"))])
    assert store.answers(ID)["label"].to_list() == ["new_dataset"]
    assert store.answers(other_id)["label"].to_list() == ["no_new_dataset"]
    assert store.answers().height == 2


def test_papers_with_the_same_text_share_an_answer(store):
    twins = pl.DataFrame({"id": ["x", "y"], "title": ["T", "T"], "abstract": ["Same.", "Same."]})
    papers = as_papers(twins, ID)
    store.register(ID, QUESTION.settings(TEACHER), QUESTION.template, papers)
    assert len(store.left(ID, papers, 3)) == 1
    store.save(ID, [(papers[0].key, usable())])
    assert store.answers()["paper"].to_list() == ["x", "y"]


def test_odd_text_is_kept(store):
    reply = Reply(Parsed("no_json"), content="\ud800 null \x00 byte 🙂 שלום", error="\udfff")
    store.save(ID, [(store.papers[0].key, reply)])
    assert store.answers()["answer"].to_list() == ["? null \x00 byte 🙂 שלום"]


def test_parquet(store, tmp_path):
    store.save(ID, [(store.papers[0].key, usable())])
    assert store.write_parquet(tmp_path / "labels.parquet") == 1
    assert pl.read_parquet(tmp_path / "labels.parquet").equals(store.answers())
    with pytest.raises(WorkbookError, match="The answers are safe"):
        store.write_parquet(tmp_path / "none" / "labels.parquet")


def test_an_empty_store_has_the_same_columns(store):
    empty = store.answers()
    store.save(ID, [(store.papers[0].key, usable())])
    assert empty.schema == store.answers().schema


def test_it_is_there_again_after_closing(tmp_path):
    for expected in ({}, {"ok": 1}):
        with LabelStore(tmp_path / "deep" / "labels.sqlite") as store:
            assert store.counts() == expected
            papers = as_papers(ROWS, ID)
            store.register(ID, QUESTION.settings(TEACHER), QUESTION.template, papers)
            store.save(ID, [(papers[0].key, usable())])


@pytest.mark.parametrize(
    ("version", "words"),
    [(0, "an older encoder-workbook.*It is untouched"), (99, "a newer.*Update encoder-workbook")],
)
def test_a_store_of_another_version(tmp_path, version, words):
    path = tmp_path / "labels.sqlite"
    LabelStore(path).close()
    other = sqlite3.connect(path)
    other.execute(f"PRAGMA user_version = {version}")
    other.close()
    before = path.read_bytes()
    with pytest.raises(WorkbookError, match=words):
        LabelStore(path)
    assert path.read_bytes() == before


def test_a_database_of_another_program(tmp_path):
    path = tmp_path / "browser.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE cookies (a)")
    other.close()
    with pytest.raises(WorkbookError, match=r"no store of labels. Give the store another name"):
        LabelStore(path)


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "labels.sqlite"
    path.write_text("id,label\n" * 200, encoding="utf-8")
    with pytest.raises(WorkbookError, match="no SQLite file, or a damaged one"):
        LabelStore(path)


def test_a_place_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(WorkbookError, match="failed"):
        LabelStore(tmp_path / "file" / "labels.sqlite")


def test_a_locked_store(store, monkeypatch):
    monkeypatch.setattr(store_module, "_PATIENCE", 0.1)
    other = sqlite3.connect(store.path)
    other.execute("BEGIN IMMEDIATE")
    with (
        LabelStore(store.path) as second,
        pytest.raises(WorkbookError, match=r"Another program holds it locked.*is safe"),
    ):
        second.save(ID, [(store.papers[0].key, usable())])
    other.rollback()
    other.close()
    store.save(ID, [(store.papers[0].key, usable())])
    assert store.counts() == {"ok": 1}


def test_a_full_disk(store):
    """SQLite's own limit of pages: it fails as it does on a full disk."""
    store.save(ID, [(store.papers[0].key, usable())])
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(WorkbookError, match=r"Its disk is full.*make room"):
        store.save(ID, [(store.papers[1].key, Reply(Parsed("no_json"), content="x" * 100_000))])
    assert store.counts() == {"ok": 1}, "what was there is safe"
    store._db.execute("PRAGMA max_page_count = 100000")
    store.save(ID, [(store.papers[1].key, usable())])
    assert store.counts() == {"ok": 2}, "and it goes on"


def test_a_second_run_on_the_same_store(store):
    code = (
        "import sys\nfrom workbook.errors import WorkbookError\nfrom workbook.labelling.store import LabelStore\n"
        "store = LabelStore(sys.argv[1])\nprint(store.counts())\n"
        "try:\n    with store.asking(): print('asking')\nexcept WorkbookError as error: print(error)"
    )

    def second() -> str:
        command = [sys.executable, "-c", code, str(store.path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    store.save(ID, [(store.papers[0].key, usable())])
    with store.asking():
        said = second()
    assert said.startswith("{'ok': 1}"), "reading is always possible"
    assert "Another run is asking into" in said
    assert "asking\n" in second()
