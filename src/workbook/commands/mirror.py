"""A mirror of the Hub on this machine, for `workbook run --mode live --hub-root DIR`."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, MutableMapping, Sequence
from pathlib import Path

from workbook import paths
from workbook.environment import enter_mirror
from workbook.errors import WorkbookError

_STOP_SECONDS = 10.0


@contextlib.contextmanager
def serving(roots: Sequence[Path], folder: Path, environment: MutableMapping[str, str]) -> Iterator[str]:
    """Serve `roots` (highest first) over the workbook's own data, and point `environment` at it; yields the address.

    The stand-in runs in a process of its own until the block ends. What is published to it, and what the clients
    cache, stays in `folder`. Raises WorkbookError with its own words where it does not start.
    """
    command = [sys.executable, "-m", "standin", "--outputs", str(folder), "--miniatures", "--no-teacher"]
    for root in (*roots, paths.resource("data")):
        command += ["--root", str(root.resolve())]
    with tempfile.TemporaryFile() as words:
        # In a group of its own: Ctrl-C is for the notebook, which may still need the mirror while it stops.
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        try:
            url = process.stdout.readline().strip()
            if not url.startswith("http://"):
                process.wait()
                words.seek(0)
                reason = words.read().decode(errors="replace").strip() or f"exit code {process.returncode}"
                raise WorkbookError(f"The mirror did not start. {reason}")
            enter_mirror(url, folder / "huggingface", environment)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            process.stdout.close()
