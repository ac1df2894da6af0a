"""Checks before fine-tuning a text classifier, and scores after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbook.errors import WorkbookError


def check_rows(rows: Any, text: str, label: str, label_names: Sequence[str]) -> None:
    """Refuse rows that a classifier cannot be trained or scored on.

    rows: a `datasets.Dataset`; text, label: the names of its columns; label_names: one name per id.
    Raises WorkbookError for a missing column, an empty or non-text value, a label that is not an integer or is
    out of range, and rows of a single class.
    """
    for column in (text, label):
        if column not in rows.column_names:
            raise WorkbookError(
                f"There is no column {column!r}; there are {', '.join(rows.column_names)}. "
                "Pass the right name, or rename the column with dataset.rename_column(…)."
            )
    cure = "Leave the row out with dataset.filter(…), or put it right."
    for number, value in enumerate(rows[text]):
        if not isinstance(value, str) or not value.strip():
            raise WorkbookError(f"Row {number} has no text in {text!r}: {value!r}. {cure}")
    seen = set()
    for number, value in enumerate(rows[label]):
        if not isinstance(value, int):
            raise WorkbookError(
                f"Row {number} has the label {value!r}, which is not a number. Turn names into numbers: "
                f"dataset.cast_column({label!r}, ClassLabel(names=[…]))."
            )
        if not 0 <= value < len(label_names):
            raise WorkbookError(
                f"Row {number} has the label {value}, outside 0 to {len(label_names) - 1}. {cure}"
            )
        seen.add(value)
    if len(seen) == 1:
        raise WorkbookError(
            f"All {len(rows)} rows are of one class, {label_names[seen.pop()]!r}: nothing can be learned or told "
            "apart. Many datasets are sorted by label: call dataset.shuffle(seed=42) before you take a sample."
        )


def report(gold: Sequence[int], predicted: Sequence[int], label_names: Sequence[str]) -> Any:
    """scikit-learn's classification report as a pandas DataFrame: a row per class, then the averages."""
    import pandas as pd
    from sklearn.metrics import classification_report

    scores = classification_report(
        gold,
        predicted,
        labels=range(len(label_names)),
        target_names=list(label_names),
        output_dict=True,
        zero_division=0,
    )
    table = pd.DataFrame({name: row for name, row in scores.items() if isinstance(row, dict)}).T
    return table.rename(columns={"support": "texts"}).astype({"texts": int})
