"""Where things are: the clone, what travels with the package, where results go, and how a file gets there whole."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbook.errors import WorkbookError

RUNPOD_VOLUMES = (Path("/workspace"), Path("/runpod-volume"))
COLAB_DRIVE = Path("/content/drive/MyDrive")
COLAB_DISK = Path("/content")


def clone_root() -> Path | None:
    """The checkout this package runs from, or None for a plain `pip install`."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() and (root / "data").is_dir() else None


def resource(name: str) -> Path:
    """The folder `data` or `notebooks`: the clone's own, else the copy inside the installed package.

    Raises WorkbookError where neither exists.
    """
    root = clone_root()
    folder = root / name if root else Path(__file__).resolve().parent / f"_{name}"
    if not folder.is_dir():
        raise WorkbookError(
            f"The folder '{name}' is missing from this installation of encoder-workbook. "
            "Install it again from the repository: pip install --force-reinstall --no-deps git+<its address>."
        )
    return folder


def shipped(dataset: str) -> str:
    """The folder of a dataset that comes with the workbook, for `load_dataset`: the Hub does not have it.

    Raises WorkbookError where there is no such dataset.
    """
    folder = resource("data") / "datasets" / dataset
    if not folder.is_dir():
        raise WorkbookError(
            f"No dataset {dataset!r} comes with the workbook. Load it from the Hub by its id."
        )
    return str(folder)


def on_colab() -> bool:
    """Whether this process runs in Google Colab."""
    return "google.colab" in sys.modules or "COLAB_RELEASE_TAG" in os.environ


def on_runpod() -> bool:
    """Whether this process runs in a RunPod pod."""
    return "RUNPOD_POD_ID" in os.environ


def runpod_volume() -> Path | None:
    """The pod's volume (what outlives a stopped pod), or None where the pod has none."""
    if not on_runpod():
        return None
    return next((v for v in RUNPOD_VOLUMES if os.path.ismount(v) and os.access(v, os.W_OK)), None)


def outputs_root() -> Path:
    """The folder that results go to.

    `WORKBOOK_OUTPUTS` where set; on RunPod the volume; in Colab the mounted Drive, else its disk;
    otherwise `outputs/` of the clone, or of the working folder where there is no clone.
    """
    if named := os.environ.get("WORKBOOK_OUTPUTS"):
        return Path(named).expanduser().resolve()
    root = clone_root()
    volume = runpod_volume()
    if volume:
        inside = root is not None and root.is_relative_to(volume)
        return root / "outputs" if inside else volume / "encoder-workbook" / "outputs"
    if on_colab():
        base = COLAB_DRIVE if COLAB_DRIVE.is_dir() else COLAB_DISK
        return base / "encoder-workbook" / "outputs"
    return (root or Path.cwd()) / "outputs"


def hub_cache() -> Path:
    """The folder that the Hub's clients download to, as they find it: HF_HOME, else below XDG_CACHE_HOME or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("HF_HOME") or f"{base}/huggingface").expanduser().absolute()


def shown(path: Path) -> str:
    """A path as it is shown to a person: relative to the clone or the working folder, else to home (~)."""
    for base, prefix in ((clone_root(), ""), (Path.cwd(), ""), (Path.home(), "~/")):
        if base is not None and path.is_relative_to(base):
            return prefix + path.relative_to(base).as_posix()
    return path.as_posix()


@contextlib.contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """A file to write to that becomes `path` at the end: under its name is either the old one or the whole new one."""
    draft = path.with_name(f".{path.name}.tmp")
    try:
        yield draft
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file, whole or not at all."""
    with draft_of(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, document: Any) -> None:
    """Write indented JSON in the same manner."""
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
