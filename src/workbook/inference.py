"""From a fine-tuned model to answers: entities in sentences, probabilities of classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from workbook.alignment import Entity, character_tags, entities
from workbook.errors import WorkbookError


@torch.inference_mode()
def _by_batch(
    model: Any, tokenizer: Any, rows: Sequence[dict[str, Any]], batch_size: int, keep: Callable[[Any], Any]
) -> Iterator[tuple[int, Any]]:
    """For each row its number and what `keep` retains of its logits, in no particular order.

    Rows go through the model longest first, so that a batch holds texts of similar length and memory runs out
    at once or not at all. The model is put into evaluation mode, then back into the mode it was in.
    """
    inputs = [{name: row[name] for name in tokenizer.model_input_names if name in row} for row in rows]
    order = sorted(range(len(inputs)), key=lambda i: -len(inputs[i]["input_ids"]))
    was_training = model.training
    model.eval()
    try:
        for start in tqdm(range(0, len(order), batch_size), desc="Predicting", unit="batch", delay=2):
            chosen = order[start : start + batch_size]
            batch = tokenizer.pad([inputs[i] for i in chosen], return_tensors="pt").to(model.device)
            yield from zip(chosen, keep(model(**batch).logits), strict=True)
    finally:
        model.train(was_training)


def predict_labels(
    model: Any, tokenizer: Any, rows: Sequence[dict[str, Any]], batch_size: int = 64
) -> list[list[int]]:
    """The most likely label id of every sub-word, special tokens included, in the order of `rows`.

    rows: tokenized sentences (`input_ids`, and whatever else the model takes).
    """
    found = dict(_by_batch(model, tokenizer, rows, batch_size, lambda logits: logits.argmax(-1).tolist()))
    return [found[i][: len(row["input_ids"])] for i, row in enumerate(rows)]


def predict_probabilities(
    model: Any, tokenizer: Any, rows: Sequence[dict[str, Any]], batch_size: int = 64
) -> np.ndarray:
    """The probability of every class for every text: shape (texts, classes); each row adds up to 1.

    rows: tokenized texts (`input_ids`, and whatever else the model takes).
    """
    found = dict(
        _by_batch(model, tokenizer, rows, batch_size, lambda logits: logits.float().softmax(-1).cpu().numpy())
    )
    return np.stack([found[i] for i in range(len(rows))])


def predict_entities(
    model: Any, tokenizer: Any, sentences: Sequence[str], batch_size: int = 64
) -> list[list[Entity]]:
    """The entities of each sentence, by character position.

    There are none beyond the model's length limit. Raises WorkbookError for an empty sentence, and for
    a model whose labels are not IOB2 tags (`B-PS`, `I-PS`, `O`).
    """
    names = model.config.id2label
    if not all(name == "O" or name[:2] in ("B-", "I-") for name in names.values()):
        raise WorkbookError(
            f"This model's labels are {list(names.values())[:3]} …, not tags such as 'B-PS', 'I-PS', 'O'. Load a "
            "fine-tuned token classifier, or pass id2label when you load it."
        )
    for number, sentence in enumerate(sentences):
        if not sentence.strip():
            raise WorkbookError(f"Sentence {number} is empty. Leave it out.")
    encoded = tokenizer(list(sentences), truncation=True, return_offsets_mapping=True)
    rows = [dict(zip(encoded.keys(), values, strict=True)) for values in zip(*encoded.values(), strict=True)]
    labels = predict_labels(model, tokenizer, rows, batch_size)
    return [
        entities(character_tags([names[i] for i in ids], offsets, sentence))
        for sentence, ids, offsets in zip(sentences, labels, encoded["offset_mapping"], strict=True)
    ]
