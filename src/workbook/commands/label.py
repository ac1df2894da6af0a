"""`workbook label`: the same store, prompt and parser outside a notebook, for as many papers as there are."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from workbook import paths
from workbook.errors import WorkbookError

if TYPE_CHECKING:
    import polars as pl

    from workbook.labelling import LabelStore, Question


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the subcommand. Nothing heavy is imported for it."""
    label = commands.add_parser(
        "label",
        help="label the papers of parquet files with a reasoning model",
        description="Ask the server that OPENAI_BASE_URL, OPENAI_API_KEY and WORKBOOK_TEACHER_MODEL name whether each "
        "paper introduces a new dataset. Stop it whenever you like: the next run asks only what is missing.",
        epilog="Batch mode: --export-batch questions.jsonl --model MODEL, then "
        "`vllm run-batch -i questions.jsonl -o answers.jsonl --model MODEL`, then --import-batch answers.jsonl.",
    )
    add = label.add_argument
    add("--input", type=Path, nargs="+", metavar="FILE", help="parquet with columns id, title, abstract")
    add("--store", type=Path, metavar="FILE", help="the answers (default: labels.sqlite beside the input)")
    add("--output", type=Path, metavar="FILE", help="write the answers of the store to a parquet file")
    add("--way", choices=("thinking", "json_schema", "json_object"), default="thinking")
    add("--model", help="the model to ask (default: WORKBOOK_TEACHER_MODEL)")
    add("--temperature", type=float, default=0.6)
    add("--max-tokens", type=_positive, default=4096, metavar="N", help="of an answer, thinking included")
    add("--workers", type=_positive, metavar="N", help="requests at once (default: as many as pay off)")
    add("--timeout", type=float, default=600.0, metavar="SECONDS", help="for one answer")
    add("--sample", type=_positive, metavar="N", help="only N papers, drawn at random with seed 42")
    prices = ("READ", "WRITTEN")
    add("--prices", type=float, nargs=2, metavar=prices, help="per million tokens: show what it costs")
    add("--export-batch", type=Path, metavar="FILE", help="write the questions instead of asking them")
    add("--import-batch", type=Path, metavar="FILE", help="read the answers of a batch run")
    label.set_defaults(function=run)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def run(options: argparse.Namespace) -> int:
    """Ask, export or import, then write the answers where asked to. 0: every paper has a label; 1: some have none.

    The answers are written also where the run stops itself or is stopped.
    """
    from workbook.labelling import LabelStore, Question

    if not options.input and not (options.store and (options.import_batch or options.output)):
        raise WorkbookError(
            "Nothing to do. Name the papers: --input FILE (or a --store to import into or to export)."
        )
    question = Question(way=options.way, temperature=options.temperature, max_tokens=options.max_tokens)
    papers = _papers(options) if options.input and not options.import_batch else None
    with LabelStore(options.store or options.input[0].with_name("labels.sqlite")) as store:
        try:
            complete = _work(options, store, question, papers)
        finally:
            if options.output:
                _write(options.output, store)
    return 0 if complete else 1


def _work(
    options: argparse.Namespace, store: LabelStore, question: Question, papers: pl.DataFrame | None
) -> bool:
    """Whether every paper has a label now, as far as this was about asking."""
    from workbook.labelling import batch_files
    from workbook.labelling.asking import table
    from workbook.teacher import Teacher

    if options.import_batch:
        print(table(batch_files.read_results(options.import_batch, store)))
    elif options.export_batch:
        model = options.model or os.environ.get("WORKBOOK_TEACHER_MODEL")
        if not model:
            raise WorkbookError("Which model is to answer? --model NAME, as the batch run will call it.")
        teacher = Teacher(model, batch_files.BATCH)
        number = batch_files.write_requests(options.export_batch, store, teacher, question, papers)
        print(f"{number:,} questions are in {paths.shown(options.export_batch.absolute())}.")
    elif papers is not None:
        return _ask(options, store, question, papers)
    return True


def _write(output: Path, store: LabelStore) -> None:
    number = store.write_parquet(output)
    labels = ", ".join(f"{number:,} {label}" for label, number in store.labels().items())
    print(f"{number:,} answers are in {paths.shown(output.absolute())}: {labels or 'none with a label'}.")


def _papers(options: argparse.Namespace) -> pl.DataFrame:
    from workbook.labelling.corpus import scan_papers

    papers = scan_papers(options.input).select("id", "title", "abstract").collect()
    if options.sample and options.sample < papers.height:
        papers = papers.sample(options.sample, seed=42)
    return papers


def _ask(options: argparse.Namespace, store: LabelStore, question: Question, papers: pl.DataFrame) -> bool:
    from workbook.labelling import ask_all
    from workbook.teacher import connect

    if options.model:
        os.environ["WORKBOOK_TEACHER_MODEL"] = options.model
    teacher = connect(timeout=options.timeout)
    print(f"Asking {teacher}.", flush=True)
    prices = options.prices and tuple(options.prices)
    summary = ask_all(store, teacher, question, papers, workers=options.workers, prices=prices)
    print(summary)
    without = summary.asked - summary.usable + summary.counts["no_abstract"]
    if without:
        print(f"{without:,} papers have no label yet: run it again to ask about them once more.")
    return not without
