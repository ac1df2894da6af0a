"""The papers about datasets among as many rows as arXiv has: the tutorial's expression, ours, pandas.

Each runs in a process of its own over the same parquet files, so that its peak memory is its own. Ours writes
what it finds, as notebook 07 does, or hands it on batch by batch, as notebook 08 does; the others keep it.
`python -m bench.arxiv WAY FOLDER` runs one.
"""

from __future__ import annotations

import importlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.measure import alternate, compare
from workbook.errors import WorkbookError

ROWS_PER_FILE, DISTINCT = 100_000, 3
WAYS = {
    "tutorial": "lists of categories, patterns, every column collected",
    "tutorial, four columns": "the same after a select",
    "ours": "plain search, written as it comes",
    "ours, batches": "plain search, handed on in batches",
    "pandas": "pandas, four columns",
}
COLUMNS = ["id", "title", "abstract", "categories"]


def make_rows(folder: Path, rows: int) -> None:
    """Made-up papers with all of the snapshot's columns: a third in cs.*, three of ten speak of a dataset.

    A few files are made, the others are copies of them: no way of reading can tell. They are written with
    `datasets`, as `push_to_hub` does: snappy, row groups of 100 MB.
    """
    import numpy as np
    import polars as pl
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    rng = np.random.default_rng(42)
    names = "model graph image speech text query user agent".split()
    words = np.array([f"{name}{number}" for name in names for number in range(400)])
    sentences = [" ".join(rng.choice(words, 18)).capitalize() + "." for _ in range(8_000)]
    sentences += [f"We test it on the dataset {i} and on others that are as large." for i in range(300)]
    kinds = [
        "cs.CL",
        "cs.CV cs.LG",
        "stat.ML cs.LG",
        "math.CO",
        "hep-th",
        "astro-ph.GA",
        "quant-ph",
        "q-bio.NC",
    ]
    kinds.append("cond-mat.str-el physics.optics")
    pool = pl.Series(sentences)
    size = min(ROWS_PER_FILE, rows)
    for number in range(-(-rows // size)):
        file = folder / f"train-{number:05d}.parquet"
        if number >= DISTINCT:
            shutil.copy(folder / f"train-{number % DISTINCT:05d}.parquet", file)
            continue
        frame = pl.DataFrame({str(i): pool.gather(rng.integers(0, len(pool), size)) for i in range(10)})
        author = frame["1"].str.head(12).alias("author")
        frame = frame.select(
            pl.Series("id", [f"{number}{i:07d}" for i in range(size)]),
            pl.col("0").str.head(20).alias("submitter"),
            pl.col("1").str.head(90).alias("authors"),
            pl.col("2").str.head(75).alias("title"),
            pl.col("3").str.head(40).alias("comments"),
            pl.col("4").str.head(50).alias("journal-ref"),
            pl.col("5").str.head(24).alias("doi"),
            pl.lit(None, pl.String).alias("report-no"),
            pl.Series("categories", kinds).gather(rng.integers(0, len(kinds), size)),
            pl.lit("http://arxiv.org/licenses/nonexclusive-distrib/1.0/").alias("license"),
            pl.concat_str(pl.all(), separator=" ").alias("abstract"),
            pl.concat_list(
                pl.struct(pl.lit("v1").alias("version"), pl.col("6").str.head(29).alias("created"))
            ).alias("versions"),
            pl.lit("2024-01-01").alias("update_date"),
            pl.concat_list(pl.concat_list(author, pl.col("2").str.head(8))).alias("authors_parsed"),
        )
        Dataset.from_polars(frame).to_parquet(file)


def find(way: str, folder: Path) -> int:
    """How many papers one way finds."""
    if way == "pandas":
        import pandas as pd

        papers = pd.read_parquet(sorted(folder.glob("*.parquet")), columns=COLUMNS)
        science = papers["categories"].str.contains(r"(?:^| )cs\.")
        dataset = papers["title"].str.contains("dataset") | papers["abstract"].str.contains("dataset")
        return len(papers[science & dataset])
    import polars as pl

    if way.startswith("ours"):
        from workbook.labelling import papers_about_datasets

        papers = papers_about_datasets(folder)
        if way == "ours, batches":
            return sum(part.height for part in papers.collect_batches(chunk_size=5_000))
        with tempfile.TemporaryDirectory() as made:
            file = Path(made) / "papers.parquet"
            papers.sink_parquet(file, row_group_size=10_000)
            return pl.scan_parquet(file).select(pl.len()).collect().item()
    papers = pl.scan_parquet(folder / "*.parquet")
    papers = papers.select(COLUMNS) if way == "tutorial, four columns" else papers
    papers = papers.filter(
        pl.col("categories").str.split(" ").list.eval(pl.element().str.starts_with("cs.")).list.any()
    ).filter(pl.col("title").str.contains("dataset") | pl.col("abstract").str.contains("dataset"))
    return papers.collect().height


def measure(way: str, folder: Path) -> tuple[float, int, float]:
    """Run one way in a process of its own: seconds, papers found, peak memory in GiB."""
    import psutil

    command = [sys.executable, "-m", "bench.arxiv", way, str(folder)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    process, peak = psutil.Process(child.pid), 0
    while child.poll() is None:
        try:
            peak = max(peak, process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.01)
    answer = child.communicate()[0]
    if child.returncode:
        raise WorkbookError(
            f"{way} ended with code {child.returncode}, at {peak / 2**30:.1f} GiB. Too little memory? --quick takes fewer rows."
        )
    found = json.loads(answer)
    return found["seconds"], found["papers"], peak / 2**30


def compared(rows: int, repetitions: int) -> dict[str, Any]:
    """Seconds and peak memory of every way. Raises WorkbookError where two find different papers."""
    memory: dict[str, list[float]] = {way: [] for way in WAYS}
    papers: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        make_rows(folder, rows)

        def run(way: str, repetition: int) -> float:
            seconds, papers[way], peak = measure(way, folder)
            memory[way].append(peak)
            return seconds

        ways = {way: (lambda repetition, way=way: run(way, repetition)) for way in WAYS}
        seconds = alternate(ways, repetitions, warm_up=False)
    if len(set(papers.values())) > 1:
        raise WorkbookError(f"They do not find the same papers: {papers}. One of the filters is wrong.")
    peaks = {way: statistics.median(values) for way, values in memory.items()}
    handed_on = compare(seconds, "tutorial", "ours, batches")["ratio"]
    return {
        "title": "arXiv filter: the tutorial's expression and collect",
        "data": "made-up rows with all of the snapshot's columns",
        "size": "-",
        "examples": rows,
        "unit": "rows",
        **compare(seconds, "tutorial", "ours"),
        "each": {"peak memory, GiB": peaks},
        "remarks": [
            f"All find {papers['ours']:,} papers. Peak memory of ours: {peaks['ours'] / peaks['tutorial']:.2f} of the "
            "tutorial's (goal ≤ 0.5). Ours writes a file, the tutorial does not; handed on batch by batch instead: "
            f"{handed_on:.2f}×, {peaks['ours, batches'] / peaks['tutorial']:.2f} of the memory."
        ],
    }


if __name__ == "__main__":
    for module in {"pandas": ["pandas"]}.get(sys.argv[1], ["polars", "workbook.labelling.corpus"]):
        importlib.import_module(module)
    began = time.perf_counter()
    number = find(sys.argv[1], Path(sys.argv[2]))
    print(json.dumps({"papers": number, "seconds": time.perf_counter() - began}))
