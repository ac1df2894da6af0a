"""The read-only repos: folders laid out as on the Hub, one upon another."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from standin import cards
from standin.errors import StandinError
from standin.files import File
from standin.repo import KINDS, Commit, Repo

_SKIPPED = {".git", ".DS_Store", "Thumbs.db", "__pycache__", ".cache", ".ipynb_checkpoints"}
_EPOCH = "2026-01-01T00:00:00.000Z"


class Layers:
    """Repos under `<root>/{models,datasets,spaces}/<namespace>/<name>/`, the first root uppermost.

    Where several roots have a repo, an entry at its top level (a file or a folder) hides the same entry of the
    roots below; the cards of data sets are merged. A root's `hub.json` gives invented listing figures:
    `{"models": {"klue/bert-base": {"downloads": 1, "likes": 1, "lastModified": "…", "gated": "manual"}}}`.
    Folders are read anew for every request, so files may be added and changed while they are served.
    """

    def __init__(self, roots: Sequence[Path]):
        self.roots = list(roots)
        self.figures: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
        for root in reversed(self.roots):
            for kind, figures in _figures(root / "hub.json").items():
                self.figures.setdefault(kind, {}).update(figures)

    def ids(self, kind: str) -> set[str]:
        """The ids of all repos of a kind."""
        return {
            f"{namespace.name}/{repo.name}"
            for root in self.roots
            for namespace in _folders(root / kind)
            for repo in _folders(namespace)
        }

    def get(self, kind: str, repo_id: str) -> Repo | None:
        """A repo, or None. Nothing outside the roots can be named: the id is looked up, not joined to a path."""
        if repo_id not in self.ids(kind):
            return None
        folders = [root.joinpath(kind, *repo_id.split("/")) for root in self.roots]
        files = self._files(kind, [folder for folder in folders if folder.is_dir()])
        if not files:
            return None
        figures = self.figures[kind].get(repo_id, {})
        date = _moment(figures.get("lastModified"))
        return Repo(
            kind, repo_id,
            created=_moment(figures.get("createdAt") or date),
            commits=[Commit(files, date, "Files of the workbook's sandbox", name=lambda: _fingerprint(files))],
            gated=figures.get("gated", False),
            downloads=figures.get("downloads", 0),
            likes=figures.get("likes", 0),
            trending=figures.get("trendingScore", 0),
        )  # fmt: skip

    def _files(self, kind: str, folders: list[Path]) -> dict[str, File]:
        files: dict[str, File] = {}
        hidden: set[str] = set()
        for folder in folders:
            found = _walk(folder)
            card = found.pop("README.md", None)
            tops = {path.split("/", 1)[0] for path in found}
            files.update({path: file for path, file in found.items() if path.split("/", 1)[0] not in hidden})
            if card and "README.md" not in files:
                files["README.md"] = card
            elif card and kind == "datasets":
                owner = "the workbook's miniature data" if folder == folders[-1] else "a layer below"
                files["README.md"] = _merged(files["README.md"], card, hidden, owner)
            hidden |= tops
        return dict(sorted(files.items()))

    def check(self, root: Path) -> None:
        """Raise StandinError where one of the roots is not what it should be: no folder, no repos, files missing."""
        if not root.is_dir():
            raise StandinError(
                f"There is no folder '{root}'. Correct the path; a relative one starts from the working folder.",
                "root",
            )
        if not any(_folders(namespace) for kind in KINDS for namespace in _folders(root / kind)):
            raise StandinError(
                f"The folder '{root}' holds no repos. Lay it out as models/<namespace>/<name>/, "
                "datasets/<namespace>/<name>/ or spaces/<namespace>/<name>/.",
                "root",
            )
        for namespace in _folders(root / "datasets"):
            for folder in _folders(namespace):
                repo_id = f"{namespace.name}/{folder.name}"
                repo = self.get("datasets", repo_id)
                if repo is None:
                    raise StandinError(
                        f"The folder '{folder}' is empty. Put the data set's files in it or remove it."
                    )
                for config in _configs(repo.main, folder):
                    for pattern in cards.data_files(config):
                        wanted = pattern.removeprefix("./").replace("**/", "*")
                        if not any(fnmatchcase(path, wanted) for path in repo.main.files):
                            raise StandinError(
                                f"The card of '{repo_id}' in '{root}' says its config '{config.get('config_name')}' is "
                                f"in '{pattern}', but there is no such file. Add it, or correct {folder / 'README.md'}."
                            )


def _walk(folder: Path) -> dict[str, File]:
    """The files below a folder, by their paths in the repo; links are followed, but not in circles."""
    files: dict[str, File] = {}

    def visit(here: str, prefix: str, above: frozenset[str]) -> None:
        real = os.path.realpath(here)
        if real in above:
            return
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.name in _SKIPPED or entry.name.endswith(".tmp"):
                    continue
                if entry.is_dir():
                    visit(entry.path, f"{prefix}{entry.name}/", above | {real})
                elif entry.is_file():
                    status = entry.stat()
                    path = prefix + entry.name
                    files[path] = File(path, status.st_size, Path(entry.path), mtime_ns=status.st_mtime_ns)

    visit(str(folder), "", frozenset())
    return files


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [
                Path(entry.path) for entry in entries if entry.is_dir() and not entry.name.startswith(".")
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _merged(higher: File, lower: File, hidden: set[str], owner: str) -> File:
    try:
        content = cards.merge(higher.text(), lower.text(), hidden, owner).encode()
    except (yaml.YAMLError, ValueError):
        return higher  # the client says what is wrong with a card that cannot be read
    return File("README.md", len(content), content)


def _configs(commit: Commit, folder: Path) -> list[dict[str, Any]]:
    try:
        metadata, _ = cards.parse(commit.text("README.md") or "")
    except (yaml.YAMLError, ValueError) as error:
        raise StandinError(
            f"The YAML on top of '{folder / 'README.md'}' cannot be read ({error}). Correct it."
        ) from error
    configs = metadata.get("configs") or []
    return [config for config in configs if isinstance(config, dict)] if isinstance(configs, list) else []


def _fingerprint(files: dict[str, File]) -> str:
    """A commit id that changes with any file."""
    listing = "".join(f"{path}\0{file.etag}\n" for path, file in sorted(files.items()))
    return hashlib.sha1(listing.encode()).hexdigest()


def _figures(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    if not path.is_file():
        return {}
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
        return {kind: dict(figures.get(kind, {})) for kind in KINDS}
    except (ValueError, AttributeError, TypeError) as error:
        raise StandinError(
            f"The listing figures in '{path}' cannot be read ({error}). Restore the file from the repository."
        ) from error


def _moment(text: Any) -> str:
    """A time as the Hub writes it; a bare date is taken as its midnight."""
    text = str(text or _EPOCH)
    return text if "T" in text else f"{text}T00:00:00.000Z"
