"""Answers kept safe: one SQLite file, one row for each paper and question, written as the answers come in."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from filelock import FileLock, Timeout

from workbook import paths
from workbook.errors import WorkbookError
from workbook.labelling.disk import Spill, on_network
from workbook.labelling.parsing import USABLE, Parsed, parse_completion
from workbook.labelling.reading import Reply
from workbook.teacher.completion import FAILURES, Completion, Outcome

VERSION = 2  # 1 kept no reasoning
_APPLICATION = 0x776B6C62  # marks the file as ours: "wklb"
_PATIENCE = 10.0  # seconds to wait for another program that holds the file

_TABLES = f"""
CREATE TABLE questions (
    question TEXT PRIMARY KEY, endpoint TEXT, model TEXT, way TEXT, prompt TEXT, schema TEXT, parameters TEXT,
    wording TEXT
) WITHOUT ROWID;
CREATE TABLE papers (key TEXT, paper TEXT, question TEXT, PRIMARY KEY (key, paper)) WITHOUT ROWID;
CREATE TABLE answers (
    key TEXT PRIMARY KEY, question TEXT NOT NULL, status TEXT NOT NULL, label TEXT, explanation TEXT, flags TEXT,
    content TEXT, reasoning_field TEXT, finish_reason TEXT, prompt_tokens INTEGER, completion_tokens INTEGER,
    seconds REAL, attempts INTEGER NOT NULL, asked_at TEXT NOT NULL, error TEXT, reasoning TEXT
);
CREATE INDEX answers_by_question ON answers (question, status);
CREATE INDEX papers_by_question ON papers (question);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {VERSION};
"""
# Tokens are those of all attempts, since all are paid for; the rest is the last attempt's. An answer that is usable
# is never overwritten.
_SAVE = """
INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    status = excluded.status, label = excluded.label, explanation = excluded.explanation, flags = excluded.flags,
    content = excluded.content, reasoning_field = excluded.reasoning_field, finish_reason = excluded.finish_reason,
    prompt_tokens = prompt_tokens + excluded.prompt_tokens,
    completion_tokens = completion_tokens + excluded.completion_tokens,
    seconds = excluded.seconds, attempts = attempts + 1, asked_at = excluded.asked_at, error = excluded.error,
    reasoning = excluded.reasoning
WHERE answers.label IS NULL
"""
# What SQLite or the system says (a pattern; the last one fits anything), and the cure.
_SAFE = "What was stored before is safe:"
_CURES = {
    "locked|busy": f"Another program holds it locked (a database viewer?). {_SAFE} close that program, then run this again.",
    "is full|No space left": f"Its disk is full. {_SAFE} make room, then run this again; it goes on where it stopped.",
    "not a database|malformed": "It is not an SQLite file, or a damaged one. Move it away, or give the store another name.",
    "readonly|Read-only|unable to open|denied|not permitted": "It cannot be written there: make the folder writable, or give the store another place.",
    "": f"{_SAFE} run this again; if it happens again, copy the file to another disk.",
}  # fmt: skip


class Paper(NamedTuple):
    """A paper to ask about, under the key of its answer."""

    key: str
    id: str
    title: str
    abstract: str


class StoreError(WorkbookError):
    """The store could not be read or written."""


class LabelStore:
    """The answers in a SQLite file (made where there is none). One process asks into it at a time, any may read.

    A store that can only be read can be read and exported. On a network volume it keeps a rollback journal.

    Raises WorkbookError: a file of another kind or version, a file cut to 0 bytes, a second run at once; StoreError:
    a locked file, a full disk, a place that cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        self._spill = Spill(self.path)
        self._copy: tempfile.TemporaryDirectory | None = None  # of a store that can only be read
        with self._errors_explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                self._create()
            if not self.path.stat().st_size:
                raise WorkbookError(
                    f"The store {self._where} is cut to 0 bytes (a full disk, a broken copy?). "
                    "Restore it from a copy. To begin a new one, remove this file first."
                )
            writable = os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)
            file = self.path if writable else self._copied()
            self._db = sqlite3.connect(file, timeout=_PATIENCE, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise
        if self._spill and writable:
            with contextlib.suppress(WorkbookError), self.asking():  # if not now, then before the next run
                pass

    @property
    def _where(self) -> str:
        return paths.shown(self.path.absolute())

    def _create(self) -> None:
        """Make a store that is whole before it has its name: a file of 0 bytes is never a new one."""
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        try:
            with contextlib.closing(sqlite3.connect(draft)) as database:
                database.executescript(_TABLES)
            try:
                os.link(draft, self.path)
            except FileExistsError:
                pass  # another process was faster, and may have stored answers already
            except OSError:  # a disk without hard links
                draft.rename(self.path)
        finally:
            draft.unlink(missing_ok=True)

    def _copied(self) -> Path:
        """A copy in the temporary folder of a store that can only be read: SQLite has to write beside what it reads."""
        self._copy = tempfile.TemporaryDirectory(prefix="labels-", ignore_cleanup_errors=True)
        for file in (self.path, Path(f"{self.path}-wal"), Path(f"{self.path}-journal")):
            if file.exists():
                shutil.copyfile(file, Path(self._copy.name) / file.name)
        return Path(self._copy.name) / self.path.name

    def _prepare(self) -> None:
        application, version = self._pragma("application_id"), self._pragma("user_version")
        if application != _APPLICATION:
            raise WorkbookError(
                f"{self._where} is a database, but not a store of labels. Give the store another name."
            )
        if version not in (1, VERSION):
            raise WorkbookError(
                f"{self._where} was written by another encoder-workbook (store version {version}, this one reads "
                f"{VERSION}). Update encoder-workbook, or give the store another name."
            )
        self._choose_journal()
        if version == 1:
            with self._transaction():
                if self._pragma("user_version") == 1:  # no other process was faster
                    self._add_reasoning()
        if self._copy:
            self._db.execute("PRAGMA query_only = ON")

    def _pragma(self, name: str) -> int:
        return self._db.execute(f"PRAGMA {name}").fetchone()[0]

    def _choose_journal(self) -> None:
        """A write-ahead log on a disk of this machine, a rollback journal on a network volume."""
        if on_network(self.path) and not self._copy:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")  # to leave a log without shared memory
            self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.execute("PRAGMA locking_mode = NORMAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("SELECT count(*) FROM sqlite_master")  # lets go of the lock
        else:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")

    def _add_reasoning(self) -> None:
        """From version 1 to 2: the thinking is read once more, and kept."""

        def reasoning_of(content: str | None, field: str | None, finish: str | None) -> str | None:
            completion = Completion(Outcome.ARRIVED, content, field, finish_reason=finish)
            return parse_completion(completion.choice()).reasoning

        self._db.execute("ALTER TABLE answers ADD COLUMN reasoning TEXT")
        self._db.create_function("reasoning_of", 3, reasoning_of, deterministic=True)
        self._db.execute(
            "UPDATE answers SET reasoning = reasoning_of(content, reasoning_field, finish_reason)"
        )
        self._db.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close the file."""
        self._db.close()
        if self._copy:
            self._copy.cleanup()

    def __enter__(self) -> LabelStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- asking -------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Held by whoever asks into this store, so that no two pay for the same answers. Ends with the process.

        Answers that were set aside by an earlier run are in the store when the block begins.
        """
        lock = FileLock(f"{self.path}.running")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise WorkbookError(
                f"Another run is asking into {self._where}. Wait for it or stop it (its answers are kept), or give "
                "this run a store of its own."
            ) from None
        try:
            if self._spill:
                with self._spill.taken() as rows, self._transaction():
                    self._db.executemany(_SAVE, rows)
            yield
        finally:
            lock.release()

    def register(
        self, question: str, settings: dict[str, Any], wording: str, papers: Sequence[Paper]
    ) -> None:
        """Note a question and the papers that it is asked about."""
        parameters = json.dumps(settings["parameters"], sort_keys=True, ensure_ascii=False)
        names = ("endpoint", "model", "way", "prompt", "schema")
        row = (question, *(settings[name] for name in names), parameters, wording)
        with self._transaction():
            self._db.execute("INSERT OR IGNORE INTO questions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            self._db.executemany(
                "INSERT OR IGNORE INTO papers VALUES (?, ?, ?)", ((p.key, p.id, question) for p in papers)
            )

    def left(self, question: str, papers: Sequence[Paper], attempts: int = 3) -> list[Paper]:
        """The papers to ask about: those without an answer, or with an unusable one after fewer than `attempts`.

        Each text once, however many papers share it.
        """
        rows = self._read("SELECT key, status, attempts FROM answers WHERE question = ?", (question,))
        done = {
            key
            for key, status, tried in rows
            if status in USABLE or (status not in FAILURES and tried >= attempts)
        }
        return list({paper.key: paper for paper in papers if paper.key not in done}.values())

    def save(self, question: str, replies: Iterable[tuple[str, Reply]]) -> None:
        """Keep replies, each under its key. When this returns they are on disk. Raises StoreError where it cannot."""
        with self._transaction():
            self._db.executemany(_SAVE, _rows(question, replies))

    def set_aside(self, question: str, replies: Iterable[tuple[str, Reply]]) -> str:
        """Keep replies that `save` could not, until the store can take them. Returns where they are, in words."""
        file = self._spill.add(_rows(question, replies))
        return paths.shown(file) if file else "the memory of this process, as no disk has room: do not end it"

    # --- reading ------------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """How many answers there are of each status, the most frequent first."""
        return dict(self._read("SELECT status, count(*) FROM answers GROUP BY status ORDER BY 2 DESC, 1"))

    def labels(self) -> dict[str, int]:
        """How many answers there are with each label, the most frequent first."""
        return dict(
            self._read(
                "SELECT label, count(*) FROM answers JOIN papers USING (key) WHERE label NOT NULL "
                "GROUP BY label ORDER BY 2 DESC, 1"
            )
        )

    def questions(self) -> pl.DataFrame:
        """The questions asked so far, with their settings and the number of their answers."""
        return self._frame(
            "SELECT q.*, (SELECT count(*) FROM answers a WHERE a.question = q.question) AS answers FROM questions q"
        )

    def answers(self, question: str | None = None) -> pl.DataFrame:
        """One row for each paper and question that has been answered, usable or not.

        `paper` is the paper's id; `answer` is the completion as it came, `reasoning` the thinking cut out of it.
        """
        return self._frame(
            "SELECT p.paper, a.status, a.label, a.explanation, a.flags, a.reasoning, a.content AS answer, "
            "a.finish_reason, a.prompt_tokens, a.completion_tokens, a.seconds, a.attempts, a.asked_at, a.error, "
            "q.model, q.endpoint, q.way, q.prompt, a.question, a.key "
            "FROM answers a JOIN papers p ON p.key = a.key JOIN questions q ON q.question = a.question "
            "WHERE ? IS NULL OR a.question = ? ORDER BY p.paper, a.question",
            (question, question),
        )

    def write_parquet(self, path: str | os.PathLike[str]) -> int:
        """Write the answers to a parquet file, whole or not at all. Returns the number of rows."""
        path, frame = Path(path), self.answers()
        try:
            with paths.draft_of(path) as draft:
                frame.write_parquet(draft)
        except OSError as error:
            raise WorkbookError(
                f"{paths.shown(path.absolute())} cannot be written ({error.strerror or error}). The answers are safe "
                "in the store: write them to another place."
            ) from error
        return frame.height

    def question_of(self, keys: Sequence[str]) -> dict[str, str]:
        """The question that each of these keys, at most a few thousand, belongs to; unknown keys are left out."""
        marks = ",".join("?" * len(keys))
        return dict(self._read(f"SELECT key, question FROM papers WHERE key IN ({marks})", keys))

    def _frame(self, query: str, values: Sequence[Any] = ()) -> pl.DataFrame:
        types = {name: pl.Int64 for name in ("prompt_tokens", "completion_tokens", "attempts", "answers")}
        types["seconds"] = pl.Float64
        with self._errors_explained():
            cursor = self._db.execute(query, values)
            rows = cursor.fetchall()
        schema = {column[0]: types.get(column[0], pl.String) for column in cursor.description}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._errors_explained():
            return self._db.execute(query, values).fetchall()

    # --- SQLite ---------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._errors_explained():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            words = str(error)
            cure = next(cure for signs, cure in _CURES.items() if re.search(signs, words))
            raise StoreError(f"The store {self._where} failed ({words}). {cure}") from None


def _rows(question: str, replies: Iterable[tuple[str, Reply]]) -> list[tuple[Any, ...]]:
    """Rows of the table of answers, but for the number of attempts."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    rows = []
    for key, reply in replies:
        came, parsed = reply.completion, reply.parsed or Parsed(reply.status)
        row = (
            key, question, parsed.status, parsed.label, parsed.explanation, " ".join(parsed.flags),
            came.content, came.reasoning, came.finish_reason, came.prompt_tokens, came.completion_tokens,
            came.seconds, now, came.error, parsed.reasoning,
        )  # fmt: skip
        rows.append(tuple(_storable(value) for value in row))
    return rows


def _storable(value: Any) -> Any:
    """A value that SQLite takes: lone surrogates, which UTF-8 cannot hold, become '?'."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value
