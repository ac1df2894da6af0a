"""Threads that ask: they take papers one by one, and wait where answers arrive faster than they are stored."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

from workbook.errors import WorkbookError
from workbook.labelling.reading import Reply
from workbook.labelling.store import Paper
from workbook.teacher import Stop

Arrived = list[tuple[str, Reply]]


class Pool:
    """Threads that take papers one by one and ask about them.

    Daemons: a request that hangs must not keep the process from ending.
    """

    def __init__(
        self, ask: Callable[[Paper], Reply], papers: Iterator[Paper], size: int, pressed: Callable[[], bool]
    ):
        self._ask, self._papers, self._pressed = ask, papers, pressed
        self._lock = threading.Lock()
        self._arrived: deque[tuple[str, Reply]] = deque()
        self._bell, self._room = threading.Event(), threading.Condition()
        self._trouble: Exception | None = None
        self._running: set[int] = set()
        self._late: Callable[[Arrived], object] | None = None
        self.size = 0
        self.resize(size)

    def resize(self, size: int) -> None:
        """Let `size` threads work; those beyond it end after the request they are at."""
        if size == self.size:
            return
        with self._lock:
            self.size = size
            missing = [number for number in range(size) if number not in self._running]
            self._running.update(missing)
        for number in missing:
            threading.Thread(target=self._work, args=(number,), name=f"ask-{number}", daemon=True).start()

    def end(self) -> None:
        """Take no more papers."""
        with self._lock:
            self._papers = iter(())

    def wait(self) -> None:
        """Return when a reply has arrived. Raises what a worker met and no further request would mend."""
        while not self._arrived and self._trouble is None and not self._pressed():
            self._bell.wait(timeout=0.2)
            self._bell.clear()
        if self._pressed():
            raise KeyboardInterrupt
        if self._trouble is not None:
            raise self._trouble

    def arrived(self) -> Arrived:
        """The replies that have arrived and were not taken yet."""
        return [self._arrived[i] for i in range(len(self._arrived))]

    def take(self, number: int) -> None:
        """Forget the first `number` of them."""
        with self._room:
            for _ in range(number):
                self._arrived.popleft()
            self._room.notify_all()

    def hand_over(self, keep: Callable[[Arrived], object]) -> int:
        """Give what has arrived to `keep`, and later what is still under way. Returns the number handed over now."""
        self.end()
        with self._room:
            arrived, self._late = self.arrived(), keep
            if arrived:
                keep(arrived)
            self._arrived.clear()
            self._room.notify_all()
        return len(arrived)

    def _work(self, number: int) -> None:
        while True:
            with self._room:  # paid answers must not pile up while the store is locked
                while len(self._arrived) >= 2 * self.size:
                    self._room.wait()
            with self._lock:
                paper = next(self._papers, None) if number < self.size else None
                if paper is None:
                    self._running.discard(number)
                    return
            try:
                self._receive(paper.key, self._ask(paper))
            except Stop as stop:
                self._trouble = WorkbookError(str(stop))  # a new error, without the request's frames
            except Exception as error:
                self._trouble = error
            self._bell.set()

    def _receive(self, key: str, reply: Reply) -> None:
        with self._room:
            if self._late is None:
                self._arrived.append((key, reply))
            elif reply.completion.arrived:
                self._late([(key, reply)])
