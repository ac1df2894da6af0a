"""The scripted teacher: a stand-in for DeepSeek-R1 behind the OpenAI API. No model answers here, rules do.

It thinks before it answers, and errs, stumbles and breaks down as its `Behaviour` says: always on the same papers,
since every draw is a hash of the paper's text, the seed and how often this very question was asked before.
"""

from __future__ import annotations

import asyncio
import email.utils
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from standin import teacher_ner
from standin.server import Server
from standin.teacher_answers import (
    BROKEN,
    HABITS,
    KINDS,
    REPAIRABLE,
    STRUCTURED,
    Answer,
    fill,
    shape,
)
from standin.teacher_rules import LABELS, decide

MODEL = "scripted-r1"
WITHOUT_V1 = ("/models", "/chat/completions")
_CREATED = 1_737_331_200  # 20 January 2025, when R1 came out
_PIECE = re.compile(r"\s*(?:\w{1,6}|[^\w\s])|\s+")  # what counts as a token
_FAULTS = ("rate_limited", "failed", "hanging", "html", "error_in_200", "truncated", "malformed")


@dataclass(frozen=True)
class Behaviour:
    """How the teacher answers. Shares are of requests, between 0 and 1.

    Every share is drawn anew when the same question is asked again; where `faulty_attempts` is set, only the first
    so many times that a question is asked can fail or come out malformed.
    """

    seed: int = 42
    latency: float | tuple[float, float] = 0.0  # seconds for an answer, or from … to
    slots: int | None = None  # requests worked on at once, others wait; None: any number
    context: int = 131_072  # tokens of prompt and answer together

    wrong: float = 0.06  # labels against the rules when thinking freely …
    wrong_structured: float = 0.10  # … and when bound to a schema
    reasoning: str = "inline"  # <think> in the content; or the field it goes to: reasoning_content, reasoning
    json_schema: str = "honoured"  # or "rejected" (as DeepSeek's API does), or "ignored"

    key: str | None = None  # the only key that is let in; None: any, or none
    balance: int | None = None  # answers until 402 Insufficient Balance

    rate_limited: float = 0.0  # 429
    retry_after: int = 1  # seconds
    retry_after_as: str = "seconds"  # or "date"
    failed: float = 0.0  # 500
    hanging: float = 0.0  # no answer within hang_seconds
    hang_seconds: float = 3600.0
    html: float = 0.0  # a web page with status 200
    error_in_200: float = 0.0  # {"error": …} with status 200
    truncated: float = 0.0  # cut off, finish_reason "length"
    malformed: float = 0.0
    kinds: tuple[str, ...] = (*BROKEN, *REPAIRABLE)  # of malformed answers
    faulty_attempts: int | None = None

    def __post_init__(self) -> None:
        shares = {name: getattr(self, name) for name in ("wrong", "wrong_structured", *_FAULTS)}
        allowed = {
            "reasoning": ("inline", "reasoning_content", "reasoning"),
            "json_schema": ("honoured", "rejected", "ignored"),
            "retry_after_as": ("seconds", "date"),
        }
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name}={share}: a share lies between 0 and 1.")
        if sum(shares[name] for name in _FAULTS) > 1 + 1e-9:
            raise ValueError(
                f"The shares of {', '.join(n for n in _FAULTS if shares[n])} add up to more than 1."
            )
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name}={getattr(self, name)!r}: choose one of {', '.join(values)}.")
        if unknown := set(self.kinds) - KINDS:
            raise ValueError(
                f"kinds: there is no {', '.join(sorted(unknown))}. There are {', '.join(sorted(KINDS))}."
            )
        if self.slots is not None and self.slots < 1:
            raise ValueError(f"slots={self.slots}: at least one, or None for any number.")
        if min(self.latency if isinstance(self.latency, tuple) else (self.latency,)) < 0:
            raise ValueError(f"latency={self.latency}: no answer comes before its question.")


# What notebooks meet: all but a few answers are sound, and a night's run would still need care.
IN_NOTEBOOKS = Behaviour(rate_limited=0.005, truncated=0.01, malformed=0.02)


class Refused(Exception):
    """A request that is answered with an error body instead of a completion."""

    def __init__(self, status: int, message: str, code: str | None = None, **headers: str):
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers

    def response(self) -> JSONResponse:
        kind = {401: "authentication_error", 402: "insufficient_quota", 429: "rate_limit_error"}.get(
            self.status, "server_error" if self.status >= 500 else "invalid_request_error"
        )
        body = {"message": self.message, "type": kind, "param": None, "code": self.code}
        headers = {name.replace("_", "-"): value for name, value in self.headers.items()}
        return JSONResponse({"error": body}, self.status, headers)


class Opinion(NamedTuple):
    """What the teacher thinks of a paper: the sentence it read it from, and whether it overrules its rules."""

    label: str
    sentence: str
    wrong: bool


def opinion(title: str, abstract: str, behaviour: Behaviour, structured: bool = False) -> Opinion:
    """The rules' label, turned round for a share of papers that depends on seed and way of asking alone."""
    title, abstract = " ".join(title.split()), " ".join(abstract.split())  # however the lines are broken
    label, sentence = decide(title, abstract)
    share = behaviour.wrong_structured if structured else behaviour.wrong
    wrong = draw(behaviour.seed, "wrong", structured, title, abstract) < share
    return Opinion(LABELS[1 - LABELS.index(label)] if wrong else label, sentence, wrong)


def draw(*parts: object) -> float:
    """A number from 0 to 1 that depends on `parts` alone."""
    text = "\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) / 2**64


class Teacher:
    """The ASGI app. `behaviour` may be exchanged while it runs, all but its slots.

    asked: how often each text (a request's last user message) has arrived, whatever became of it.
    answered: how often it has been answered with a completion.
    busiest: the most requests that were worked on at one time.
    """

    def __init__(self, behaviour: Behaviour = IN_NOTEBOOKS):
        self.behaviour = behaviour
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.busiest = 0
        self._busy = 0
        self._slots = asyncio.Semaphore(behaviour.slots or 1_000_000)
        self._attempts: Counter[str] = Counter()
        self._app = Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/models/{id:path}", self._model),
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                # Many a server shows its home page to a client whose address lacks the /v1.
                *(Route(path, _home_page, methods=["GET", "POST"]) for path in WITHOUT_V1),
                Route("/{path:path}", _no_route, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            ],
            exception_handlers={Refused: lambda request, refused: refused.response()},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    # --- routes -------------------------------------------------------------------------------------

    async def _models(self, request: Request) -> Response:
        self._let_in(request)
        return JSONResponse({"object": "list", "data": [_CARD]})

    async def _model(self, request: Request) -> Response:
        self._let_in(request)
        _check_model(request.path_params["id"])
        return JSONResponse(_CARD)

    async def _chat(self, request: Request) -> Response:
        self._let_in(request)
        asked = _Question(await _body(request), self.behaviour)
        self.asked[asked.text] += 1
        self._attempts[asked.identity] += 1
        attempt = self._attempts[asked.identity]
        behaviour = self.behaviour
        if behaviour.balance is not None and self.answered.total() >= behaviour.balance:
            raise Refused(402, "Insufficient Balance", "insufficient_balance")
        fault = self._fault(asked, attempt)
        try:
            if fault not in ("", "truncated", "malformed"):
                return await self._break_down(fault, request)
            async with self._slots:
                self._busy += 1
                self.busiest = max(self.busiest, self._busy)
                try:
                    await _pause(request, self._latency(asked, attempt))
                finally:
                    self._busy -= 1
        except ClientDisconnect:
            return Response(status_code=499)  # nobody is there to read it
        completion = _Completion(asked, _answer(asked, behaviour, attempt, fault), behaviour)
        self.answered[asked.text] += 1
        if asked.stream:
            return StreamingResponse(completion.events(), media_type="text/event-stream")
        return JSONResponse(completion.document())

    # --- how it goes --------------------------------------------------------------------------------

    def _let_in(self, request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if self.behaviour.key is not None and given != self.behaviour.key:
            raise Refused(401, "Authentication fails: this API key is not valid.", "invalid_api_key")

    def _fault(self, asked: _Question, attempt: int) -> str:
        """What goes wrong with this request: a field of Behaviour, or '' for nothing."""
        behaviour = self.behaviour
        if behaviour.faulty_attempts is not None and attempt > behaviour.faulty_attempts:
            return ""
        left = draw(behaviour.seed, "fault", asked.identity, attempt)
        for fault in _FAULTS:
            left -= getattr(behaviour, fault)
            if left < 0:
                return fault
        return ""

    def _latency(self, asked: _Question, attempt: int) -> float:
        latency = self.behaviour.latency
        if isinstance(latency, tuple):
            low, high = latency
            return low + (high - low) * draw(self.behaviour.seed, "latency", asked.identity, attempt)
        return latency

    async def _break_down(self, fault: str, request: Request) -> Response:
        behaviour = self.behaviour
        if fault == "rate_limited":
            # A date has whole seconds: rounded up, or the client would come back too early.
            date = email.utils.formatdate(time.time() + behaviour.retry_after + 0.5, usegmt=True)
            wait = date if behaviour.retry_after_as == "date" else str(behaviour.retry_after)
            raise Refused(
                429, "Rate limit reached: too many requests.", "rate_limit_exceeded", retry_after=wait
            )
        if fault == "failed":
            raise Refused(500, "The server had an error while processing your request.")
        if fault == "html":
            return await _home_page(request)
        if fault == "error_in_200":
            return JSONResponse({"error": {"message": "No model is loaded.", "code": "model_not_loaded"}})
        await _pause(request, behaviour.hang_seconds)
        raise Refused(504, "The request took too long.")


def beside(hub: ASGIApp, teacher: Teacher) -> ASGIApp:
    """One app of both: the teacher takes what an OpenAI client asks, the Hub the rest, each path untouched."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        asks_teacher = path == "/v1" or path.startswith("/v1/") or path in WITHOUT_V1
        await (teacher if asks_teacher else hub)(scope, receive, send)

    return app


class Running:
    """A teacher of one's own on loopback, until the `with` block ends: to meet its faults, or for tests."""

    def __init__(self, behaviour: Behaviour = IN_NOTEBOOKS, port: int = 0):
        self.teacher = Teacher(behaviour)
        self._server = Server(self.teacher, port)
        self.url = f"{self._server.url}/v1"

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.stop()


async def _home_page(request: Request) -> Response:
    return HTMLResponse(
        "<!doctype html><title>Inference server</title><h1>It works</h1><p>The API is under /v1.</p>"
    )


async def _no_route(request: Request) -> Response:
    raise Refused(404, f"Unknown request URL: {request.method} {request.url.path}.", "unknown_url")


_CARD = {"id": MODEL, "object": "model", "created": _CREATED, "owned_by": "encoder-workbook"}


def _check_model(name: object) -> None:
    if name != MODEL:
        raise Refused(404, f"The model `{name}` does not exist. There is: {MODEL}.", "model_not_found")


async def _pause(request: Request, seconds: float) -> None:
    """Wait, and notice a client that hangs up meanwhile. Raises ClientDisconnect."""
    if seconds <= 0:
        return
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return
    raise ClientDisconnect


# --- what was asked ---------------------------------------------------------------------------------


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"We could not parse the JSON body of your request: {error}") from None
    if not isinstance(body, dict):
        raise Refused(400, "The body of your request has to be a JSON object.")
    return body


class _Question:
    """A request, checked. Raises Refused as an OpenAI-compatible server would."""

    def __init__(self, body: dict[str, Any], behaviour: Behaviour):
        _check_model(body.get("model"))
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise Refused(400, "'messages' has to be an array with at least one message.")
        texts = [_text(message) for message in messages]
        users = [text for message, text in zip(messages, texts, strict=True) if message["role"] == "user"]
        if not users:
            raise Refused(400, "'messages' holds no message of the user.")
        self.messages, self.text = messages, users[-1]
        self.messages = [{**m, "content": text} for m, text in zip(messages, texts, strict=True)]
        self.title, self.abstract = paper(self.text)
        self.limit = _whole(body, "max_completion_tokens", "max_tokens")
        if _whole(body, "n") not in (None, 1):
            raise Refused(400, "This server gives one choice: leave 'n' out.")
        temperature = body.get("temperature")
        if temperature is not None and not (isinstance(temperature, int | float) and 0 <= temperature <= 2):
            raise Refused(400, f"'temperature' has to be between 0 and 2, not {temperature!r}.")
        self.stream = bool(body.get("stream"))
        options = body.get("stream_options") or {}
        if not isinstance(options, dict):
            raise Refused(400, "'stream_options' has to be an object.")
        self.stream_usage = bool(options.get("include_usage"))
        self.separate = body.get("separate_reasoning")  # the request's own wish, as with SGLang
        self.schema = _schema(body.get("response_format"), texts, behaviour)
        self.prompt_tokens = sum(4 + len(_PIECE.findall(text)) for text in texts)
        if self.prompt_tokens + (self.limit or 1) > behaviour.context:
            raise Refused(
                400,
                f"This model's maximum context length is {behaviour.context} tokens. Your messages have "
                f"{self.prompt_tokens} tokens and ask for {self.limit or 'an answer'} more.",
                "context_length_exceeded",
            )
        asked = json.dumps([texts, self.schema], sort_keys=True).encode()
        self.identity = hashlib.blake2b(asked, digest_size=16).hexdigest()


def _text(message: object) -> str:
    """A message's text; its content may come in parts. Lone surrogates, which UTF-8 cannot hold, become '?'."""
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise Refused(400, "Every message has to be an object with a 'role' and a 'content'.")
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) if isinstance(part, dict) else "" for part in content)
    if not isinstance(content, str | None):
        raise Refused(400, "A message's 'content' has to be a string or an array of parts.")
    return (content or "").encode("utf-8", "replace").decode()


def _whole(body: dict[str, Any], *names: str) -> int | None:
    for name in names:
        value = body.get(name)
        if value is not None:
            if not isinstance(value, int) or value < 1:
                raise Refused(400, f"'{name}' has to be a whole number of at least 1, not {value!r}.")
            return value
    return None


# What json_object answers look like, in the shape of a schema.
_OBJECT = {
    "type": "object",
    "properties": {"explanation": {"type": "string"}, "label": {"enum": list(LABELS)}},
}


def _schema(wanted: Any, texts: list[str], behaviour: Behaviour) -> dict[str, Any] | None:
    """The schema that the answer is bound to, or None where the teacher may think freely."""
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if wanted is None or kind == "text":
        return None
    if kind == "json_object":
        if "json" not in " ".join(texts).lower():
            raise Refused(
                400, "'messages' must contain the word 'json' to use 'response_format' json_object."
            )
        return _OBJECT
    if kind != "json_schema":
        raise Refused(400, f"'response_format' has to be text, json_object or json_schema, not {kind!r}.")
    if behaviour.json_schema == "rejected":
        raise Refused(400, "This response_format type is unavailable now")
    named = wanted.get("json_schema")
    schema = named.get("schema") if isinstance(named, dict) else None
    if not isinstance(schema, dict):
        raise Refused(400, "'response_format.json_schema' has to hold a 'schema'.")
    return None if behaviour.json_schema == "ignored" else schema


_TITLE = re.compile(r"^[ \t*#]{0,8}title[ \t*]{0,4}:", re.MULTILINE | re.IGNORECASE)
_ABSTRACT = re.compile(r"^[ \t*#]{0,8}abstract[ \t*]{0,4}:", re.MULTILINE | re.IGNORECASE)


def paper(text: str) -> tuple[str, str]:
    """Title and abstract as a prompt holds them: behind «Title:» and «Abstract:», within the tag around both.

    A text with neither is taken for an abstract.
    """
    tag = re.search(r"^<([\w-]+)>[ \t]*$", text, re.MULTILINE)
    if tag and (end := text.rfind(f"</{tag[1]}>")) > tag.end():
        text = text[tag.end() : end]
    title = _TITLE.search(text)
    abstract = _ABSTRACT.search(text, title.end() if title else 0)
    if not abstract:
        return "", text.strip()
    return text[title.end() : abstract.start()].strip(" \n*") if title else "", text[abstract.end() :].strip(
        " \n*"
    )


# --- what is answered -------------------------------------------------------------------------------


def _answer(asked: _Question, behaviour: Behaviour, attempt: int, fault: str) -> Answer:
    """The answer to a question, whole or in the way of `fault`."""
    answer = _of_entities(asked, behaviour) or _of_a_paper(asked, behaviour, attempt, fault)
    if fault == "truncated":
        length = len(_PIECE.findall(answer.thinking or "")) + len(_PIECE.findall(answer.content or ""))
        share = 0.2 + 0.75 * draw(behaviour.seed, "cut", asked.identity, attempt)
        return answer._replace(cut=max(1, int(length * share)))
    return answer


def _of_entities(asked: _Question, behaviour: Behaviour) -> Answer | None:
    """The answer to notebook 09's question, which has slips of its own and no thinking; None to any other."""
    text = teacher_ner.answer(asked.messages, behaviour.seed)
    return None if text is None else Answer(None, text)


def _of_a_paper(asked: _Question, behaviour: Behaviour, attempt: int, fault: str) -> Answer:
    structured = asked.schema is not None
    view = opinion(asked.title, asked.abstract, behaviour, structured)
    if fault == "malformed" and behaviour.kinds:
        kind = behaviour.kinds[
            int(draw(behaviour.seed, "kind", asked.identity, attempt) * len(behaviour.kinds))
        ]
    else:
        kind = HABITS[int(draw(behaviour.seed, "habit", asked.title, asked.abstract) * len(HABITS))]
    if structured and kind not in STRUCTURED:
        kind = "bare"  # a schema leaves no room for most of them
    try:
        fields = fill(asked.schema or _OBJECT, view)
    except (AttributeError, TypeError, RecursionError):
        raise Refused(400, "'response_format': this schema cannot be followed.") from None
    return shape(kind, asked.title, view, fields, thinking=not structured)


class _Completion:
    """An answer as the API hands it out."""

    def __init__(self, asked: _Question, answer: Answer, behaviour: Behaviour):
        limit = min(filter(None, (asked.limit, answer.cut)), default=None)
        thought, said = _PIECE.findall(answer.thinking or ""), _PIECE.findall(answer.content or "")
        finish = answer.finish
        if limit is not None and len(thought) + len(said) > limit:
            finish = "length"
            thought, said = thought[:limit], said[: max(0, limit - len(thought))]
        apart = asked.separate if asked.separate is not None else behaviour.reasoning != "inline"
        field = behaviour.reasoning if behaviour.reasoning != "inline" else "reasoning_content"
        self._stream_usage = asked.stream_usage
        self._parts: list[tuple[str, list[str]]] = []
        if answer.thinking is None:
            self._parts = [("content", said)]
        elif apart or answer.content is None:
            self._parts = [(field, thought), ("content", said)]
        else:
            cut_while_thinking = finish == "length" and not said
            closing = [] if cut_while_thinking or answer.unclosed else [answer.closing]
            self._parts = [("content", [answer.opening, *thought, *closing, *said])]
        self._finish, self._null = finish, answer.content is None
        self._head = {
            "id": f"chatcmpl-{asked.identity}",
            "created": int(time.time()),
            "model": MODEL,
        }
        made = len(thought) + len(said)
        self._usage = {
            "prompt_tokens": asked.prompt_tokens,
            "completion_tokens": made,
            "total_tokens": asked.prompt_tokens + made,
            "completion_tokens_details": {"reasoning_tokens": len(thought)},
        }

    def document(self) -> dict[str, Any]:
        """The answer in one piece."""
        message: dict[str, Any] = {"role": "assistant", "content": None if self._null else ""}
        for field, pieces in self._parts:
            if pieces or field != "content":
                message[field] = "".join(pieces)
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish}
        return self._head | {"object": "chat.completion", "choices": [choice], "usage": self._usage}

    async def events(self) -> AsyncIterator[str]:
        """The answer as a stream of server-sent events, eight tokens each."""

        def event(choices: list[dict[str, Any]], **more: Any) -> str:
            chunk = self._head | {"object": "chat.completion.chunk", "choices": choices} | more
            return f"data: {json.dumps(chunk)}\n\n"

        def delta(finish: str | None = None, **fields: Any) -> list[dict[str, Any]]:
            return [{"index": 0, "delta": fields, "finish_reason": finish}]

        yield event(delta(role="assistant", content=None if self._null else ""))
        for field, pieces in self._parts:
            for start in range(0, len(pieces), 8):
                yield event(delta(**{field: "".join(pieces[start : start + 8])}))
        yield event(delta(self._finish))
        if self._stream_usage:
            yield event([], usage=self._usage)
        yield "data: [DONE]\n\n"
