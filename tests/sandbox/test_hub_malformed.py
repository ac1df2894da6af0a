"""Malformed writes: whatever a request holds, it is answered with a 4xx that says why, and the Hub stays whole."""

from __future__ import annotations

import copy
import json
import random

import pytest
from hub_clients import TOKEN, ask

REPO = "learner/fuzzed"
SHA256 = "ab" * 32
ODD = [
    None, True, -1, 0, 1.5, 10**30, "", "x", "\ud800", "\0", "../x", "a/b/c", "é" * 300, [], [1], [[]], [None], {},
    {"path": 1}, {"a": {"b": []}}, "main", "models", "9" * 5000,
]  # fmt: skip
# Method, path, and a sound body; a commit's is a list of lines.
WRITES = [
    ("POST", "/api/repos/create", {"name": "n", "type": "space", "sdk": "static", "private": True, "organization": "o"}),
    ("POST", "/api/repos/create", {"name": "n", "type": "model", "visibility": "private"}),
    ("DELETE", "/api/repos/delete", {"name": "gone", "type": "dataset", "organization": "learner"}),
    ("POST", "/api/repos/move", {"fromRepo": "learner/gone", "toRepo": "learner/new", "type": "model"}),
    ("PUT", f"/api/models/{REPO}/settings", {"private": False, "gated": "auto", "visibility": "public"}),
    ("POST", f"/api/models/{REPO}/branch/side", {"startingPoint": "main"}),
    ("POST", f"/api/models/{REPO}/tag/main", {"tag": "v1", "message": "m"}),
    ("POST", "/api/validate-yaml", {"content": "---\nlicense: mit\n---\n", "repoType": "model"}),
    ("POST", f"/api/models/{REPO}/preupload/main", {"files": [{"path": "a", "size": 1}], "gitIgnore": "*.log"}),
    ("POST", f"/api/models/{REPO}/paths-info/main", {"paths": ["a"], "expand": False}),
    ("POST", f"/{REPO}.git/info/lfs/objects/batch", {"operation": "upload", "objects": [{"oid": SHA256, "size": 3}]}),
    ("POST", f"/api/models/{REPO}/commit/main", [
        {"key": "header", "value": {"summary": "s", "description": "d", "parentCommit": "0"}},
        {"key": "file", "value": {"path": "a.txt", "content": "eA==", "encoding": "base64"}},
    ]),
    ("POST", f"/api/models/{REPO}/commit/main", [
        {"key": "header", "value": {"summary": "s"}}, {"key": "lfsFile", "value": {"path": "a.bin", "oid": SHA256, "size": 3}},
        {"key": "deletedFile", "value": {"path": "a.txt"}}, {"key": "deletedFolder", "value": {"path": "a/"}},
    ]),
]  # fmt: skip


def places(value, at=()):
    """The paths to everything inside a JSON value, itself first."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*at, key))


def bent(body, at, odd):
    if not at:
        return odd
    body = copy.deepcopy(body)
    place = body
    for key in at[:-1]:
        place = place[key]
    place[at[-1]] = odd
    return body


def encoded(body, path) -> bytes:
    if "/commit/" in path and isinstance(body, list):
        return b"\n".join(json.dumps(line).encode() for line in body)
    return json.dumps(body).encode()


@pytest.fixture(scope="module")
def repo(hub):
    assert ask(hub.url, "/api/repos/create", "POST", '{"name": "fuzzed"}', **TOKEN)[0] == 200


def send(hub, method, path, body):
    status, _, answer = ask(hub.url, path, method, body, Content_Type="application/json", **TOKEN)
    assert status < 500 or status == 507, (status, method, path, body[:300], answer)
    if status >= 400:
        assert json.loads(answer)["error"], (method, path, body[:300])
    return status


@pytest.mark.parametrize("number", range(len(WRITES)))
def test_every_field_takes_every_odd_value(hub, repo, number):
    method, path, sound = WRITES[number]
    refused = sum(
        send(hub, method, path, encoded(bent(sound, at, odd), path)) >= 400
        for at in places(sound)
        for odd in ODD
    )
    assert refused, "this test means to send what cannot be taken"
    still_whole(hub)


def test_bytes_that_are_no_json(hub, repo):
    draw = random.Random(7)
    for method, path, sound in WRITES:
        whole = encoded(sound, path)
        for _ in range(12):
            at = draw.randrange(len(whole))
            damaged = draw.choice(
                [whole[:at], whole[:at] + bytes([draw.randrange(256)]) + whole[at + 1 :], whole[at:]]
            )
            send(hub, method, path, damaged)
        for body in (b"\xff\xfe", b"[" * 100_000, b"null", b'{"a":' * 50_000, b"9" * 10_000, b"NaN", b'"x"'):
            send(hub, method, path, body)
    still_whole(hub)


@pytest.mark.parametrize(
    "path", ["/lfs/x/1", f"/lfs/{SHA256}/{'9' * 18}", f"/lfs/{SHA256}/{'9' * 5000}", "/lfs/%ff/0"]
)
def test_odd_uploads(hub, path):
    assert 400 <= ask(hub.url, path, "PUT", b"x", **TOKEN)[0] <= 501


def test_odd_headers_and_queries(hub):
    file = "/acme/alpha/resolve/main/README.md"
    for asked in (f"bytes=0-{'9' * 5000}", "bytes=²-", "bytes=-", "x"):
        assert ask(hub.url, file, Range=asked.encode("latin-1"))[0] in (200, 206, 416)
    for query in (
        f"limit={'9' * 5000}",
        "cursor=-1",
        "num_parameters=min:9e9",
        f"num_parameters=min:{'9' * 5000}",
    ):
        assert ask(hub.url, f"/api/models?{query}")[0] in (200, 400)


@pytest.mark.parametrize("name, content", [
    ("config.json", '{"architectures": 1}'), ("config.json", '{"architectures": [1, null, {}], "model_type": []}'),
    ("config.json", "[" * 100_000), ("config.json", '{"architectures": ["BertModel"], "x": NaN}'),
    ("tokenizer_config.json", '{"mask_token": 5, "pad_token": [NaN]}'),
    ("README.md", "---\na: &a [*a]\n---\n"), ("README.md", "---\nx: .nan\ny: .inf\nz: 2026-01-01\n---\n"),
    ("README.md", "---\n? [a, b]\n: c\n---\n"), ("README.md", "---\nlicense: {a: b}\ntags: {a: 1}\npipeline_tag: [1]\n---\n"),
    ("README.md", f"---\nx: {'[' * 3000}\n---\n"), ("README.md", "---\nlibrary_name: [a]\nconfigs: 3\nmodel-index: .nan\n---\n"),
    ("model.safetensors", b"\xff" * 16), ("model.safetensors", b"\x02\0\0\0\0\0\0\0[]"),
    ("model.safetensors", b"\x1c\0\0\0\0\0\0\0" + b'{"a":{"dtype":1,"shape":"x"}}'), ("model.safetensors", b"\x01"),
])  # fmt: skip
def test_what_a_repo_holds_cannot_break_a_listing(hub, name, content):
    ask(hub.url, "/api/repos/create", "POST", '{"name": "odd-contents"}', **TOKEN)
    content = content.encode() if isinstance(content, str) else content
    value = {"path": name, "content": content.decode("latin-1"), "encoding": "utf-8"}
    lines = [{"key": "header", "value": {"summary": "odd"}}, {"key": "file", "value": value}]
    path = "/api/models/learner/odd-contents/commit/main"
    assert ask(hub.url, path, "POST", "\n".join(map(json.dumps, lines)), **TOKEN)[0] == 200
    still_whole(hub)
    more = "expand=safetensors&expand=config&expand=cardData&expand=tags"
    assert ask(hub.url, f"/api/models/learner/odd-contents?{more}", **TOKEN)[0] == 200
    ask(hub.url, "/api/repos/delete", "DELETE", '{"name": "odd-contents"}', **TOKEN)


def still_whole(hub):
    for path in ("/api/models?full=true&cardData=true&config=true", "/api/datasets", "/api/spaces", "/"):
        assert ask(hub.url, path, **TOKEN)[0] == 200, path
