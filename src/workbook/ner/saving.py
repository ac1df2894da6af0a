"""What the saved models of this package share: a header that says what wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbook import paths
from workbook.errors import WorkbookError


def write_header(folder: Path, format: str, version: int, **more: Any) -> None:
    """Write `config.json`, last of a model's files: a folder without it was not saved completely."""
    paths.write_json(folder / "config.json", {"format": format, "version": version, **more})


def read_header(folder: Path, format: str, version: int) -> dict[str, Any]:
    """The header of the model in `folder`.

    Raises WorkbookError where there is none, or where another kind or version of model lies there.
    """
    cure = "Train it again, and save it with this version of the workbook."
    try:
        header = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind, wrote = header["format"], header["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkbookError(
            f"There is no saved {format} in {paths.shown(folder)} ({error}). {cure}"
        ) from error
    if kind != format:
        raise WorkbookError(
            f"{paths.shown(folder)} holds a {kind}, not a {format}. Give the other folder, or: {cure}"
        )
    if wrote != version:
        raise WorkbookError(
            f"The {format} in {paths.shown(folder)} was saved in version {wrote} of its format, and this workbook "
            f"reads version {version}: other features would go into it than it was trained with. {cure}"
        )
    return header
