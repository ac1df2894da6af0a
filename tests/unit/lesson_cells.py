"""Code of the saved notebooks, for tests of what their cells define."""

import json

import numpy as np
import torch

from workbook.paths import resource


def code_cells(notebook, tag=None):
    """The sources of a notebook's code cells, all or those with a tag, in order."""
    document = json.loads((resource("notebooks") / f"{notebook}.ipynb").read_text(encoding="utf-8"))
    return [
        "".join(cell["source"])
        for cell in document["cells"]
        if cell["cell_type"] == "code" and (tag is None or tag in cell["metadata"].get("tags", []))
    ]


def definitions(*sources, **given):
    """What these cells define, in a namespace of their own; the calls below that print are left out."""
    names = {"np": np, "torch": torch, **given}
    for source in sources:
        exec("\n".join(line for line in source.splitlines() if not line.startswith("print(")), names)
    return names
