"""Put a question about thousands of papers to a teacher: many requests at once, every answer kept at once."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from tqdm.auto import tqdm

from workbook.errors import WorkbookError
from workbook.labelling.pace import Pace
from workbook.labelling.parsing import UNUSABLE, USABLE
from workbook.labelling.prompt import clean
from workbook.labelling.question import Question, answer_key
from workbook.labelling.reading import NO_ABSTRACT, Reply, ask
from workbook.labelling.store import LabelStore, Paper, StoreError
from workbook.teacher import Outcome, Stop, Teacher
from workbook.teacher.completion import FAILURES

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
    """What a run did. `counts` holds the answers of this run by status; `str()` of it is a report.

    prices: per million tokens read and written, where the cost is wanted.
    """

    papers: int
    already: int
    prices: tuple[float, float] | None = None
    counts: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    workers: int = 0

    @property
    def asked(self) -> int:
        """Requests that came to an end, well or not."""
        return self.counts.total() - self.counts["no_abstract"]

    @property
    def usable(self) -> int:
        """New answers with a label."""
        return sum(self.counts[status] for status in USABLE)

    @property
    def cost(self) -> float | None:
        """What the tokens of this run cost; None without prices."""
        if self.prices is None:
            return None
        read, written = self.prices
        return (self.prompt_tokens * read + self.completion_tokens * written) / 1e6

    @property
    def spent(self) -> str:
        """The tokens of this run and, where there are prices, their cost, in words."""
        money = "" if self.cost is None else f", cost {self.cost:.2f}"
        return f"{self.prompt_tokens + self.completion_tokens:,} tokens{money}"

    def __str__(self) -> str:
        rate = f", {self.asked / self.seconds:.1f} a second" if self.seconds else ""
        return (
            f"{self.papers:,} papers: {self.already:,} were answered before, {self.asked:,} asked now "
            f"({self.seconds:.1f} s{rate}; {self.spent})\n{table(self.counts)}"
        ).rstrip()


def table(counts: Counter[str]) -> str:
    """One line for each status: its name, number and meaning."""
    return "\n".join(
        f"  {status:<15} {number:>7,}   {MEANING.get(status, '')}" for status, number in counts.most_common()
    )


def ask_all(
    store: LabelStore,
    teacher: Teacher,
    question: Question,
    papers: pl.DataFrame,
    *,
    workers: int | None = None,
    attempts: int = 3,
    give_up_after: int = 20,
    prices: tuple[float, float] | None = None,
    progress: bool = True,
) -> Summary:
    """Ask about every paper that has no usable answer in the store yet, and keep each answer as it comes.

    papers: columns id, title, abstract. workers: requests under way at once; None finds the number by raising it
    while throughput rises. attempts: how often an unusable answer is asked for, over all runs. give_up_after: so many
    unusable answers in a row end the run. prices: per million tokens read and written.

    It may be stopped in any way and called again: what is stored is not asked again. Ctrl-C keeps what has arrived
    and raises KeyboardInterrupt. Raises WorkbookError with the cure: columns missing, a key or balance or model that
    every request would fail on, `give_up_after`, a store that cannot be written (what has arrived is then kept beside
    it), a second run on the same store.
    """
    if workers is not None and workers < 1:
        raise WorkbookError(f"workers={workers}: at least one has to do the work.")
    question_id = question.id(teacher)
    rows = as_papers(papers, question_id)
    with _CtrlC() as ctrl_c, store.asking():
        store.register(question_id, question.settings(teacher), question.template, rows)
        blank = [paper for paper in rows if not paper.abstract]
        left = store.left(question_id, [paper for paper in rows if paper.abstract], attempts)
        summary = Summary(len(rows), len(rows) - len(blank) - len(left), prices)
        if blank:
            summary.counts["no_abstract"] = len(blank)
            store.save(question_id, ((paper.key, NO_ABSTRACT) for paper in blank))
        if left:
            run = _Run(
                store, question_id, lambda paper: ask(teacher, question, paper.title, paper.abstract), summary
            )
            run.go(left, workers, give_up_after, progress, ctrl_c)
    return summary


def as_papers(frame: pl.DataFrame, question_id: str) -> list[Paper]:
    """The rows of a frame under their keys. Raises WorkbookError for columns that are missing or of another type."""
    check_columns(dict(frame.schema))
    columns = frame.select(pl.col("id").cast(pl.String), "title", "abstract")
    if columns["id"].null_count():
        raise WorkbookError(f"{columns['id'].null_count():,} rows have no id. Give every paper one.")
    return [
        Paper(answer_key(question_id, title, abstract), id, title or "", clean(abstract))
        for id, title, abstract in columns.iter_rows()
    ]


def check_columns(schema: dict[str, Any]) -> None:
    """Raise WorkbookError, with the cure, where id, title or abstract is missing or not text."""
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
    """One run: threads that ask, and this one, which begins them, stores, counts and decides when to stop.

    A thread asks about one paper, and the next begins when its reply is stored: while the store is locked, paid
    answers do not pile up.
    """

    def __init__(
        self, store: LabelStore, question_id: str, ask_about: Callable[[Paper], Reply], summary: Summary
    ):
        self._store, self._question, self._ask, self._summary = store, question_id, ask_about, summary
        self._lock, self._bell = threading.Lock(), threading.Event()
        self._arrived: list[tuple[str, Reply]] = []
        self._under_way = 0  # what has arrived and is not stored yet included
        self._trouble: Exception | None = None  # what every further request would meet
        self._store_failed = False
        self._unusable: list[Reply] = []  # the last replies, as long as none of them was usable

    def go(
        self, papers: Sequence[Paper], workers: int | None, give_up_after: int, progress: bool, ctrl_c: _CtrlC
    ) -> None:
        summary, began = self._summary, time.perf_counter()
        done = summary.papers - len(papers)
        bar = tqdm(total=summary.papers, initial=done, unit="paper", disable=not progress, leave=False)
        pace = Pace() if workers is None else None
        summary.workers = pace.workers if pace else workers
        waiting = iter(papers)
        try:
            while done < summary.papers:
                for paper in itertools.islice(waiting, max(0, summary.workers - self._under_way)):
                    self._begin(paper)
                self._bell.wait(timeout=0.2)  # then look whether Ctrl-C was pressed
                self._bell.clear()
                if ctrl_c.pressed:
                    raise KeyboardInterrupt
                replies = self._keep()
                done += len(replies)
                bar.set_postfix_str(
                    f"{summary.asked - summary.usable:,} unusable, {summary.spent}", refresh=False
                )
                bar.update(len(replies))
                if self._trouble:
                    raise self._trouble
                if len(self._unusable) >= give_up_after:
                    raise WorkbookError(why_give_up(self._unusable))
                if pace and replies:
                    summary.workers = _next_size(pace, replies)
        except BaseException as error:
            self._wind_up(error)
            raise
        finally:
            bar.close()
            summary.seconds = time.perf_counter() - began

    def _begin(self, paper: Paper) -> None:
        """Ask about a paper, in a daemon: a request that hangs must not keep the process from ending."""

        def work() -> None:
            try:
                self._receive(paper.key, self._ask(paper))
            except Exception as error:
                # Instead of a Stop a new error, without the request's frames.
                self._trouble = WorkbookError(str(error)) if isinstance(error, Stop) else error
            self._bell.set()

        self._under_way += 1
        threading.Thread(target=work, daemon=True).start()

    def _receive(self, key: str, reply: Reply) -> None:
        with self._lock:
            self._arrived.append((key, reply))
            if self._store_failed:
                self._set_aside()

    def _keep(self) -> list[Reply]:
        """Store what has arrived, and only then forget it: an interruption in between loses nothing."""
        arrived = self._arrived[:]
        if arrived:
            self._store.save(self._question, arrived)
        del self._arrived[: len(arrived)]
        self._under_way -= len(arrived)
        replies = [reply for _, reply in arrived]
        for reply in replies:
            self._summary.counts[reply.status] += 1
            self._summary.prompt_tokens += reply.completion.prompt_tokens
            self._summary.completion_tokens += reply.completion.completion_tokens
            self._unusable = [] if reply.usable else [*self._unusable, reply]
        return replies

    def _wind_up(self, error: BaseException) -> None:
        """Keep what has arrived, in the store or beside it, and say what Ctrl-C has left."""
        summary = self._summary
        try:
            if isinstance(error, StoreError):
                raise error
            self._keep()
        except StoreError as failure:
            with self._lock:
                self._store_failed = True  # later replies are set aside as well
                raise StoreError(f"{failure}{self._set_aside()}") from None
        if isinstance(error, KeyboardInterrupt):
            lost = (
                "one request under way is"
                if summary.workers == 1
                else f"{summary.workers} requests under way are"
            )
            print(
                f"Interrupted. {summary.already + summary.counts.total():,} of {summary.papers:,} papers are in the "
                f"store; at most the {lost} lost. Call it again to go on."
            )

    def _set_aside(self) -> str:
        """Keep what the store cannot take. Returns what became of it, in words."""
        answers = [(key, reply) for key, reply in self._arrived if reply.completion.arrived]
        self._arrived.clear()
        if not answers:
            return ""
        place = self._store.set_aside(self._question, answers)
        return f" {len(answers)} answers that had arrived are kept in {place}; the next run takes them in."


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
