"""For all tests: a marker by folder, and nothing of the person's own settings."""

import os
from pathlib import Path

import pytest

from workbook.environment import THREADS

HERE = Path(__file__).parent
LAYERS = ("unit", "sandbox", "notebooks", "live", "real_data")

# Put into every Python process of the run by its name: Python imports `sitecustomize` first of all.
GUARD = """
import os, sys

LOCAL = ("127.0.0.1", "localhost", "::1", "", None)

def guard(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        host = arguments[1][0] if isinstance(arguments[1], tuple) else None  # None: a socket file
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in LOCAL:
        with open(os.environ["GUARD_LOG"], "a") as log:
            log.write(f"{event} {host}\\n")
        raise OSError(f"this test lets nobody ask for {host}")

sys.addaudithook(guard)
"""

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


@pytest.fixture(scope="session")
def guard(tmp_path_factory) -> Path:
    """A folder for PYTHONPATH: Python processes that find it cannot leave this machine; GUARD_LOG tells who tried."""
    folder = tmp_path_factory.mktemp("guard")
    (folder / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    return folder
