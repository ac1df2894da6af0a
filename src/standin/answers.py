"""The JSON that the Hub answers with, made from repos and commits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from html import escape
from typing import Any

from standin import cards, weights
from standin.files import File, pointer
from standin.repo import Commit, Repo


def info(repo: Repo, commit: Commit, fields: list[str], blobs: bool = False) -> dict[str, Any]:
    """What the Hub says of a repo; `fields` narrows it down, empty means all."""
    details: dict[str, Callable[[], Any]] = {
        "author": lambda: repo.id.split("/")[0],
        "sha": lambda: commit.oid,
        "lastModified": lambda: commit.date,
        "createdAt": lambda: repo.created,
        "private": lambda: repo.private,
        "gated": lambda: repo.gated,
        "disabled": lambda: False,
        "downloads": lambda: repo.downloads,
        "downloadsAllTime": lambda: repo.downloads,
        "likes": lambda: repo.likes,
        "trendingScore": lambda: repo.trending,
        "tags": lambda: cards.tags(repo.kind, commit),
        "cardData": lambda: cards.metadata_of(commit),
        "siblings": lambda: [_sibling(file, blobs) for file in commit.files.values()],
        "usedStorage": lambda: sum(file.size for file in commit.files.values()),
    }
    if repo.kind == "models":
        details |= {
            "pipeline_tag": lambda: task(commit),
            "library_name": lambda: cards.library_name(cards.metadata_of(commit), cards.config_of(commit)),
            "model-index": lambda: cards.metadata_of(commit).get("model-index"),
            "safetensors": lambda: weights.parameters(commit),
            "spaces": lambda: [],
        }
        for name in ("config", "transformersInfo", "mask_token"):
            details[name] = lambda name=name: cards.model_details(commit).get(name)
    elif repo.kind == "spaces":
        details["sdk"] = lambda: cards.metadata_of(commit).get("sdk")
        details["subdomain"] = lambda: repo.id.replace("/", "-").lower()
    wanted = fields or [
        name for name in details if name not in ("downloadsAllTime", "trendingScore", "usedStorage")
    ]
    head: dict[str, Any] = {"_id": hashlib.sha1(repo.url_path.encode()).hexdigest()[:24], "id": repo.id}
    if repo.kind == "models":
        head["modelId"] = repo.id
    return head | {
        name: value for name in wanted if name in details and (value := details[name]()) is not None
    }


def task(commit: Commit) -> str | None:
    """The task a model is filed under."""
    return cards.pipeline_tag(cards.metadata_of(commit), cards.config_of(commit))


def _sibling(file: File, blobs: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"rfilename": file.path}
    if blobs:
        row |= {"size": file.size, "blobId": file.oid}
        if file.lfs:
            row["lfs"] = {
                "sha256": file.etag,
                "size": file.size,
                "pointerSize": len(pointer(file.etag, file.size)),
            }
    return row


def tree(commit: Commit) -> dict[str, dict[str, Any]]:
    """The tree: a row for each file and each folder, by path."""
    rows: dict[str, dict[str, Any]] = {}
    for path, file in commit.files.items():
        for i, letter in enumerate(path):
            if letter == "/" and path[:i] not in rows:
                name = hashlib.sha1(f"{commit.oid}/{path[:i]}".encode()).hexdigest()
                rows[path[:i]] = {"type": "directory", "oid": name, "size": 0, "path": path[:i]}
        rows[path] = {"type": "file", "oid": file.oid, "size": file.size, "path": path}
        if file.lfs:
            length = len(pointer(file.etag, file.size))
            rows[path]["lfs"] = {"oid": file.etag, "size": file.size, "pointerSize": length}
    return dict(sorted(rows.items()))


def last_commits(repo: Repo, commit: Commit) -> dict[str, Commit]:
    """For every path the newest commit that changed it."""
    log = repo.log(commit)
    last: dict[str, Commit] = {}
    for newer, older in zip(log, [*log[1:], None], strict=True):
        before = older.files if older else {}
        for path in commit.files:
            if path not in last and (path not in before or before[path].etag != commit.files[path].etag):
                last[path] = newer
    return last


def expanded(row: dict[str, Any], last: dict[str, Commit]) -> dict[str, Any]:
    """A row of the tree with its last commit; a folder's is the newest inside it."""
    inside = row["path"] + "/"
    changes = [c for path, c in last.items() if path == row["path"] or path.startswith(inside)]
    newest = max(changes, key=lambda commit: commit.date)
    return {**row, "lastCommit": {"id": newest.oid, "title": newest.title, "date": newest.date}}


def commit_row(commit: Commit, formatted: bool = False) -> dict[str, Any]:
    """A line of the history; `formatted` adds title and message as HTML."""
    html = {"title": escape(commit.title), "message": escape(commit.message)}
    return ({"formatted": html} if formatted else {}) | {
        "id": commit.oid,
        "title": commit.title,
        "message": commit.message,
        "authors": [{"user": commit.author}],
        "date": commit.date,
    }
