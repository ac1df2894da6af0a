"""The third generation, trained as in notebook 03, with the same `predict` as the others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbook.alignment import character_tags
from workbook.inference import predict_labels


class Encoder:
    """A fine-tuned token classifier and its tokenizer. Sentences over the model's length limit are read in pieces."""

    def __init__(self, model: Any, tokenizer: Any):
        self.model, self.tokenizer = model, tokenizer

    @property
    def parameters(self) -> int:
        """How many weights it has."""
        return self.model.num_parameters()

    def predict(self, sentences: Sequence[str], batch_size: int = 64) -> list[list[str]]:
        """For each sentence one tag per character; an empty sentence has none."""
        if not sentences:
            return []
        encoded = self.tokenizer(
            list(sentences), truncation=True, return_overflowing_tokens=True, return_offsets_mapping=True
        )
        rows = [
            dict(zip(encoded.keys(), values, strict=True)) for values in zip(*encoded.values(), strict=True)
        ]
        names = self.model.config.id2label
        labels: list[list[str]] = [[] for _ in sentences]
        offsets: list[list[tuple[int, int]]] = [[] for _ in sentences]
        for row, ids in zip(rows, predict_labels(self.model, self.tokenizer, rows, batch_size), strict=True):
            labels[row["overflow_to_sample_mapping"]] += [names[i] for i in ids]
            offsets[row["overflow_to_sample_mapping"]] += row["offset_mapping"]
        return [character_tags(*row) for row in zip(labels, offsets, sentences, strict=True)]


def trained_by(notebook: str, outputs: Path) -> tuple[Path, float] | None:
    """The model that another notebook trained on the same data, and its seconds of training; None if there is none.

    outputs: this notebook's results folder, `lab.outputs`, with its metrics.json; the other's is next to it.
    """
    other = outputs.parent / notebook
    try:
        here, there = (
            json.loads((folder / "metrics.json").read_text(encoding="utf-8")) for folder in (outputs, other)
        )
        seconds = sum(there["figures"]["seconds_by_epoch"]["value"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    model = other / "model"
    if here["data"] != there["data"] or not (model / "model.safetensors").is_file():
        return None
    return model, seconds
