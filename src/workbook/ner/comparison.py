"""One harness for all taggers: the same scores from the same counts, their intervals, time, size and memory.

Everything is counted once, sentence by sentence. A score is then a sum over sentences and a few divisions, so the
scores of some of the sentences, or of a thousand bootstrap samples, cost next to nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil
import torch

from workbook.alignment import Entity
from workbook.errors import WorkbookError
from workbook.metrics import KLUE_TAGS

KINDS = [tag[2:] for tag in KLUE_TAGS if tag[0] == "B"]
T = TypeVar("T")


# --- scores ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counts:
    """Right, predicted and gold, for each sentence: `entities` by type, `characters` by tag.

    Shapes: entities (sentences, 6, 3), characters (sentences, 13, 3), in the order of KINDS and KLUE_TAGS.
    """

    entities: np.ndarray
    characters: np.ndarray

    def __getitem__(self, sentences: Any) -> Counts:
        """The counts of some of the sentences."""
        return Counts(self.entities[sentences], self.characters[sentences])


def count(
    sentences: Sequence[str], gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> Counts:
    """Count as KLUE does: without spaces, entities strictly by IOB2 (without a `B-` there is no entity).

    Raises WorkbookError if a sentence and its tags differ in length.
    """
    entities = np.zeros((len(sentences), len(KINDS), 3), dtype=np.int64)
    characters = np.zeros((len(sentences), len(KLUE_TAGS), 3), dtype=np.int64)
    # The benchmark's own code puts an O before and after each sentence, and scores both as characters.
    characters[:, KLUE_TAGS.index("O")] = 2
    for number, (sentence, *both) in enumerate(zip(sentences, gold, predicted, strict=True)):
        if wrong := next((tags for tags in both if len(tags) != len(sentence)), None):
            raise WorkbookError(
                f"Sentence {number} has {len(sentence)} characters and {len(wrong)} tags. Give one tag per character."
            )
        true, said = ([t for c, t in zip(sentence, tags, strict=True) if not c.isspace()] for tags in both)
        for a, b in zip(said, true, strict=True):
            characters[number, KLUE_TAGS.index(a), 1] += 1
            characters[number, KLUE_TAGS.index(b), 2] += 1
            if a == b:
                characters[number, KLUE_TAGS.index(a), 0] += 1
        found, wanted = strict_entities(said), strict_entities(true)
        for column, which in enumerate((found & wanted, found, wanted)):
            for entity in which:
                entities[number, KINDS.index(entity.type), column] += 1
    return Counts(entities, characters)


def strict_entities(tags: Sequence[str]) -> set[Entity]:
    """The entities that IOB2 knows: a `B-` and the `I-` of its type that follow it; any other `I-` is nothing."""
    found: set[Entity] = set()
    start: int | None = None
    for position, tag in enumerate([*tags, "O"]):
        if start is not None and (tag[:1] != "I" or tag[2:] != tags[start][2:]):
            found.add(Entity(start, position, tags[start][2:]))
            start = None
        if tag[:1] == "B":
            start = position
    return found


def scores(counts: Counts) -> dict[str, float]:
    """The three scores on characters, 0 to 1: `entity_f1` and `character_f1` (both macro, KLUE's) and `micro_f1`."""
    once = np.ones((1, len(counts.entities)))
    return {name: float(values[0]) for name, values in _scores(counts, once).items()}


def scores_by_type(counts: Counts) -> dict[str, float]:
    """F1 of each type's entities; NaN for a type that occurs neither in gold nor in predictions."""
    totals = counts.entities.sum(0)
    return {kind: float(value) for kind, value in zip(KINDS, _f1(totals, empty=np.nan), strict=True)}


def bootstrap(counts: Counts, samples: int = 1000, seed: int = 42) -> dict[str, np.ndarray]:
    """The three scores of `samples` datasets as large as this one, drawn from its sentences with replacement.

    The same seed draws the same sentences, so two taggers' samples can be subtracted: that gives samples of their
    difference. `interval` turns samples into an interval. Each array has shape (samples,).
    """
    sentences = len(counts.entities)
    times = np.random.default_rng(seed).multinomial(
        sentences, np.full(sentences, 1 / sentences), size=samples
    )
    return _scores(counts, times.astype(np.float64))


def interval(samples: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """The middle `level` of the samples, from its lower to its upper end."""
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _scores(counts: Counts, times: np.ndarray) -> dict[str, np.ndarray]:
    """Scores where sentence s counts times[i, s] times, for each i."""
    entities, characters = (
        (times @ array.reshape(len(array), -1)).reshape(len(times), -1, 3)
        for array in (counts.entities, counts.characters)
    )
    return {
        # seqeval averages over the types that occur, scikit-learn over all 13 tags
        "entity_f1": np.nan_to_num(_mean(_f1(entities, empty=np.nan))),
        "micro_f1": _f1(entities.sum(1), empty=0.0),
        "character_f1": _f1(characters, empty=0.0).mean(-1),
    }


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean of the last axis without its NaNs; NaN where there are only NaNs."""
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(there, values, 0).sum(-1) / there.sum(-1)


def _f1(counts: np.ndarray, empty: float) -> np.ndarray:
    """2·right / (predicted + gold) over the last axis; `empty` where there is neither."""
    both = counts[..., 1] + counts[..., 2]
    return np.where(both > 0, 2 * counts[..., 0] / np.maximum(both, 1), empty)


# --- time, size, memory ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """What a call took: wall-clock seconds, and by how many bytes the process grew at most (None: unknown)."""

    seconds: float
    grown_bytes: int | None


def measured(call: Callable[[], T]) -> tuple[T, Cost]:
    """The call's result and its Cost.

    Memory is the process's own, sampled 50 times a second. Memory that an earlier call left free and this one reuses
    does not show, so compare orders of magnitude. On a CUDA machine: the larger of this and the growth on the card.
    """
    process = psutil.Process()
    before = most = process.memory_info().rss
    done = threading.Event()

    def look() -> None:
        nonlocal most
        while not done.wait(0.02):
            most = max(most, process.memory_info().rss)

    if torch.cuda.is_available():
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        held = torch.cuda.memory_allocated()
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    started = time.perf_counter()
    try:
        result = call()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds = time.perf_counter() - started
    finally:
        done.set()
        thread.join()
    grown = max(most, process.memory_info().rss) - before
    if torch.cuda.is_available():
        grown = max(grown, torch.cuda.max_memory_allocated() - held)
    return result, Cost(seconds, grown)


def speed(
    tagger: Any, sentences: Sequence[str], batch_sizes: Sequence[int], seconds: float = 1.0
) -> dict[int, float]:
    """Sentences per second at each batch size: the better of two rounds of about `seconds / 2` each.

    Each round predicts as many of `sentences` as time allows, one batch after the other, as a service would.
    """
    tagger.predict(sentences[:1], 1)  # one-time work is not counted
    found = {}
    for size in batch_sizes:
        found[size] = 0.0
        for _ in range(2):
            started, taken, done = time.perf_counter(), 0.0, 0
            while taken < seconds / 2:
                batch = [sentences[(done + i) % len(sentences)] for i in range(size)]
                tagger.predict(batch, size)
                done += size
                taken = time.perf_counter() - started
            found[size] = max(found[size], done / taken)
    return found


def bytes_on_disk(folder: Path) -> int:
    """The total size of the files in `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
