"""OpenAI batch files: the questions in one file, the answers in another, for `vllm run-batch` and the like."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from workbook import paths
from workbook.errors import WorkbookError
from workbook.labelling.asking import as_papers
from workbook.labelling.question import Question
from workbook.labelling.reading import Reply, read
from workbook.labelling.store import LabelStore
from workbook.teacher import Completion, Outcome, Teacher
from workbook.teacher.completion import read_completion

BATCH = "batch file"  # the endpoint that such answers are kept under
_AT_ONCE = 500  # rows to a transaction


def write_requests(
    path: Path, store: LabelStore, teacher: Teacher, question: Question, papers: pl.DataFrame
) -> int:
    """Write one request a line for every paper without a usable answer, and note the papers in the store.

    Returns their number. Raises WorkbookError: columns missing, a file that cannot be written.
    """
    question_id = question.id(teacher)
    rows = as_papers(papers, question_id)
    store.register(question_id, question.settings(teacher), question.template, rows)
    left = store.left(question_id, [paper for paper in rows if paper.abstract])
    try:
        with paths.draft_of(path) as draft, draft.open("w", encoding="utf-8", newline="\n") as file:
            for paper in left:
                body = question.request(teacher.model, paper.title, paper.abstract)
                line = {"custom_id": paper.key, "method": "POST", "url": "/v1/chat/completions", "body": body}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as error:
        raise WorkbookError(
            f"{paths.shown(path.absolute())} cannot be written ({error.strerror or error}). Give another place."
        ) from None
    return len(left)


def read_results(path: Path, store: LabelStore) -> Counter[str]:
    """Read a file of answers into the store that the requests were written from.

    Returns how many there are of each status; `unknown` counts lines that answer no request of this store, and
    `unreadable` those that are not JSON. Raises WorkbookError where the file is missing or holds no answer at all.
    """
    counts: Counter[str] = Counter()
    shown = paths.shown(path.absolute())
    try:
        with path.open(encoding="utf-8", errors="replace") as file, store.asking():
            lines = (line for line in file if line.strip())
            while part := list(itertools.islice(lines, _AT_ONCE)):
                counts += _take(part, store)
    except OSError as error:
        raise WorkbookError(
            f"{shown} cannot be read ({error.strerror or error}). Give the file that the batch run wrote."
        ) from None
    if not counts.keys() - {"unknown", "unreadable"}:
        raise WorkbookError(
            f"{shown} holds no answer to a request of this store ({counts['unknown']} of other requests, "
            f"{counts['unreadable']} lines that are not JSON). Give the *output* of the batch run, and the store that "
            "the requests were exported from."
        )
    return counts


def _take(lines: list[str], store: LabelStore) -> Counter[str]:
    counts: Counter[str] = Counter()
    found = []
    for line in lines:
        try:
            document = json.loads(line)
            found.append((document["custom_id"], document))
        except (ValueError, KeyError, TypeError, RecursionError):
            counts["unreadable"] += 1
    questions = store.question_of([key for key, _ in found])
    replies: dict[str, list[tuple[str, Reply]]] = {}
    for key, document in found:
        if key not in questions or not ("response" in document or "error" in document):
            counts["unknown"] += 1
            continue
        reply = _reply(document)
        counts[reply.status] += 1
        replies.setdefault(questions[key], []).append((key, reply))
    for question, rows in replies.items():
        store.save(question, rows)
    return counts


def _reply(document: dict[str, Any]) -> Reply:
    response = document.get("response")
    # Some tools write the completion itself where OpenAI's form has it in a `body`.
    body = response.get("body", response) if isinstance(response, dict) else None
    error = document.get("error") or (body.get("error") if isinstance(body, dict) else body) or "no answer"
    if isinstance(body, dict) and body.get("choices"):
        try:
            return read(read_completion(body))
        except Exception as unreadable:  # a body of a form that no server documents
            error = f"{type(unreadable).__name__}: {unreadable}"
    return Reply(Completion(Outcome.SERVER_ERROR, error=str(error)[:300]))
