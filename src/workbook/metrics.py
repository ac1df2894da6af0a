"""KLUE's own two NER scores, from tags of characters; and which evaluations a training's log holds.

The third NER score that notebook 03 shows, micro F1 over sub-words, is plain `evaluate.load("seqeval")`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbook.errors import WorkbookError

KLUE_TAGS = [f"{prefix}-{kind}" for kind in ("DT", "LC", "OG", "PS", "QT", "TI") for prefix in "BI"] + ["O"]


def evaluations(history: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The evaluations made while training, in order, from a Trainer's `state.log_history`.

    `evaluate()` after training logs once more under the last step; with `load_best_model_at_end` those are the best
    model's scores, not the last epoch's. So of each step the first evaluation counts.
    """
    found: dict[int, dict[str, Any]] = {}
    for entry in history:
        if "eval_loss" in entry and entry["step"]:
            found.setdefault(entry["step"], entry)
    return list(found.values())


def klue_ner_scores(
    sentences: Sequence[str], gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> dict[str, float]:
    """`entity_f1` and `character_f1` as the KLUE benchmark (Park et al. 2021) reports them, both 0 to 1.

    sentences: the texts; gold, predicted: for each of them one tag per character. As in the benchmark's code,
    spaces are dropped, and each sentence gets one `O` before and one after it ([CLS] and the last position).

    * entity_f1: macro average over the six types, seqeval's strict mode with IOB2.
    * character_f1: scikit-learn's macro F1 over all 13 tags, `O` among them.

    Unlike that code, this maps tags to characters by offsets, so nothing shifts after an [UNK] (notebook 03).
    Raises WorkbookError where a sentence and its tags differ in length.
    """
    from seqeval.metrics import f1_score as seqeval_f1
    from seqeval.scheme import IOB2
    from sklearn.metrics import f1_score as sklearn_f1

    rows: tuple[list[list[str]], list[list[str]]] = ([], [])
    for number, (sentence, *both) in enumerate(zip(sentences, gold, predicted, strict=True)):
        for tags, kept in zip(both, rows, strict=True):
            if len(tags) != len(sentence):
                raise WorkbookError(
                    f"Sentence {number} has {len(sentence)} characters and {len(tags)} tags. "
                    "Give one tag per character: alignment.character_tags(labels, offsets, sentence)."
                )
            kept.append(["O", *(t for c, t in zip(sentence, tags, strict=True) if not c.isspace()), "O"])
    return {
        "entity_f1": float(seqeval_f1(*rows, average="macro", mode="strict", scheme=IOB2, zero_division=0)),
        "character_f1": float(
            sklearn_f1(
                [tag for row in rows[0] for tag in row],
                [tag for row in rows[1] for tag in row],
                labels=KLUE_TAGS,
                average="macro",
                zero_division=0,
            )
        ),
    }
