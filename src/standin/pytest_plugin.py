"""A pytest plugin: the fixture `hub_standin`, a Hub on loopback with what a test seeds, clean for every test.

Loaded with pytest wherever this package is installed, so nothing heavy is imported before a test asks for it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from standin import USER, StandinError, environment


class HubStandin:
    """The stand-in of one test. `str()` of it is its address, the same for all tests of a run.

    url: the address, for `HfApi(endpoint=…)`.
    user: the account that every token is signed in as; repos under `<user>/` can be written.
    token: any text would do; this is one.
    environment: the variables that point clients of another process here; nothing is set in this one.
    """

    def __init__(self, url: str, folder: Path, layers: Any, store: Any):
        self.url, self.user, self.token = url, USER, "hf_standin"
        self.environment = environment(url, folder / "huggingface")
        self._seeds, self._layers, self._store = folder / "seeds", layers, store

    def __str__(self) -> str:
        return self.url

    def seed(
        self,
        repo_id: str,
        files: Mapping[str, str | bytes | Path | Any],
        repo_type: str = "model",
        **figures: Any,
    ) -> None:
        """Put a read-only repo there, or more files into one.

        files: contents by path: text, bytes, a Path to copy, or anything else, which is written as JSON.
        figures: what files cannot say: downloads, likes, lastModified, createdAt, gated ("auto", "manual").
        """
        for name, content in files.items():
            path = self._seeds / f"{repo_type}s" / repo_id / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, path)
            elif isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.write_text(
                    content if isinstance(content, str) else json.dumps(content), encoding="utf-8"
                )
        self._layers.figures[f"{repo_type}s"].setdefault(repo_id, {}).update(figures)

    def files(self, repo_id: str, repo_type: str = "model", revision: str = "main") -> dict[str, bytes]:
        """What a repo holds, seeded or written: contents by path. Raises KeyError where there is none."""
        kind = f"{repo_type}s"
        repo = self._store.get(kind, repo_id) or self._layers.get(kind, repo_id)
        commit = repo and repo.commit(revision)
        if commit is None:
            raise KeyError(f"{repo_type} {repo_id} at {revision}")
        return {path: file.read() for path, file in commit.files.items()}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("standin", "a stand-in for the Hugging Face Hub").addoption(
        "--standin-root", action="append", default=[], type=Path, metavar="DIR",
        help="repos that hub_standin serves in every test, as models/<namespace>/<name>/ and so on; may be repeated",
    )  # fmt: skip


class _Served:
    """What the server answers with: another Hub for every test."""

    app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def _standin_server(request: pytest.FixtureRequest) -> Iterator[tuple[str, _Served]]:
    from standin.layers import Layers
    from standin.server import Server

    roots = request.config.getoption("standin_root")
    try:
        layers = Layers(roots)
        for root in roots:
            layers.check(root)
    except StandinError as error:
        raise pytest.UsageError(f"--standin-root: {error}") from error
    served = _Served()
    server = Server(served)
    yield server.url, served
    server.stop()


@pytest.fixture
def hub_standin(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _standin_server: tuple[str, _Served],
) -> HubStandin:
    """A Hub on loopback for this test alone: seed it, point clients at it, see what was written."""
    from standin.hub import Hub
    from standin.layers import Layers
    from standin.store import Store
    from standin.writing import Writer

    url, served = _standin_server
    folder = tmp_path_factory.mktemp("standin")
    (folder / "seeds").mkdir()
    layers = Layers([folder / "seeds", *request.config.getoption("standin_root")])
    store = Store(folder / "hub")
    served.app = Hub(Writer(layers, store, USER))
    return HubStandin(url, folder, layers, store)


@pytest.fixture
def hub_standin_environment(hub_standin: HubStandin, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Sets the variables of `hub_standin.environment` for this test. Clients read them when they are imported."""
    for name, value in hub_standin.environment.items():
        monkeypatch.setenv(name, value)
    return hub_standin.environment
