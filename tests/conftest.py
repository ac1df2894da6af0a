"""For all tests: a marker by folder, and nothing of the person's own settings."""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LAYERS = ("unit", "sandbox", "notebooks", "real_data")

# Two threads that fight for two cores are slower than one, and sums differ with their number.
os.environ.setdefault("OMP_NUM_THREADS", "1")
for variable in ("WORKBOOK_MODE", "WORKBOOK_OUTPUTS", "WORKBOOK_HUB_ROOTS", "WORKBOOK_SANDBOX_PORT"):
    os.environ.pop(variable, None)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            layer = item.path.relative_to(HERE).parts[0]
            if layer in LAYERS:
                item.add_marker(getattr(pytest.mark, layer))
