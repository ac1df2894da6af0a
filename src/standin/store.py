"""What a person writes: repos with their history, in one folder that several processes may share.

`blobs/<first two>/<sha256>` holds contents, `repos/<kind>/<namespace>/<name>.json` the history of a repo,
`moved.json` the new names of repos that were moved. Whatever is written gets its final name by os.replace; changes
are made under one file lock. Drafts lie in `tmp/` under the name of the store that writes them, which holds a lock
in `running/` as long as it lives: so the next one knows which drafts nobody will finish.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from standin.errors import StandinError
from standin.files import GITATTRIBUTES, File, git_oid, is_lfs
from standin.repo import KINDS, Commit, HubError, Repo

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,254}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Add:
    """Put a stored content at a path."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Delete:
    """Take a file, or a folder with all in it, away."""

    path: str


class Store:
    """The written repos. Raises StandinError where `folder` cannot be written."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._drafts = folder / "tmp"
        try:
            for name in ("blobs", "repos", "tmp", "running"):
                (folder / name).mkdir(parents=True, exist_ok=True)
            with FileLock(folder / ".lock", timeout=30):
                self._name = self._tidy()
                # Not bound to a thread, or it would outlive a store that is dropped by another one.
                self._alive = FileLock(folder / "running" / self._name, timeout=0, thread_local=False)
                self._alive.acquire()
            probe = self._draft()
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise StandinError(
                f"The stand-in cannot write to '{folder}' ({error.strerror or error}). Make the folder writable, or "
                "choose another one for outputs.",
                "outputs",
            ) from error

    def _tidy(self) -> str:
        """Remove what dead stores left behind; returns a name for this one."""
        alive = set()
        for path in (self.folder / "running").iterdir():
            try:
                with FileLock(path, timeout=0, thread_local=False):
                    path.unlink()
            except (Timeout, PermissionError):  # on Windows an open file cannot be removed
                alive.add(path.name)
        for draft in self._drafts.iterdir():
            if draft.name.partition("-")[0] not in alive:
                draft.unlink(missing_ok=True)
        return uuid.uuid4().hex

    def _draft(self) -> Path:
        return self._drafts / f"{self._name}-{uuid.uuid4().hex}"

    # --- reading ------------------------------------------------------------------------------------

    def ids(self, kind: str) -> set[str]:
        """The ids of all repos of a kind."""
        return {f"{path.parent.name}/{path.stem}" for path in (self.folder / "repos" / kind).glob("*/*.json")}

    def get(self, kind: str, repo_id: str) -> Repo | None:
        """A repo, or None."""
        record = self._read(kind, repo_id)
        if record is None:
            return None
        return Repo(
            kind, record["id"], record["created"],
            commits=[self._commit(entry) for entry in record["commits"]],
            branches=record["branches"], tags=record["tags"],
            private=record["private"], gated=record["gated"], own=True,
        )  # fmt: skip

    def moved(self, kind: str, repo_id: str) -> str | None:
        """The id that a repo was moved to in the end, or None."""
        moves, found = self._moves().get(kind, {}), None
        while repo_id in moves:
            found = repo_id = moves.pop(repo_id)
        return found

    def blob(self, sha256: str) -> Path:
        """Where a content is, or will be."""
        if not _SHA256.fullmatch(sha256):
            raise HubError(400, f"'{sha256}' is not a sha256 in 64 lower-case hexadecimal digits.")
        return self.folder / "blobs" / sha256[:2] / sha256

    # --- contents -----------------------------------------------------------------------------------

    def add(self, content: bytes) -> str:
        """Keep a content; returns its sha256."""
        with self.upload() as upload:
            upload.write(content)
            return upload.keep()

    @contextmanager
    def upload(self) -> Iterator[Upload]:
        """A content that arrives piece by piece; it leaves no trace unless `keep()` is called."""
        upload = Upload(self)
        try:
            yield upload
        finally:
            upload.stream.close()
            upload.draft.unlink(missing_ok=True)

    # --- changing -----------------------------------------------------------------------------------

    def create(self, kind: str, repo_id: str, user: str, private: bool, readme: str | None) -> None:
        """A new repo with its first commit."""
        parts = repo_id.split("/")
        if not all(map(_NAME.fullmatch, parts)) or re.search(r"\.\.|--|\.git$", repo_id):
            raise HubError(
                400, f"'{repo_id}' cannot be a repo's name: use letters, digits, '-', '_' and '.', at most 96, "
                "with no '--' or '..', neither first nor last '-' or '.', and no '.git' at its end."
            )  # fmt: skip
        now = _now()
        record = {
            "id": repo_id, "created": now, "private": private, "gated": False,
            "branches": {}, "tags": {}, "commits": [],
        }  # fmt: skip
        with self._lock():
            if repo_id.lower() in map(str.lower, self.ids(kind)):
                raise HubError(
                    409, f"A {kind[:-1]} repository called {repo_id} already exists: you created it."
                )
            self._forget_move(kind, repo_id)
            files = {".gitattributes": self.add(GITATTRIBUTES.encode())}
            if readme:
                files["README.md"] = self.add(readme.encode())
            entries = {path: self._entry(path, sha256) for path, sha256 in files.items()}
            self._append(record, "main", None, entries, user, "initial commit", "")
            self._write(kind, repo_id, record)

    def delete(self, kind: str, repo_id: str) -> None:
        """Remove a repo, and the contents that no other repo has."""
        with self._lock():
            record = self._change(kind, repo_id)
            self._path(kind, repo_id).unlink()
            gone = _contents(record)
            for other_kind in KINDS:
                for other in self.ids(other_kind):
                    gone -= _contents(self._read(other_kind, other) or {"commits": []})
            for sha256 in gone:
                with suppress(PermissionError):  # Windows: still being read; it only costs space
                    self.blob(sha256).unlink(missing_ok=True)

    def move(self, kind: str, repo_id: str, to: str, user: str) -> None:
        """Give a repo another name."""
        self.create(kind, to, user, private=True, readme=None)  # checks and takes the name
        with self._lock():
            self._write(kind, to, {**self._change(kind, repo_id), "id": to})
            self._path(kind, repo_id).unlink()
            moves = self._moves()
            moves.setdefault(kind, {})[repo_id] = to
            self._write_json(self.folder / "moved.json", moves)

    def configure(self, kind: str, repo_id: str, **settings: Any) -> None:
        """Change `private` or `gated`."""
        with self._lock():
            self._write(kind, repo_id, {**self._change(kind, repo_id), **settings})

    def commit(
        self, kind: str, repo_id: str, branch: str, changes: Iterable[Add | Delete], *,
        user: str, title: str, message: str = "", parent: str | None = None,
    ) -> str:  # fmt: skip
        """Make a commit on a branch and return its id; without any change, the id the branch has already.

        parent: the commit that the branch has to be at (its first digits do).
        """
        with self._lock():
            record = self._change(kind, repo_id)
            head = record["branches"].get(branch)
            if head is None:
                raise HubError(
                    404, f"'{repo_id}' has no branch '{branch}'. create_branch makes it.", "RevisionNotFound"
                )
            if parent and not head.startswith(parent):
                raise HubError(
                    412, "The branch was updated since you opened this page. Please refresh and try again. "
                    f"'{branch}' is at {head[:12]}, not at {parent[:12]}.",
                )  # fmt: skip
            before = next(entry["files"] for entry in record["commits"] if entry["oid"] == head)
            files = dict(before)
            for change in changes:
                self._apply(files, change)
            for path in files:
                if clash := next((up for up in _parents(path) if up in files), None):
                    raise HubError(400, f"'{clash}' cannot be a file and a folder ('{path}') at once.")
            if files == before:
                return head
            oid = self._append(record, branch, head, files, user, title, message)
            self._write(kind, repo_id, record)
            return oid

    def point(self, kind: str, repo_id: str, table: str, name: str, oid: str) -> None:
        """A new branch or tag (`table`: branches, tags) at a commit."""
        if not _REF.fullmatch(name) or ".." in name or name.endswith((".lock", "/", ".")) or _is_oid(name):
            raise HubError(400, f"'{name}' cannot be the name of a branch or tag.")
        with self._lock():
            record = self._change(kind, repo_id)
            if name in record[table]:
                reference = f"refs/{'heads' if table == 'branches' else 'tags'}/{name}"
                raise HubError(409, f"Reference {reference} already exists in '{repo_id}'.")
            if all(entry["oid"] != oid for entry in record["commits"]):
                raise HubError(404, f"'{repo_id}' has no commit '{oid}'.", "RevisionNotFound")
            record[table][name] = oid
            self._write(kind, repo_id, record)

    def unpoint(self, kind: str, repo_id: str, table: str, name: str) -> None:
        """Remove a branch or tag."""
        with self._lock():
            record = self._change(kind, repo_id)
            if name == "main" and table == "branches":
                raise HubError(403, "Cannot delete refs/heads/main")
            if record[table].pop(name, None) is None:
                raise HubError(
                    404, f"Invalid rev id: '{repo_id}' has no '{name}' to delete.", "RevisionNotFound"
                )
            self._write(kind, repo_id, record)

    # --- how it is kept -----------------------------------------------------------------------------

    @contextmanager
    def _lock(self) -> Iterator[None]:
        try:
            with FileLock(self.folder / ".lock", timeout=30):
                yield
        except Timeout:
            raise HubError(
                503,
                f"Another process has been writing to '{self.folder.name}' for 30 seconds. Is a notebook hanging?",
            ) from None

    def _path(self, kind: str, repo_id: str) -> Path:
        namespace, name = repo_id.split("/")
        return self.folder / "repos" / kind / namespace / f"{name}.json"

    def _read(self, kind: str, repo_id: str) -> dict[str, Any] | None:
        parts = repo_id.split("/")
        if kind not in KINDS or len(parts) != 2 or not all(map(_NAME.fullmatch, parts)):
            return None
        for attempt in range(5):
            try:
                return json.loads(self._path(kind, repo_id).read_text(encoding="utf-8"))
            except FileNotFoundError:
                return None
            except PermissionError:  # Windows: it is being replaced this very moment
                time.sleep(0.02 * (attempt + 1))
        raise HubError(503, f"The history of '{repo_id}' is held by another program. Try again.")

    def _moves(self) -> dict[str, dict[str, str]]:
        path = self.folder / "moved.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def _forget_move(self, kind: str, repo_id: str) -> None:
        moves = self._moves()
        if moves.get(kind, {}).pop(repo_id, None):
            self._write_json(self.folder / "moved.json", moves)

    def _change(self, kind: str, repo_id: str) -> dict[str, Any]:
        record = self._read(kind, repo_id)
        if record is None:
            raise HubError(404, f"There is no repo '{repo_id}' to change.", "RepoNotFound")
        return record

    def _write(self, kind: str, repo_id: str, record: dict[str, Any]) -> None:
        self._write_json(self._path(kind, repo_id), record)

    def _write_json(self, path: Path, content: dict[str, Any]) -> None:
        draft = self._draft()
        draft.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        self._place(draft, path)

    def _place(self, draft: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(10):
            try:
                return os.replace(draft, target)
            except PermissionError:  # Windows: it is being read this very moment
                time.sleep(0.02 * (attempt + 1))
        os.replace(draft, target)

    def _append(
        self, record: dict[str, Any], branch: str, parent: str | None, files: dict[str, Any],
        user: str, title: str, message: str,
    ) -> str:  # fmt: skip
        entry = {
            "parent": parent, "files": dict(sorted(files.items())), "date": _now(), "author": user,
            "title": title, "message": message,
        }  # fmt: skip
        oid = hashlib.sha1(json.dumps([record["id"], time.time_ns(), entry]).encode()).hexdigest()
        record["commits"].append({"oid": oid, **entry})
        record["branches"][branch] = oid
        return oid

    def _apply(self, files: dict[str, Any], change: Add | Delete) -> None:
        _check_path(change.path)
        if isinstance(change, Add):
            files[change.path] = self._entry(change.path, change.sha256)
            return
        doomed = [path for path in files if path == change.path or path.startswith(change.path + "/")]
        if not doomed:
            raise HubError(404, f'A file with the name "{change.path}" does not exist.', "EntryNotFound")
        for path in doomed:
            del files[path]

    def _entry(self, path: str, sha256: str) -> dict[str, Any]:
        blob = self.blob(sha256)
        if not blob.is_file():
            raise HubError(
                400, f"The content of '{path}' (sha256 {sha256}) has not been uploaded. Upload it again."
            )
        size = blob.stat().st_size
        return {
            "size": size,
            "sha256": sha256,
            "etag": sha256 if is_lfs(path, size) else git_oid(blob.read_bytes()),
        }

    def _commit(self, entry: dict[str, Any]) -> Commit:
        files = {
            path: File(path, kept["size"], self.blob(kept["sha256"]), known=kept["etag"])
            for path, kept in entry["files"].items()
        }
        return Commit(
            files, entry["date"], entry["title"], name=lambda: entry["oid"],
            message=entry["message"], author=entry["author"], parent=entry["parent"],
        )  # fmt: skip


class Upload:
    """A content on its way into the store."""

    def __init__(self, store: Store):
        self._store = store
        self.draft = store._draft()
        self.stream = self.draft.open("wb")
        self.size = 0
        self._sha256 = hashlib.sha256()

    def write(self, piece: bytes) -> None:
        self.stream.write(piece)
        self._sha256.update(piece)
        self.size += len(piece)

    def keep(self, sha256: str | None = None, size: int | None = None) -> str:
        """Check what arrived against what was announced, and keep it; returns its sha256."""
        found = self._sha256.hexdigest()
        if size is not None and size != self.size:
            raise HubError(
                400, f"The upload has {self.size} bytes where {size} were announced. Upload it again."
            )
        if sha256 is not None and sha256 != found:
            raise HubError(
                400, f"The upload arrived changed: its sha256 is {found}, announced was {sha256}. Upload it again."
            )  # fmt: skip
        self.stream.close()
        target = self._store.blob(found)
        if not target.is_file():
            self._store._place(self.draft, target)
        return found


def _check_path(path: str) -> None:
    parts = path.split("/")
    if any(part in ("", ".", "..", ".git") for part in parts) or re.search(r"[\\\x00-\x1f\x7f]", path):
        raise HubError(
            400, f"{path!r} cannot be a file's path in a repo: use relative paths with '/', without '..' or '\\'."
        )  # fmt: skip


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        yield path


def _contents(record: dict[str, Any]) -> set[str]:
    return {kept["sha256"] for entry in record["commits"] for kept in entry["files"].values()}


def _is_oid(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{40}", text))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
