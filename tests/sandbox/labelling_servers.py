"""What the tests of labelling share: papers, a teacher in a process of its own, and servers that answer oddly."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import polars as pl
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

HERE = Path(__file__).parent


def papers(number: int) -> pl.DataFrame:
    """Invented papers, every third of which introduces a data set."""
    kinds = (
        "We introduce a new dataset, number {}, of annotated sentences.",
        "We test method {} on existing datasets.",
    )
    return pl.DataFrame(
        {
            "id": [f"p{i:05d}" for i in range(number)],
            "title": [f"Study {i}" for i in range(number)],
            "abstract": [kinds[i % 3 > 0].format(i) for i in range(number)],
        }
    )


class TeacherProcess:
    """A scripted teacher in another process, with a route /count that tells how often it was asked what.

    Nothing of it takes time from the process that asks.
    """

    def __init__(self, **behaviour):
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "labelling_servers.py"), json.dumps(behaviour)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.root = self._process.stdout.readline().strip()
        self.url = f"{self.root}/v1"

    def count(self) -> dict:
        """`answered`: how often each paper's title was answered; `busiest`: the most requests at one time."""
        with urllib.request.urlopen(f"{self.root}/count", timeout=10) as answer:
            return json.load(answer)

    def __enter__(self) -> TeacherProcess:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()


def odd_server(
    status: int = 200, body: object = None, *, html: str | None = None, models: object = "usual", **headers
):
    """An app whose chat answers always the same thing. `models`: the names it lists; None: it has no such list."""
    app_models = ["odd"] if models == "usual" else models

    async def chat(request: Request) -> Response:
        app.state.requests.append(await request.json())
        if app.state.answer is not None:
            return app.state.answer
        if html is not None:
            return HTMLResponse(html, status, headers)
        return JSONResponse(body, status, headers)

    async def listing(request: Request) -> Response:
        app.state.keys.append(request.headers.get("authorization"))
        if isinstance(app_models, Response):
            return app_models
        if app_models is None:
            return JSONResponse({"detail": "Not Found"}, 404)
        return JSONResponse(
            {"object": "list", "data": [{"id": name, "object": "model"} for name in app_models]}
        )

    app = Starlette(
        routes=[Route("/v1/chat/completions", chat, methods=["POST"]), Route("/v1/models", listing)]
    )
    app.state.requests, app.state.keys = [], []
    app.state.answer = None  # a response to give from now on
    return app


def completion(content: str | None, finish: str = "stop", **message) -> dict:
    """The body of a chat completion."""
    choice = {
        "index": 0,
        "finish_reason": finish,
        "message": {"role": "assistant", "content": content, **message},
    }
    usage = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "odd",
        "choices": [choice],
        "usage": usage,
    }


def _serve() -> None:
    from standin.server import Server
    from standin.teacher import paper
    from standin.teacher_faults import Behaviour, FaultyTeacher

    wanted = {name: tuple(v) if isinstance(v, list) else v for name, v in json.loads(sys.argv[1]).items()}
    teacher = FaultyTeacher(Behaviour(**wanted))

    async def count(request: Request) -> Response:
        answered = {paper(text)[0]: times for text, times in teacher.answered.items()}
        return JSONResponse({"answered": answered, "busiest": teacher.busiest})

    counting = Starlette(routes=[Route("/count", count)])

    async def app(scope, receive, send):
        await (counting if scope.get("path") == "/count" else teacher)(scope, receive, send)

    server = Server(app)
    print(server.url, flush=True)
    sys.stdin.read()  # until the test is over
    server.stop()


if __name__ == "__main__":
    _serve()
