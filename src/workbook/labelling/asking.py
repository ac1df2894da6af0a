"""Put a question about thousands of papers to a teacher: many requests at once, every answer kept at once."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbook.errors import WorkbookError
from workbook.labelling.pace import Pace
from workbook.labelling.parsing import UNUSABLE, USABLE
from workbook.labelling.prompt import clean
from workbook.labelling.question import Question, answer_key
from workbook.labelling.reading import NO_ABSTRACT, Reply, ask
from workbook.labelling.store import LabelStore, Paper
from workbook.teacher import Outcome, Stop, Teacher
from workbook.teacher.completion import FAILURES

if TYPE_CHECKING:
    import polars as pl

MEANING = {"ok": "usable", "repaired": "usable, its JSON mended", **UNUSABLE, **FAILURES} | {
    "no_abstract": "nothing to judge, so not asked"
}
_ADVICE = {
    "truncated": "They are cut off: give more room, Question(max_tokens=…), and look at the server's context length.",
    "unclosed_think": "The thinking never ends: is this a reasoning model with its own chat template? Raise max_tokens.",
    "empty": "They are empty: the server's reasoning parser may swallow them. Switch it off, or choose the one of this model.",
    "no_json": "They hold no JSON: the model may be too small, or not made to follow instructions. Try a larger one, or way='json_schema'.",
    "invalid": "They do not fit the schema: try a larger model, or way='json_schema'.",
    "ambiguous": "They hold several labels that disagree: try a larger model, or way='json_schema'.",
    "refused": "A content filter stops them: ask another server.",
    "timeout": "None came in time: fewer workers, or connect(timeout=…) with more seconds.",
    "connection": "The server is gone: start it again.",
    "rate_limited": "The server takes no more for now: fewer workers, or wait.",
    "server_error": "The server fails: read its log.",
    "too_long": "They are longer than the model's context: start the server with a longer one.",
    "rejected": "The server refuses them: read its words below.",
}  # fmt: skip


@dataclass
class Summary:
    """What a run did. `counts` holds the answers of this run by status; `str()` of it is a report."""

    papers: int
    already: int
    counts: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    workers: int = 0
    cost: float | None = None

    @property
    def asked(self) -> int:
        """Requests that came to an end, well or not."""
        return sum(self.counts.values()) - self.counts["no_abstract"]

    @property
    def usable(self) -> int:
        """New answers with a label."""
        return sum(self.counts[status] for status in USABLE)

    def __str__(self) -> str:
        rate = f", {self.asked / self.seconds:.1f} a second" if self.seconds else ""
        money = "" if self.cost is None else f", cost {self.cost:.2f}"
        lines = [
            f"{self.papers:,} papers: {self.already:,} were answered before, {self.asked:,} asked now "
            f"({self.seconds:.1f} s{rate}; {self.prompt_tokens + self.completion_tokens:,} tokens{money})"
        ]
        for status, number in self.counts.most_common():
            lines.append(f"  {status:<15} {number:>7,}   {MEANING.get(status, '')}")
        return "\n".join(lines)


def ask_all(
    store: LabelStore,
    teacher: Teacher,
    question: Question,
    papers: pl.DataFrame,
    *,
    workers: int | None = None,
    most_workers: int = 128,
    attempts: int = 3,
    give_up_after: int = 20,
    prices: tuple[float, float] | None = None,
    progress: bool = True,
) -> Summary:
    """Ask about every paper that has no usable answer in the store yet, and keep each answer as it comes.

    papers: columns id, title, abstract. workers: requests under way at once; None finds the number by raising it, up
    to `most_workers`, while throughput rises. attempts: how often an unusable answer is asked for, over all runs.
    give_up_after: so many unusable answers in a row end the run. prices: per million tokens read and written.

    It may be stopped in any way and called again: what is stored is not asked again. Ctrl-C keeps what has arrived
    and raises KeyboardInterrupt. Raises WorkbookError with the cure: columns missing, a key or balance or model that
    every request would fail on, `give_up_after`, a store that cannot be written, a second run on the same store.
    """
    if workers is not None and workers < 1:
        raise WorkbookError(f"workers={workers}: at least one has to do the work.")
    settings = question.settings(teacher)
    question_id = question.id(teacher)
    rows = as_papers(papers, question_id)
    with _CtrlC() as ctrl_c, store.asking():
        store.register(question_id, settings, question.template, rows)
        blank = [paper for paper in rows if not paper.abstract]
        left = store.left(question_id, [paper for paper in rows if paper.abstract], attempts)
        outcome = Summary(len(rows), already=len(rows) - len(blank) - len(left))
        if blank:
            outcome.counts["no_abstract"] = len(blank)
            store.save(question_id, ((paper.key, NO_ABSTRACT) for paper in blank))
        if left:
            run = _Run(store, question_id, outcome, left, give_up_after, prices, progress, ctrl_c)
            run.go(lambda paper: ask(teacher, question, paper.title, paper.abstract), workers, most_workers)
    return outcome


def as_papers(frame: pl.DataFrame, question_id: str) -> list[Paper]:
    """The rows of a frame under their keys. Raises WorkbookError for columns that are missing or of another type."""
    import polars as pl

    check_columns(dict(frame.schema))
    columns = frame.select(pl.col("id").cast(pl.String), "title", "abstract")
    if columns["id"].null_count():
        raise WorkbookError(f"{columns['id'].null_count():,} rows have no id. Give every paper one.")
    return [
        Paper(answer_key(question_id, title, abstract), id, title or "", clean(abstract))
        for id, title, abstract in columns.iter_rows()
    ]


def check_columns(schema: dict[str, Any]) -> None:
    """Raise WorkbookError, with the cure, where id, title or abstract is missing or no text."""
    import polars as pl

    missing = [name for name in ("id", "title", "abstract") if name not in schema]
    if missing:
        raise WorkbookError(
            f"There is no column {' and no column '.join(missing)}. There are: {', '.join(schema) or 'none'}. "
            "Rename yours to id, title and abstract."
        )
    for name in ("title", "abstract"):
        if schema[name] not in (pl.String, pl.Null):
            raise WorkbookError(f"The column {name} holds {schema[name]}, not text. Convert it to strings.")


class _CtrlC:
    """Holds Ctrl-C back until a moment when nothing is half done: `pressed` tells. A second one comes through."""

    pressed = False

    def __enter__(self) -> _CtrlC:
        self._before = None
        if threading.current_thread() is threading.main_thread():  # elsewhere none arrives
            self._before = signal.signal(signal.SIGINT, self._heard)
        return self

    def _heard(self, number: int, frame: Any) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if self.pressed and exception[0] is None:  # in the very last moment: the run is complete
            raise KeyboardInterrupt


class _Run:
    """One run: workers that ask, and this thread, which stores, counts and decides when to stop."""

    def __init__(
        self, store: LabelStore, question_id: str, outcome: Summary, left: Sequence[Paper], give_up_after: int,
        prices: tuple[float, float] | None, progress: bool, ctrl_c: _CtrlC,
    ):  # fmt: skip
        from tqdm.auto import tqdm

        self._store, self._question, self._outcome = store, question_id, outcome
        self._left, self._give_up_after, self._prices = left, give_up_after, prices
        self._ctrl_c = ctrl_c
        self._received = 0
        self._streak: deque[Reply] = deque()
        self._bar = tqdm(
            total=outcome.papers,
            initial=outcome.papers - len(left),
            unit="paper",
            disable=not progress,
            leave=False,
        )

    def go(self, ask: Callable[[Paper], Reply], workers: int | None, most_workers: int) -> None:
        began = time.perf_counter()
        pace = Pace(most_workers) if workers is None else None
        pool = _Pool(ask, iter(self._left), workers or pace.workers, self._ctrl_c)
        try:
            while self._received < len(self._left):
                pool.wait()
                arrived = self._keep(pool)
                if len(self._streak) >= self._give_up_after:
                    raise WorkbookError(self._why_give_up())
                if pace is None:
                    continue
                if any(reply.status == Outcome.RATE_LIMITED for reply in arrived):
                    pool.resize(pace.slower())
                else:
                    pool.resize(pace.finished(len(arrived)))
        except BaseException as error:
            pool.end()
            with contextlib.suppress(WorkbookError):  # where the store failed, it fails again
                self._keep(pool)
            if isinstance(error, KeyboardInterrupt):
                done = self._outcome.already + self._outcome.counts.total()
                print(
                    f"Interrupted. {done:,} of {self._outcome.papers:,} papers are in the store; at most the "
                    f"{pool.size} requests under way are lost. Call it again to go on."
                )
            raise
        finally:
            pool.end()
            self._bar.close()
            self._outcome.seconds = time.perf_counter() - began
            self._outcome.workers = pool.size

    def _keep(self, pool: _Pool) -> list[Reply]:
        """Store what has arrived, and only then take it off the pool: an interruption in between loses nothing."""
        arrived = pool.arrived()
        self._store.save(self._question, arrived)
        pool.take(len(arrived))
        replies = [reply for _, reply in arrived]
        self._received += len(replies)
        for reply in replies:
            self._count(reply)
        self._show(len(replies))
        return replies

    def _count(self, reply: Reply) -> None:
        outcome = self._outcome
        outcome.counts[reply.status] += 1
        outcome.prompt_tokens += reply.completion.prompt_tokens
        outcome.completion_tokens += reply.completion.completion_tokens
        if self._prices is not None:
            read, written = self._prices
            outcome.cost = (outcome.prompt_tokens * read + outcome.completion_tokens * written) / 1e6
        if reply.usable:
            self._streak.clear()
        else:
            self._streak.append(reply)

    def _show(self, number: int) -> None:
        outcome = self._outcome
        unusable = outcome.asked - outcome.usable
        tokens = outcome.prompt_tokens + outcome.completion_tokens
        money = "" if outcome.cost is None else f", cost {outcome.cost:.2f}"
        self._bar.set_postfix_str(f"{unusable:,} unusable, {tokens:,} tokens{money}", refresh=False)
        self._bar.update(number)

    def _why_give_up(self) -> str:
        kinds = Counter(reply.status for reply in self._streak)
        kind = kinds.most_common(1)[0][0]
        words = next(
            (r.completion.error for r in self._streak if r.status == kind and r.completion.error), None
        )
        found = ", ".join(f"{number} {name}" for name, number in kinds.most_common())
        return (
            f"Stopped: the last {len(self._streak)} answers were all unusable ({found}). {_ADVICE[kind]}"
            + (f" The server said: {words}" if words else "")
            + " What is stored is kept; the next run goes on from there."
        )


class _Pool:
    """Threads that take papers one by one and ask about them.

    Daemons: a request that hangs must not keep the process from ending.
    """

    def __init__(self, ask: Callable[[Paper], Reply], papers: Iterator[Paper], size: int, ctrl_c: _CtrlC):
        self._ask, self._papers, self._ctrl_c = ask, papers, ctrl_c
        self._lock = threading.Lock()
        self._arrived: deque[tuple[str, Reply]] = deque()
        self._bell = threading.Event()
        self._trouble: Exception | None = None
        self._running: set[int] = set()
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
        while not self._arrived and self._trouble is None and not self._ctrl_c.pressed:
            self._bell.wait(timeout=0.2)
            self._bell.clear()
        if self._ctrl_c.pressed:
            raise KeyboardInterrupt
        if self._trouble is not None:
            raise self._trouble

    def arrived(self) -> list[tuple[str, Reply]]:
        """The replies that have arrived and were not taken yet."""
        return [self._arrived[i] for i in range(len(self._arrived))]

    def take(self, number: int) -> None:
        """Forget the first `number` of them."""
        for _ in range(number):
            self._arrived.popleft()

    def _work(self, number: int) -> None:
        while True:
            with self._lock:
                paper = next(self._papers, None) if number < self.size else None
                if paper is None:
                    self._running.discard(number)
                    return
            try:
                self._arrived.append((paper.key, self._ask(paper)))
            except Stop as stop:
                self._trouble = WorkbookError(str(stop))  # anew, without the request's frames
            except Exception as error:
                self._trouble = error
            self._bell.set()
