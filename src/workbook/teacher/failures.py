"""What can go wrong with a request, by its cause: failures of this one request, and those that all others would meet."""

from __future__ import annotations

from typing import Any, Protocol

from workbook.errors import WorkbookError
from workbook.teacher.completion import Outcome, WebPage, field


class Endpoint(Protocol):
    """What a failure's explanation needs of a teacher."""

    name: str
    model: str
    client: Any

    def models(self) -> list[str] | None: ...

    def with_patience(self, *, timeout: float, max_retries: int) -> Endpoint: ...


class Stop(WorkbookError):
    """A failure that every further request would meet as well."""


class FormatRefused(Stop):
    """The server does not take the request's `response_format`."""


def failure(error: Exception, teacher: Endpoint, answered: bool) -> tuple[Outcome, str]:
    """(outcome, the server's words) of a failed request. Raises Stop for what would fail every time.

    answered: whether this server has answered before. Then a web page or a missing route is a proxy's hiccup, not a
    wrong address.
    """
    import openai

    if isinstance(error, openai.APITimeoutError):
        return Outcome.TIMED_OUT, "no answer in time"
    if isinstance(error, openai.APIConnectionError):
        return Outcome.NO_CONNECTION, scrubbed(f"{error} {error.__cause__ or ''}", teacher)
    if isinstance(error, WebPage):
        if not answered:
            raise Stop(no_v1(teacher)) from None
        return Outcome.SERVER_ERROR, "a web page came instead of an answer"
    status = getattr(error, "status_code", None)
    words = scrubbed(_message(error), teacher)
    if status is None:  # what came is not a chat completion
        return Outcome.SERVER_ERROR, scrubbed(f"{type(error).__name__}: {words}", teacher)
    code = str(field(getattr(error, "body", None), "code") or "")
    _stop_where_all_would_fail(status, code, words, teacher, answered)
    if "context" in words.lower() and status in (400, 413, 422):
        return Outcome.TOO_LONG, words
    if status == 408:
        return Outcome.TIMED_OUT, words
    if status == 429:
        return Outcome.RATE_LIMITED, words
    failed = status >= 500 or status in (404, 405)
    return Outcome.SERVER_ERROR if failed else Outcome.REFUSED, f"{status}: {words}"


def _stop_where_all_would_fail(status: int, code: str, words: str, teacher: Endpoint, answered: bool) -> None:
    """Raise Stop, with cause and cure, for a failure that every request would meet."""
    lower = words.lower()
    if status == 401:
        raise Stop(  # not the server's words: some repeat the key, or part of it
            f"{teacher.name} does not accept this key (401). Set OPENAI_API_KEY to a valid one: in the shell or "
            "the notebook's secrets, never in a cell."
        ) from None
    if status == 402 or "insufficient_quota" in code or "insufficient_balance" in code:
        raise Stop(
            f"The account at {teacher.name} has no credit left ({status}: {words}). Top it up, then run this again: "
            "the answers so far are kept and not paid for twice."
        ) from None
    if status == 404 and ("model" in lower or "model" in code):
        raise Stop(f"{teacher.name} has no model {teacher.model!r}. {_models_there_are(teacher)}") from None
    if status in (404, 405) and not answered:
        raise Stop(no_v1(teacher)) from None
    if status in (400, 422) and any(
        name in lower for name in ("response_format", "json_schema", "json_object")
    ):
        raise FormatRefused(f"{teacher} does not take this response_format ({status}: {words}).") from None


def why_not_listed(error: Exception, teacher: Endpoint) -> str | None:
    """Cause and cure where the list of models failed for a reason that asking would meet too."""
    try:
        outcome, words = failure(error, teacher, answered=False)
    except Stop as stop:
        known = getattr(error, "status_code", None)
        at_v1 = teacher.client.base_url.path.rstrip("/").endswith("/v1")
        return None if known in (404, 405) and at_v1 else str(stop)
    if outcome in (Outcome.NO_CONNECTION, Outcome.TIMED_OUT):
        return (
            f"Nothing answers at {teacher.name} ({words}). Is the server running, its model loaded, and "
            "OPENAI_BASE_URL its address?"
        )
    return None


def no_v1(teacher: Endpoint) -> str:
    """Cause and cure where something answers that is not the OpenAI API."""
    path = teacher.client.base_url.path.rstrip("/")
    cure = "" if path.endswith("/v1") else " Its address lacks the /v1 at its end: add it to OPENAI_BASE_URL."
    return f"{teacher.name} answers, but not as the OpenAI API does.{cure or ' Is another program at this address?'}"


def _models_there_are(teacher: Endpoint) -> str:
    try:
        models = teacher.with_patience(timeout=10, max_retries=0).models() or []
    except Exception:
        models = []
    there = f"There are: {', '.join(models[:20])}. " if models else ""
    return f"{there}Set WORKBOOK_TEACHER_MODEL to one that it serves, or load the model there."


def _message(error: Exception) -> str:
    """What the server said: the message within the body, else the error's own text."""
    body = getattr(error, "body", None)
    inner = field(body, "error") if isinstance(body, dict) else None
    for holder in (inner, body):
        for name in ("message", "detail", "error"):
            if isinstance(holder, dict) and isinstance(holder.get(name), str):
                return holder[name]
    return str(body) if isinstance(body, str) else str(error)


def scrubbed(text: str, teacher: Endpoint) -> str:
    """A server's own words, short, on one line, and without the key, should it have repeated that."""
    secret = getattr(teacher.client, "api_key", None)
    text = " ".join(str(text).split())
    if secret and len(secret) > 3:
        text = text.replace(secret, "***")
    return text[:300]
