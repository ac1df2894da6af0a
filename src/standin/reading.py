"""The reading half of the Hub: who asks, which repos there are, their trees and files, and pages for a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from standin import answers, listings, pages
from standin.asked import Asked, byte_range, token
from standin.files import CHUNK, File, content_type
from standin.layers import Layers
from standin.listings import expanded, true
from standin.repo import KINDS, Commit, HubError, Repo
from standin.store import Store

_PAGE = 1000  # rows in an answer; the client follows the Link header for more
# A file is never a page of the Hub's own: what a browser makes of it can run nothing and reach nothing.
_HARMLESS = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}


class Reader:
    """Answers what only reads, over `layers` and `store`. Every public method is a route's."""

    def __init__(self, layers: Layers, store: Store, user: str):
        self.layers, self.store, self.user = layers, store, user
        # Threads of their own, so that many slow downloads leave those for other requests free.
        self.file_threads = anyio.CapacityLimiter(16)

    # --- who and what -------------------------------------------------------------------------------

    def whoami(self, request: Request) -> Any:
        self._signed_in(request)
        return {
            "type": "user", "id": self.user, "name": self.user, "fullname": "Stand-in user", "email": None,
            "isPro": False, "orgs": [],
            "auth": {"type": "access_token", "accessToken": {"displayName": "standin", "role": "write"}},
        }  # fmt: skip

    def _signed_in(self, request: Request) -> None:
        if not token(request):
            raise HubError(
                401, "This needs a token, and the request has none. The stand-in takes any text as one: "
                "set HF_TOKEN, or call login(token='hf_any').",
            )  # fmt: skip

    def _repo(self, request: Request, kind: str, repo_id: str) -> Repo:
        repo = self.store.get(kind, repo_id) or self.layers.get(kind, repo_id)
        if repo is None or (repo.private and not token(request)):
            raise HubError(
                404, f"The stand-in has no {kind[:-1]} '{repo_id}' (or it is private and the request has no token). "
                f"list_{kind}() shows what there is.", "RepoNotFound",
            )  # fmt: skip
        return repo

    def _visible(self, request: Request, kind: str, repo_id: str) -> Repo | None:
        try:
            return self._repo(request, kind, repo_id)
        except HubError:  # private, or deleted since it was listed
            return None

    def exists(self, request: Request, kind: str, repo_id: str) -> bool:
        return self._visible(request, kind, repo_id) is not None

    def _every(self, request: Request, kind: str) -> list[Repo]:
        ids = self.store.ids(kind) | self.layers.ids(kind)
        return [repo for repo_id in sorted(ids) if (repo := self._visible(request, kind, repo_id))]

    def other_name(self, request: Request, kind: str, repo_id: str) -> str | None:
        """The id of an existing repo that this one, which there is not, leads to: moved, or in other letters."""
        found = self.store.moved(kind, repo_id)
        if found is None:
            ids = self.store.ids(kind) | self.layers.ids(kind)
            found = next((known for known in ids if known.lower() == repo_id.lower()), None)
        return found if found and found != repo_id and self._visible(request, kind, found) else None

    def _at(self, request: Request, kind: str, repo_id: str, revision: str) -> tuple[Repo, Commit]:
        repo = self._repo(request, kind, repo_id)
        commit = repo.commit(revision)
        if commit is None:
            raise HubError(
                404, f"'{repo_id}' has no revision '{revision}'. list_repo_refs and list_repo_commits show those it "
                "has.", "RevisionNotFound",
            )  # fmt: skip
        return repo, commit

    def _let_in(self, request: Request, repo: Repo, path: str = "") -> None:
        """Refuse the files of a gated repo, but for what its page shows anyway."""
        if repo.gated and not (repo.own and token(request)) and path not in ("README.md", ".gitattributes"):
            raise HubError(
                403, f"Access to {repo.kind[:-1]} {repo.id} is restricted and you are not in the authorized list. "
                "On huggingface.co you would ask for access on its page and wait to be let in; here nobody is",
                "GatedRepo",
            )  # fmt: skip

    def auth_check(self, request: Request, kind: str, repo_id: str) -> Any:
        self._let_in(request, self._repo(request, kind, repo_id))
        return {}

    # --- listings and repo info ---------------------------------------------------------------------

    def listing(self, request: Request, kind: str) -> Any:
        rows = listings.select(self._every(request, kind), kind, request.query_params)
        fields = listings.fields(kind, request.query_params)
        return _page(request, rows, _PAGE, lambda repo: answers.info(repo, repo.main, fields))

    def info(self, request: Request, kind: str, repo_id: str, rev: str = "main") -> Any:
        repo, commit = self._at(request, kind, repo_id, rev)
        query = request.query_params
        return answers.info(repo, commit, expanded(query), blobs=true(query.get("blobs")))

    def refs(self, request: Request, kind: str, repo_id: str) -> Any:
        repo = self._repo(request, kind, repo_id)
        named = {"branches": ("heads", repo.heads), "tags": ("tags", repo.tags)}
        rows = {
            table: [{"name": n, "ref": f"refs/{ref}/{n}", "targetCommit": oid} for n, oid in names.items()]
            for table, (ref, names) in named.items()
        }
        return {**rows, "converts": [], "pullRequests": []}

    def commits(self, request: Request, kind: str, repo_id: str, rev: str) -> Any:
        repo, commit = self._at(request, kind, repo_id, rev)
        render = partial(answers.commit_row, formatted="formatted" in expanded(request.query_params))
        return _page(request, repo.log(commit), _PAGE, render)

    # --- files --------------------------------------------------------------------------------------

    def tree(self, request: Request, kind: str, repo_id: str, rev: str, path: str = "") -> Any:
        repo, commit = self._at(request, kind, repo_id, rev)
        folder = path.strip("/")
        rows = answers.tree(commit)
        if folder and rows.get(folder, {}).get("type") != "directory":
            raise _no_entry(repo, commit, folder)
        prefix = f"{folder}/" if folder else ""
        below = [row for name, row in rows.items() if name.startswith(prefix) and name != folder]
        if not true(request.query_params.get("recursive")):
            below = [row for row in below if "/" not in row["path"][len(prefix) :]]
        if not true(request.query_params.get("expand")):
            return _page(request, below, _PAGE, lambda row: row)
        last = answers.last_commits(repo, commit)
        return _page(request, below, 50, lambda row: answers.expanded(row, last))

    def paths_info(self, request: Request, kind: str, repo_id: str, rev: str, body: bytes) -> Any:
        repo, commit = self._at(request, kind, repo_id, rev)
        if request.headers.get("content-type", "").startswith("application/json"):
            asked = Asked.of(body)
            paths, expand = asked.get("paths", []), asked.get("expand", False)
        else:
            form = parse_qs(body.decode("utf-8", "replace"))
            paths, expand = form.get("paths", []), true(form.get("expand", [""])[0])
        rows = answers.tree(commit)
        found = [rows[path.strip("/")] for path in map(str, paths) if path.strip("/") in rows]
        last = answers.last_commits(repo, commit) if expand else {}
        return [answers.expanded(row, last) for row in found] if expand else found

    def file(self, request: Request, kind: str, repo_id: str, rev: str, path: str) -> Response:
        repo, commit = self._at(request, kind, repo_id, rev)
        self._let_in(request, repo, path)
        file = commit.files.get(path)
        if file is None:
            raise _no_entry(repo, commit, path)
        headers = _HARMLESS | {
            "ETag": f'"{file.etag}"',
            "X-Repo-Commit": commit.oid,
            "Accept-Ranges": "bytes",
            "Content-Type": content_type(path),
        }
        if file.lfs:
            headers |= {"X-Linked-ETag": f'"{file.etag}"', "X-Linked-Size": str(file.size)}
        asked = request.headers.get("range", "")
        span = byte_range(asked, file.size)
        start, end = span or (0, file.size)
        if span and start >= end:
            raise HubError(
                416, f"'{path}' has {file.size} bytes; the range '{asked}' is outside.",
                **{"Content-Range": f"bytes */{file.size}"},
            )  # fmt: skip
        if span:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
        status = 206 if span else 200
        headers["Content-Length"] = str(end - start)
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers)
        return StreamingResponse(self._bytes(file, start, end), status_code=status, headers=headers)

    async def _bytes(self, file: File, start: int, end: int) -> AsyncIterator[bytes]:
        run = partial(anyio.to_thread.run_sync, limiter=self.file_threads)
        with await run(file.open) as stream:
            await run(stream.seek, start)
            while start < end and (piece := await run(stream.read, min(CHUNK, end - start))):
                start += len(piece)
                yield piece

    # --- pages for a browser ------------------------------------------------------------------------

    def index_page(self, request: Request) -> Response:
        repos = {kind: self._every(request, kind) for kind in KINDS}
        return HTMLResponse(pages.index(repos), headers=pages.HEADERS)

    def repo_page(self, request: Request, kind: str, repo_id: str, rev: str = "main") -> Response:
        repo, commit = self._at(request, kind, repo_id, rev)
        return HTMLResponse(pages.repo(repo, commit), headers=pages.HEADERS)

    def blob_page(self, request: Request, kind: str, repo_id: str, rev: str, path: str) -> Response:
        repo, _ = self._at(request, kind, repo_id, rev)
        return RedirectResponse(f"{repo.url_path}/resolve/{quote(rev, safe='')}/{quote(path)}")


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
