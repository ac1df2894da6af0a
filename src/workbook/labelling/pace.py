"""How many requests to keep under way: more, as long as more of them come back per second."""

from __future__ import annotations

import time

FIRST = 1  # a server that answers one at a time makes all others wait, perhaps past their time-out
_RISE = 1.2  # what counts as more: less than that is noise, or not worth twice the requests
_SHORTEST_LOOK = 0.25  # seconds
_FEWEST = 2  # answers to judge by: their lengths differ
_DOUBTS = 2  # times that a look is made longer before its verdict is “no more”
_FIRST_WAIT, _LONGEST_WAIT = 2, 12  # looks before another try: each failed climb doubles the wait


class Pace:
    """Doubles the number of workers while throughput rises, goes back to the best, tries again now and then.

    `workers` is the number to keep busy, at most `most`.
    """

    def __init__(self, most: int = 128, clock=time.monotonic):
        self.most, self._clock = most, clock
        self.workers = min(FIRST, most)
        self._best_rate, self._best_workers = 0.0, self.workers
        self._climbing, self._patience = True, _FIRST_WAIT
        self._look(0)

    def finished(self, number: int, work: float | None = None) -> int:
        """Note finished requests. Returns how many workers there should be now.

        work: what they amount to (tokens written), so that a look at long answers is not taken for a slower server;
        None: each counts alike.
        """
        self._done += number
        self._work += number if work is None else work
        elapsed = self._clock() - self._since
        # A look is over when every worker had its turn: before that, new ones have added nothing yet.
        if self._done < self._needed or elapsed < _SHORTEST_LOOK:
            return self.workers
        self._judge(self._work / elapsed)
        return self.workers

    def slower(self) -> int:
        """The server complained of too many requests: halve, and stay there."""
        self.most = self._best_workers = max(1, self.workers // 2)
        self._go(self.most, climbing=False)
        return self.workers

    def _judge(self, rate: float) -> None:
        if not self._climbing:
            self._best_rate = 0.7 * self._best_rate + 0.3 * rate
            if self._looks + 1 >= self._patience and self.workers < self.most:
                self._go(2 * self.workers, climbing=True)
            else:
                self._look(self._looks + 1)
        elif rate > _RISE * self._best_rate:
            self._best_rate, self._best_workers = rate, self.workers
            self._patience = _FIRST_WAIT
            self._go(2 * self.workers, climbing=self.workers < self.most)
        elif self._looks < _DOUBTS:  # answers differ in length: look longer before giving up
            self._looks += 1
            self._needed += max(self.workers, _FEWEST)
        else:
            self._patience = min(2 * self._patience, _LONGEST_WAIT)
            self._go(self._best_workers, climbing=False)

    def _go(self, workers: int, *, climbing: bool) -> None:
        self.workers, self._climbing = min(workers, self.most), climbing
        self._look(0)

    def _look(self, number: int) -> None:
        """Begin look number `number` at this many workers."""
        self._looks, self._needed = number, max(self.workers, _FEWEST)
        self._since, self._done, self._work = self._clock(), 0, 0.0
