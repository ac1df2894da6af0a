"""What this machine has, found without importing torch: GPU, memory, disk, the Hub's answer."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

HUB_TIMEOUT = 5.0  # seconds within which a person learns that the Hub does not answer
DEFAULT_ENDPOINT = "https://huggingface.co"


@dataclass(frozen=True)
class GPU:
    """A graphics card: its name and memory in GiB (None where it shares the machine's memory)."""

    name: str
    memory_gib: float | None

    def __str__(self) -> str:
        return self.name if self.memory_gib is None else f"{self.name}, {self.memory_gib:.0f} GiB"


def nvidia_gpu() -> GPU | None:
    """The first NVIDIA card that the driver shows, or None."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1") or not shutil.which("nvidia-smi"):
        return None
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
        name, memory = answer.splitlines()[0].rsplit(",", 1)
        return GPU(name.strip(), float(memory) / 1024)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def apple_gpu() -> GPU | None:
    """The GPU of an Apple-silicon Mac (torch calls it `mps`), or None."""
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return GPU("Apple GPU (mps)", None)
    return None


def system() -> str:
    """Operating system, processor and Python, as results record them."""
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"


def versions() -> dict[str, str]:
    """The installed versions of the libraries that results depend on; those that are missing are left out."""
    found = {}
    for name in ("torch", "transformers", "datasets", "huggingface_hub", "evaluate", "accelerate"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def memory_gib() -> float:
    """The machine's memory in GiB."""
    import psutil

    return psutil.virtual_memory().total / 2**30


def free_disk_gib(folder: Path) -> float:
    """Free space in GiB on the disk that holds `folder` (or would hold it)."""
    return shutil.disk_usage(_existing(folder)).free / 2**30


def same_disk(one: Path, other: Path) -> bool:
    """Whether two folders are (or would be) on the same file system."""
    return _existing(one).stat().st_dev == _existing(other).stat().st_dev


def _existing(folder: Path) -> Path:
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def is_here(url: str) -> bool:
    """Whether a URL names this machine."""
    import urllib.parse

    return urllib.parse.urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def hub_answers(endpoint: str | None = None, timeout: float = HUB_TIMEOUT) -> bool:
    """Whether the Hub at `endpoint` answers anything at all within `timeout` seconds.

    In a thread, because a name look-up may hang for longer than any time-out of the request.
    """
    import urllib.error
    import urllib.request

    url = (endpoint or os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")
    # A proxy does not lead to a mirror on one's own machine.
    proxies = [urllib.request.ProxyHandler({})] if is_here(url) else []
    opener = urllib.request.build_opener(*proxies)
    answered = threading.Event()

    def ask() -> None:
        try:
            opener.open(
                urllib.request.Request(f"{url}/api/models?limit=1", headers={"User-Agent": "workbook"}),
                timeout=timeout,
            ).close()
            answered.set()
        except urllib.error.HTTPError:
            answered.set()  # a refusal is an answer
        except (OSError, ValueError):
            pass

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    return answered.is_set()
