"""The teacher: any server that speaks the OpenAI API, named by the environment.

OPENAI_BASE_URL          its address, with the /v1: http://localhost:1234/v1
OPENAI_API_KEY           its key, where it wants one; only the client reads it, and it appears nowhere
WORKBOOK_TEACHER_MODEL   the model to ask; optional where the server has only one
WORKBOOK_TEACHER_NAME    a name for the endpoint that stays when its address changes (a rented pod's does):
                         answers are kept under it
"""

from __future__ import annotations

import os
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from workbook.errors import WorkbookError
from workbook.machine import is_here
from workbook.teacher.completion import Completion, Outcome, read_completion
from workbook.teacher.failures import Stop, failure, no_v1, why_not_listed

# What the client's own method names as arguments; everything else goes along as it is.
_FIELDS = ("model", "messages", "temperature", "max_tokens", "response_format", "top_p", "seed")
NAME_ONE = (
    "Set OPENAI_BASE_URL to the address of a server that speaks the OpenAI API (LM Studio: http://localhost:1234/v1, "
    "Ollama: http://localhost:11434/v1, vLLM: http://localhost:8000/v1) and, where it wants one, OPENAI_API_KEY."
)


@dataclass(frozen=True)
class Teacher:
    """A model behind an endpoint. `name` is what its answers are kept under; `stop` ends a server that we started."""

    model: str
    name: str
    client: Any = field(default=None, repr=False)
    stop: Callable[[], None] = field(default=lambda: None, repr=False)
    _answered: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.model} at {self.name}"

    def send(self, request: dict[str, Any]) -> Completion:
        """Send the body of one chat request, and wait. Raises Stop for what every further request would meet."""
        began = time.perf_counter()
        known = {name: request[name] for name in _FIELDS if name in request}
        rest = {name: value for name, value in request.items() if name not in _FIELDS}
        try:
            response = self.client.chat.completions.with_raw_response.create(**known, extra_body=rest or None)
            completion = read_completion(response.parse())
        except Exception as error:
            outcome, words = failure(error, self, self._answered.is_set())
            return Completion(outcome, error=words, seconds=time.perf_counter() - began)
        self._answered.set()
        return replace(completion, seconds=response.elapsed.total_seconds())

    def models(self) -> list[str] | None:
        """The models that the server lists; None where what it sends is no such list. Raises the client's errors."""
        # Not models.list(): on a web page that fails within the client, with an AttributeError.
        found = self.client.get("/models", cast_to=object)
        rows = found.get("data") if isinstance(found, dict) and not found.get("error") else None
        if not isinstance(rows, list):
            return None
        return [row["id"] for row in rows if isinstance(row, dict) and "id" in row]

    def with_patience(self, *, timeout: float, max_retries: int) -> Teacher:
        """The same teacher with another time-out (seconds) and number of retries."""
        return replace(self, client=self.client.with_options(timeout=timeout, max_retries=max_retries))


def connect(address: str | None = None, *, timeout: float = 600.0, retries: int = 3) -> Teacher:
    """The teacher that the environment names, or the one at `address`; it has answered when this returns.

    timeout: seconds for one answer; a small model on a laptop may think for minutes. retries: the client's own,
    with growing pauses or the server's Retry-After.

    Raises WorkbookError: no server named, not an address, a key that cannot be sent, no answer, 401, 402, a
    forgotten /v1, an unknown model.
    """
    named = os.environ.get("WORKBOOK_TEACHER_NAME") if address is None else None
    address = (os.environ.get("OPENAI_BASE_URL", "") if address is None else address).strip()
    if not address:
        raise WorkbookError(
            f"No teacher is named. {NAME_ONE} On a GPU workbook.teacher.serve() starts one; the sandbox has a "
            "scripted one."
        )
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WorkbookError(
            "OPENAI_BASE_URL is not an address. One looks like this: http://localhost:1234/v1"
        )
    if parts.path.rstrip("/").endswith("/chat/completions"):
        raise WorkbookError(
            "OPENAI_BASE_URL is the address of a single route. Leave out /chat/completions: it ends in /v1."
        )
    _check_key()
    model = os.environ.get("WORKBOOK_TEACHER_MODEL", "").strip()
    return reach(address, named or endpoint_name(address), model, timeout, retries)


def reach(address: str, name: str, model: str, timeout: float, retries: int) -> Teacher:
    """The teacher at an address, after a look at its list of models."""
    teacher = Teacher(model, name, _client(address, timeout, retries))
    try:
        models = teacher.with_patience(timeout=30, max_retries=1).models()
    except Exception as error:
        if problem := why_not_listed(error, teacher):
            raise Stop(problem) from None
        models = []  # a server may do without the list
    if models is None:
        raise Stop(no_v1(teacher))
    if not model:
        if len(models) != 1:
            found = f"There are: {', '.join(models[:20])}." if models else "The server does not list any."
            raise WorkbookError(f"WORKBOOK_TEACHER_MODEL is not set. {found} Set it to the one to ask.")
        return replace(teacher, model=models[0])
    if not any(listed in (model, f"{model}@main", f"{model}:latest") for listed in models):
        # Some servers load what is not listed, so the name is put to the test: one token.
        test = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
        found = teacher.send(test)
        if found.outcome in (Outcome.NO_CONNECTION, Outcome.REFUSED):
            raise WorkbookError(f"{teacher} does not answer: {found.error}")
    return teacher


def endpoint_name(address: str) -> str:
    """An address without what may be secret in it: user, password, query."""
    parts = urllib.parse.urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}"


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
        raise WorkbookError('The OpenAI client is missing: pip install "openai>=2.0".') from None
    # The key goes from the environment straight to the client; a server on one's own machine wants none.
    key = {} if os.environ.get("OPENAI_API_KEY") else {"api_key": "none"}
    # A proxy, where the environment names one, does not lead to one's own machine.
    http = DefaultHttpxClient(trust_env=False) if is_here(address) else None
    return OpenAI(base_url=address, timeout=timeout, max_retries=retries, http_client=http, **key)
