"""What the saved models of this package share: a header that says which format they have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbook import paths
from workbook.errors import WorkbookError


def write_header(folder: Path, form: str, version: int, **more: Any) -> None:
    """Write `config.json`, the last of a model's files: a folder without it is incomplete."""
    paths.write_json(folder / "config.json", {"format": form, "version": version, **more})


def read_header(folder: Path, form: str, version: int) -> dict[str, Any]:
    """The header of the model in `folder`.

    Raises WorkbookError if there is none, or if the model is of another kind or version.
    """
    cure = "Train it again, and save it with this version of the workbook."
    try:
        header = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind, wrote = header["format"], header["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkbookError(f"There is no saved {form} in {paths.shown(folder)} ({error}). {cure}") from error
    if kind != form:
        raise WorkbookError(
            f"{paths.shown(folder)} holds a {kind}, not a {form}. Name the right folder, or: {cure}"
        )
    if wrote != version:
        raise WorkbookError(
            f"The {form} in {paths.shown(folder)} was saved in version {wrote} of its format, and this workbook "
            f"reads version {version}, which computes other features than the model was trained with. {cure}"
        )
    return header
