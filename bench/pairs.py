"""What is measured: every pair with its goal, and how much of it there is time for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.sources import Sources
from workbook.errors import WorkbookError


@dataclass(frozen=True)
class Plan:
    """What a pair is measured with. size None: base on a GPU, else what the pair names."""

    sources: Sources
    quick: bool = False
    size: str | None = None
    gpu: bool = False

    @property
    def repetitions(self) -> int:
        """Three show that it works; medians that count are of five."""
        return 3 if self.quick else 5

    def pick(self, quick: Any, cpu: Any, gpu: Any) -> Any:
        """One of the three, by how much there is time for."""
        return quick if self.quick else gpu if self.gpu else cpu

    def size_or(self, on_cpu: str) -> str:
        """The size asked for, else the usual one."""
        return self.size or ("base" if self.gpu else on_cpu)


@dataclass(frozen=True)
class Pair:
    """A comparison: the ratio to reach (None: none was set), and what measures it."""

    goal: float | None
    measure: Callable[[Plan], dict[str, Any]]


def _from(module: str) -> Any:
    # when it is measured: torch and transformers take seconds, and labelling needs neither
    return importlib.import_module(f"bench.{module}")


def _training(name: str, goal: float, batches: int, on_cpu: str = "small") -> Pair:
    def measure(plan: Plan) -> dict[str, Any]:
        number = plan.pick(2, batches, 40)
        return _from("training").pair(name, plan.sources, plan.size_or(on_cpu), number, plan.repetitions)

    return Pair(goal, measure)


def _prediction(plan: Plan) -> dict[str, Any]:
    size = plan.size_or("small")
    texts = plan.pick(64, 1_000 if size == "miniature" else 64, 5_000)
    return _from("prediction").prediction(plan.sources, size, texts, plan.repetitions)


def _int8(plan: Plan) -> dict[str, Any]:
    if plan.gpu:
        raise WorkbookError("int8 is for processors. Hide the card to measure it: CUDA_VISIBLE_DEVICES=-1.")
    size, texts = plan.size_or("small"), plan.pick(64, 256, 0)
    return _from("prediction").int8(plan.sources, size, texts, plan.repetitions)


def _compiled(plan: Plan) -> dict[str, Any]:
    return _from("prediction").compiled(
        plan.sources, plan.size_or("small"), plan.pick(64, 256, 5_000), plan.repetitions
    )


def _notebooks(plan: Plan) -> dict[str, Any]:
    return _from("notebooks").whole_run(("00",) if plan.quick else ())


def _alignment(plan: Plan) -> dict[str, Any]:
    return _from("prediction").alignment(plan.sources, plan.repetitions, plan.pick(500, 26_008, 26_008))


def _labelling(plan: Plan) -> dict[str, Any]:
    return _from("labelling").speed(plan.pick(128, 640, 640), plan.repetitions, 0.2 if plan.quick else 1.0)


def _workers(plan: Plan) -> dict[str, Any]:
    return _from("labelling").by_workers(0.05, (1, 4) if plan.quick else (1, 4, 16, 64, 128, 256))


def _arxiv(plan: Plan) -> dict[str, Any]:
    return _from("arxiv").compared(plan.pick(50_000, 2_700_000, 2_700_000), plan.repetitions)


def _score(plan: Plan) -> dict[str, Any]:
    return _from("training").score(*plan.pick((100, 1, 1), (1_200, 3, 2), (2_800, 3, 5)))


def _growth(plan: Plan) -> dict[str, Any]:
    counts = (100, 200) if plan.quick else (1_000, 2_000, 4_000, 8_000)
    return _from("training").growth(plan.sources, counts)


PAIRS = {
    "ynat": _training("ynat", 20, batches=2, on_cpu="base"),
    "ner": _training("ner", 3, batches=2),
    "imdb": _training("imdb", 1.7, batches=2),
    "yelp": _training("yelp", 3, batches=2),
    "student": _training("student", 1.25, batches=5),
    "prediction": Pair(5, _prediction),
    "alignment": Pair(2, _alignment),
    "labelling": Pair(12, _labelling),
    "arxiv": Pair(1.5, _arxiv),
    "int8": Pair(None, _int8),
    "compiled": Pair(None, _compiled),
    "score": Pair(None, _score),
    "growth": Pair(None, _growth),
    "workers": Pair(None, _workers),
    "notebooks": Pair(None, _notebooks),
}
