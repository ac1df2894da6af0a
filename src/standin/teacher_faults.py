"""A scripted teacher that fails in every way servers fail, for tests and benchmarks. Lessons meet `standin.teacher`."""

from __future__ import annotations

import asyncio
import email.utils
import time
from collections import Counter
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from standin.server import Server
from standin.teacher import Manner, Question, Refused, Teacher, draw, home_page, rate_limit
from standin.teacher_answers import KINDS

_BREAKDOWNS = ("rate_limited", "failed", "hanging", "html", "error_in_200")
_FAULTS = (*_BREAKDOWNS, "truncated", "malformed")
_CHOICES = {
    "reasoning": ("inline", "reasoning_content", "reasoning"),
    "json_schema": ("honoured", "rejected", "ignored"),
    "retry_after_as": ("seconds", "date"),
}


@dataclass(frozen=True)
class Behaviour(Manner):
    """A manner with faults. Where `faulty_attempts` is set, only the first so many times that a question is asked
    can fail or come out malformed.
    """

    latency: float | tuple[float, float] = 0.0  # seconds for an answer, or from … to
    slots: int | None = None  # requests worked on at once, others wait; None: any number
    key: str | None = None  # the only key that is let in; None: any, or none
    balance: int | None = None  # answers until 402 Insufficient Balance
    retry_after_as: str = "seconds"  # or "date"
    failed: float = 0.0  # 500
    hanging: float = 0.0  # no answer within hang_seconds
    hang_seconds: float = 3600.0
    html: float = 0.0  # a web page with status 200
    error_in_200: float = 0.0  # {"error": …} with status 200
    faulty_attempts: int | None = None

    def __post_init__(self) -> None:
        shares = {
            name: getattr(self, name) for name in ("wrong", "wrong_structured", "wrong_label_first", *_FAULTS)
        }
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name}={share}: a share lies between 0 and 1.")
        if sum(shares[name] for name in _FAULTS) > 1 + 1e-9:
            raise ValueError(
                f"The shares of {', '.join(n for n in _FAULTS if shares[n])} add up to more than 1."
            )
        for name, values in _CHOICES.items():
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


class FaultyTeacher(Teacher):
    """The ASGI app. `manner` may be exchanged while it runs, all but its slots.

    asked: how often each text (a request's last user message) has arrived, whatever became of it.
    answered: how often it has been answered with a completion.
    busiest: the most requests that were worked on at one time.
    """

    manner: Behaviour
    faults = _FAULTS

    def __init__(self, behaviour: Behaviour):
        super().__init__(behaviour)
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.busiest = 0
        self._busy = 0
        self._slots = asyncio.Semaphore(behaviour.slots or 1_000_000)

    def let_in(self, request: Request) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if self.manner.key is not None and given != self.manner.key:
            raise Refused(401, "Authentication fails: this API key is not valid.", "invalid_api_key")

    async def reply(self, request: Request, asked: Question, attempt: int) -> Response:
        self.asked[asked.text] += 1
        if self.manner.balance is not None and self.answered.total() >= self.manner.balance:
            raise Refused(402, "Insufficient Balance", "insufficient_balance")
        fault = self.fault(asked, attempt)
        try:
            if fault in _BREAKDOWNS:
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
        response = await super().reply(request, asked, attempt)
        self.answered[asked.text] += 1
        return response

    def fault(self, asked: Question, attempt: int) -> str:
        limit = self.manner.faulty_attempts
        return "" if limit is not None and attempt > limit else super().fault(asked, attempt)

    def _latency(self, asked: Question, attempt: int) -> float:
        latency = self.manner.latency
        if isinstance(latency, tuple):
            low, high = latency
            return low + (high - low) * draw(self.manner.seed, "latency", asked.identity, attempt)
        return latency

    async def _break_down(self, fault: str, request: Request) -> Response:
        if fault == "rate_limited":
            # A date has whole seconds: rounded up, or the client would come back too early.
            date = email.utils.formatdate(time.time() + self.manner.retry_after + 0.5, usegmt=True)
            raise rate_limit(date if self.manner.retry_after_as == "date" else str(self.manner.retry_after))
        if fault == "failed":
            raise Refused(500, "The server had an error while processing your request.")
        if fault == "html":
            return await home_page(request)
        if fault == "error_in_200":
            return JSONResponse({"error": {"message": "No model is loaded.", "code": "model_not_loaded"}})
        await _pause(request, self.manner.hang_seconds)
        raise Refused(504, "The request took too long.")


class Running:
    """A teacher of one's own on loopback, until the `with` block ends: to meet its faults, or for tests."""

    def __init__(self, behaviour: Behaviour, port: int = 0):
        self.teacher = FaultyTeacher(behaviour)
        self._server = Server(self.teacher, port)
        self.url = f"{self._server.url}/v1"

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.stop()


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
