"""The writing half of the Hub: repos, settings, branches and tags, uploads and commits of the one user."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Any

import yaml
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from standin import cards
from standin.asked import Asked
from standin.files import is_lfs
from standin.gitignore import Ignored
from standin.layers import Layers
from standin.reading import Reader
from standin.repo import HubError, Repo
from standin.store import Add, Delete, Store

_UPLOAD_PIECE = 1 << 20
_CHANGES = ("file", "lfsFile", "deletedFile", "deletedFolder")
_SDKS = ("gradio", "docker", "static", "streamlit")


class Writer(Reader):
    """Answers what writes as well. A malformed request is a 400 that names the field."""

    def __init__(self, layers: Layers, store: Store, user: str):
        super().__init__(layers, store, user)
        self._secret = secrets.token_bytes(32)  # signs the addresses of uploads, which carry no token

    def _own(self, request: Request, kind: str, repo_id: str) -> Repo:
        """A repo that this user may change."""
        self._signed_in(request)
        repo = self._repo(request, kind, repo_id)
        if not repo.own:
            raise HubError(
                403, f"'{repo_id}' is read-only in the stand-in, where you are '{self.user}'. "
                f"Write to a repo of your own, such as '{self.user}/{repo_id.split('/')[1]}'",
            )  # fmt: skip
        return repo

    def _own_namespace(self, repo_id: str) -> None:
        namespace, _, name = repo_id.partition("/")
        if namespace != self.user or not name or "/" in name:
            raise HubError(
                403, f"You are '{self.user}' in the stand-in and cannot create or move repos under '{namespace}'. "
                f"Choose '{self.user}/{name or '<name>'}'",
            )  # fmt: skip

    def write_check(self, request: Request, kind: str, repo_id: str) -> Any:
        self._own(request, kind, repo_id)
        return {}

    # --- repos --------------------------------------------------------------------------------------

    def _named(self, asked: Asked) -> str:
        return f"{asked.get('organization', '') or self.user}/{asked.need('name', str)}"

    def create(self, request: Request, body: bytes) -> Any:
        self._signed_in(request)
        asked = Asked.of(body)
        kind, repo_id = asked.repo_kind(), self._named(asked)
        self._own_namespace(repo_id)
        answer = {"url": self._base(request) + (f"/{repo_id}" if kind == "models" else f"/{kind}/{repo_id}")}
        try:
            if self.layers.get(kind, repo_id):
                raise HubError(409, f"The stand-in's data has a {kind[:-1]} repo of that name: {repo_id}")
            self.store.create(kind, repo_id, self.user, _private(asked), _space_card(asked, kind))
        except HubError as error:
            if error.status != 409:
                raise
            return JSONResponse({"error": str(error), **answer}, status_code=409)  # `exist_ok` takes the url
        return {**answer, "name": repo_id, "id": repo_id}

    def delete(self, request: Request, body: bytes) -> Any:
        asked = Asked.of(body)
        repo = self._own(request, asked.repo_kind(), self._named(asked))
        self.store.delete(repo.kind, repo.id)
        return {}

    def move(self, request: Request, body: bytes) -> Any:
        asked = Asked.of(body)
        repo = self._own(request, asked.repo_kind(), asked.need("fromRepo", str))
        to = asked.need("toRepo", str)
        self._own_namespace(to)
        self.store.move(repo.kind, repo.id, to, self.user)
        return {}

    def settings(self, request: Request, kind: str, repo_id: str, body: bytes) -> Any:
        repo = self._own(request, kind, repo_id)
        asked = Asked.of(body)
        changes: dict[str, Any] = {}
        if "visibility" in asked or "private" in asked:
            changes["private"] = _private(asked)
        if "gated" in asked:
            changes["gated"] = asked.any_of("gated", (False, "auto", "manual"))
        self.store.configure(repo.kind, repo.id, **changes)
        return {"private": repo.private, "gated": repo.gated} | changes

    def point(self, request: Request, kind: str, repo_id: str, table: str, name: str, body: bytes) -> Any:
        """A new branch `name`, or a new tag at the revision `name`."""
        self._own(request, kind, repo_id)
        asked = Asked.of(body)
        start = asked.get("startingPoint", "main") if table == "branch" else name
        repo, commit = self._at(request, kind, repo_id, start)
        if table == "branch":
            self.store.point(kind, repo.id, "branches", name, commit.oid)
        else:
            self.store.point(kind, repo.id, "tags", asked.need("tag", str), commit.oid)
        return {}

    def unpoint(self, request: Request, kind: str, repo_id: str, table: str, name: str, body: bytes) -> Any:
        repo = self._own(request, kind, repo_id)
        self.store.unpoint(kind, repo.id, "branches" if table == "branch" else "tags", name)
        return {}

    # --- contents -----------------------------------------------------------------------------------

    def validate(self, request: Request, body: bytes) -> Any:
        asked = Asked.of(body)
        errors, warnings = cards.problems(asked.get("content", ""), asked.get("repoType", "model"))
        answer = {"errors": [{"message": e} for e in errors], "warnings": [{"message": w} for w in warnings]}
        if errors and "text/plain" in request.headers.get("accept", ""):
            return PlainTextResponse("\n".join(errors), status_code=400)
        if errors:
            return JSONResponse({"error": "\n".join(errors), **answer}, status_code=400)
        return answer

    def preupload(self, request: Request, kind: str, repo_id: str, rev: str, body: bytes) -> Any:
        self._writable(request, kind, repo_id, rev)
        _, commit = self._at(request, kind, repo_id, rev)
        asked = Asked.of(body)
        ignored = Ignored(asked.get("gitIgnore", "") or commit.text(".gitignore") or "")
        rows = []
        for file in asked.each("files"):
            path = file.need("path", str)
            present = commit.files.get(path)
            mode = "lfs" if is_lfs(path, file.get("size", 0)) else "regular"
            oid = {"oid": present.etag} if present else {}  # what the client compares with: sha256 for LFS
            rows.append({"path": path, "uploadMode": mode, "shouldIgnore": path in ignored, **oid})
        return {"files": rows, "commitOid": commit.oid}

    def _writable(self, request: Request, kind: str, repo_id: str, rev: str) -> Repo:
        if request.query_params.get("create_pr"):
            raise HubError(400, "The stand-in has no pull requests. Commit without create_pr=True.")
        repo = self._own(request, kind, repo_id)
        if rev not in repo.heads:
            raise HubError(
                404, f"'{repo_id}' has no branch '{rev}'. create_branch makes one.", "RevisionNotFound"
            )
        return repo

    def xet_token(self, request: Request, kind: str, repo_id: str, rev: str) -> Any:
        raise HubError(
            501, "The stand-in has no Xet storage, and this client has no other way to upload: set HF_HUB_DISABLE_XET=1 "
            "before huggingface_hub is imported.",
        )  # fmt: skip

    def lfs_batch(self, request: Request, kind: str, repo_id: str, body: bytes) -> Any:
        self._own(request, kind, repo_id)
        asked = Asked.of(body)
        if asked.get("operation", "") != "upload":
            raise HubError(400, "The stand-in takes LFS uploads only; download by /resolve/.")
        objects = []
        for item in asked.each("objects"):
            sha256, size = item.need("oid", str), item.need("size", int)
            blob = self.store.blob(sha256)
            row: dict[str, Any] = {"oid": sha256, "size": size, "authenticated": True}
            if not (blob.is_file() and blob.stat().st_size == size):
                address = f"{self._base(request)}/lfs/{sha256}/{size}?signature={self._signature(sha256, str(size))}"
                row["actions"] = {"upload": {"href": address, "header": {}}}
            objects.append(row)
        answer = {"transfer": "basic", "objects": objects}
        return JSONResponse(answer, media_type="application/vnd.git-lfs+json")

    def _signature(self, sha256: str, size: str) -> str:
        return hmac.new(self._secret, f"{sha256} {size}".encode(), hashlib.sha256).hexdigest()

    async def lfs_upload(self, request: Request, sha256: str, size: str) -> Response:
        given = request.query_params.get("signature", "").encode()
        if not hmac.compare_digest(given, self._signature(sha256, size).encode()):
            self._signed_in(request)
        self.store.blob(sha256)  # refuses what is no sha256
        with self.store.upload() as upload:
            pieces: list[bytes] = []

            async def flush() -> None:
                await run_in_threadpool(upload.write, b"".join(pieces))
                pieces.clear()

            async for piece in request.stream():
                pieces.append(piece)
                held = sum(map(len, pieces))
                if upload.size + held > int(size):
                    raise HubError(
                        400, f"The upload is longer than the {size} bytes announced. Upload it again."
                    )
                if held >= _UPLOAD_PIECE:
                    await flush()
            await flush()
            await run_in_threadpool(upload.keep, sha256, int(size))
        return Response()

    def commit(self, request: Request, kind: str, repo_id: str, rev: str, body: bytes) -> Any:
        repo = self._writable(request, kind, repo_id, rev)
        header = Asked({})
        changes: list[Add | Delete] = []
        for line in body.splitlines():
            if line.strip():
                operation = Asked.of(line)
                if operation.need("key", str) == "header":
                    header = Asked(operation.need("value", dict))
                else:
                    changes.append(
                        self._change(operation.need("key", str), Asked(operation.need("value", dict)))
                    )
        oid = self.store.commit(
            kind, repo.id, rev, changes, user=self.user, title=header.get("summary", "") or "Update",
            message=header.get("description", ""), parent=header.get("parentCommit", ""),
        )  # fmt: skip
        page = f"{self._base(request)}{repo.url_path}/commit/{oid}"
        return {"success": True, "commitOid": oid, "commitUrl": page, "hookOutput": ""}

    def _change(self, key: str, value: Asked) -> Add | Delete:
        """One line of a commit."""
        if key not in _CHANGES:
            raise HubError(400, f"A commit cannot hold '{key}'; the stand-in knows {', '.join(_CHANGES)}.")
        path = value.need("path", str)
        match key:
            case "file":
                return Add(path, self.store.add(_content(path, value)))
            case "lfsFile":
                sha256 = value.need("oid", str)
                blob = self.store.blob(sha256)
                if blob.is_file() and "size" in value and value.get("size", 0) != blob.stat().st_size:
                    raise HubError(400, f"'{path}' has {blob.stat().st_size} bytes, not those announced.")
                return Add(path, sha256)
        return Delete(path.rstrip("/"))

    def _base(self, request: Request) -> str:
        return f"http://{request.headers['host']}"


def _private(asked: Asked) -> bool:
    if "visibility" in asked:
        return asked.any_of("visibility", ("private", "public", "protected")) == "private"
    return asked.get("private", False)


def _space_card(asked: Asked, kind: str) -> str | None:
    if kind != "spaces":
        return None
    front = {"title": asked.need("name", str), "sdk": asked.any_of("sdk", _SDKS)}
    return f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n"


def _content(path: str, value: Asked) -> bytes:
    text = value.get("content", "")
    if value.get("encoding", "") != "base64":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise HubError(400, f"The content of '{path}' is not base64: {error}.") from None
