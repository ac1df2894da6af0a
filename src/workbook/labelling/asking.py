"""Put a question about thousands of papers to a teacher: many requests at once, every answer kept at once."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbook.errors import WorkbookError
from workbook.labelling.pace import Pace
from workbook.labelling.parsing import UNUSABLE, USABLE
from workbook.labelling.pool import Pool
from workbook.labelling.prompt import clean
from workbook.labelling.question import Question, answer_key
from workbook.labelling.reading import NO_ABSTRACT, Reply, ask
from workbook.labelling.store import LabelStore, Paper, StoreError
from workbook.teacher import Outcome, Teacher
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
    "placeholder": "They repeat the prompt instead of explaining: the model is too small for this question. Try a larger one.",
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
    every request would fail on, `give_up_after`, a store that cannot be written (what has arrived is then kept beside
    it), a second run on the same store.
    """
    plan = _Plan(workers, most_workers, give_up_after, prices, progress)
    if workers is not None and workers < 1:
        raise WorkbookError(f"workers={workers}: at least one has to do the work.")
    settings = question.settings(teacher)
    question_id = question.id(teacher)
    rows = as_papers(papers, question_id)
    with _CtrlC() as ctrl_c, store.asking():
        store.register(question_id, settings, question.template, rows)
        blank = [paper for paper in rows if not paper.abstract]
        left = store.left(question_id, [paper for paper in rows if paper.abstract], attempts)
        summary = Summary(len(rows), already=len(rows) - len(blank) - len(left))
        if blank:
            summary.counts["no_abstract"] = len(blank)
            store.save(question_id, ((paper.key, NO_ABSTRACT) for paper in blank))
        if left:
            run = _Run(store, question_id, summary, left, plan)
            run.go(lambda paper: ask(teacher, question, paper.title, paper.abstract), ctrl_c)
    return summary


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


@dataclass(frozen=True)
class _Plan:
    """How `ask_all` goes about it: its own arguments."""

    workers: int | None
    most_workers: int
    give_up_after: int
    prices: tuple[float, float] | None
    progress: bool


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
        self, store: LabelStore, question_id: str, summary: Summary, left: Sequence[Paper], plan: _Plan
    ):
        from tqdm.auto import tqdm

        self._store, self._question, self._summary, self._left, self._plan = (
            store,
            question_id,
            summary,
            left,
            plan,
        )
        self._received = 0
        self._streak: deque[Reply] = deque()
        done = summary.papers - len(left)
        self._bar = tqdm(
            total=summary.papers, initial=done, unit="paper", disable=not plan.progress, leave=False
        )

    def go(self, ask_about: Callable[[Paper], Reply], ctrl_c: _CtrlC) -> None:
        began = time.perf_counter()
        pace = Pace(self._plan.most_workers) if self._plan.workers is None else None
        size = pace.workers if pace else self._plan.workers
        pool = Pool(ask_about, iter(self._left), size, lambda: ctrl_c.pressed)
        try:
            while self._received < len(self._left):
                pool.wait()
                arrived = self._keep(pool)
                if len(self._streak) >= self._plan.give_up_after:
                    raise WorkbookError(why_give_up(list(self._streak)))
                if pace:
                    pool.resize(_next_size(pace, arrived))
        except BaseException as error:
            self._wind_up(pool, error)
            raise
        finally:
            pool.end()
            self._bar.close()
            self._summary.seconds = time.perf_counter() - began
            self._summary.workers = pool.size

    def _wind_up(self, pool: Pool, error: BaseException) -> None:
        """Keep what has arrived, in the store or beside it, and say what Ctrl-C has left."""
        pool.end()
        try:
            if isinstance(error, StoreError):
                raise error
            self._keep(pool)
        except StoreError as failure:
            places: list[str] = []
            kept = pool.hand_over(
                lambda replies: places.append(self._store.set_aside(self._question, replies))
            )
            if kept:
                raise StoreError(
                    f"{failure} {kept} answers that had arrived are kept in {places[0]}; the next run takes them in."
                ) from None
            raise failure from None
        if isinstance(error, KeyboardInterrupt):
            done = self._summary.already + self._summary.counts.total()
            print(
                f"Interrupted. {done:,} of {self._summary.papers:,} papers are in the store; at most the {pool.size} "
                "requests under way are lost. Call it again to go on."
            )

    def _keep(self, pool: Pool) -> list[Reply]:
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
        summary = self._summary
        summary.counts[reply.status] += 1
        summary.prompt_tokens += reply.completion.prompt_tokens
        summary.completion_tokens += reply.completion.completion_tokens
        if self._plan.prices is not None:
            read, written = self._plan.prices
            summary.cost = (summary.prompt_tokens * read + summary.completion_tokens * written) / 1e6
        if reply.usable:
            self._streak.clear()
        else:
            self._streak.append(reply)

    def _show(self, number: int) -> None:
        summary = self._summary
        unusable = summary.asked - summary.usable
        tokens = summary.prompt_tokens + summary.completion_tokens
        money = "" if summary.cost is None else f", cost {summary.cost:.2f}"
        self._bar.set_postfix_str(f"{unusable:,} unusable, {tokens:,} tokens{money}", refresh=False)
        self._bar.update(number)


def _next_size(pace: Pace, arrived: Sequence[Reply]) -> int:
    """How many workers there should be, now that these replies have arrived."""
    if any(reply.status == Outcome.RATE_LIMITED for reply in arrived):
        return pace.slower()
    # A word more for each: an answer without any has had its turn, too.
    return pace.finished(len(arrived), sum(1 + reply.completion.completion_tokens for reply in arrived))


def why_give_up(replies: Sequence[Reply]) -> str:
    """What a run of unusable replies has in common, and the cure."""
    kinds = Counter(reply.status for reply in replies)
    kind = kinds.most_common(1)[0][0]
    words = next((r.completion.error for r in replies if r.status == kind and r.completion.error), None)
    found = ", ".join(f"{number} {name}" for name, number in kinds.most_common())
    return (
        f"Stopped: the last {len(replies)} answers were all unusable ({found}). {_advice(kind, replies)}"
        + (f" The server said: {words}" if words else "")
        + " What is stored is kept; the next run goes on from there."
    )


def _advice(kind: str, replies: Sequence[Reply]) -> str:
    cut_off = [reply for reply in replies if reply.status == kind == "truncated"]
    # Where it was still thinking, more room may help; where it talked without ever beginning an object, it will not.
    if cut_off and not any(
        reply.parsed.reasoning or "{" in (reply.completion.content or "") for reply in cut_off
    ):
        kind = "no_json"
    return _ADVICE.get(kind, "Read them in the store: LabelStore(…).answers().")
