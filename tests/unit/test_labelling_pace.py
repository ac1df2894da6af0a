"""How many workers: against servers that behave as simple laws say, in simulated time."""

import heapq
import random

import pytest

from workbook.labelling.pace import FIRST, Pace


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def simulate(service, slots, rows, most=128, seed=0):
    """(workers at the end, rows a second) of `rows` requests against a server of so many slots."""
    clock, rng = Clock(), random.Random(seed)
    pace = Pace(most, clock)
    free_at = [0.0] * slots  # when each slot of the server is free
    under_way: list[tuple[float, float]] = []
    started = finished = 0
    while finished < rows:
        while len(under_way) < pace.workers and started < rows:
            begins = max(clock.now, heapq.heappop(free_at))
            takes = service(rng)  # as long as the answer is: so the tokens say
            heapq.heappush(free_at, begins + takes)
            heapq.heappush(under_way, (begins + takes, takes))
            started += 1
        clock.now, work = heapq.heappop(under_way)
        finished += 1
        pace.finished(1, work)
    return pace.workers, rows / clock.now


@pytest.mark.parametrize("slots", [1, 8, 64])
def test_it_finds_what_a_server_can_do(slots):
    workers, rate = simulate(lambda rng: 1.0, slots, rows=max(60, 60 * slots))
    assert rate > 0.9 * slots
    assert max(FIRST, slots) <= workers <= 2 * max(FIRST, slots)


@pytest.mark.parametrize("seed", range(5))
def test_it_copes_with_times_that_vary(seed):
    _, rate = simulate(lambda rng: rng.expovariate(1 / 4) + 0.5, 32, rows=3_000, seed=seed)
    assert rate > 0.75 * 32 / 4.5


@pytest.mark.parametrize("seed", range(5))
def test_a_server_that_answers_one_at_a_time_gets_one_request_at_a_time(seed):
    """Others would only wait there, perhaps longer than the client does. It is tried again with two, never more."""
    clock, rng = Clock(), random.Random(seed)
    pace, tried = Pace(128, clock), []
    for _ in range(200):
        seconds = rng.expovariate(1 / 4) + 0.5
        clock.now += seconds
        tried.append(pace.finished(1, seconds))
    assert max(tried) == 2
    assert tried.count(1) > 120


def test_it_never_goes_beyond_the_most():
    assert simulate(lambda rng: 1.0, 64, rows=400, most=10)[0] == 10
    assert simulate(lambda rng: 1.0, 64, rows=40, most=1)[0] == 1


def test_too_many_requests_halve_and_stay_halved():
    clock = Clock()
    pace = Pace(64, clock)
    for _ in range(200):
        clock.now += 0.1
        pace.finished(pace.workers)
    many = pace.workers
    assert pace.slower() == many // 2
    for _ in range(200):
        clock.now += 0.3
        assert pace.finished(pace.workers) <= many // 2
