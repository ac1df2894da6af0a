"""The environment variables that point the ecosystem's clients at the sandbox, or at a RunPod volume.

The clients read them once, when they are imported: that is why a notebook's first line is `workbook.start`.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

CLIENTS = ("huggingface_hub", "datasets", "evaluate", "transformers")

# A person's own settings of these would lead the sandbox's files into their caches, or its clients astray.
_MUST_NOT_LEAK_IN = (
    "HF_ASSETS_CACHE", "HF_DATASETS_CACHE", "HF_DATASETS_DOWNLOADED_DATASETS_PATH",
    "HF_DATASETS_EXTRACTED_DATASETS_PATH", "HF_DATASETS_OFFLINE", "HF_EVALUATE_CACHE", "HF_EVALUATE_OFFLINE",
    "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_METRICS_CACHE", "HF_MODULES_CACHE", "HF_STORED_TOKENS_PATH",
    "HF_TOKEN_PATH", "HF_XET_CACHE", "HUGGINGFACE_CO_STAGING", "HUGGINGFACE_HUB_CACHE",
    "HUGGING_FACE_HUB_TOKEN", "OPENAI_ADMIN_KEY", "OPENAI_CUSTOM_HEADERS", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID",
    "TRANSFORMERS_CACHE", "TRANSFORMERS_OFFLINE",
)  # fmt: skip

# Two threads that spin only for moments while they wait, then sleep: on a machine that is idle faster than one,
# on one that is busy not much slower, where OpenMP's own long spinning costs four to seven times as much.
# Two on every machine: the same figures.
THREADS = {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}


def imported_clients() -> list[str]:
    """The clients that are imported already, and so have read their environment."""
    return [name for name in CLIENTS if name in sys.modules]


def hub_variables(url: str, home: Path) -> dict[str, str]:
    """What the Hub's clients need to talk to the stand-in at `url` and keep their files in `home`."""
    return {
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_TOKEN": "hf_sandbox",
        "HF_HUB_DISABLE_XET": "1",  # uploads would go to Xet's own servers
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_HUB_DISABLE_SYMLINKS_WARNING": "1",
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",  # or evaluate and datasets ask S3
        "DISABLE_SAFETENSORS_CONVERSION": "1",
        # Everything comes from this machine in milliseconds: bars would only flicker.
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }


def sandbox_variables(url: str, home: Path) -> dict[str, str]:
    """`hub_variables`, and those of the scripted teacher at the same address."""
    return {
        **hub_variables(url, home),
        # Whatever teacher the person has set, with a bill or a night's work behind it: here the scripted one answers.
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_KEY": "sandbox",
        "WORKBOOK_TEACHER_MODEL": "scripted-r1",
        "WORKBOOK_TEACHER_NAME": "sandbox",  # its port differs from start to start, its answers do not
    }


def enter_sandbox(url: str, home: Path, environment: MutableMapping[str, str] = os.environ) -> None:
    """Point the clients at the sandbox."""
    home.mkdir(parents=True, exist_ok=True)
    for name in _MUST_NOT_LEAK_IN:
        environment.pop(name, None)
    environment.update(sandbox_variables(url, home))
    _without_proxy(environment)
    for name, value in THREADS.items():
        environment.setdefault(name, value)
    set_when_imported()


def enter_mirror(url: str, home: Path, environment: MutableMapping[str, str]) -> None:
    """Point the Hub's clients at a mirror on this machine, and leave the teacher as it is.

    A person's HF_HOME stays; without one, files go to `home` and not into the person's caches. HF_HUB_OFFLINE stays.
    """
    variables = hub_variables(url, home)
    if "HF_HOME" in environment:
        del variables["HF_HOME"]
    else:
        home.mkdir(parents=True, exist_ok=True)
        for name in _MUST_NOT_LEAK_IN:
            if not name.startswith("OPENAI_") and not name.endswith("_OFFLINE"):
                environment.pop(name, None)
    environment.update(variables)
    _without_proxy(environment)


def _without_proxy(environment: MutableMapping[str, str]) -> None:
    for spelling in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in environment.get(spelling, "").split(",") if host]
        environment[spelling] = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))


# Settings that have no variable of their own: module, attribute, value.
_SETTINGS = {
    # or load_dataset asks `datasets-server.<endpoint's host>`, a name look-up that leaves the machine
    "datasets.config": ("USE_PARQUET_EXPORT", False),
    "evaluate.utils.logging": ("_tqdm_active", False),
}


class _SettingsHook(importlib.abc.MetaPathFinder):
    """Applies `_SETTINGS` to each of these modules as soon as it is loaded."""

    _searching = False

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in _SETTINGS or self._searching:
            return None
        self._searching = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._searching = False
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                setattr(module, *_SETTINGS[fullname])

            spec.loader.exec_module = exec_module
        return spec


def set_when_imported() -> None:
    """Apply the settings that have no variable, now or as soon as their module is imported."""
    for name, setting in _SETTINGS.items():
        if name in sys.modules:
            setattr(sys.modules[name], *setting)
    if not any(isinstance(finder, _SettingsHook) for finder in sys.meta_path):
        sys.meta_path.insert(0, _SettingsHook())
