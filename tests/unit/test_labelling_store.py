"""The store: what it keeps, what it asks for again, and what happens to it."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import polars as pl
import psutil
import pytest

from workbook.errors import WorkbookError
from workbook.labelling import store as store_module
from workbook.labelling.asking import Summary, _CtrlC, _Run, as_papers
from workbook.labelling.disk import Spill, on_network
from workbook.labelling.parsing import Parsed
from workbook.labelling.question import Question
from workbook.labelling.reading import Reply, read
from workbook.labelling.store import LabelStore, Paper, StoreError
from workbook.teacher import Completion, Outcome, Teacher

HERE = Path(__file__).parent
TEACHER = Teacher("r1", "http://here/v1")
QUESTION = Question()
ID = QUESTION.id(TEACHER)
ROWS = pl.DataFrame(
    {"id": ["a", "b", "c"], "title": ["A", "B", "C"], "abstract": ["About a.", "About b.", "About c."]}
)


def usable(label="new_dataset"):
    content = f'<think>Hm.</think>{{"label": "{label}", "explanation": "{"because " * 6}"}}'
    return read(Completion(Outcome.ARRIVED, content, None, None, "stop", 10, 5, 0.5))


def unusable(status, **fields):
    return Reply(Completion(Outcome.ARRIVED, **fields), Parsed(status))


TIMED_OUT = Reply(Completion(Outcome.TIMED_OUT, error="no answer in time"))


@pytest.fixture
def store(tmp_path):
    with LabelStore(tmp_path / "labels.sqlite") as store:
        papers = as_papers(ROWS, ID)
        store.register(ID, QUESTION.settings(TEACHER), QUESTION.template, papers)
        store.papers = papers
        yield store


def test_what_is_kept(store):
    a, b, _ = store.papers
    store.save(ID, [(a.key, usable()), (b.key, TIMED_OUT)])
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
    store.save(ID, [(a.key, usable()), (b.key, unusable("truncated")), (c.key, TIMED_OUT)])
    assert store.left(ID, store.papers, attempts=2) == [b, c]
    store.save(ID, [(b.key, unusable("no_json")), (c.key, TIMED_OUT)])
    assert store.left(ID, store.papers, attempts=2) == [c], "an unusable answer has its number of attempts"
    assert store.left("another question", store.papers, attempts=2) == [a, b, c]


def test_a_usable_answer_is_never_written_over(store):
    key = store.papers[0].key
    store.save(ID, [(key, unusable("truncated", prompt_tokens=10, completion_tokens=90))])
    store.save(ID, [(key, usable())])
    store.save(ID, [(key, unusable("no_json"))])
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


def test_a_store_of_an_earlier_prompt_opens_and_its_answers_are_kept_apart(tmp_path):
    earlier = Question(template="Is there a new dataset? {mark}\n{title}\n{abstract}\n")
    earlier_id = earlier.id(TEACHER)
    with LabelStore(tmp_path / "labels.sqlite") as store:
        papers = as_papers(ROWS, earlier_id)
        store.register(earlier_id, earlier.settings(TEACHER), earlier.template, papers)
        store.save(earlier_id, [(paper.key, usable()) for paper in papers])
    with LabelStore(tmp_path / "labels.sqlite") as store:
        papers = as_papers(ROWS, ID)
        store.register(ID, QUESTION.settings(TEACHER), QUESTION.template, papers)
        assert store.left(ID, papers, 3) == papers, "asked anew"
        assert store.answers(earlier_id)["label"].to_list() == ["new_dataset"] * 3
        assert set(store.questions()["wording"]) == {earlier.template, QUESTION.template}


def test_papers_with_the_same_text_share_an_answer(store):
    twins = pl.DataFrame({"id": ["x", "y"], "title": ["T", "T"], "abstract": ["Same.", "Same."]})
    papers = as_papers(twins, ID)
    store.register(ID, QUESTION.settings(TEACHER), QUESTION.template, papers)
    assert len(store.left(ID, papers, 3)) == 1
    store.save(ID, [(papers[0].key, usable())])
    assert store.answers()["paper"].to_list() == ["x", "y"]


def test_odd_text_is_kept(store):
    reply = unusable("no_json", content="\ud800 null \x00 byte 🙂 שלום", error="\udfff")
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


@pytest.mark.parametrize("version", [0, 99])
def test_a_store_of_another_version(tmp_path, version):
    path = tmp_path / "labels.sqlite"
    LabelStore(path).close()
    other = sqlite3.connect(path)
    other.execute(f"PRAGMA user_version = {version}")
    other.close()
    before = path.read_bytes()
    with pytest.raises(WorkbookError, match=f"another encoder-workbook.*version {version}.*Update"):
        LabelStore(path)
    assert path.read_bytes() == before


@pytest.fixture
def old_store(tmp_path):
    """A store as version 1 wrote it."""
    path = tmp_path / "old.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript((HERE / "data" / "labels_version_1.sql").read_text(encoding="utf-8"))
    return path


def test_a_store_of_version_1_opens_and_keeps_every_answer(old_store):
    with contextlib.closing(sqlite3.connect(old_store)) as database:
        before = database.execute("SELECT * FROM answers ORDER BY key").fetchall()
    for _ in range(2):  # the second time there is nothing left to do
        with LabelStore(old_store) as store:
            found = store.answers()
            columns = ["paper", "status", "label", "reasoning", "error"]
            assert found.select(columns).rows() == [
                ("p1", "ok", "new_dataset", "They collected it.", None),
                ("p2", "ok", "no_new_dataset", "It compares.", None),
                ("p3", "truncated", None, "and so on", None),
                ("p4", "timeout", None, None, "no answer in time"),
                ("p5", "repaired", "new_dataset", None, None),
                ("p6", "no_abstract", None, None, None),
            ]  # fmt: skip
    with contextlib.closing(sqlite3.connect(old_store)) as database:
        assert [row[:15] for row in database.execute("SELECT * FROM answers ORDER BY key")] == before


def test_a_store_of_version_1_is_asked_into_on(old_store):
    """The old question's answers are found under their old keys, and only what is missing is asked."""
    with LabelStore(old_store) as store:
        old = store.questions()["question"][0]
        papers = [
            Paper(key, paper, "", "")
            for key, paper in store.answers().select("key", "paper").iter_rows()
            if paper != "p6"
        ]
        missing = store.left(old, papers, attempts=3)
        assert {paper.id for paper in missing} == {"p3", "p4"}
        store.save(old, [(paper.key, usable()) for paper in missing])
        assert store.answers().filter(pl.col("paper") == "p4")["reasoning"].to_list() == ["Hm."]
        assert store.counts() == {"ok": 4, "no_abstract": 1, "repaired": 1}


def test_a_database_of_another_program(tmp_path):
    path = tmp_path / "browser.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE cookies (a)")
    other.close()
    with pytest.raises(WorkbookError, match=r"not a store of labels. Give the store another name"):
        LabelStore(path)


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "labels.sqlite"
    path.write_text("id,label\n" * 200, encoding="utf-8")
    with pytest.raises(WorkbookError, match="not an SQLite file, or a damaged one"):
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
        store.save(ID, [(store.papers[1].key, unusable("no_json", content="x" * 100_000))])
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


# --- a disk that does not do as it should ------------------------------------------------------------------------


def test_a_store_cut_to_nothing_is_an_error_and_not_a_new_store(store):
    store.close()
    for left_over in store.path.parent.glob("labels.sqlite-*"):
        left_over.unlink()
    store.path.write_bytes(b"")
    with pytest.raises(WorkbookError, match=r"cut to 0 bytes.*remove this file first"):
        LabelStore(store.path)
    assert store.path.read_bytes() == b""


def test_a_new_store_has_its_name_only_when_it_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "_TABLES", "CREATE TABLE questions (a); nonsense;")
    with pytest.raises(WorkbookError):
        LabelStore(tmp_path / "labels.sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("links", [True, False])
def test_two_that_begin_a_store_at_once_share_it(tmp_path, monkeypatch, links):
    """The slower one must not put its empty store over the answers of the faster one."""
    path = tmp_path / "labels.sqlite"
    if not links:

        def refuse(*_):
            raise OSError("no hard links here")

        monkeypatch.setattr(os, "link", refuse)
        LabelStore(path).close()
        return
    with LabelStore(path) as first:
        first.save(ID, [("k", usable())])
        first._create()
        assert first.counts() == {"ok": 1}
        with LabelStore(path) as second:
            assert second.counts() == {"ok": 1}


def test_what_was_set_aside_is_taken_in_once(store, tmp_path):
    a, b, _ = store.papers
    place = store.set_aside(ID, [(a.key, usable())])
    store.set_aside(ID, [(b.key, unusable("no_json", content="prose 🙂 \ud800"))])
    spilled = Path(f"{store.path}.unsaved")
    assert spilled.exists() and place.endswith("labels.sqlite.unsaved")
    with spilled.open("a", encoding="utf-8") as file:
        file.write('["half a li')
    with store.asking():
        assert store.counts() == {"no_json": 1, "ok": 1}
        assert not spilled.exists()
    store.set_aside(ID, [(store.papers[2].key, usable())])
    with LabelStore(store.path) as again:
        assert again.counts() == {"ok": 2, "no_json": 1}, "an export sees them as well"
        assert [row["attempts"] for row in again.answers().to_dicts()] == [1, 1, 1]


def test_what_was_set_aside_waits_while_the_store_is_locked(store, monkeypatch):
    monkeypatch.setattr(store_module, "_PATIENCE", 0.1)
    store.set_aside(ID, [(store.papers[0].key, usable())])
    with contextlib.closing(sqlite3.connect(store.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with LabelStore(store.path) as second:
            assert second.counts() == {}
            with pytest.raises(WorkbookError, match="locked"), second.asking():
                pass
        other.rollback()
    with LabelStore(store.path) as second:
        assert second.counts() == {"ok": 1}


def test_a_full_disk_has_two_more_places(store, tmp_path, monkeypatch):
    """Beside the store there is no room: the home folder, and where there is none either, memory."""
    a, b, c = store.papers
    home = tmp_path / "home"
    home.mkdir()
    spill = Spill(store.path)
    spill.files = (Path("/dev/full"), home / "unsaved")
    monkeypatch.setattr(store, "_spill", spill)
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    assert store.set_aside(ID, [(a.key, usable())]).endswith("unsaved")
    spill.files = (Path("/dev/full"),)
    assert store.set_aside(ID, [(b.key, usable())]).startswith("the memory of this process")
    spill.files = (home / "unsaved",)
    with store.asking():
        assert store.counts() == {"ok": 2}
    assert store.left(ID, store.papers, 3) == [c], "no paper is asked twice for an answer that had arrived"


def test_answers_that_no_disk_has_room_for_are_counted(store, monkeypatch):
    def full(*_):
        raise StoreError("Its disk is full.")

    monkeypatch.setattr(store, "save", full)
    monkeypatch.setattr(store._spill, "files", (Path("/dev/full"),))
    run = _Run(store, ID, lambda paper: usable(), Summary(3, 0))
    with pytest.raises(
        StoreError, match=r"disk is full\. \d answers that had arrived are kept in the memory of this process"
    ):
        run.go(store.papers, workers=3, give_up_after=20, progress=False, ctrl_c=_CtrlC())


@pytest.fixture
def mounted_read_only(monkeypatch):
    """As on a mount that can only be read: whoever tests as root could write anywhere else."""

    def mount(folder):
        access, opened = os.access, sqlite3.connect
        monkeypatch.setattr(
            os, "access", lambda p, mode: not Path(p).is_relative_to(folder) and access(p, mode)
        )

        def connect(file, *args, **kwargs):
            assert not Path(file).is_relative_to(folder), "SQLite writes beside what it opens"
            return opened(file, *args, **kwargs)

        monkeypatch.setattr(sqlite3, "connect", connect)

    return mount


@pytest.mark.parametrize("unclean", [False, True])
def test_a_store_that_can_only_be_read_can_be_exported(store, tmp_path, mounted_read_only, unclean):
    store.save(ID, [(store.papers[0].key, usable())])
    folder = tmp_path / "mount"
    folder.mkdir()
    if not unclean:
        store.close()
    for file in tmp_path.glob("labels.sqlite*"):  # unclean: with the log of a run that was killed
        shutil.copy(file, folder / file.name)
    before = sorted(file.name for file in folder.iterdir())
    mounted_read_only(folder)
    with LabelStore(folder / "labels.sqlite") as mounted:
        assert mounted.write_parquet(tmp_path / "labels.parquet") == 1
        with pytest.raises(WorkbookError, match="cannot be written there"):
            mounted.save(ID, [(store.papers[1].key, usable())])
    assert sorted(file.name for file in folder.iterdir()) == before


def test_an_old_store_that_can_only_be_read_can_be_exported(old_store, tmp_path, mounted_read_only):
    before = old_store.read_bytes()
    mounted_read_only(tmp_path)
    with LabelStore(old_store) as store:
        assert store.answers().filter(pl.col("paper") == "p1")["reasoning"].to_list() == [
            "They collected it."
        ]
    assert old_store.read_bytes() == before


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        ("ext4", False),
        ("apfs", False),
        ("fuseblk", False),
        ("fuse.drive", True),
        ("fuse", True),
        ("nfs4", True),
    ],
)
def test_network_volumes_are_told_by_their_file_system(tmp_path, monkeypatch, kind, network):
    disk = psutil.disk_partitions(all=True)[0]._replace
    mounts = [
        disk(mountpoint="/", fstype="ext4", opts="rw"),
        disk(mountpoint=str(tmp_path), fstype=kind, opts="rw"),
    ]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounts)
    assert on_network(tmp_path / "labels.sqlite") is network
    assert not on_network(Path("/elsewhere"))


def test_a_network_volume_gets_a_rollback_journal(tmp_path, monkeypatch):
    def journal(store):
        return store._db.execute("PRAGMA journal_mode").fetchone()[0]

    path = tmp_path / "labels.sqlite"
    with LabelStore(path) as store:
        assert journal(store) == "wal"
        store.save(ID, [("k", usable())])
    monkeypatch.setattr(store_module, "on_network", lambda path: True)
    with LabelStore(path) as store:  # moved there
        assert journal(store) == "delete"
        store.save(ID, [("l", usable())])
        with LabelStore(path) as reader:
            assert reader.counts() == {"ok": 2}
        assert not Path(f"{path}-wal").exists()
