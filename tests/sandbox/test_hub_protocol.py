"""What goes over the wire: ranges, headers, bad requests, and who may ask."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from urllib.parse import quote, urlsplit

import pytest
from hub_clients import TOKEN, ask
from hub_library import write

from standin.errors import StandinError
from standin.files import content_type
from standin.server import Server

NOTES = b"first line\nsecond line\n"


@pytest.mark.parametrize(
    ("asked", "expected", "span"),
    [
        ("bytes=0-4", b"first", "0-4"),
        ("bytes=6-", b"line\nsecond line\n", "6-22"),
        ("bytes=-5", b"line\n", "18-22"),
        ("bytes=18-999", b"line\n", "18-22"),
        ("bytes=0-", NOTES, "0-22"),
    ],
)
def test_range(hub, asked, expected, span):
    status, headers, body = ask(hub.url, "/acme/alpha/resolve/main/extra/notes.txt", Range=asked)
    assert (status, body) == (206, expected)
    assert headers["Content-Range"] == f"bytes {span}/23"
    assert headers["Content-Length"] == str(len(expected))


@pytest.mark.parametrize("asked", ["bytes=23-", "bytes=-0", "bytes=9-3"])
def test_range_outside(hub, asked):
    status, headers, _ = ask(hub.url, "/acme/alpha/resolve/main/extra/notes.txt", Range=asked)
    assert (status, headers["Content-Range"]) == (416, "bytes */23")


def test_several_ranges_at_once_get_the_whole_file(hub):
    status, _, body = ask(hub.url, "/acme/alpha/resolve/main/extra/notes.txt", Range="bytes=0-1,4-5")
    assert (status, body) == (200, NOTES)


def test_file_headers(hub, library):
    path = "/acme/alpha/resolve/main/extra/notes.txt"
    status, headers, body = ask(hub.url, path, "HEAD")
    assert (status, body, headers["Content-Length"], headers["Accept-Ranges"]) == (200, b"", "23", "bytes")
    assert headers["ETag"] == f'"{hashlib.sha1(b"blob 23" + bytes(1) + NOTES).hexdigest()}"'
    assert ask(hub.url, path)[2] == NOTES
    commit = headers["X-Repo-Commit"]
    assert ask(hub.url, path.replace("main", commit))[2] == NOTES
    parquet = library / "datasets" / "acme" / "three" / "ner" / "train-0.parquet"
    _, headers, _ = ask(hub.url, "/datasets/acme/three/resolve/main/ner/train-0.parquet", "HEAD")
    assert headers["ETag"] == f'"{hashlib.sha256(parquet.read_bytes()).hexdigest()}"'
    status, headers, _ = ask(hub.url, "/acme/alpha/resolve/main/missing")
    assert (status, headers["X-Error-Code"], headers["X-Repo-Commit"]) == (404, "EntryNotFound", commit)


@pytest.mark.parametrize("climb", ["../../hub.json", "..%2f..%2fhub.json", "%2e%2e/%2e%2e/hub.json", "/etc/passwd",
                                   "extra/../../../hub.json", "..\\..\\hub.json", "extra/%00"])  # fmt: skip
def test_reading_cannot_leave_the_repo(hub, climb):
    for path in (f"/acme/alpha/resolve/main/{climb}", f"/api/models/acme/alpha/tree/main/{climb}"):
        status, _, body = ask(hub.url, path)
        assert status == 404 and b"downloads" not in body and b"root:" not in body


@pytest.mark.parametrize(
    "repo", ["../..", "..%2f..%2f..", "%2e%2e/%2e%2e", "acme/..", "acme/.", "./acme", "acme%2falpha/x"]
)
def test_repo_ids_cannot_leave_the_folder(hub, repo):
    status, headers, _ = ask(hub.url, f"/api/models/{repo}", **TOKEN)
    assert status == 404 and headers["X-Error-Code"] == "RepoNotFound"
    organization, _, name = repo.replace("%2f", "/").replace("%2e", ".").partition("/")
    for method, route in (("POST", "create"), ("DELETE", "delete")):
        body = json.dumps({"name": name, "organization": organization})
        assert ask(hub.url, f"/api/repos/{route}", method, body, **TOKEN)[0] in (400, 403, 404)


@pytest.fixture(scope="module")
def own(hub) -> str:
    """A repo to write to."""
    assert ask(hub.url, "/api/repos/create", "POST", json.dumps({"name": "wire"}), **TOKEN)[0] == 200
    return "learner/wire"


def commit(hub, repo, *operations, revision="main"):
    lines = [{"key": "header", "value": {"summary": "Test", "description": ""}}, *operations]
    body = "\n".join(map(json.dumps, lines))
    return ask(hub.url, f"/api/models/{repo}/commit/{revision}", "POST", body, **TOKEN)


def added(path, content="eA=="):
    return {"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}}


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a/../../x", "a//x", ".git/config", "C:\\x", "a\\x", "x\0", ""]
)
def test_writing_cannot_leave_the_repo(hub, store, own, path):
    before = {p for p in store.rglob("*") if "blobs" not in p.parts}
    status, _, body = commit(hub, own, added(path))
    assert status == 400 and b"cannot be a file's path" in body
    assert {p for p in store.rglob("*") if "blobs" not in p.parts} == before


def test_bad_commits_change_nothing(hub, own):
    head = ask(hub.url, f"/api/models/{own}", **TOKEN)[2]
    missing = {"key": "lfsFile", "value": {"path": "w.bin", "algo": "sha256", "oid": "0" * 64, "size": 5}}
    for operations, expected in (
        ([missing], b"has not been uploaded"),
        ([added("a"), added("a/b")], b"a file and a folder"),
        ([added("good"), added("bad", "no base64!")], b"not base64"),
        ([added("good"), {"key": "renamed", "value": {}}], b"cannot hold 'renamed'"),
    ):
        status, _, body = commit(hub, own, *operations)
        assert status == 400 and expected in body
    assert commit(hub, own, added("x"), revision="nowhere")[0] == 404
    assert ask(hub.url, f"/api/models/{own}/commit/main", "POST", "{not json", **TOKEN)[0] == 400
    assert json.loads(ask(hub.url, f"/api/models/{own}", **TOKEN)[2])["sha"] == json.loads(head)["sha"]


def announce(hub, own, content):
    digest = hashlib.sha256(content).hexdigest()
    body = json.dumps({"operation": "upload", "objects": [{"oid": digest, "size": len(content)}]})
    answer = ask(hub.url, f"/{own}.git/info/lfs/objects/batch", "POST", body, **TOKEN)[2]
    (item,) = json.loads(answer)["objects"]
    return digest, item.get("actions", {}).get("upload", {}).get("href")


def test_corrupted_upload_is_refused(hub, store, own):
    content = b"weights" * 1000
    digest, href = announce(hub, own, content)
    target = href.removeprefix(hub.url)
    for wrong, reason in (
        (content[:-1] + b"X", b"changed"),
        (content[:-1], b"bytes"),
        (content + b"X", b"longer"),
    ):
        status, _, body = ask(hub.url, target, "PUT", wrong)
        assert status == 400 and reason in body
    assert not (store / "blobs" / digest[:2] / digest).exists() and list((store / "tmp").iterdir()) == []
    assert ask(hub.url, target, "PUT", content)[0] == 200
    assert (store / "blobs" / digest[:2] / digest).read_bytes() == content
    assert announce(hub, own, content)[1] is None, "what is there need not be uploaded again"
    assert ask(hub.url, "/lfs/..%2f..%2fx/1", "PUT", b"x", **TOKEN)[0] == 400


def test_an_upload_needs_a_token_or_the_address_that_was_given_out(hub, store, own):
    content = b"smuggled"
    digest, href = announce(hub, own, content)
    target = href.removeprefix(hub.url)
    longer = target.replace("/8?", "/9?")
    assert longer != target
    for unsigned in (
        urlsplit(href).path,
        target[:-1],
        f"{target}0",
        longer,
        target.replace(digest, "0" * 64),
    ):
        assert ask(hub.url, unsigned, "PUT", content)[0] == 401
    assert not (store / "blobs" / digest[:2] / digest).exists()
    assert ask(hub.url, urlsplit(href).path, "PUT", content, **TOKEN)[0] == 200


def test_client_that_hangs_up(hub, store, own):
    digest, href = announce(hub, own, b"x" * 5_000_000)
    address = (urlsplit(hub.url).hostname, urlsplit(hub.url).port)
    for sent in (
        f"PUT {href.removeprefix(hub.url)} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000000\r\n\r\n".encode() + b"x" * 3_000_000,
        b"GET /acme/alpha/resolve/main/README.md HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /acme/al",
        b"\x16\x03\x01 not http at all\r\n\r\n",
    ):  # fmt: skip
        with socket.create_connection(address) as connection:
            connection.sendall(sent)
    deadline = time.monotonic() + 5
    while list((store / "tmp").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list((store / "tmp").iterdir()) == [], "an upload cut off leaves nothing"
    assert not (store / "blobs" / digest[:2] / digest).exists()
    assert ask(hub.url, "/api/whoami-v2", **TOKEN)[0] == 200


def test_only_this_machine_is_answered(hub):
    (listening,) = [sock for server in hub._server.servers for sock in server.sockets]
    assert listening.getsockname()[0] == "127.0.0.1"
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", urlsplit(hub.url).port), timeout=1)
    assert ask(hub.url, "/api/models", Host="evil.example")[0] == 400


def test_port_in_use(hub):
    with pytest.raises(StandinError, match="any free port") as caught:
        Server(None, urlsplit(hub.url).port)
    assert caught.value.about == "port" and "WORKBOOK" not in str(caught.value)


def test_a_stopped_server_frees_its_port():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})

    first = Server(app)
    assert ask(first.url, "/")[2] == b"ok"
    first.stop()
    second = Server(app, urlsplit(first.url).port)
    assert second.url == first.url and ask(second.url, "/")[2] == b"ok"
    second.stop()


def test_what_the_sandbox_lacks_is_said(hub):
    for method, route in (
        ("GET", "/api/collections/x"), ("GET", "/api/daily_papers"), ("GET", "/api/collections"),
        ("GET", "/api/models-tags-by-type"), ("POST", "/api/models/acme/alpha/duplicate"),
        ("GET", "/api/models/acme/alpha/discussions"), ("PATCH", "/api/models/acme/alpha"), ("POST", "/acme/alpha"),
    ):  # fmt: skip
        status, _, body = ask(hub.url, route, method, **TOKEN)
        assert status == 501 and f"{method} {route}".encode() in body and b"real Hub" in body
    for method, route in (("POST", "/api/models/acme/nothing/duplicate"), ("GET", "/api/models/alpha")):
        assert ask(hub.url, route, method, **TOKEN)[1]["X-Error-Code"] == "RepoNotFound"
    assert ask(hub.url, "/settings")[0] == 404
    assert ask(hub.url, "/api/whoami-v2")[0] == 401
    assert ask(hub.url, "/api/models?sort=beauty")[0] == 400
    assert ask(hub.url, "/api/models?limit=many")[0] == 400


def test_num_parameters(hub, tiny_model):
    def found(span):
        return [
            row["id"] for row in json.loads(ask(hub.url, f"/api/models?author=acme&num_parameters={span}")[2])
        ]

    assert found("min:1K,max:1M") == [tiny_model] and found("min:1B") == []
    assert ask(hub.url, "/api/models?num_parameters=lots")[0] == 400


def test_ascending_listing(hub):
    rows = json.loads(ask(hub.url, "/api/models?author=acme&sort=downloads&direction=1")[2])
    assert [row["downloads"] for row in rows] == sorted(row["downloads"] for row in rows)


def test_pages_for_a_browser(hub, library):
    status, headers, body = ask(hub.url, "/")
    assert status == 200 and b'href="/acme/alpha"' in body and headers["Content-Type"].startswith("text/html")
    write(library / "models" / "acme" / "alpha" / "a b&c.html", "<b>bold</b>")
    try:
        page = ask(hub.url, "/acme/alpha")[2].decode()
        assert "&lt;script&gt;" in page and "<script>" not in page, "a card is text"
        link = page.split('.html"')[0].rsplit('href="', 1)[1] + ".html"
        status, headers, body = ask(hub.url, link)
        assert (status, body) == (200, b"<b>bold</b>") and headers["Content-Type"].startswith("text/plain")
    finally:
        (library / "models" / "acme" / "alpha" / "a b&c.html").unlink()
    sha = json.loads(ask(hub.url, "/api/models/acme/alpha")[2])["sha"]
    for path in (
        "/datasets/acme/three",
        f"/acme/alpha/commit/{sha}",
        "/acme/alpha/tree/main",
        "/spaces/evaluate-metric/f1",
    ):
        assert ask(hub.url, path)[0] == 200
    status, headers, _ = ask(hub.url, "/acme/alpha/blob/main/extra/notes.txt")
    assert ask(hub.url, headers["Location"])[2] == NOTES
    assert ask(hub.url, "/nobody/nothing")[0] == 404


@pytest.mark.parametrize(
    "name",
    [
        "a.xhtml",
        "a.xht",
        "a.xml",
        "a.xsl",
        "a.XSLT",
        "a.svg",
        "a.html",
        "a.htm",
        "a.js",
        "a.mjs",
        "a.rdf",
        "a.mml",
    ],
)
def test_what_a_browser_would_run_is_text(hub, library, name):
    file = write(library / "models" / "acme" / "alpha" / name, "<x xmlns='http://www.w3.org/1999/xhtml'/>")
    try:
        _, headers, _ = ask(hub.url, f"/acme/alpha/resolve/main/{name}")
        assert headers["Content-Type"].split(";")[0] in ("text/plain", "application/octet-stream")
        assert (
            "sandbox" in headers["Content-Security-Policy"] and "'none'" in headers["Content-Security-Policy"]
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
    finally:
        file.unlink()


def test_pictures_stay_pictures():
    types = [content_type(name) for name in ("a.png", "a.JPG", "a.wav", "a.md", "a.json", "a.bin", "a")]
    assert types[:3] == ["image/png", "image/jpeg", "audio/wav"]
    assert [kind.split(";")[0] for kind in types[3:]] == ["text/plain"] * 2 + ["application/octet-stream"] * 2


def test_stalled_readers_hold_nobody_up(hub, library):
    """200 downloads of which nobody reads a byte: a file is hashed once, and other requests have their own threads."""
    file = write(library / "models" / "acme" / "stalled" / "model.bin", b"x" * (40 << 20))
    address, stalled = (urlsplit(hub.url).hostname, urlsplit(hub.url).port), []
    try:
        for _ in range(200):
            connection = socket.create_connection(address)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(
                b"GET /acme/stalled/resolve/main/model.bin HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            )
            stalled.append(connection)
        before = time.monotonic()
        assert ask(hub.url, "/api/models?author=acme")[0] == 200
        assert time.monotonic() - before < 5  # 0.4 s where nothing else runs; 10 s without
        status, _, body = ask(hub.url, "/acme/stalled/resolve/main/model.bin", Range="bytes=-5")
        assert (status, body) == (206, b"xxxxx")
    finally:
        for connection in stalled:
            connection.close()
        file.unlink()


def test_short_commit_ids(hub, own):
    sha = json.loads(commit(hub, own, added("short.txt"))[2])["commitOid"]
    for revision, status in ((sha[:7], 200), (sha[:12], 200), (sha[:6], 404), ("0" * 12, 404)):
        assert ask(hub.url, f"/{own}/resolve/{revision}/short.txt", **TOKEN)[0] == status
    assert json.loads(ask(hub.url, f"/api/models/{own}/revision/{sha[:10]}", **TOKEN)[2])["sha"] == sha
    assert ask(hub.url, f"/api/models/{own}/tag/{sha[:8]}", "POST", '{"tag": "short"}', **TOKEN)[0] == 200


def test_ids_in_other_letters_lead_to_the_repo(hub):
    status, headers, _ = ask(hub.url, "/api/models/ACME/Alpha?expand=likes")
    assert (status, headers["Location"]) == (307, "/api/models/acme/alpha?expand=likes")
    status, headers, _ = ask(hub.url, "/datasets/Acme/THREE/resolve/main/README.md", "HEAD")
    assert (status, headers["Location"]) == (307, "/datasets/acme/three/resolve/main/README.md")
    body = json.dumps({"name": "Other-Letters"})
    assert ask(hub.url, "/api/repos/create", "POST", body, **TOKEN)[0] == 200
    assert ask(hub.url, "/api/repos/create", "POST", body.lower(), **TOKEN)[0] == 409


def test_odd_names(hub, library):
    name = "ein Ordner/ä & b#?.txt"
    file = write(library / "models" / "acme" / "beta" / name, "x")
    try:
        assert ask(hub.url, f"/acme/beta/resolve/main/{quote(name)}")[2] == b"x"
        assert (
            json.loads(ask(hub.url, f"/api/models/acme/beta/tree/main/{quote('ein Ordner', safe='')}")[2])[0][
                "path"
            ]
            == name
        )
    finally:
        file.unlink()
