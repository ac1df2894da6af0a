"""A file of a repo at one commit: its names in git and in LFS, and where its bytes are."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20
LFS_FROM = 10 << 20  # the Hub takes regular files up to 10 MB

# What the Hub's default .gitattributes sends to LFS.
LFS_PATTERNS = (
    "*.7z", "*.arrow", "*.bin", "*.bz2", "*.ckpt", "*.ftz", "*.gz", "*.h5", "*.joblib", "*.mlmodel", "*.model",
    "*.msgpack", "*.npy", "*.npz", "*.onnx", "*.ot", "*.parquet", "*.pb", "*.pickle", "*.pkl", "*.pt", "*.pth",
    "*.rar", "*.safetensors", "*.tar", "*.tflite", "*.tgz", "*.wasm", "*.xz", "*.zip", "*.zst", "*tfevents*",
)  # fmt: skip
_LFS_NAME = re.compile(
    "|".join(re.escape(pattern).replace(r"\*", ".*") + "$" for pattern in LFS_PATTERNS), re.IGNORECASE
)
GITATTRIBUTES = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in LFS_PATTERNS)

_digests: dict[tuple[str, int, int, bool], str] = {}


def is_lfs(path: str, size: int) -> bool:
    """Whether the Hub would keep this file in LFS."""
    return size > LFS_FROM or (size > 0 and bool(_LFS_NAME.match(path.rsplit("/", 1)[-1])))


def git_oid(content: bytes) -> str:
    """The sha1 that git gives a blob."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def pointer(sha256: str, size: int) -> bytes:
    """What git keeps in place of an LFS file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


@dataclass(frozen=True)
class File:
    """One file. `source` is its place on disk or, for a file that was put together, its bytes."""

    path: str
    size: int
    source: Path | bytes
    known: str | None = None  # its digest where it is known: sha256 for LFS, else git's sha1
    mtime_ns: int = 0
    lfs: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lfs", is_lfs(self.path, self.size))

    @property
    def etag(self) -> str:
        """sha256 for LFS, else git's sha1. Computed when first asked for."""
        if self.known:
            return self.known
        if isinstance(self.source, bytes):
            return hashlib.sha256(self.source).hexdigest() if self.lfs else git_oid(self.source)
        key = (str(self.source), self.mtime_ns, self.size, self.lfs)
        if key not in _digests:
            digest = hashlib.sha256() if self.lfs else hashlib.sha1(b"blob %d\0" % self.size)
            for chunk in self.chunks():
                digest.update(chunk)
            _digests[key] = digest.hexdigest()
        return _digests[key]

    @property
    def oid(self) -> str:
        """Git's name of it; for an LFS file, of its pointer."""
        return git_oid(pointer(self.etag, self.size)) if self.lfs else self.etag

    def open(self) -> BinaryIO:
        return io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source.open("rb")

    def read(self) -> bytes:
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()

    def text(self) -> str:
        return self.read().decode("utf-8", "replace")

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to `end` (exclusive), a piece at a time."""
        left = (self.size if end is None else end) - start
        with self.open() as stream:
            stream.seek(start)
            while left > 0 and (chunk := stream.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk
