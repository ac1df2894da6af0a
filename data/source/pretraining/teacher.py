"""What a real encoder says of each sentence, kept on disk: its last states in float16 and where each token stands."""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SHARD = 512  # sentences a file
LENGTH = 128  # the teacher's tokens a sentence; what is behind them has no target
# The layer whose token states are taken. A sentence encoder's last layers say less and less of single words: a linear
# probe for entities on 250 sentences is right on 0.81 of their tokens at e5's layer 8 of 12, on 0.66 at the last.
MIDDLE = {"multilingual-e5-small": 8, "all-MiniLM-L6-v2": 3}


@dataclass(frozen=True)
class Said:
    """One sentence as the teacher sees it.

    spans: (tokens, 2), first and last-but-one character of each token; states: (tokens, width), of the middle layer;
    pooled: (2 × width,), the means of all last and of all middle states, special tokens included, as sentence
    encoders take them.
    """

    spans: np.ndarray
    states: np.ndarray
    pooled: np.ndarray


class Teacher:
    """A real encoder in a folder, loaded when it is first asked."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._loaded = None

    @property
    def name(self) -> str:
        """Whose weights they are, which for repos that stand under another id is not the folder's name."""
        config = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))
        return "all-MiniLM-L6-v2" if "MiniLM" in config.get("_name_or_path", "") else "multilingual-e5-small"

    def load(self):
        """(tokenizer, model)"""
        if self._loaded is None:
            from transformers import AutoModel, AutoTokenizer

            model = AutoModel.from_pretrained(self.folder, add_pooling_layer=False).float().eval()
            self._loaded = AutoTokenizer.from_pretrained(self.folder), model
        return self._loaded

    def says(self, texts: Sequence[str], batch: int = 32) -> Iterator[Said]:
        """The states of each text, in order; texts of like length are computed together."""
        import torch

        tokenizer, model = self.load()
        encoded = tokenizer(list(texts), truncation=True, max_length=LENGTH, return_offsets_mapping=True)
        lengths = [len(ids) for ids in encoded["input_ids"]]
        order = sorted(range(len(texts)), key=lengths.__getitem__)
        found: dict[int, Said] = {}
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            padded = tokenizer.pad(
                {"input_ids": [encoded["input_ids"][i] for i in rows]}, return_tensors="pt"
            )
            with torch.inference_mode():
                layers = model(**padded, output_hidden_states=True).hidden_states
            last, middle = layers[-1].numpy(), layers[MIDDLE[self.name]].numpy()
            for row, end, values in zip(rows, last, middle, strict=True):
                values, end = values[: lengths[row]], end[: lengths[row]]
                spans = np.array(encoded["offset_mapping"][row], dtype=np.int16)
                inside = spans[:, 1] > spans[:, 0]
                found[row] = Said(
                    spans[inside],
                    values[inside].astype(np.float16),
                    np.concatenate([end.mean(0), values.mean(0)]).astype(np.float16),
                )
        for number in range(len(texts)):
            yield found[number]


def cached(teacher: Teacher, texts: Sequence[str], cache: Path, until: float | None = None) -> list[Said]:
    """``teacher.says`` of as many whole shards of ``texts`` as are on disk or can be made before ``until``.

    until: a time of ``time.monotonic``; None: all of them. A shard is whole or not there; another run goes on.
    """
    digest = hashlib.sha256(
        json.dumps([teacher.name, LENGTH, MIDDLE[teacher.name], list(texts)]).encode()
    ).hexdigest()[:12]
    folder = cache / f"{teacher.name}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    said: list[Said] = []
    for start in range(0, len(texts), SHARD):
        file = folder / f"{start // SHARD:05}.npz"
        if not file.is_file():
            if until is not None and time.monotonic() > until:
                break
            began = time.monotonic()
            _write(file, list(teacher.says(texts[start : start + SHARD])))
            print(
                f"teacher: {start + SHARD:,} of {len(texts):,} ({time.monotonic() - began:.0f} s)", flush=True
            )
        said += _read(file)
    return said


def _write(file: Path, said: list[Said]) -> None:
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(
            stream,
            counts=[len(each.spans) for each in said],
            spans=np.concatenate([each.spans for each in said]),
            states=np.concatenate([each.states for each in said]),
            pooled=np.stack([each.pooled for each in said]),
        )
    os.replace(part, file)


def _read(file: Path) -> list[Said]:
    with np.load(file) as stored:
        ends = np.cumsum(stored["counts"])[:-1]
        return [
            Said(*parts)
            for parts in zip(
                np.split(stored["spans"], ends),
                np.split(stored["states"], ends),
                stored["pooled"],
                strict=True,
            )
        ]


def aligned(spans: Sequence[tuple[int, int]], said: Said) -> np.ndarray:
    """The mean teacher state over each of the student's tokens, by characters; NaN where no token overlaps.

    spans: (first character, character behind the last) of each of the student's tokens, (0, 0) for special ones.
    """
    mine = np.asarray(spans).reshape(-1, 2)
    overlap = np.minimum(mine[:, 1:], said.spans[:, 1]) - np.maximum(mine[:, :1], said.spans[:, 0])
    weight = np.maximum(overlap, 0).astype(np.float32)
    total = weight.sum(1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return weight @ said.states.astype(np.float32) / np.where(total > 0, total, np.nan)
