"""A model's weights: how many parameters they hold, and whether the files are all there."""

from __future__ import annotations

import json
import math
import re
import zipfile
from typing import Any

from standin.files import File
from standin.repo import Commit

_WEIGHTS = re.compile(r"(?:pytorch_)?model(?:-\d+-of-\d+)?\.(?:safetensors|bin)")
_LONGEST_HEAD = 100 << 20  # of a safetensors file, by its format
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


def is_whole(commit: Commit) -> bool:
    """Whether a repo holds a model that can be loaded: a config.json and weights."""
    return "config.json" in commit.files and any(map(_WEIGHTS.fullmatch, commit.files))


def parameters(commit: Commit) -> dict[str, Any] | None:
    """Parameter counts by dtype, from the heads of the safetensors files."""
    counts: dict[str, int] = {}
    for path, file in commit.files.items():
        if "/" in path or not path.endswith(".safetensors"):
            continue
        try:
            for tensor in _tensors(file):
                counts[tensor["dtype"]] = counts.get(tensor["dtype"], 0) + math.prod(tensor["shape"])
        except _UNREADABLE:
            continue
    return {"parameters": counts, "total": sum(counts.values())} if counts else None


def problem(commit: Commit) -> str | None:
    """What is wrong with a repo's weights: a file that is cut off, or one its index names that is not there."""
    for path, file in commit.files.items():
        if path.endswith(".safetensors"):
            try:
                end = 8 + _head_length(file) + max((t["data_offsets"][1] for t in _tensors(file)), default=0)
            except _UNREADABLE:
                return f"'{path}' has no readable safetensors head"
            if end > file.size:
                return f"'{path}' is cut off: {file.size:,} bytes of {end:,}"
        elif path.endswith(".bin"):
            with file.open() as stream:
                if stream.read(4) == b"PK\3\4" and not zipfile.is_zipfile(stream):
                    return f"'{path}' is cut off"
        elif path.endswith((".safetensors.index.json", ".bin.index.json")):
            folder = path.rpartition("/")[0]
            try:
                shards = sorted(set(json.loads(file.text())["weight_map"].values()))
            except _UNREADABLE:
                return f"'{path}' cannot be read"
            for shard in shards:
                if f"{folder}/{shard}".lstrip("/") not in commit.files:
                    return f"'{path}' names '{shard}', which is not there"
    return None


def _head_length(file: File) -> int:
    with file.open() as stream:
        length = int.from_bytes(stream.read(8), "little")
    if file.size < 8 or length > min(file.size, _LONGEST_HEAD):
        raise ValueError("no head")
    return length


def _tensors(file: File) -> list[dict[str, Any]]:
    """The entries of a safetensors head: dtype, shape, data_offsets. Raises one of `_UNREADABLE`, or its user does."""
    with file.open() as stream:
        stream.seek(8)
        head = json.loads(stream.read(_head_length(file)))
    return [entry for name, entry in head.items() if name != "__metadata__"]
