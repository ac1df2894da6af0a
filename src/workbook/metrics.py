"""KLUE's own two NER scores, from tags of characters.

The third score that notebook 03 shows, micro F1 over sub-words, is `evaluate.load("seqeval")` as it comes.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbook.errors import WorkbookError

KLUE_TAGS = [f"{prefix}-{kind}" for kind in ("DT", "LC", "OG", "PS", "QT", "TI") for prefix in "BI"] + ["O"]


def klue_ner_scores(
    sentences: Sequence[str], gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]
) -> dict[str, float]:
    """`entity_f1` and `character_f1` as the KLUE benchmark (Park et al. 2021) reports them, both 0 to 1.

    sentences: the texts; gold, predicted: for each one tag a character. As in the benchmark's code, spaces
    are dropped, and each sentence gets one `O` before and one behind it ([CLS] and the last position).

    * entity_f1: macro average over the six types, seqeval's strict mode with IOB2.
    * character_f1: scikit-learn's macro F1 over all 13 tags, `O` among them.

    Unlike that code, tags come to characters by offsets, so nothing shifts behind an [UNK] (notebook 03).
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
                    "Make one tag a character: alignment.character_tags(labels, offsets, sentence)."
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
