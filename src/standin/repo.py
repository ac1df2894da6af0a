"""A repo as the Hub shows it, whatever it is kept in: commits, branches, tags; and how the Hub says no."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from standin.files import File

KINDS = ("models", "datasets", "spaces")


class HubError(Exception):
    """An answer that the client turns into one of its error classes."""

    def __init__(self, status: int, message: str, code: str = "", **headers: str):
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


@dataclass
class Commit:
    """One state of a repo. `name` gives its 40-hex id, which may have to be computed."""

    files: dict[str, File]
    date: str
    title: str
    name: Callable[[], str]
    message: str = ""
    author: str = "standin"
    parent: str | None = None

    @cached_property
    def oid(self) -> str:
        return self.name()

    def text(self, path: str) -> str | None:
        """A text file's content, or None where there is no such file."""
        file = self.files.get(path)
        return file.text() if file else None


@dataclass
class Repo:
    """A repo with its history. `commits` is newest last; a repo always has one."""

    kind: str
    id: str
    created: str
    commits: list[Commit]
    branches: dict[str, str] = field(default_factory=dict)  # empty: main is the last commit
    tags: dict[str, str] = field(default_factory=dict)
    private: bool = False
    gated: str | bool = False
    own: bool = False  # written by the stand-in's user, who alone may change it
    downloads: int = 0
    likes: int = 0
    trending: float = 0

    @property
    def url_path(self) -> str:
        """Its page: `/klue/bert-base`, `/datasets/klue/klue`."""
        return f"/{self.id}" if self.kind == "models" else f"/{self.kind}/{self.id}"

    @cached_property
    def _by_oid(self) -> dict[str, Commit]:
        return {commit.oid: commit for commit in self.commits}

    @property
    def heads(self) -> dict[str, str]:
        """Branch names and the commits they are at."""
        return self.branches or {"main": self.commits[-1].oid}

    def commit(self, revision: str) -> Commit | None:
        """The commit that a branch, a tag, or the first 7 digits or more of an id name, or None."""
        if revision == "main" and not self.branches:
            return self.commits[-1]  # without computing its id
        named = self.heads.get(revision) or self.tags.get(revision) or revision
        if named not in self._by_oid and re.fullmatch("[0-9a-f]{7,39}", named):
            fitting = [oid for oid in self._by_oid if oid.startswith(named)]
            named = fitting[0] if len(fitting) == 1 else named
        return self._by_oid.get(named)

    @property
    def main(self) -> Commit:
        commit = self.commit("main")
        assert commit is not None  # main cannot be deleted
        return commit

    def log(self, commit: Commit) -> list[Commit]:
        """A commit and what came before it, newest first."""
        commits = [commit]
        while (parent := commits[-1].parent) is not None:
            commits.append(self._by_oid[parent])
        return commits
