"""The read-only repos: folders laid out as on the Hub, one upon another."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from standin import cards, weights
from standin.errors import StandinError
from standin.files import File
from standin.repo import KINDS, Commit, Repo

_SKIPPED = {".git", ".DS_Store", "Thumbs.db", "__pycache__", ".cache", ".ipynb_checkpoints"}
_EPOCH = "2026-01-01T00:00:00.000Z"


class Layers:
    """Repos under `<root>/{models,datasets,spaces}/<namespace>/<name>/`, the first root uppermost.

    Where several roots have a repo, an entry at its top level (a file or a folder) hides the same entry of the
    roots below; the cards of datasets are merged. Config, vocabulary and weights of a model go together: the first
    root that has any of them hides that repo of the roots below. A root's `hub.json` gives what files cannot: whose the root is
    and invented listing figures, such as `{"about": "our test data", "models": {"klue/bert-base": {"downloads": 1,
    "likes": 1, "lastModified": "…", "gated": "manual"}}}`.
    Folders are read anew for every request, so files may be added and changed while they are served. A link is
    followed as long as it stays within its root.
    """

    def __init__(self, roots: Sequence[Path]):
        self.roots = [Path(os.path.realpath(root)) for root in roots]
        self.figures: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}
        self._about: dict[Path, str] = {}
        for root in reversed(self.roots):
            about, every = _hub_json(root / "hub.json")
            self._about[root] = about or f"the root below, '{root.name}'"
            for kind, figures in every.items():
                self.figures[kind].update(figures)

    def ids(self, kind: str) -> set[str]:
        """The ids of all repos of a kind."""
        return {
            f"{namespace.name}/{repo.name}"
            for root in self.roots
            for namespace in _folders(root / kind, root)
            for repo in _folders(namespace, root)
        }

    def get(self, kind: str, repo_id: str) -> Repo | None:
        """A repo, or None. Nothing outside the roots can be named: the id is looked up, not joined to a path."""
        folders = [(root, folder) for root in self.roots if (folder := _folder(root, kind, repo_id))]
        files = self._files(kind, folders)
        if not files:
            return None
        figures = self.figures[kind].get(repo_id, {})
        date = _moment(figures.get("lastModified"))
        return Repo(
            kind, repo_id,
            created=_moment(figures.get("createdAt") or date),
            commits=[Commit(files, date, "Files on disk", name=lambda: _fingerprint(files))],
            gated=figures.get("gated", False),
            downloads=figures.get("downloads", 0),
            likes=figures.get("likes", 0),
            trending=figures.get("trendingScore", 0),
        )  # fmt: skip

    def _files(self, kind: str, folders: list[tuple[Path, Path]]) -> dict[str, File]:
        files: dict[str, File] = {}
        hidden: set[str] = set()
        for root, folder in folders:
            found = _walk(folder, root)
            card = found.pop("README.md", None)
            tops = {path.split("/", 1)[0] for path in found}
            files.update({path: file for path, file in found.items() if path.split("/", 1)[0] not in hidden})
            if card and "README.md" not in files:
                files["README.md"] = card
            elif card and kind == "datasets":
                files["README.md"] = _merged(files["README.md"], card, hidden, self._about[root])
            hidden |= tops
            if kind == "models" and any(map(weights.is_part, found)):
                break  # nothing of another model may show through, its card included
        return dict(sorted(files.items()))

    def check(self, root: Path) -> None:
        """Raise StandinError where one of the roots is not what it should be.

        It must be a folder that holds repos, its links must not leave it, what its cards name must be there, and
        the files of a model must be whole, no pickles, and made for each other.
        """
        if not root.is_dir():
            raise StandinError(
                f"There is no folder '{root}'. Correct the path; a relative one starts from the working folder.",
                "root",
            )
        real = Path(os.path.realpath(root))
        repos = [(kind, *found) for kind in KINDS for found in _repos(real / kind)]
        if not repos:
            raise StandinError(
                f"The folder '{root}' holds no repos. Lay it out as models/<namespace>/<name>/, "
                "datasets/<namespace>/<name>/ or spaces/<namespace>/<name>/.", "root",
            )  # fmt: skip
        for kind, repo_id, folder in repos:
            if outside := next(_links_outside(folder, real), None):
                raise StandinError(
                    f"The link '{outside}' leads out of '{root}'. Only what lies inside is served: copy it there, or "
                    "make what it points to a root of its own.", "root",
                )  # fmt: skip
            repo = self.get(kind, repo_id)
            if repo is None:
                raise StandinError(
                    f"The folder '{folder}' is empty. Put the repo's files in it or remove it.", "root"
                )
            if kind == "datasets":
                _check_card(repo, folder)
            elif kind == "models" and (wrong := weights.problem(_walk(folder, real))):
                raise StandinError(f"In '{folder}', {wrong}", "root")


def _check_card(repo: Repo, folder: Path) -> None:
    try:
        metadata, _ = cards.parse(repo.main.text("README.md") or "")
    except ValueError as error:
        raise StandinError(
            f"The YAML on top of '{folder / 'README.md'}' cannot be read ({error}). Correct it.", "root"
        ) from error
    for config in cards.configs(metadata):
        for pattern in cards.data_files(config):
            wanted = pattern.removeprefix("./").replace("**/", "*")
            if not any(fnmatchcase(path, wanted) for path in repo.main.files):
                raise StandinError(
                    f"The card of '{repo.id}' says its config '{config.get('config_name')}' is in '{pattern}', but "
                    f"there is no such file. Add it, or correct '{folder / 'README.md'}'.", "root",
                )  # fmt: skip


def _within(path: str | Path, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(root)


def _walk(folder: Path, root: Path) -> dict[str, File]:
    """The files below a folder, by their paths in the repo; links are followed, but neither out nor in circles."""
    files: dict[str, File] = {}

    def visit(here: str, prefix: str, above: frozenset[str]) -> None:
        real = os.path.realpath(here)
        if real in above:
            return
        with os.scandir(here) as entries:
            for entry in entries:
                if entry.name in _SKIPPED or entry.name.endswith(".tmp"):
                    continue
                if entry.is_symlink() and not _within(entry.path, root):
                    continue
                if entry.is_dir():
                    visit(entry.path, f"{prefix}{entry.name}/", above | {real})
                elif entry.is_file():
                    status = entry.stat()
                    path = prefix + entry.name
                    files[path] = File(path, status.st_size, Path(entry.path), mtime_ns=status.st_mtime_ns)

    visit(str(folder), "", frozenset())
    return files


def _links_outside(folder: Path, root: Path) -> Iterator[Path]:
    if not _within(folder, root):
        yield folder
    for here, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(here, name)
            if path.is_symlink() and not _within(path, root):
                yield path


def _repos(kind_folder: Path) -> Iterator[tuple[str, Path]]:
    """Id and folder of every repo, links that lead out among them."""
    for namespace in _folders(kind_folder):
        for folder in _folders(namespace):
            yield f"{namespace.name}/{folder.name}", folder


def _folder(root: Path, kind: str, repo_id: str) -> Path | None:
    folder = root / kind
    for name in repo_id.split("/", 1):
        folder = next((found for found in _folders(folder, root) if found.name == name), None)
        if folder is None:
            return None
    return folder


def _folders(folder: Path, root: Path | None = None) -> list[Path]:
    """The folders in a folder; given its root, without those that a link puts outside."""
    try:
        with os.scandir(folder) as entries:
            return [
                Path(entry.path) for entry in entries
                if entry.is_dir() and not entry.name.startswith(".")
                and not (root and entry.is_symlink() and not _within(entry.path, root))
            ]  # fmt: skip
    except (FileNotFoundError, NotADirectoryError):
        return []


def _merged(higher: File, lower: File, hidden: set[str], owner: str) -> File:
    try:
        content = cards.merge(higher.text(), lower.text(), hidden, owner).encode()
    except ValueError:
        return higher  # the client says what is wrong with a card that cannot be read
    return File("README.md", len(content), content)


def _fingerprint(files: dict[str, File]) -> str:
    """A commit id that changes with any file."""
    listing = "".join(f"{path}\0{file.etag}\n" for path, file in sorted(files.items()))
    return hashlib.sha1(listing.encode("utf-8", "surrogateescape")).hexdigest()


def _hub_json(path: Path) -> tuple[str, dict[str, dict[str, dict[str, Any]]]]:
    """What a root's hub.json says: whose it is, and the figures by kind and id."""
    if not path.is_file():
        return "", {}
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return str(said.get("about", "")), {kind: dict(said.get(kind, {})) for kind in KINDS}
    except (ValueError, AttributeError, TypeError) as error:
        raise StandinError(
            f"'{path}' cannot be read ({error}). Restore the file or remove it.", "root"
        ) from error


def _moment(text: Any) -> str:
    """A time as the Hub writes it; a bare date is taken as its midnight."""
    text = str(text or _EPOCH)
    return text if "T" in text else f"{text}T00:00:00.000Z"
