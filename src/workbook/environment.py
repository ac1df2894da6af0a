"""The environment variables that point the ecosystem's clients at the sandbox, a mirror, or a RunPod volume.

The clients read them once, when they are imported: that is why a notebook's first line is `workbook.start`.
"""

from __future__ import annotations

import importlib.abc
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

from workbook import machine

CLIENTS = ("huggingface_hub", "datasets", "evaluate", "transformers")

# With a person's own settings of these, the sandbox's files would end up in their caches, or its clients elsewhere.
_MUST_NOT_LEAK_IN = (
    "HF_ASSETS_CACHE", "HF_DATASETS_CACHE", "HF_DATASETS_DOWNLOADED_DATASETS_PATH",
    "HF_DATASETS_EXTRACTED_DATASETS_PATH", "HF_DATASETS_OFFLINE", "HF_EVALUATE_CACHE", "HF_EVALUATE_OFFLINE",
    "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_METRICS_CACHE", "HF_MODULES_CACHE", "HF_STORED_TOKENS_PATH",
    "HF_TOKEN_PATH", "HF_XET_CACHE", "HUGGINGFACE_CO_STAGING", "HUGGINGFACE_HUB_CACHE",
    "HUGGING_FACE_HUB_TOKEN", "OPENAI_ADMIN_KEY", "OPENAI_CUSTOM_HEADERS", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID",
    "TRANSFORMERS_CACHE", "TRANSFORMERS_OFFLINE",
)  # fmt: skip

# Threads that spin only for moments while they wait, then sleep: OpenMP's own long spinning costs four to seven times
# as much on a machine that is busy with something else.
SLEEPING_THREADS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}
# And two on every machine: sums differ with their number, and the sandbox shows the same figures everywhere.
THREADS = {"OMP_NUM_THREADS": "2", **SLEEPING_THREADS}

# Packages with compiled parts: one that is loaded cannot be replaced by pip under a running kernel.
_COMPILED = {
    "numpy": "numpy", "pandas": "pandas", "polars": "polars", "pyarrow": "pyarrow", "safetensors": "safetensors",
    "scipy": "scipy", "sklearn": "scikit-learn", "tokenizers": "tokenizers", "torch": "torch",
}  # fmt: skip


# Services beside the Hub that the clients would ask as well, and that a mirror on this machine does not have.
_THE_HUB_ALONE = {
    "HF_HUB_DISABLE_XET": "1",  # uploads would go to Xet's own servers
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_UPDATE_DOWNLOAD_COUNTS": "0",  # or evaluate and datasets ask S3
    "DISABLE_SAFETENSORS_CONVERSION": "1",
}


def imported_clients() -> list[str]:
    """The clients that are imported already, and so have read their environment."""
    return [name for name in CLIENTS if name in sys.modules]


def replaced_packages() -> list[str]:
    """Packages of which this process holds another version than is installed, as “numpy 1.26.4 (installed: 2.4.6)”."""
    replaced = []
    for module, distribution in _COMPILED.items():
        loaded = getattr(sys.modules.get(module), "__version__", None)
        if not isinstance(loaded, str):
            continue
        try:
            installed = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue  # from a source tree, or by another package manager
        if loaded.split("+")[0] != installed.split("+")[0]:  # the build, +cpu or +cu128, is not always told
            replaced.append(f"{module} {loaded} (installed: {installed})")
    return replaced


def hub_variables(url: str, home: Path) -> dict[str, str]:
    """What the Hub's clients need to talk to the stand-in at `url` and keep their files in `home`."""
    return {
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_TOKEN": "hf_sandbox",
        **_THE_HUB_ALONE,
        "HF_HUB_DISABLE_SYMLINKS_WARNING": "1",
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
    set_when_imported(inference=url)


def enter_live(*, on_cpu: bool, environment: MutableMapping[str, str] = os.environ) -> None:
    """What live mode needs that a person may have left unset: nothing of theirs is changed.

    on_cpu: let threads sleep while they wait; how many there are is left to torch. Where HF_ENDPOINT is a mirror on
    this machine, the clients do without a proxy and without the services beside the Hub: Xet, telemetry, counters.
    """
    if on_cpu:
        for name, value in SLEEPING_THREADS.items():
            environment.setdefault(name, value)
    if machine.is_here(environment.get("HF_ENDPOINT", "")):
        for name, value in _THE_HUB_ALONE.items():
            environment.setdefault(name, value)
        _without_proxy(environment)
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


# Settings that have no variable of their own, by module. datasets: or load_dataset asks `datasets-server.<the
# endpoint's host>`, a name look-up that leaves the machine.
_SETTINGS: dict[str, dict[str, object]] = {
    "datasets.config": {"USE_PARQUET_EXPORT": False},
    "evaluate.utils.logging": {"_tqdm_active": False},
}


def _inference_settings(url: str) -> dict[str, object]:
    """The addresses that huggingface_hub keeps for inference and dataset services beside the Hub: all lead to `url`."""
    return {
        "INFERENCE_ENDPOINT": url,
        "INFERENCE_ENDPOINTS_ENDPOINT": f"{url}/inference-endpoints",
        "INFERENCE_CATALOG_ENDPOINT": f"{url}/inference-catalog",
        "INFERENCE_PROXY_TEMPLATE": f"{url}/inference/{{provider}}",
        "DATASETS_SERVER_ENDPOINT": f"{url}/datasets-server",
    }


def _apply(settings: dict[str, object], module: object) -> None:
    for name, value in settings.items():
        if hasattr(module, name):  # what a version does not know, it does not use
            setattr(module, name, value)


class _SettingsHook(importlib.abc.MetaPathFinder):
    """Applies settings to a module as soon as it is loaded."""

    def __init__(self) -> None:
        self.settings: dict[str, dict[str, object]] = {}
        self._searching = False

    def find_spec(self, fullname, path=None, target=None):
        if fullname not in self.settings or self._searching:
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
                _apply(self.settings[fullname], module)

            spec.loader.exec_module = exec_module
        return spec


def set_when_imported(inference: str | None = None) -> None:
    """Apply the settings that have no variable, now or as soon as their module is imported.

    inference: an address that huggingface_hub's inference services are sent to as well.
    """
    settings = dict(_SETTINGS)
    if inference:
        settings["huggingface_hub.constants"] = _inference_settings(inference)
    for name, values in settings.items():
        if name in sys.modules:
            _apply(values, sys.modules[name])
    hook = next((finder for finder in sys.meta_path if isinstance(finder, _SettingsHook)), None)
    if hook is None:
        hook = _SettingsHook()
        sys.meta_path.insert(0, hook)
    hook.settings.update(settings)
