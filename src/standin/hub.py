"""The stand-in for the Hugging Face Hub: the routes its clients ask, over `Layers` (read) and `Store` (written)."""

from __future__ import annotations

import base64
import binascii
import errno
import json
import mimetypes
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from standin import answers, cards, listings, pages
from standin.files import File, is_lfs
from standin.layers import Layers
from standin.listings import expanded, true
from standin.repo import KINDS, Commit, HubError, Repo
from standin.store import Add, Delete, Store

_PAGE = 1000  # rows in an answer; the client follows the Link header for more
_UPLOAD_PIECE = 1 << 20


def create_app(roots: Sequence[Path], store: Path, user: str) -> Starlette:
    """The Hub's ASGI app: reads `roots` (the first uppermost), writes to `store`, for one user.

    Raises StandinError where `store` cannot be written or a root's hub.json cannot be read.
    """
    return Starlette(routes=[Route("/{path:path}", Hub(Layers(roots), Store(store), user))])


class Hub:
    """Answers requests. The path is matched undecoded: a revision may hold an encoded slash."""

    def __init__(self, layers: Layers, store: Store, user: str):
        self.layers, self.store, self.user = layers, store, user
        kind, repo = r"/api/(?P<kind>models|datasets|spaces)", r"(?P<id>[^/]+/[^/]+)"
        files = r"/(?:(?P<kind>datasets|spaces)/)?" + repo
        rev, path = r"(?P<rev>[^/]+)", r"(?P<path>.+)"
        routes: list[tuple[str, str, Callable[..., Any]]] = [
            ("GET", "/api/whoami-v2", self.whoami),
            ("GET", "/api/agent-harnesses", lambda request: {"standardEnvVars": [], "harnesses": {}}),
            ("POST", "/api/validate-yaml", self.validate),
            ("POST", "/api/repos/create", self.create),
            ("DELETE", "/api/repos/delete", self.delete),
            ("POST", "/api/repos/move", self.move),
            ("GET", kind, self.listing),
            ("GET", f"{kind}/{repo}", self.info),
            ("GET", f"{kind}/{repo}/revision/{rev}", self.info),
            ("GET", f"{kind}/{repo}/tree/{rev}(?:/{path})?", self.tree),
            ("POST", f"{kind}/{repo}/paths-info/{rev}", self.paths_info),
            ("GET", f"{kind}/{repo}/refs", self.refs),
            ("GET", f"{kind}/{repo}/commits/{rev}", self.commits),
            ("GET", f"{kind}/{repo}/auth-check", self.auth_check),
            ("GET", f"{kind}/{repo}/auth-check/write", self.write_check),
            ("POST", f"{kind}/{repo}/preupload/{rev}", self.preupload),
            ("POST", f"{kind}/{repo}/commit/{rev}", self.commit),
            ("PUT", f"{kind}/{repo}/settings", self.settings),
            ("POST", f"{kind}/{repo}/(?P<table>branch|tag)/(?P<name>[^/]+)", self.point),
            ("DELETE", f"{kind}/{repo}/(?P<table>branch|tag)/(?P<name>[^/]+)", self.unpoint),
            ("POST", rf"{files}\.git/info/lfs/objects/batch", self.lfs_batch),
            ("PUT", "/lfs/(?P<sha256>[^/]+)/(?P<size>[0-9]+)", self.lfs_upload),
            ("GET", f"{files}/(?:resolve|raw)/{rev}/{path}", self.file),
            ("GET", f"{files}/blob/{rev}/{path}", self.blob_page),
            ("GET", "/", self.index_page),
            ("GET", f"{files}(?:/(?:tree|commit)/{rev})?", self.repo_page),
        ]
        self._routes = [(method, re.compile(pattern), answer) for method, pattern, answer in routes]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except HubError as error:
            response = _failure(error)
        except ClientDisconnect:
            return
        except OSError as error:
            full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
            cure = (
                "The disk is full: make room and try again."
                if full
                else "See that the files can be read and written."
            )
            response = _failure(
                HubError(507 if full else 500, f"The sandbox failed: {error.strerror or error}. {cure}")
            )
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        raw = request.scope.get("raw_path") or quote(request.url.path).encode()
        path = raw.split(b"?", 1)[0].decode("ascii", "replace")
        method = "GET" if request.method == "HEAD" else request.method
        for wanted, pattern, answer in self._routes:
            found = pattern.fullmatch(path)
            if wanted != method or not found:
                continue
            named = {name: unquote(value) for name, value in found.groupdict().items() if value is not None}
            if "id" in named and not path.startswith("/api/"):
                named.setdefault("kind", "models")
            if answer == self.lfs_upload:
                return await answer(request, **named)
            if request.method in ("POST", "PUT", "DELETE"):
                named["body"] = await request.body()
            result = await run_in_threadpool(answer, request, **named)
            return result if isinstance(result, Response) else JSONResponse(result)
        if re.match(r"/api/(models|datasets|spaces)/|/.*/resolve/", path):
            raise HubError(
                404, "No such repo, or no such route. The sandbox serves repos by their full ids, namespace and name, "
                "such as google-bert/bert-base-uncased.", "RepoNotFound",
            )  # fmt: skip
        raise HubError(
            404, f"The sandbox's Hub does not answer {request.method} {path}. Use live mode for that."
        )

    # --- who and what -------------------------------------------------------------------------------

    def whoami(self, request: Request) -> Any:
        self._signed_in(request)
        return {
            "type": "user", "id": self.user, "name": self.user, "fullname": "Sandbox user", "email": None,
            "isPro": False, "orgs": [],
            "auth": {"type": "access_token", "accessToken": {"displayName": "sandbox", "role": "write"}},
        }  # fmt: skip

    def _signed_in(self, request: Request) -> None:
        if not _token(request):
            raise HubError(
                401, "This needs a token, and the request has none. In the sandbox any text will do: "
                "set HF_TOKEN, or call login(token='hf_sandbox').",
            )  # fmt: skip

    def _repo(self, request: Request, kind: str, repo_id: str) -> Repo:
        repo = self.store.get(kind, repo_id) or self.layers.get(kind, repo_id)
        if repo is None or (repo.private and not _token(request)):
            raise HubError(
                404, f"The sandbox has no {kind[:-1]} '{repo_id}' (or it is private and the request has no token). "
                f"list_{kind}() shows what there is.", "RepoNotFound",
            )  # fmt: skip
        return repo

    def _at(self, request: Request, kind: str, repo_id: str, revision: str) -> tuple[Repo, Commit]:
        repo = self._repo(request, kind, repo_id)
        commit = repo.commit(revision)
        if commit is None:
            raise HubError(
                404, f"'{repo_id}' has no revision '{revision}' in the sandbox. list_repo_refs and list_repo_commits "
                "show those it has.", "RevisionNotFound",
            )  # fmt: skip
        return repo, commit

    def _own(self, request: Request, kind: str, repo_id: str) -> Repo:
        """A repo that this user may change."""
        self._signed_in(request)
        repo = self._repo(request, kind, repo_id)
        if not repo.own:
            raise HubError(
                403, f"'{repo_id}' is read-only in the sandbox, where you are '{self.user}'. "
                f"Write to a repo of your own, such as '{self.user}/{repo_id.split('/')[1]}'",
            )  # fmt: skip
        return repo

    def _let_in(self, request: Request, repo: Repo, path: str = "") -> None:
        """Refuse the files of a gated repo, but for what its page shows anyway."""
        if repo.gated and not (repo.own and _token(request)) and path not in ("README.md", ".gitattributes"):
            raise HubError(
                403, f"Access to {repo.kind[:-1]} {repo.id} is restricted and you are not in the authorized list. "
                "On huggingface.co you would ask for access on its page and wait to be let in; in the sandbox nobody is",
                "GatedRepo",
            )  # fmt: skip

    def auth_check(self, request: Request, kind: str, id: str) -> Any:
        self._let_in(request, self._repo(request, kind, id))
        return {}

    def write_check(self, request: Request, kind: str, id: str) -> Any:
        self._own(request, kind, id)
        return {}

    # --- listings and repo info ---------------------------------------------------------------------

    def listing(self, request: Request, kind: str) -> Any:
        repos = [repo for id in self._ids(kind) if (repo := self._visible(request, kind, id))]
        rows = listings.select(repos, kind, request.query_params)
        fields = listings.fields(kind, request.query_params)
        return _page(request, rows, _PAGE, lambda repo: answers.info(repo, repo.main, fields))

    def _ids(self, kind: str) -> Iterable[str]:
        return self.store.ids(kind) | self.layers.ids(kind)

    def _visible(self, request: Request, kind: str, repo_id: str) -> Repo | None:
        try:
            return self._repo(request, kind, repo_id)
        except HubError:  # private, or deleted since it was listed
            return None

    def info(self, request: Request, kind: str, id: str, rev: str = "main") -> Any:
        repo, commit = self._at(request, kind, id, rev)
        return answers.info(
            repo, commit, expanded(request.query_params), blobs=true(request.query_params.get("blobs"))
        )

    def refs(self, request: Request, kind: str, id: str) -> Any:
        repo = self._repo(request, kind, id)
        named = {"branches": ("heads", repo.heads), "tags": ("tags", repo.tags)}
        rows = {
            table: [{"name": n, "ref": f"refs/{ref}/{n}", "targetCommit": oid} for n, oid in names.items()]
            for table, (ref, names) in named.items()
        }
        return {**rows, "converts": [], "pullRequests": []}

    def commits(self, request: Request, kind: str, id: str, rev: str) -> Any:
        repo, commit = self._at(request, kind, id, rev)
        return _page(request, repo.log(commit), _PAGE, answers.commit_row)

    # --- files --------------------------------------------------------------------------------------

    def tree(self, request: Request, kind: str, id: str, rev: str, path: str = "") -> Any:
        repo, commit = self._at(request, kind, id, rev)
        folder = path.strip("/")
        rows = answers.tree(commit)
        if folder and rows.get(folder, {}).get("type") != "directory":
            raise _no_entry(repo, commit, folder)
        prefix = f"{folder}/" if folder else ""
        below = [row for name, row in rows.items() if name.startswith(prefix) and name != folder]
        if not true(request.query_params.get("recursive")):
            below = [row for row in below if "/" not in row["path"][len(prefix) :]]
        expand = true(request.query_params.get("expand"))
        last = answers.last_commits(repo, commit) if expand else {}
        return _page(
            request,
            below,
            50 if expand else _PAGE,
            lambda row: answers.expanded(row, last) if expand else row,
        )

    def paths_info(self, request: Request, kind: str, id: str, rev: str, body: bytes) -> Any:
        repo, commit = self._at(request, kind, id, rev)
        if request.headers.get("content-type", "").startswith("application/json"):
            asked = _json(body)
            paths, expand = asked.get("paths", []), bool(asked.get("expand"))
        else:
            form = parse_qs(body.decode("utf-8", "replace"))
            paths, expand = form.get("paths", []), true(form.get("expand", [""])[0])
        rows = answers.tree(commit)
        found = [rows[path.strip("/")] for path in paths if path.strip("/") in rows]
        last = answers.last_commits(repo, commit) if expand else {}
        return [answers.expanded(row, last) for row in found] if expand else found

    def file(self, request: Request, kind: str, id: str, rev: str, path: str) -> Response:
        repo, commit = self._at(request, kind, id, rev)
        self._let_in(request, repo, path)
        file = commit.files.get(path)
        if file is None:
            raise _no_entry(repo, commit, path)
        headers = {
            "ETag": f'"{file.etag}"',
            "X-Repo-Commit": commit.oid,
            "Accept-Ranges": "bytes",
            "Content-Type": _content_type(file),
            "X-Content-Type-Options": "nosniff",
        }
        if file.lfs:
            headers |= {"X-Linked-ETag": f'"{file.etag}"', "X-Linked-Size": str(file.size)}
        asked = request.headers.get("range", "")
        span = _range(asked, file.size)
        start, end = span or (0, file.size)
        if span and start >= end:
            raise HubError(
                416,
                f"'{path}' has {file.size} bytes; the range '{asked}' is outside.",
                **{"Content-Range": f"bytes */{file.size}"},
            )
        if span:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
        status = 206 if span else 200
        headers["Content-Length"] = str(end - start)
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers)
        return StreamingResponse(file.chunks(start, end), status_code=status, headers=headers)

    # --- writing ------------------------------------------------------------------------------------

    def create(self, request: Request, body: bytes) -> Any:
        self._signed_in(request)
        asked = _json(body)
        kind = _kind(asked)
        repo_id = f"{asked.get('organization') or self.user}/{asked.get('name')}"
        if not self._namespace_is_own(repo_id):
            raise HubError(
                403, f"You are '{self.user}' in the sandbox and cannot create repos under '{repo_id.split('/')[0]}'. "
                f"Create '{self.user}/{asked.get('name')}'",
            )  # fmt: skip
        private = asked.get("visibility") == "private" or bool(asked.get("private"))
        readme = (
            f"---\ntitle: {asked.get('name')}\nsdk: {asked.get('sdk')}\n---\n" if kind == "spaces" else None
        )
        answer = {"url": self._base(request) + (f"/{repo_id}" if kind == "models" else f"/{kind}/{repo_id}")}
        try:
            if self.layers.get(kind, repo_id):
                raise HubError(409, f"The sandbox's data has a {kind[:-1]} repo of that name: {repo_id}")
            self.store.create(kind, repo_id, self.user, private, readme)
        except HubError as error:
            if error.status != 409:
                raise
            return JSONResponse({"error": str(error), **answer}, status_code=409)  # `exist_ok` takes the url
        return {**answer, "name": repo_id, "id": repo_id}

    def _namespace_is_own(self, repo_id: str) -> bool:
        return repo_id.split("/")[0] == self.user

    def delete(self, request: Request, body: bytes) -> Any:
        asked = _json(body)
        repo_id = f"{asked.get('organization') or self.user}/{asked.get('name')}"
        repo = self._own(request, _kind(asked), repo_id)
        self.store.delete(repo.kind, repo.id)
        return {}

    def move(self, request: Request, body: bytes) -> Any:
        asked = _json(body)
        repo = self._own(request, _kind(asked), str(asked.get("fromRepo")))
        to = str(asked.get("toRepo"))
        if not self._namespace_is_own(to) or to.count("/") != 1:
            raise HubError(403, f"In the sandbox a repo can only be moved within '{self.user}/'")
        self.store.move(repo.kind, repo.id, to, self.user)
        return {}

    def settings(self, request: Request, kind: str, id: str, body: bytes) -> Any:
        repo = self._own(request, kind, id)
        asked = _json(body)
        changes: dict[str, Any] = {}
        if "visibility" in asked or "private" in asked:
            changes["private"] = asked.get("visibility") == "private" or bool(asked.get("private"))
        if "gated" in asked:
            changes["gated"] = asked["gated"] if asked["gated"] in ("auto", "manual") else False
        self.store.configure(repo.kind, repo.id, **changes)
        return {"private": repo.private, "gated": repo.gated} | changes

    def point(self, request: Request, kind: str, id: str, table: str, name: str, body: bytes) -> Any:
        repo = self._own(request, kind, id)
        asked = _json(body)
        if table == "branch":
            self.store.point(kind, repo.id, "branches", name, asked.get("startingPoint") or "main")
        else:
            self.store.point(kind, repo.id, "tags", str(asked.get("tag")), name)
        return {}

    def unpoint(self, request: Request, kind: str, id: str, table: str, name: str, body: bytes) -> Any:
        repo = self._own(request, kind, id)
        self.store.unpoint(kind, repo.id, "branches" if table == "branch" else "tags", name)
        return {}

    def validate(self, request: Request, body: bytes) -> Any:
        asked = _json(body)
        errors, warnings = cards.problems(str(asked.get("content") or ""), asked.get("repoType") or "model")
        answer = {"errors": [{"message": e} for e in errors], "warnings": [{"message": w} for w in warnings]}
        if errors and "text/plain" in request.headers.get("accept", ""):
            return PlainTextResponse("\n".join(errors), status_code=400)
        if errors:
            return JSONResponse({"error": "\n".join(errors), **answer}, status_code=400)
        return answer

    def preupload(self, request: Request, kind: str, id: str, rev: str, body: bytes) -> Any:
        self._writable(request, kind, id, rev)
        _, commit = self._at(request, kind, id, rev)
        rows = []
        for asked in _json(body).get("files", []):
            path, present = asked["path"], commit.files.get(asked["path"])
            mode = "lfs" if is_lfs(path, asked.get("size", 0)) else "regular"
            oid = {"oid": present.etag} if present else {}  # what the client compares with: sha256 for LFS
            rows.append({"path": path, "uploadMode": mode, "shouldIgnore": False, **oid})
        return {"files": rows, "commitOid": commit.oid}

    def _writable(self, request: Request, kind: str, id: str, rev: str) -> Repo:
        if request.query_params.get("create_pr"):
            raise HubError(400, "The sandbox's Hub has no pull requests. Commit without create_pr=True.")
        repo = self._own(request, kind, id)
        if rev not in repo.heads:
            raise HubError(404, f"'{id}' has no branch '{rev}'. create_branch makes one.", "RevisionNotFound")
        return repo

    def lfs_batch(self, request: Request, kind: str, id: str, body: bytes) -> Any:
        self._own(request, kind, id)
        asked = _json(body)
        if asked.get("operation") != "upload":
            raise HubError(400, "The sandbox's Hub takes LFS uploads only; download by /resolve/.")
        objects = []
        for item in asked.get("objects", []):
            sha256, size = str(item.get("oid")), int(item.get("size", -1))
            blob = self.store.blob(sha256)
            row: dict[str, Any] = {"oid": sha256, "size": size, "authenticated": True}
            if not (blob.is_file() and blob.stat().st_size == size):
                row["actions"] = {
                    "upload": {"href": f"{self._base(request)}/lfs/{sha256}/{size}", "header": {}}
                }
            objects.append(row)
        return JSONResponse(
            {"transfer": "basic", "objects": objects}, media_type="application/vnd.git-lfs+json"
        )

    async def lfs_upload(self, request: Request, sha256: str, size: str) -> Response:
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

    def commit(self, request: Request, kind: str, id: str, rev: str, body: bytes) -> Any:
        repo = self._writable(request, kind, id, rev)
        header: dict[str, Any] = {}
        changes: list[Add | Delete] = []
        for line in body.splitlines():
            if not line.strip():
                continue
            operation = _json(line)
            key, value = operation.get("key"), operation.get("value") or {}
            if key == "header":
                header = value
            elif key == "file":
                changes.append(Add(value["path"], self.store.add(_content(value))))
            elif key == "lfsFile":
                changes.append(Add(value["path"], self._lfs_content(value)))
            elif key in ("deletedFile", "deletedFolder"):
                changes.append(Delete(value["path"].rstrip("/"), folder=key == "deletedFolder"))
            else:
                raise HubError(
                    400,
                    f"A commit cannot hold '{key}'; the sandbox knows file, lfsFile, deletedFile, deletedFolder.",
                )
        oid = self.store.commit(
            kind, repo.id, rev, changes, user=self.user, title=header.get("summary") or "Update",
            message=header.get("description") or "", parent=header.get("parentCommit"),
        )  # fmt: skip
        page = f"{self._base(request)}{repo.url_path}/commit/{oid}"
        return {"success": True, "commitOid": oid, "commitUrl": page, "hookOutput": ""}

    def _lfs_content(self, value: dict[str, Any]) -> str:
        sha256 = str(value.get("oid"))
        blob = self.store.blob(sha256)
        if blob.is_file() and value.get("size") not in (None, blob.stat().st_size):
            raise HubError(
                400, f"'{value['path']}' has {blob.stat().st_size} bytes, not the {value['size']} announced."
            )
        return sha256

    def _base(self, request: Request) -> str:
        return f"http://{request.headers['host']}"

    # --- pages for a browser ------------------------------------------------------------------------

    def index_page(self, request: Request) -> Response:
        repos = {
            kind: [r for id in sorted(self._ids(kind)) if (r := self._visible(request, kind, id))]
            for kind in KINDS
        }
        return HTMLResponse(pages.index(repos), headers=pages.HEADERS)

    def repo_page(self, request: Request, kind: str, id: str, rev: str = "main") -> Response:
        repo, commit = self._at(request, kind, id, rev)
        return HTMLResponse(pages.repo(repo, commit), headers=pages.HEADERS)

    def blob_page(self, request: Request, kind: str, id: str, rev: str, path: str) -> Response:
        repo, _ = self._at(request, kind, id, rev)
        return RedirectResponse(f"{repo.url_path}/resolve/{quote(rev, safe='')}/{quote(path)}")


# --- answers ------------------------------------------------------------------------------------------


def _failure(error: HubError) -> Response:
    headers = dict(error.headers)
    if error.code:
        headers["X-Error-Code"] = error.code
    message = str(error)
    headers["X-Error-Message"] = re.sub(r"[^\x20-\x7e]", "?", message)
    return JSONResponse({"error": message}, status_code=error.status, headers=headers)


def _no_entry(repo: Repo, commit: Commit, path: str) -> HubError:
    return HubError(
        404, f"'{path}' is not in '{repo.id}' at {commit.oid[:12]}. list_repo_files shows what is.", "EntryNotFound",
        **{"X-Repo-Commit": commit.oid},
    )  # fmt: skip


def _page(request: Request, rows: Sequence[Any], most: int, render: Callable[[Any], Any]) -> Response:
    """One page of rows, with a Link to the next."""
    query = request.query_params
    try:
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", most))
    except ValueError:
        raise HubError(400, "'limit' and 'cursor' must be whole numbers.") from None
    if start < 0 or limit < 0:
        raise HubError(400, "'limit' and 'cursor' cannot be negative.")
    end = start + min(limit, most)
    headers = {}
    if end < len(rows) and end > start:
        rest = [(name, value) for name, value in query.multi_items() if name != "cursor"]
        path = request.scope["raw_path"].decode("ascii")
        url = f"http://{request.headers['host']}{path}?{urlencode([*rest, ('cursor', end)])}"
        headers["Link"] = f'<{url}>; rel="next"'
    return JSONResponse([render(row) for row in rows[start:end]], headers=headers)


def _content_type(file: File) -> str:
    guessed = mimetypes.guess_type(file.path)[0] or "application/octet-stream"
    if guessed.startswith("text/") or guessed in (
        "application/json",
        "application/javascript",
        "image/svg+xml",
    ):
        return "text/plain; charset=utf-8"  # shown, never run
    return guessed


# --- questions ----------------------------------------------------------------------------------------


def _token(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer").strip()


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        raise HubError(400, f"The request's JSON cannot be read: {error}.") from None
    if not isinstance(value, dict):
        raise HubError(400, "The request's JSON must be an object.")
    return value


def _kind(asked: dict[str, Any]) -> str:
    kind = f"{asked.get('type') or 'model'}s"
    if kind not in KINDS:
        raise HubError(
            400, f"The sandbox has no repos of type '{asked['type']}': use model, dataset or space."
        )
    return kind


def _content(value: dict[str, Any]) -> bytes:
    text = str(value.get("content", ""))
    if value.get("encoding") != "base64":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise HubError(400, f"The content of '{value.get('path')}' is not base64: {error}.") from None


def _range(text: str, size: int) -> tuple[int, int] | None:
    """First byte and end (exclusive) of a Range header; None: the whole file, as for several ranges at once."""
    found = re.fullmatch(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", text)
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        return max(0, size - int(found[2])), size
    return int(found[1]), min(int(found[2] or size) + 1, size)
