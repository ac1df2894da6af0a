"""A file of a repo at one commit: its names in git and in LFS, and where its bytes are."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 18  # small enough that many stalled readers hold little memory
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
_digesting = threading.Lock()  # a file that many ask for at once is read once
# Types that a browser shows and cannot run; what is only to be read is plain text, whatever it could be to a browser.
_SHOWN = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "ogg": "audio/ogg", "mp4": "video/mp4",
}  # fmt: skip
_READ = frozenset(
    "cfg css csv gitattributes gitignore htm html ini ipynb js json jsonl log md mjs mml py rdf sh svg tex toml tsv "
    "txt xht xhtml xml xsl xslt yaml yml".split()
)


def is_lfs(path: str, size: int) -> bool:
    """Whether the Hub would keep this file in LFS."""
    return size > LFS_FROM or (size > 0 and bool(_LFS_NAME.match(path.rsplit("/", 1)[-1])))


def git_oid(content: bytes) -> str:
    """The sha1 that git gives a blob."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def pointer(sha256: str, size: int) -> bytes:
    """What git keeps in place of an LFS file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def content_type(path: str) -> str:
    """The type to serve a file as: nothing that a browser would run. What can be read is plain text."""
    ending = path.rsplit(".", 1)[-1].lower()
    return "text/plain; charset=utf-8" if ending in _READ else _SHOWN.get(ending, "application/octet-stream")


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
            with _digesting:
                if key not in _digests:
                    digest = hashlib.sha256() if self.lfs else hashlib.sha1(b"blob %d\0" % self.size)
                    with self.open() as stream:
                        while chunk := stream.read(CHUNK):
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
