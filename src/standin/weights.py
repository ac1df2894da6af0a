"""A model's files: how many parameters they hold, whether they are all there, and whether they fit each other."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from standin.files import File
from standin.repo import Commit

_WEIGHTS = re.compile(r"model(?:-\d+-of-\d+)?\.safetensors")
_PICKLES = re.compile(r"pytorch_model(?:-\d+-of-\d+)?\.bin")
_PARTS = re.compile(
    r"config\.json|vocab\.(?:txt|json)|merges\.txt|tokenizer\.json|.+\.safetensors(?:\.index\.json)?"
)
_LONGEST_HEAD = 100 << 20  # of a safetensors file, by its format
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)
_AGAIN = "Download the model again."


def is_part(name: str) -> bool:
    """Whether a file is one of those that make up a model and go together: config, vocabulary, weights."""
    return bool(_PARTS.fullmatch(name) or _PICKLES.fullmatch(name))


def are_there(names: Iterable[str]) -> bool:
    """Whether one of the files holds weights that can be loaded."""
    return any(map(_WEIGHTS.fullmatch, names))


def is_whole(names: Collection[str]) -> bool:
    """Whether files of these names are a model that can be loaded: a config.json and weights."""
    return "config.json" in names and are_there(names)


def parameters(commit: Commit) -> dict[str, Any] | None:
    """Parameter counts by dtype, from the heads of the safetensors files."""
    counts: dict[str, int] = {}
    for path, file in commit.files.items():
        if "/" in path or not path.endswith(".safetensors"):
            continue
        try:
            for tensor in _tensors(file).values():
                counts[tensor["dtype"]] = counts.get(tensor["dtype"], 0) + math.prod(tensor["shape"])
        except _UNREADABLE:
            continue
    return {"parameters": counts, "total": sum(counts.values())} if counts else None


def pieces(tokenizer: dict[str, Any]) -> dict[str, int]:
    """Ids by piece of a tokenizer.json, added tokens included. Raises one of `_UNREADABLE`."""
    vocabulary = tokenizer["model"]["vocab"]
    if isinstance(vocabulary, list):  # of (piece, score)
        vocabulary = {piece: number for number, (piece, _) in enumerate(vocabulary)}
    return vocabulary | {token["content"]: token["id"] for token in tokenizer.get("added_tokens") or []}


def problem(files: Mapping[str, File]) -> str | None:
    """What is wrong with a model's files, and the cure: cut off, missing, pickles, or not made for each other."""
    tensors: dict[str, dict[str, Any]] = {}
    for path, file in files.items():
        if path.endswith(".safetensors"):
            try:
                found = _tensors(file)
                end = 8 + _head_length(file) + max((t["data_offsets"][1] for t in found.values()), default=0)
            except _UNREADABLE:
                return f"'{path}' has no readable safetensors head. {_AGAIN}"
            if end > file.size:
                return f"'{path}' is cut off: {file.size:,} bytes of {end:,}. {_AGAIN}"
            if _WEIGHTS.fullmatch(path):
                tensors |= found
        elif path.endswith(".safetensors.index.json"):
            folder = path.rpartition("/")[0]
            try:
                shards = sorted(set(json.loads(file.text())["weight_map"].values()))
            except _UNREADABLE:
                return f"'{path}' cannot be read. {_AGAIN}"
            for shard in shards:
                if f"{folder}/{shard}".lstrip("/") not in files:
                    return f"'{path}' names '{shard}', which is not there. {_AGAIN}"
    if "config.json" not in files:
        return None
    if not tensors and (pickle := next(filter(_PICKLES.fullmatch, files), None)):
        return (
            f"the weights are a pickle ('{pickle}'), and loading a pickle can run any code. Download them as "
            "safetensors, or, if you trust who made it, load the model and save it again with save_pretrained()."
        )
    return _misfit(files, tensors) if tensors else None


def _misfit(files: Mapping[str, File], tensors: dict[str, dict[str, Any]]) -> str | None:
    """What does not fit in an encoder: weights and config.json, or vocabulary and weights."""
    path = "config.json"
    try:
        config = json.loads(files[path].text())
        table = next(
            (t["shape"] for n, t in tensors.items() if re.search(r"(?:word|tok)_embeddings\.weight$", n)),
            None,
        )
        layers = {int(n[1]) for name in tensors if (n := re.search(r"\.layers?\.(\d+)\.", name))}
        said = [config.get("vocab_size"), config.get("embedding_size", config.get("hidden_size"))]
        if table and any(want not in (None, have) for want, have in zip(said, table, strict=True)):
            wrong = f"embeddings of {said[0]} × {said[1]}, and the weights have {table[0]} × {table[1]}"
        elif layers and len(layers) < config.get("num_hidden_layers", 0):
            wrong = f"{config['num_hidden_layers']} layers, and the weights have {len(layers)}"
        else:
            path = next((name for name in ("tokenizer.json", "vocab.json", "vocab.txt") if name in files), "")
            last = _last(path, files[path].text()) if table and path else 0
            if not table or last < table[0]:
                return None
            return (
                f"'{path}' has ids up to {last:,}, and the weights know {table[0]:,} pieces. Take both from the same "
                "model; a vocabulary alone, without config.json and weights, gets an untrained miniature."
            )
    except _UNREADABLE:
        return f"'{path}' cannot be read. {_AGAIN}"
    return f"'config.json' says {wrong}. Take both from the same model and revision."


def _last(path: str, text: str) -> int:
    """The highest id of a vocabulary's file."""
    if path == "vocab.txt":
        return text.removesuffix("\n").count("\n")
    found = json.loads(text)
    return max((pieces(found) if path == "tokenizer.json" else found).values(), default=0)


def _head_length(file: File) -> int:
    with file.open() as stream:
        length = int.from_bytes(stream.read(8), "little")
    if file.size < 8 or length > min(file.size, _LONGEST_HEAD):
        raise ValueError("no head")
    return length


def _tensors(file: File) -> dict[str, dict[str, Any]]:
    """A safetensors head: dtype, shape and data_offsets by name. Raises one of `_UNREADABLE`, or its user does."""
    with file.open() as stream:
        stream.seek(8)
        head = json.loads(stream.read(_head_length(file)))
    return {name: entry for name, entry in head.items() if name != "__metadata__"}
