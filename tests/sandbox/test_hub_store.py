"""The written repos on disk: several processes at once, and what a killed one leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hub_clients import TOKEN, ask

from standin.hub import create_app
from standin.repo import HubError
from standin.server import Server
from standin.store import Add, Store

WRITER = """
import sys
from pathlib import Path
from standin.store import Add, Store
name = sys.argv[2]
for i in range(20):
    store = Store(Path(sys.argv[1]))  # as a notebook that starts while the other is writing
    store.commit("models", "learner/x", "main", [Add(f"{name}/{i}.txt", store.add(f"{name} {i}".encode()))],
                 user="learner", title=f"{name} {i}")
"""


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "hub")
    store.create("models", "learner/x", "learner", private=False, readme=None)
    return store


def test_two_writers_at_once(store):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(store.folder), name], stderr=subprocess.PIPE)
        for name in ("one", "two")
    ]
    while any(writer.poll() is None for writer in writers):
        repo = Store(store.folder).get(
            "models", "learner/x"
        )  # nobody meets half a history or trips over a draft
        assert repo.log(repo.main)[-1].title == "initial commit"
    assert [writer.returncode for writer in writers] == [0, 0], [writer.stderr.read() for writer in writers]
    repo = store.get("models", "learner/x")
    written = {f"{name}/{i}.txt" for name in ("one", "two") for i in range(20)}
    assert set(repo.main.files) - {".gitattributes"} == written
    assert len(repo.log(repo.main)) == 41, "every commit stands in one line"
    assert all(
        file.text() == path[:-4].replace("/", " ")
        for path, file in repo.main.files.items()
        if path in written
    )
    assert list((store.folder / "tmp").iterdir()) == []


def test_two_hubs_on_one_store(tmp_path):
    first, second = (Server(create_app([], tmp_path, "learner")) for _ in range(2))

    def create(server):
        return ask(server.url, "/api/repos/create", "POST", json.dumps({"name": "shared"}), **TOKEN)

    try:
        with ThreadPoolExecutor() as pool:
            answers = list(pool.map(create, [first, second] * 4))
        assert sorted(status for status, _, _ in answers) == [200] + [409] * 7, (
            "one creates, the others are told"
        )
        assert all(json.loads(body)["url"].endswith("/learner/shared") for _, _, body in answers)
        assert ask(second.url, "/api/models/learner/shared")[0] == 200
    finally:
        first.stop()
        second.stop()


KILLED = """
import os, sys
from pathlib import Path
from standin.store import Add, Store
store = Store(Path(sys.argv[1]))
def die(*_):
    os._exit(9)
if sys.argv[2] == "upload":
    with store.upload() as upload:
        upload.write(b"half")
        die()
os.replace = die
store.commit("models", "learner/x", "main", [Add("a", store.add(b"a"))], user="learner", title="never")
"""


@pytest.mark.parametrize("moment", ["upload", "commit"])
def test_a_killed_writer_harms_nothing(store, moment):
    before = store.get("models", "learner/x").main.oid
    blobs = set((store.folder / "blobs").glob("*/*"))
    done = subprocess.run([sys.executable, "-c", KILLED, str(store.folder), moment])
    assert done.returncode == 9
    assert store.get("models", "learner/x").main.oid == before
    assert set((store.folder / "blobs").glob("*/*")) == blobs, "no half content under a final name"
    left = list((store.folder / "tmp").iterdir())
    assert left, "this test means to leave a draft behind"
    sha256 = store.add(b"next")
    assert (
        store.commit("models", "learner/x", "main", [Add("b", sha256)], user="learner", title="next")
        != before
    )
    with store.upload() as upload:
        Store(store.folder)
        assert not left[0].exists(), "the next start tidies up"
        assert upload.draft.exists(), "but leaves what is still being written"


def test_deleting_frees_what_nobody_else_has(store):
    store.create("models", "learner/y", "learner", private=False, readme=None)
    shared, alone = store.add(b"shared"), store.add(b"alone")
    for repo in ("learner/x", "learner/y"):
        store.commit("models", repo, "main", [Add("s", shared)], user="learner", title="s")
    store.commit("models", "learner/x", "main", [Add("a", alone)], user="learner", title="a")
    store.delete("models", "learner/x")
    assert store.blob(shared).exists() and not store.blob(alone).exists()
    assert store.get("models", "learner/y").main.text("s") == "shared"


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "-a", "a..b", "a--b", "a b", "a\\b", "a.git", "x" * 97, "con:"]
)
def test_names_that_no_repo_can_have(store, name):
    with pytest.raises((HubError, ValueError)):
        store.create("models", f"learner/{name}", "learner", private=False, readme=None)
    assert store.ids("models") == {"learner/x"}


@pytest.mark.parametrize("name", ["../x", "a b", "", "/x", "x.lock", "0" * 40, "main"])
def test_names_that_no_branch_can_have(store, name):
    with pytest.raises(HubError):
        store.point("models", "learner/x", "branches", name, "main")
