"""Labels from a slow teacher: the tutorial's five threads against `labelling.ask_all`."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.measure import alternate, compare

SLOTS = 64
WORKERS = SLOTS + SLOTS // 8  # while one stores an answer, another's request already waits for the slot
_SERVER = """
import sys
from standin.teacher_faults import Behaviour, Running
with Running(Behaviour(latency=float(sys.argv[1]), slots=int(sys.argv[2]) or None)) as teacher:
    print(teacher.url, flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def server(latency: float, slots: int) -> Iterator[str]:
    """The address of a scripted teacher in a process of its own, which ends with the block. slots=0: any number."""
    command = [sys.executable, "-c", _SERVER, str(latency), str(slots)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def papers(number: int) -> Any:
    """Invented papers: id, title, abstract."""
    import polars as pl

    return pl.DataFrame(
        {
            "id": [str(i) for i in range(number)],
            "title": [f"A study of the {i}th kind" for i in range(number)],
            "abstract": [
                f"We study case {i} in depth. We release a new dataset of {i} cases." for i in range(number)
            ],
        }
    )


def five_threads(address: str, rows: Any) -> int:
    """The tutorial's way: a pool of five, an answer read with a pattern, nothing kept until the end."""
    from openai import OpenAI

    client = OpenAI(base_url=address, api_key="sandbox")

    def ask(row: dict[str, str]) -> dict[str, str] | None:
        text = f"Does this paper introduce a new dataset?\n\nTitle: {row['title']}\nAbstract: {row['abstract']}\n\nAnswer as JSON."
        answer = client.chat.completions.create(
            model="scripted-r1", messages=[{"role": "user", "content": text}], temperature=0.7
        )
        found = re.search(r"\{[^}]*\}", answer.choices[0].message.content)
        try:
            return json.loads(found.group(0)) if found else None
        except ValueError:
            return None

    with ThreadPoolExecutor(5) as pool:
        return len(list(pool.map(ask, rows.iter_rows(named=True))))


def ours(address: str, rows: Any, workers: int | None) -> int:
    """The notebook's way: many workers, every answer stored as it comes. Returns how many came."""
    from workbook.labelling import LabelStore, Question, ask_all
    from workbook.teacher import connect

    with tempfile.TemporaryDirectory() as folder, LabelStore(Path(folder) / "labels.sqlite") as store:
        return ask_all(store, connect(address), Question(), rows, workers=workers, progress=False).asked


def speed(number: int, repetitions: int, latency: float = 1.0) -> dict[str, Any]:
    """Papers labelled per second at `latency` seconds an answer, `SLOTS` of them at once."""
    rows, few = papers(number), papers(5)
    with server(latency, SLOTS) as address:
        ways = {
            "tutorial": lambda repetition: five_threads(address, rows if repetition else few),
            "ours": lambda repetition: ours(address, rows if repetition else few, WORKERS),
            "ours, workers found": lambda repetition: ours(address, rows if repetition else few, None),
        }
        figures = compare(alternate(ways, repetitions), "tutorial", "ours")
    best = number * latency / SLOTS
    return {
        "title": f"Labelling at {latency:g} s a request, {SLOTS} slots: 5 threads",
        "data": "invented papers",
        "size": "-",
        "examples": number,
        "unit": "papers",
        **figures,
        "each": {
            "share of what the server can do": {w: best / f["median"] for w, f in figures["ways"].items()}
        },
    }


def by_workers(latency: float, counts: tuple[int, ...]) -> dict[str, Any]:
    """Papers a second against workers, on a server with any number of slots."""
    points = []
    with server(latency, 0) as address:
        ours(address, papers(8), 8)  # the warm-up
        for workers in counts:
            number = max(30, 10 * workers)
            (seconds,) = alternate(
                {"ours": lambda repetition, n=number, w=workers: ours(address, papers(n), w)},
                1,
                warm_up=False,
            )["ours"]
            points.append([workers, number / seconds])
    return {
        "title": f"Labelling at {latency:g} s a request, by number of workers",
        "data": "invented papers",
        "size": "-",
        "x": "workers",
        "y": "papers a second",
        "points": points,
    }
