"""The papers worth asking about: computer science, with 'dataset' in title or abstract, out of millions of rows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from workbook import paths
from workbook.errors import WorkbookError
from workbook.labelling.asking import check_columns

COLUMNS = ("id", "title", "abstract", "categories")
Files = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def scan_papers(files: Files) -> pl.LazyFrame:
    """Parquet files, a folder of them or a pattern as a LazyFrame, nothing read yet but what the columns are.

    Raises WorkbookError: a missing file, not parquet, or without the columns id, title and abstract.
    """
    if isinstance(files, str | os.PathLike):
        files = sorted(Path(files).rglob("*.parquet")) if Path(files).is_dir() else [files]
    named = [os.fspath(file) for file in files]
    if not named:
        raise WorkbookError("There is no parquet file there. Give the folder that holds them, or the files.")
    shown = ", ".join(paths.shown(Path(file).absolute()) for file in named)
    try:
        scanned = pl.scan_parquet(named)
        schema = scanned.collect_schema()
    except FileNotFoundError:
        raise WorkbookError(f"There is no file {shown}. Give the path of a parquet file.") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise WorkbookError(
            f"{shown} cannot be read as parquet ({error}). Write it again as parquet."
        ) from None
    check_columns(dict(schema))
    return scanned


def papers_about_datasets(files: Files) -> pl.LazyFrame:
    """The papers of a snapshot that are in cs.* and speak of a 'dataset': id, title, abstract, categories.

    Lazy: `collect(engine="streaming")` it, or where the result is large `collect_batches()` it, or write it with
    `sink_parquet(file, row_group_size=10_000)`: rows wait in memory until their group is full, so groups smaller
    than the default take half the memory.
    Raises WorkbookError as `scan_papers` does, and for a snapshot without categories.
    """
    papers = scan_papers(files)
    schema = papers.collect_schema()
    if schema.get("categories") not in (pl.String, pl.List(pl.String)):
        raise WorkbookError(
            "There is no column categories of text, so nothing says which papers are computer science. Take the files "
            "of librarian-bots/arxiv-metadata-snapshot."
        )
    return papers.select(COLUMNS).filter(in_computer_science(schema["categories"]) & speaks_of_a_dataset())


def in_computer_science(categories: pl.DataType) -> pl.Expr:
    """Whether one of a paper's categories begins with 'cs.'; the column holds 'cs.CL stat.ML', or a list of such.

    The text is searched as it is. Splitting it first makes a list for every row only to throw it away.
    """
    column = pl.col("categories")
    if categories == pl.String:
        return column.str.starts_with("cs.") | column.str.contains(" cs.", literal=True)
    return column.list.eval(pl.element().str.starts_with("cs.")).list.any()


def speaks_of_a_dataset() -> pl.Expr:
    """Whether 'dataset' occurs in title or abstract: a plain search, not a pattern."""
    return pl.any_horizontal(pl.col("title", "abstract").str.contains("dataset", literal=True))
