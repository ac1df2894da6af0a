"""For all tests: a marker by folder, and nothing of the person's own settings."""

import os
from pathlib import Path

import pytest

from workbook.environment import THREADS

HERE = Path(__file__).parent
LAYERS = ("unit", "sandbox", "notebooks", "real_data")

# As in the sandbox: threads that sleep while they wait do not fight, and sums differ with their number.
for name, value in THREADS.items():
    os.environ.setdefault(name, value)
for variable in ("WORKBOOK_MODE", "WORKBOOK_OUTPUTS", "WORKBOOK_HUB_ROOTS", "WORKBOOK_SANDBOX_PORT"):
    os.environ.pop(variable, None)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            layer = item.path.relative_to(HERE).parts[0]
            if layer in LAYERS:
                item.add_marker(getattr(pytest.mark, layer))
