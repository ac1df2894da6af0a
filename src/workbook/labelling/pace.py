"""How many requests to keep under way: more, as long as more of them come back per second."""

from __future__ import annotations

import time

FIRST = 4
_RISE = 1.2  # what counts as more: less than that is noise, or not worth twice the requests
_SHORTEST_LOOK = 0.25  # seconds
_LOOKS_BEFORE_ANOTHER_TRY = 12


class Pace:
    """Doubles the number of workers while throughput rises, goes back to the best, tries again now and then.

    `workers` is the number to keep busy, at most `most`.
    """

    def __init__(self, most: int, clock=time.monotonic):
        self.most, self._clock = most, clock
        self.workers = min(FIRST, most)
        self._best_rate, self._best_workers = 0.0, self.workers
        self._climbing, self._looks = True, 0
        self._since, self._done = clock(), 0

    def finished(self, number: int) -> int:
        """Note finished requests. Returns how many workers there should be now."""
        self._done += number
        elapsed = self._clock() - self._since
        # A look is over when every worker had its turn: before that, new ones have added nothing yet.
        if self._done < self.workers or elapsed < _SHORTEST_LOOK:
            return self.workers
        self._judge(self._done / elapsed)
        self._since, self._done = self._clock(), 0
        return self.workers

    def slower(self) -> int:
        """The server complained of too many requests: halve, and stay there."""
        self.most = self.workers = self._best_workers = max(1, self.workers // 2)
        self._climbing, self._looks = False, 0
        self._since, self._done = self._clock(), 0
        return self.workers

    def _judge(self, rate: float) -> None:
        if not self._climbing:
            self._best_rate = 0.7 * self._best_rate + 0.3 * rate
            self._looks += 1
            if self._looks >= _LOOKS_BEFORE_ANOTHER_TRY and self.workers < self.most:
                self._climbing, self._looks = True, 0
                self.workers = min(2 * self.workers, self.most)
        elif rate > _RISE * self._best_rate:
            self._best_rate, self._best_workers = rate, self.workers
            self._climbing = self.workers < self.most
            self.workers = min(2 * self.workers, self.most)
        else:
            self.workers = self._best_workers
            self._climbing, self._looks = False, 0
