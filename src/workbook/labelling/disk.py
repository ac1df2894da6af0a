"""What the store needs to know of the disk it is on, and where answers go while the store cannot take them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

# SQLite's write-ahead log needs memory shared between processes, which these do not give: sqlite.org/wal.html.
# Colab's Drive and RunPod's volumes are mounted by FUSE.
_NETWORK = {
    "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
    "nfs4", "ocfs2", "smb3", "smbfs", "virtiofs", "vboxsf", "webdav",
}  # fmt: skip


def on_network(path: Path) -> bool:
    """Whether a file's disk is a network volume, or mounted by FUSE as those of Colab and RunPod are."""
    path = path.resolve()
    if path.drive.startswith("\\\\"):
        return True
    try:
        disks = psutil.disk_partitions(all=True)
    except OSError:
        return False
    mounts = [disk for disk in disks if path.is_relative_to(disk.mountpoint)]
    if not mounts:
        return False
    disk = max(reversed(mounts), key=lambda disk: len(disk.mountpoint))  # of equals, the last mounted
    kind = disk.fstype.lower()
    fuse = kind.startswith("fuse") and kind != "fuseblk"
    return fuse or kind in _NETWORK or "remote" in disk.opts.split(",")


class Spill:
    """Rows that arrived while the store could not take them: in a file beside it, on a full disk in the home folder,
    and where that is full as well in memory. Its methods may be called from any thread.
    """

    def __init__(self, store: Path):
        store = store.absolute()
        name = hashlib.sha256(str(store).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self.files = (store.with_name(f"{store.name}.unsaved"), Path.home() / f".workbook-{name}.unsaved")
        self._held: list[str] = []
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._held) or any(file.exists() for file in self.files)

    def add(self, rows: list[tuple[Any, ...]]) -> Path | None:
        """Keep rows. Returns the file they are in, or None where only memory has room."""
        # A line that an earlier attempt left half written ends with the first line break.
        text = "\n" + "".join(json.dumps(row) + "\n" for row in rows)
        with self._lock:
            for file in self.files:
                try:
                    with file.open("a", encoding="utf-8") as stream:
                        stream.write(text)
                        stream.flush()
                        os.fsync(stream.fileno())
                    return file
                except OSError:
                    continue
            self._held += text.splitlines()
            return None

    @contextlib.contextmanager
    def taken(self) -> Iterator[list[list[Any]]]:
        """The rows kept so far, each once; forgotten when the block ends well."""
        with self._lock:
            lines = list(self._held)
            for file in self.files:
                with contextlib.suppress(OSError):
                    lines += file.read_text(encoding="utf-8").splitlines()
            rows = []
            for line in dict.fromkeys(lines):
                with contextlib.suppress(ValueError):  # a line half written
                    rows.append(json.loads(line))
            yield rows
            self._held.clear()
            for file in self.files:
                file.unlink(missing_ok=True)
