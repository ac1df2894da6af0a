"""The stand-in for the Hugging Face Hub: the routes its clients ask, over `Layers` (read) and `Store` (written)."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from standin.layers import Layers
from standin.repo import HubError
from standin.store import Store
from standin.writing import Writer


def create_app(roots: Sequence[Path], store: Store | Path, user: str) -> Starlette:
    """The Hub's ASGI app: reads `roots` (the first uppermost), writes to `store`, for one user.

    Raises StandinError where `store` cannot be written or a root's hub.json cannot be read.
    """
    store = store if isinstance(store, Store) else Store(store)
    return Starlette(routes=[Route("/{path:path}", Hub(Writer(Layers(roots), store, user)))])


class Hub:
    """Answers requests. The path is matched undecoded: a revision may hold an encoded slash."""

    def __init__(self, hub: Writer):
        self._hub = hub
        kind, repo = r"/api/(?P<kind>models|datasets|spaces)", r"(?P<repo_id>[^/]+/[^/]+)"
        files = r"/(?!api/)(?:(?P<kind>datasets|spaces)/)?" + repo
        rev, path = r"(?P<rev>[^/]+)", r"(?P<path>.+)"
        routes: list[tuple[str, str, Callable[..., Any]]] = [
            ("GET", "/api/whoami-v2", hub.whoami),
            ("GET", "/api/agent-harnesses", lambda request: {"standardEnvVars": [], "harnesses": {}}),
            ("POST", "/api/validate-yaml", hub.validate),
            ("POST", "/api/repos/create", hub.create),
            ("DELETE", "/api/repos/delete", hub.delete),
            ("POST", "/api/repos/move", hub.move),
            ("GET", kind, hub.listing),
            ("GET", f"{kind}/{repo}", hub.info),
            ("GET", f"{kind}/{repo}/revision/{rev}", hub.info),
            ("GET", f"{kind}/{repo}/tree/{rev}(?:/{path})?", hub.tree),
            ("POST", f"{kind}/{repo}/paths-info/{rev}", hub.paths_info),
            ("GET", f"{kind}/{repo}/refs", hub.refs),
            ("GET", f"{kind}/{repo}/commits/{rev}", hub.commits),
            ("GET", f"{kind}/{repo}/auth-check", hub.auth_check),
            ("GET", f"{kind}/{repo}/auth-check/write", hub.write_check),
            ("GET", f"{kind}/{repo}/xet-(?:read|write)-token/{rev}", hub.xet_token),
            ("POST", f"{kind}/{repo}/preupload/{rev}", hub.preupload),
            ("POST", f"{kind}/{repo}/commit/{rev}", hub.commit),
            ("PUT", f"{kind}/{repo}/settings", hub.settings),
            ("POST", f"{kind}/{repo}/(?P<table>branch|tag)/(?P<name>[^/]+)", hub.point),
            ("DELETE", f"{kind}/{repo}/(?P<table>branch|tag)/(?P<name>[^/]+)", hub.unpoint),
            ("POST", rf"{files}\.git/info/lfs/objects/batch", hub.lfs_batch),
            ("PUT", "/lfs/(?P<sha256>[^/]+)/(?P<size>[0-9]{1,18})", hub.lfs_upload),
            ("GET", f"{files}/(?:resolve|raw)/{rev}/{path}", hub.file),
            ("GET", f"{files}/blob/{rev}/{path}", hub.blob_page),
            ("GET", "/", hub.index_page),
            ("GET", f"{files}(?:/(?:tree|commit)/{rev})?", hub.repo_page),
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
                else "See that files can be read and written."
            )
            message = f"The stand-in failed: {error.strerror or error}. {cure}"
            response = _failure(HubError(507 if full else 500, message))
        except Exception as error:  # a fault of the stand-in's own: say which
            response = _failure(HubError(500, f"The stand-in failed: {type(error).__name__}: {error}"))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        raw = request.scope.get("raw_path") or quote(request.url.path).encode()
        path = raw.split(b"?", 1)[0].decode("ascii", "replace")
        found, answer = self._route("GET" if request.method == "HEAD" else request.method, path)
        if found is None:
            raise self._no_route(request, path)
        named = {name: unquote(value) for name, value in found.groupdict().items() if value is not None}
        if "repo_id" in named:
            named.setdefault("kind", "models")
        if answer == self._hub.lfs_upload:
            return await answer(request, **named)
        if request.method in ("POST", "PUT", "DELETE"):
            named["body"] = await request.body()
        threads = self._hub.file_threads if answer == self._hub.file else None
        try:
            result = await anyio.to_thread.run_sync(lambda: answer(request, **named), limiter=threads)
        except HubError as error:
            if error.code == "RepoNotFound" and "repo_id" in named:
                self._lead_elsewhere(request, found, named["kind"], named["repo_id"])
            raise
        return result if isinstance(result, Response) else JSONResponse(result)

    def _route(self, method: str, path: str) -> tuple[re.Match[str] | None, Callable[..., Any]]:
        for wanted, pattern, answer in self._routes:
            if wanted == method and (found := pattern.fullmatch(path)):
                return found, answer
        return None, self._no_route

    def _lead_elsewhere(self, request: Request, found: re.Match[str], kind: str, repo_id: str) -> None:
        """Raise a redirect where a repo was moved, or is asked for in other letters."""
        if other := self._hub.other_name(request, kind, repo_id):
            start, end = found.span("repo_id")
            query = f"?{request.url.query}" if request.url.query else ""
            where = f"{found.string[:start]}{quote(other)}{found.string[end:]}{query}"
            raise HubError(307, f"'{repo_id}' is '{other}'.", Location=where)

    def _no_route(self, request: Request, path: str) -> HubError:
        """Why a path that matches no route is not answered: no such repo, or a route that only the real Hub has."""
        found = re.match(r"/api/(models|datasets|spaces)/([^/]+/[^/]+)(?=/|$)", path)
        exists = found and self._hub.exists(request, found[1], unquote(found[2]))
        if not exists and re.match(r"/api/(models|datasets|spaces)/|/.*/resolve/", path):
            return HubError(
                404, "No such repo. The stand-in serves repos by their full ids, namespace and name, such as "
                "google-bert/bert-base-uncased.", "RepoNotFound",
            )  # fmt: skip
        missing = path.startswith("/api/") or request.method not in ("GET", "HEAD")
        return HubError(
            501 if missing else 404,
            f"The stand-in does not answer {request.method} {path}; the real Hub may.",
        )


def _failure(error: HubError) -> Response:
    headers = dict(error.headers)
    if error.code:
        headers["X-Error-Code"] = error.code
    message = str(error)
    headers["X-Error-Message"] = re.sub(r"[^\x20-\x7e]", "?", message)
    return JSONResponse({"error": message}, status_code=error.status, headers=headers)
