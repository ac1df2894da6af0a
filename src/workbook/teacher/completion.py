"""What comes back for one request, unread: the text, its tokens and seconds, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What became of one request. Label stores keep the values: do not change them."""

    ARRIVED = "arrived"
    CUT_OFF = "cut_off"  # it arrived as far as max_tokens or the context allowed
    TIMED_OUT = "timeout"
    NO_CONNECTION = "connection"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TOO_LONG = "too_long"
    REFUSED = "rejected"


# Failures of one request, after the client's own retries.
FAILURES = {
    Outcome.TIMED_OUT: "no answer in time",
    Outcome.NO_CONNECTION: "the connection failed",
    Outcome.RATE_LIMITED: "429: too many requests",
    Outcome.SERVER_ERROR: "the server failed",
    Outcome.TOO_LONG: "longer than the model's context",
    Outcome.REFUSED: "the server refused this request",
}


@dataclass(frozen=True)
class Completion:
    """The outcome of one request, and what arrived.

    `reasoning` is thinking that the server kept apart from the content. `seconds` is the time the last attempt spent
    at the server, without the pauses between retries. `error` holds the server's words where nothing arrived.
    """

    outcome: Outcome
    content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    error: str | None = None

    @property
    def arrived(self) -> bool:
        """Whether there is an answer to read, cut off or whole."""
        return self.outcome not in FAILURES

    def choice(self) -> dict[str, Any]:
        """The answer in the API's own form: `finish_reason` and `message`."""
        message = {"content": self.content, "reasoning": self.reasoning, "refusal": self.refusal}
        return {"finish_reason": self.finish_reason, "message": message}


class WebPage(Exception):
    """Text came where JSON should: a sign-in page, a proxy's error page."""


class ErrorInside(Exception):
    """An error that came with status 200."""

    def __init__(self, error: Any):
        super().__init__(error.get("message") if isinstance(error, dict) else str(error))
        code = error.get("code") if isinstance(error, dict) else None
        self.status_code = int(code) if str(code).isdecimal() else 500
        self.body = error


def read_completion(body: Any) -> Completion:
    """A chat completion, openai's object or the dict it came as. Raises WebPage or ErrorInside for anything else."""
    if isinstance(body, str):
        raise WebPage
    error, choices = field(body, "error"), field(body, "choices")
    if error and not choices:
        raise ErrorInside(error)
    choice = choices[0] if isinstance(choices, list) and choices else None
    message, usage, finish = field(choice, "message"), field(body, "usage"), field(choice, "finish_reason")
    return Completion(
        Outcome.CUT_OFF if finish == "length" else Outcome.ARRIVED,
        content=text_of(field(message, "content")),
        reasoning=text_of(field(message, "reasoning_content"))
        or text_of(field(message, "reasoning"))
        or None,
        refusal=text_of(field(message, "refusal")),
        finish_reason=finish if isinstance(finish, str) else None,
        prompt_tokens=_count(field(usage, "prompt_tokens")),
        completion_tokens=_count(field(usage, "completion_tokens")),
    )


def field(holder: Any, name: str) -> Any:
    """A field of a dict or of an object; None where it has no such field."""
    return holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)


def text_of(value: Any) -> str | None:
    """A message's text: a string, or the text parts of a list of parts."""
    if isinstance(value, list):
        texts = [field(part, "text") for part in value]
        return "".join(text for text in texts if isinstance(text, str))
    return value if isinstance(value, str) else None


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
