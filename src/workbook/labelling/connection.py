"""The teacher: any server that speaks the OpenAI API, named by the environment.

OPENAI_BASE_URL          its address, with the /v1: http://localhost:1234/v1
OPENAI_API_KEY           its key, where it wants one; it is read by the client alone, and appears nowhere
WORKBOOK_TEACHER_MODEL   the model to ask; may be left out where the server has one only
WORKBOOK_TEACHER_NAME    a name for the endpoint that stays when its address changes (a rented pod's does):
                         answers are kept under it
"""

from __future__ import annotations

import os
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from workbook.errors import WorkbookError
from workbook.labelling.parsing import Parsed, parse_completion
from workbook.labelling.question import Question

# Failures of one request, after the client's own retries: asked again in the next run.
FAILURES = {
    "timeout": "no answer in time",
    "connection": "the connection failed",
    "rate_limited": "429: too many requests",
    "server_error": "the server failed",
    "too_long": "longer than the model's context",
    "rejected": "the server refused this request",
}


@dataclass(frozen=True)
class Reply:
    """One request's outcome: what was read from the answer, the answer as it came, and what it took."""

    parsed: Parsed
    content: str | None = None
    reasoning_field: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    error: str | None = None


class Stop(WorkbookError):
    """A failure that every further request would meet as well."""


@dataclass(frozen=True)
class Teacher:
    """A model behind an endpoint. `name` is what its answers are kept under."""

    model: str
    name: str
    client: Any = field(default=None, repr=False)
    stop: Callable[[], None] = field(default=lambda: None, repr=False)

    def __str__(self) -> str:
        return f"{self.model} at {self.name}"

    def ask(self, question: Question, title: str | None, abstract: str | None) -> Reply:
        """Put one paper to the teacher and wait for the answer. Raises Stop for what would fail every time."""
        return self.send(question.request(self.model, title, abstract))

    def send(self, body: dict[str, Any]) -> Reply:
        """Send the body of one request and wait for the answer."""
        began = time.perf_counter()
        known = {name: body[name] for name in _FIELDS if name in body}
        rest = {name: value for name, value in body.items() if name not in _FIELDS}
        try:
            completion = self.client.chat.completions.create(**known, extra_body=rest or None)
            reply = read_completion(completion)
        except Exception as error:
            kind, message = _failure(error, self)
            reply = Reply(Parsed(kind), error=message)
        return replace(reply, seconds=time.perf_counter() - began)


_FIELDS = ("model", "messages", "temperature", "max_tokens", "response_format", "top_p", "seed")


def connect(address: str | None = None, *, timeout: float = 600.0, retries: int = 3) -> Teacher:
    """The teacher that the environment names, or the one at `address`; it has answered when this returns.

    timeout: seconds for one answer; a small model on a laptop may think for minutes. retries: the client's own,
    with growing pauses or the server's Retry-After.

    Raises WorkbookError: nothing named, an address that is none, a key that cannot be sent, no answer, 401, 402,
    a forgotten /v1, an unknown model.
    """
    named = os.environ.get("WORKBOOK_TEACHER_NAME") if address is None else None
    address = (os.environ.get("OPENAI_BASE_URL", "") if address is None else address).strip()
    if not address:
        raise WorkbookError(
            "No teacher is named. Set OPENAI_BASE_URL to the address of a server that speaks the OpenAI API "
            "(LM Studio: http://localhost:1234/v1, Ollama: http://localhost:11434/v1, vLLM: http://localhost:8000/v1), "
            "OPENAI_API_KEY where it wants a key, and WORKBOOK_TEACHER_MODEL. Without a server, the sandbox has a "
            "scripted one, and on a GPU labelling.serve_teacher() starts one."
        )
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WorkbookError(
            "This is no address (OPENAI_BASE_URL). It looks like this: http://localhost:1234/v1"
        )
    if parts.path.rstrip("/").endswith("/chat/completions"):
        raise WorkbookError(
            "This address (OPENAI_BASE_URL) is that of one route. Leave out /chat/completions: it ends in /v1."
        )
    _check_key()
    return reach(
        address,
        named or endpoint_name(address),
        os.environ.get("WORKBOOK_TEACHER_MODEL", "").strip(),
        timeout,
        retries,
    )


def reach(address: str, name: str, model: str, timeout: float, retries: int) -> Teacher:
    """The teacher at an address, after a look at its list of models."""
    teacher = Teacher(model, name, _client(address, timeout, retries))
    try:
        models = _listed(teacher.client.with_options(timeout=30, max_retries=1))
    except Exception as error:
        if problem := _why_not_listed(error, teacher):
            raise Stop(problem) from None
        models = []  # a server may do without the list
    if models is None:
        raise Stop(_no_v1(teacher))
    if not model:
        if len(models) != 1:
            found = f"There are: {', '.join(models[:20])}." if models else "The server does not list any."
            raise WorkbookError(f"WORKBOOK_TEACHER_MODEL is not set. {found} Set it to the one to ask.")
        return replace(teacher, model=models[0])
    if not any(listed in (model, f"{model}@main", f"{model}:latest") for listed in models):
        # Some servers load what is not listed, so the name is put to the test: one token.
        reply = teacher.send(
            {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
        )
        if reply.parsed.status in ("connection", "rejected"):
            raise WorkbookError(f"{teacher} does not answer: {reply.error}")
    return teacher


def _listed(client: Any) -> list[str] | None:
    """The ids of the models that a server lists; None where what comes is no list of models."""
    # Not models.list(): on a web page that fails within the client, with an AttributeError.
    found = client.get("/models", cast_to=object)
    rows = found.get("data") if isinstance(found, dict) and not found.get("error") else None
    return (
        [row["id"] for row in rows if isinstance(row, dict) and "id" in row]
        if isinstance(rows, list)
        else None
    )


def endpoint_name(address: str) -> str:
    """An address without what may be secret in it: user, password, query."""
    parts = urllib.parse.urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}"


def read_completion(completion: Any) -> Reply:
    """A completion, openai's object or the dict it came as, as a Reply. Raises Stop for a web page."""
    if isinstance(completion, str):
        raise Stop("html")
    error, choices = _field(completion, "error"), _field(completion, "choices")
    if error and not choices:
        raise _ErrorInside(error)
    choice = choices[0] if isinstance(choices, list) and choices else None
    message, usage = _field(choice, "message"), _field(completion, "usage")
    text = {name: _field(message, name) for name in ("content", "reasoning_content", "reasoning")}
    return Reply(
        parse_completion(choice),
        content=text["content"] if isinstance(text["content"], str) else None,
        reasoning_field=next(
            (t for t in (text["reasoning_content"], text["reasoning"]) if isinstance(t, str) and t), None
        ),
        finish_reason=_field(choice, "finish_reason"),
        prompt_tokens=_count(_field(usage, "prompt_tokens")),
        completion_tokens=_count(_field(usage, "completion_tokens")),
    )


def _field(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


# --- the client, and the key it holds ---------------------------------------------------------------------


def _check_key() -> None:
    # The client would fail as well, with the key in the text of its error.
    text = os.environ.get("OPENAI_API_KEY", "")
    sendable = text.isascii() and text.isprintable() and text == text.strip()
    del text
    if not sendable:
        raise WorkbookError(
            "OPENAI_API_KEY cannot be sent: it holds a blank, a line break or a character that is not ASCII. "
            "Copy it again."
        )


def _client(address: str, timeout: float, retries: int) -> Any:
    try:
        from openai import DefaultHttpxClient, OpenAI
    except ImportError:
        raise WorkbookError(
            'The OpenAI client is missing: pip install "openai>=2.0" (it comes with encoder-workbook[labelling]).'
        ) from None
    # The key goes from the environment straight to the client; a server on one's own machine wants none.
    key = {} if os.environ.get("OPENAI_API_KEY") else {"api_key": "none"}
    # A proxy, where the environment names one, does not lead to one's own machine.
    own = urllib.parse.urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")
    http = DefaultHttpxClient(trust_env=False) if own else None
    return OpenAI(base_url=address, timeout=timeout, max_retries=retries, http_client=http, **key)


def _scrubbed(text: str, teacher: Teacher) -> str:
    """A server's own words, short, on one line, and without the key, should it have repeated that."""
    secret = getattr(teacher.client, "api_key", None)
    text = " ".join(str(text).split())
    if secret and len(secret) > 3:
        text = text.replace(secret, "***")
    return text[:300]


# --- what can go wrong -----------------------------------------------------------------------------------


class _ErrorInside(Exception):
    """An error that came with status 200."""

    def __init__(self, error: Any):
        super().__init__(error.get("message") if isinstance(error, dict) else str(error))
        code = error.get("code") if isinstance(error, dict) else None
        self.status_code = int(code) if str(code).isdecimal() else 500
        self.body = error


def _failure(error: Exception, teacher: Teacher) -> tuple[str, str]:
    """(kind, the server's words) of a failed request. Raises Stop for what would fail every time."""
    import openai

    if isinstance(error, Stop):
        raise Stop(_no_v1(teacher)) from None
    if isinstance(error, openai.APITimeoutError):
        return "timeout", "no answer in time"
    if isinstance(error, openai.APIConnectionError):
        return "connection", _scrubbed(f"{error} {error.__cause__ or ''}", teacher)
    status = getattr(error, "status_code", None)
    words = _scrubbed(_message(error), teacher)
    if status is None:  # what came was no chat completion
        return "server_error", _scrubbed(f"{type(error).__name__}: {words}", teacher)
    code = str(_field(getattr(error, "body", None), "code") or "")
    if fatal := _fatal(status, code, words, teacher):
        raise Stop(fatal) from None
    if "context" in words.lower() and status in (400, 413, 422):
        return "too_long", words
    if status == 408:
        return "timeout", words
    if status == 429:
        return "rate_limited", words
    return ("server_error" if status >= 500 else "rejected"), f"{status}: {words}"


def _fatal(status: int, code: str, words: str, teacher: Teacher) -> str | None:
    """Cause and cure of a failure that every request would meet, else None."""
    lower = words.lower()
    if status == 401:
        return (  # not the server's words: some repeat the key, or part of it
            f"{teacher.name} does not let this key in (401). Set OPENAI_API_KEY to a valid one: in the shell or "
            "the notebook's secrets, never in a cell."
        )
    if status == 402 or "insufficient_quota" in code or "insufficient_balance" in code:
        return (
            f"The account at {teacher.name} has no credit left ({status}: {words}). Top it up, then run this again: "
            "the answers so far are kept and not paid for twice."
        )
    if status == 404 and ("model" in lower or "model" in code):
        return f"{teacher.name} has no model {teacher.model!r}. {_models_there_are(teacher)}"
    if status in (404, 405):
        return _no_v1(teacher)
    if status in (400, 422) and (
        "response_format" in lower or "json_schema" in lower or "json_object" in lower
    ):
        return (
            f"{teacher} does not take this response_format ({status}: {words}). Ask in another way: "
            "Question(way='json_object') or Question(way='thinking')."
        )
    return None


def _models_there_are(teacher: Teacher) -> str:
    try:
        models = [
            entry.id for entry in teacher.client.with_options(max_retries=0, timeout=10).models.list().data
        ]
    except Exception:
        models = []
    there = f"There are: {', '.join(models[:20])}. " if models else ""
    return f"{there}Set WORKBOOK_TEACHER_MODEL to one that it serves, or load the model there."


def _no_v1(teacher: Teacher) -> str:
    path = teacher.client.base_url.path.rstrip("/")
    cure = "" if path.endswith("/v1") else " Its address lacks the /v1 at its end: add it to OPENAI_BASE_URL."
    return f"{teacher.name} answers, but not as the OpenAI API does.{cure or ' Is another program at this address?'}"


def _why_not_listed(error: Exception, teacher: Teacher) -> str | None:
    """Cause and cure where the list of models failed for a reason that asking would meet too."""
    try:
        kind, words = _failure(error, teacher)
    except Stop as stop:
        known = getattr(error, "status_code", None)
        at_v1 = teacher.client.base_url.path.rstrip("/").endswith("/v1")
        return None if known in (404, 405) and at_v1 else str(stop)
    if kind in ("connection", "timeout"):
        return (
            f"Nothing answers at {teacher.name} ({words}). Is the server running, its model loaded, and "
            "OPENAI_BASE_URL its address?"
        )
    return None


def _message(error: Exception) -> str:
    """What the server said: the message within the body, else the error's own text."""
    body = getattr(error, "body", None)
    inner = _field(body, "error") if isinstance(body, dict) else None
    for holder in (inner, body):
        for name in ("message", "detail", "error"):
            if isinstance(holder, dict) and isinstance(holder.get(name), str):
                return holder[name]
    return str(body) if isinstance(body, str) else str(error)
