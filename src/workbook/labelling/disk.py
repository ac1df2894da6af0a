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

# SQLite's write-ahead log needs memory shared between processes, which these do not give: sqlite.org/wal.html.
# Colab's Drive and RunPod's volumes are mounted by FUSE.
_NETWORK = {
    "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
    "nfs4", "ocfs2", "smb3", "smbfs", "virtiofs", "vboxsf", "webdav",
}  # fmt: skip


def on_network(path: Path) -> bool:
    """Whether a file's disk is a network volume, or mounted by FUSE as those of Colab and RunPod are."""
    import psutil

    path = path.resolve()
    if path.drive.startswith("\\\\"):
        return True
    try:
        disks = psutil.disk_partitions(all=True)
    except OSError:
        return False
    mounts = [disk for disk in disks if path.is_relative_to(disk.mountpoint)]
    disk = max(
        reversed(mounts), key=lambda disk: len(disk.mountpoint), default=None
    )  # of equals, the last mounted
    if disk is None:
        return False
    kind = disk.fstype.lower()
    return (
        kind in _NETWORK
        or (kind.startswith("fuse") and kind != "fuseblk")
        or "remote" in disk.opts.split(",")
    )


def writable(path: Path) -> bool:
    """Whether a file, and beside it its journal, can be written."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


class Spill:
    """Rows that have arrived while the store could not take them: in a file beside it; on a full disk in the home
    folder; failing both, in memory. Its methods may be called from any thread.
    """

    def __init__(self, store: Path):
        store = store.absolute()
        name = hashlib.sha256(str(store).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self.files = (
            store.with_name(f"{store.name}.unsaved"),
            Path(os.path.expanduser("~")) / f".workbook-{name}.unsaved",
        )
        self._held: list[str] = []
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._held) or any(file.exists() for file in self.files)

    def add(self, rows: list[tuple[Any, ...]]) -> Path | None:
        """Keep rows. Returns the file they are in, or None where only memory has room."""
        lines = [json.dumps(row) + "\n" for row in rows]
        with self._lock:
            for file in self.files:
                try:
                    with file.open("a", encoding="utf-8") as stream:
                        stream.write(
                            "\n" + "".join(lines)
                        )  # a line that an earlier attempt left half ends here
                        stream.flush()
                        os.fsync(stream.fileno())
                    return file
                except OSError:
                    continue
            self._held += lines
            return None

    @contextlib.contextmanager
    def taken(self) -> Iterator[list[list[Any]]]:
        """The rows kept so far, each once; forgotten when the block ends well."""
        with self._lock:
            lines = list(self._held)
            for file in self.files:
                with contextlib.suppress(OSError):
                    lines += file.read_text(encoding="utf-8").splitlines(keepends=True)
            yield [row for line in dict.fromkeys(lines) if (row := _row(line))]
            self._held.clear()
            for file in self.files:
                file.unlink(missing_ok=True)


def _row(line: str) -> list[Any] | None:
    """The row of a whole line."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, list) else None
