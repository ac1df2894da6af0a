"""What is real and what we invented or shrank: the rows “Data” and “Models” of the table that `start()` shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from workbook.catalogue import INVENTED_ROWS, REAL_ROWS, Entry

# What may stand under a model's id. What most of them are comes last, so that it need not list them.
_KINDS = ("real", "untrained miniature", "pretrained miniature")


def origin(dataset: str, roots: Sequence[Path] | None) -> str:
    """`real` or `invented`: whose rows a dataset holds, or one of its configurations ("klue/klue/ner").

    roots: the folders that are served over the workbook's own data; None where the Hub itself answers.
    """
    if dataset in REAL_ROWS:
        return "real"
    if dataset.startswith("encoder-workbook/"):  # it comes with the workbook, in every mode
        return "invented"
    return (
        "real"
        if roots is None or any((root / "datasets" / dataset).is_dir() for root in roots)
        else "invented"
    )


def data(entry: Entry, roots: Sequence[Path] | None) -> str:
    """The datasets of a notebook: "invented by us, 3,600 rows", or which are real and which are not."""
    real = [name for name in entry.datasets if origin(name, roots) == "real"]
    invented = [name for name in entry.datasets if name not in real]
    rows = f"{sum(INVENTED_ROWS[name] for name in invented):,} rows"
    if not real:
        return f"invented by us, {rows}"
    return f"real: {', '.join(real)}" + (
        f"; invented by us: {', '.join(invented)}, {rows}" if invented else ""
    )


def models(kinds: Mapping[str, str]) -> str:
    """The served models, by id: which are real, which are miniatures, and whether those were pretrained."""
    groups = {kind: [name for name, its in kinds.items() if its == kind] for kind in _KINDS}
    *named, (rest, _) = ((kind, ids) for kind, ids in groups.items() if ids)
    if not named:
        return rest if rest == "real" else f"{rest}s: no score here is the real model's"
    parts = [f"{kind if kind == 'real' else kind + 's'}: {', '.join(ids)}" for kind, ids in named]
    return "; ".join([*parts, f"the others are {rest}s"])
