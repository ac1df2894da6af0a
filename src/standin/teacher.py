"""The scripted teacher: a stand-in for DeepSeek-R1 behind the OpenAI API. No model answers here, rules do.

It thinks before it answers, and errs and stumbles as its `Manner` says: always on the same papers, since every draw
is a hash of the paper's text, the seed and how often this very question was asked before.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from standin import teacher_ner
from standin.teacher_answers import BROKEN, HABITS, REPAIRABLE, STRUCTURED, Answer, fill, shape
from standin.teacher_rules import LABELS, decide

MODEL = "scripted-r1"
WITHOUT_V1 = ("/models", "/chat/completions")
_CREATED = 1_737_331_200  # 20 January 2025, when R1 came out
_PIECE = re.compile(r"\s*(?:\w{1,6}|[^\w\s])|\s+")  # what counts as a token


@dataclass(frozen=True)
class Manner:
    """How the teacher answers. Shares are of requests, between 0 and 1, and drawn anew when a question is repeated."""

    seed: int = 42
    wrong: float = 0.06  # labels against the rules when thinking freely …
    wrong_structured: float = 0.10  # … and when bound to a schema …
    wrong_label_first: float = 0.0  # … so much more often when that schema has the label before the reasons
    rate_limited: float = 0.0  # 429
    retry_after: int = 1  # seconds
    truncated: float = 0.0  # cut off, finish_reason "length"
    malformed: float = 0.0
    kinds: tuple[str, ...] = (*BROKEN, *REPAIRABLE)  # of malformed answers
    context: int = 131_072  # tokens of prompt and answer together
    reasoning: str = "inline"  # <think> in the content; or the field it goes to: reasoning_content, reasoning
    json_schema: str = "honoured"  # or "rejected" (as DeepSeek's API does), or "ignored"


# What notebooks meet: all but a few answers are sound, and a night's run would still need care.
IN_NOTEBOOKS = Manner(wrong_label_first=0.15, rate_limited=0.005, truncated=0.01, malformed=0.02)


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


def opinion(
    title: str, abstract: str, manner: Manner, structured: bool = False, label_first: bool = False
) -> Opinion:
    """The rules' label, turned round for a share of papers that depends on seed and way of asking alone.

    label_first: bound to a schema in which no reason comes before the label. It is then another draw.
    """
    title, abstract = " ".join(title.split()), " ".join(abstract.split())  # however the lines are broken
    label, sentence = decide(title, abstract)
    way, share = structured, manner.wrong_structured if structured else manner.wrong
    if structured and label_first and manner.wrong_label_first:
        way, share = "label first", share + manner.wrong_label_first
    wrong = draw(manner.seed, "wrong", way, title, abstract) < share
    return Opinion(LABELS[1 - LABELS.index(label)] if wrong else label, sentence, wrong)


def draw(*parts: object) -> float:
    """A number from 0 to 1 that depends on `parts` alone."""
    text = "\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) / 2**64


class Teacher:
    """The ASGI app. `manner` may be exchanged while it runs. `standin.teacher_faults` has one with worse habits."""

    faults: tuple[str, ...] = ("rate_limited", "truncated", "malformed")

    def __init__(self, manner: Manner = IN_NOTEBOOKS):
        self.manner = manner
        self._attempts: Counter[str] = Counter()
        self._app = Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/models/{id:path}", self._model),
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                # Many a server shows its home page to a client whose address lacks the /v1.
                *(Route(path, home_page, methods=["GET", "POST"]) for path in WITHOUT_V1),
                Route("/{path:path}", _no_route, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            ],
            exception_handlers={Refused: lambda request, refused: refused.response()},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _models(self, request: Request) -> Response:
        self.let_in(request)
        return JSONResponse({"object": "list", "data": [_CARD]})

    async def _model(self, request: Request) -> Response:
        self.let_in(request)
        _check_model(request.path_params["id"])
        return JSONResponse(_CARD)

    async def _chat(self, request: Request) -> Response:
        self.let_in(request)
        asked = Question(await _body(request), self.manner)
        self._attempts[asked.identity] += 1
        return await self.reply(request, asked, self._attempts[asked.identity])

    def let_in(self, request: Request) -> None:
        """Raise Refused where a request may not be answered. Any key will do, and none."""

    async def reply(self, request: Request, asked: Question, attempt: int) -> Response:
        """The response to a checked question, asked for the `attempt`th time."""
        fault = self.fault(asked, attempt)
        if fault == "rate_limited":
            raise rate_limit(str(self.manner.retry_after))
        completion = _Completion(asked, _answer(asked, self.manner, attempt, fault), self.manner)
        if asked.stream:
            return StreamingResponse(completion.events(), media_type="text/event-stream")
        return JSONResponse(completion.document())

    def fault(self, asked: Question, attempt: int) -> str:
        """What goes wrong with this request: one of `faults`, or '' for nothing."""
        left = draw(self.manner.seed, "fault", asked.identity, attempt)
        for fault in self.faults:
            left -= getattr(self.manner, fault)
            if left < 0:
                return fault
        return ""


def rate_limit(wait: str) -> Refused:
    """A 429 with this Retry-After."""
    return Refused(429, "Rate limit reached: too many requests.", "rate_limit_exceeded", retry_after=wait)


def beside(hub: ASGIApp, teacher: Teacher) -> ASGIApp:
    """One app of both: the teacher takes what an OpenAI client asks, the Hub the rest, each path untouched."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        asks_teacher = path == "/v1" or path.startswith("/v1/") or path in WITHOUT_V1
        await (teacher if asks_teacher else hub)(scope, receive, send)

    return app


async def home_page(request: Request) -> Response:
    return HTMLResponse(
        "<!doctype html><title>Inference server</title><h1>It works</h1><p>The API is under /v1.</p>"
    )


async def _no_route(request: Request) -> Response:
    raise Refused(404, f"Unknown request URL: {request.method} {request.url.path}.", "unknown_url")


_CARD = {"id": MODEL, "object": "model", "created": _CREATED, "owned_by": "encoder-workbook"}


def _check_model(name: object) -> None:
    if name != MODEL:
        raise Refused(404, f"The model `{name}` does not exist. There is: {MODEL}.", "model_not_found")


# --- what was asked ---------------------------------------------------------------------------------


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"We could not parse the JSON body of your request: {error}") from None
    if not isinstance(body, dict):
        raise Refused(400, "The body of your request has to be a JSON object.")
    return body


class Question:
    """A request, checked. Raises Refused as an OpenAI-compatible server would."""

    def __init__(self, body: dict[str, Any], manner: Manner):
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
        self.schema = _schema(body.get("response_format"), texts, manner)
        self.prompt_tokens = sum(4 + len(_PIECE.findall(text)) for text in texts)
        if self.prompt_tokens + (self.limit or 1) > manner.context:
            raise Refused(
                400,
                f"This model's maximum context length is {manner.context} tokens. Your messages have "
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


_FIELDS = {"explanation": {"type": "string"}, "label": {"enum": list(LABELS)}}


def _object(text: str) -> dict[str, Any]:
    """What an answer without a schema looks like, as a schema: its fields in the order of the prompt's own form."""
    label_first = -1 < text.rfind('"label"') < text.rfind('"explanation"')
    return {"type": "object", "properties": dict(sorted(_FIELDS.items(), reverse=label_first))}


def _schema(wanted: Any, texts: list[str], manner: Manner) -> dict[str, Any] | None:
    """The schema that the answer is bound to, or None where the teacher may think freely."""
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if wanted is None or kind == "text":
        return None
    if kind == "json_object":
        if "json" not in " ".join(texts).lower():
            raise Refused(
                400, "'messages' must contain the word 'json' to use 'response_format' json_object."
            )
        return _object(texts[-1])
    if kind != "json_schema":
        raise Refused(400, f"'response_format' has to be text, json_object or json_schema, not {kind!r}.")
    if manner.json_schema == "rejected":
        raise Refused(400, "This response_format type is unavailable now")
    named = wanted.get("json_schema")
    schema = named.get("schema") if isinstance(named, dict) else None
    if not isinstance(schema, dict):
        raise Refused(400, "'response_format.json_schema' has to hold a 'schema'.")
    return None if manner.json_schema == "ignored" else schema


_TITLE = re.compile(r"^[ \t*#]{0,8}title[ \t*]{0,4}:", re.MULTILINE | re.IGNORECASE)
_ABSTRACT = re.compile(r"^[ \t*#]{0,8}abstract[ \t*]{0,4}:", re.MULTILINE | re.IGNORECASE)


def paper(text: str) -> tuple[str, str]:
    """Title and abstract as a prompt holds them: behind “Title:” and “Abstract:”, within the tag around both.

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


def _answer(asked: Question, manner: Manner, attempt: int, fault: str) -> Answer:
    """The answer to a question, whole or in the way of `fault`."""
    answer = _of_entities(asked, manner) or _of_a_paper(asked, manner, attempt, fault)
    if fault == "truncated":
        length = len(_PIECE.findall(answer.thinking or "")) + len(_PIECE.findall(answer.content or ""))
        share = 0.2 + 0.75 * draw(manner.seed, "cut", asked.identity, attempt)
        return answer._replace(cut=max(1, int(length * share)))
    return answer


def _of_entities(asked: Question, manner: Manner) -> Answer | None:
    """The answer to notebook 09's question, which has slips of its own and no thinking; None to any other."""
    text = teacher_ner.answer(asked.messages, manner.seed)
    return None if text is None else Answer(None, text)


def _of_a_paper(asked: Question, manner: Manner, attempt: int, fault: str) -> Answer:
    structured = asked.schema is not None
    schema = asked.schema or _object(asked.text)
    try:
        first = next((name for name in schema.get("properties", ()) if name in _FIELDS), None)
        view = opinion(asked.title, asked.abstract, manner, structured, label_first=first == "label")
        fields = fill(schema, view)
    except (AttributeError, TypeError, RecursionError):
        raise Refused(400, "'response_format': this schema cannot be followed.") from None
    if fault == "malformed" and manner.kinds:
        kind = manner.kinds[int(draw(manner.seed, "kind", asked.identity, attempt) * len(manner.kinds))]
    else:
        kind = HABITS[int(draw(manner.seed, "habit", asked.title, asked.abstract) * len(HABITS))]
    if structured and kind not in STRUCTURED:
        kind = "bare"  # a schema leaves no room for most of them
    return shape(kind, asked.title, view, fields, thinking=not structured)


class _Completion:
    """An answer as the API hands it out."""

    def __init__(self, asked: Question, answer: Answer, manner: Manner):
        limit = min(filter(None, (asked.limit, answer.cut)), default=None)
        thought, said = _PIECE.findall(answer.thinking or ""), _PIECE.findall(answer.content or "")
        finish = answer.finish
        if limit is not None and len(thought) + len(said) > limit:
            finish = "length"
            thought, said = thought[:limit], said[: max(0, limit - len(thought))]
        apart = asked.separate if asked.separate is not None else manner.reasoning != "inline"
        field = manner.reasoning if manner.reasoning != "inline" else "reasoning_content"
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
        self._head = {"id": f"chatcmpl-{asked.identity}", "created": int(time.time()), "model": MODEL}
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
