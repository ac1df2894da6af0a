"""From a fine-tuned token classifier to entities in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from tqdm.auto import tqdm

from workbook.alignment import Entity, character_tags, entities
from workbook.errors import WorkbookError


@torch.inference_mode()
def predict_labels(
    model: Any, tokenizer: Any, rows: Sequence[dict[str, Any]], batch_size: int = 64
) -> list[list[int]]:
    """The likeliest label id of every sub-word, special tokens included, in the order of `rows`.

    rows: tokenized sentences (`input_ids`, and what else the model takes). They go through the model longest
    first, so that a batch holds sentences of about one length and memory runs out at once or not at all.
    The model is put into evaluation mode, and back as it was.
    """
    inputs = [{name: row[name] for name in tokenizer.model_input_names if name in row} for row in rows]
    order = sorted(range(len(inputs)), key=lambda i: -len(inputs[i]["input_ids"]))
    labels: list[list[int]] = [[] for _ in inputs]
    was_training = model.training
    model.eval()
    try:
        for start in tqdm(range(0, len(order), batch_size), desc="Predicting", unit="batch", delay=2):
            chosen = order[start : start + batch_size]
            batch = tokenizer.pad([inputs[i] for i in chosen], return_tensors="pt").to(model.device)
            predicted = model(**batch).logits.argmax(-1).tolist()
            for i, row in zip(chosen, predicted, strict=True):
                labels[i] = row[: len(inputs[i]["input_ids"])]
    finally:
        model.train(was_training)
    return labels


def predict_entities(
    model: Any, tokenizer: Any, sentences: Sequence[str], batch_size: int = 64
) -> list[list[Entity]]:
    """The entities of each sentence, by character positions.

    Characters beyond the model's length limit get none. Raises WorkbookError for an empty sentence, and for
    a model whose labels are not IOB2 tags (`B-PS`, `I-PS`, `O`).
    """
    names = model.config.id2label
    if not all(name == "O" or name[:2] in ("B-", "I-") for name in names.values()):
        raise WorkbookError(
            f"This model's labels are {list(names.values())[:3]} …, not tags such as 'B-PS', 'I-PS', 'O'. Load a "
            "fine-tuned token classifier, or give id2label when you load it."
        )
    for number, sentence in enumerate(sentences):
        if not sentence.strip():
            raise WorkbookError(f"Sentence {number} is empty. Leave it out.")
    encoded = tokenizer(list(sentences), truncation=True, return_offsets_mapping=True)
    rows = [dict(zip(encoded.keys(), values, strict=True)) for values in zip(*encoded.values(), strict=True)]
    labels = predict_labels(model, tokenizer, rows, batch_size)
    return [
        entities(character_tags([names[i] for i in ids], offsets, len(sentence)))
        for sentence, ids, offsets in zip(sentences, labels, encoded["offset_mapping"], strict=True)
    ]
