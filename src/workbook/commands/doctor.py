"""Checks this machine: what the notebooks need, what is installed, and how to fix what is missing.

`workbook doctor` prints it; notebook 00 shows it. Nothing here imports a client of the Hub in this process, so it can
be called before `workbook.start()` as well.
"""

from __future__ import annotations

import html
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from workbook import machine, paths
from workbook.errors import WorkbookError

DISTRIBUTION = "encoder-workbook"
TESTED = ((3, 11), (3, 13))  # the first and the last Python that the tests run with
EXTRAS = {
    "jupyter": "to open the notebooks in JupyterLab; not needed in VS Code, Colab or a running Jupyter",
}
GPU_CURE = "The sandbox needs none. For live mode: Colab, Runtime → Change runtime type → GPU; or a RunPod pod with a GPU."


@dataclass(frozen=True)
class Check:
    """One thing looked at. `status` is "ok", "warn" (something works less well) or "missing" (nothing works)."""

    name: str
    status: str
    found: str
    cure: str = ""


class Table:
    """Checks as a table: coloured in a notebook, plain text elsewhere."""

    COLOURS: ClassVar = {"ok": "#1a7f37", "warn": "#9a6700", "missing": "#cf222e"}

    def __init__(self, checks: Sequence[Check]):
        self.checks = list(checks)

    def __repr__(self) -> str:
        width = max((len(check.name) for check in self.checks), default=0)
        margin = " " * (11 + width)
        lines = []
        for check in self.checks:
            start = f"{check.status:<8} {check.name:<{width}}  "
            lines += textwrap.wrap(check.found, 110, initial_indent=start, subsequent_indent=margin)
            if check.cure:
                lines += textwrap.wrap(
                    check.cure, 110, initial_indent=f"{margin}→ ", subsequent_indent=f"{margin}  "
                )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>"
            f"<td style='text-align:left;color:{self.COLOURS[check.status]}'><b>{check.status}</b></td>"
            f"<th style='text-align:left'>{html.escape(check.name)}</th>"
            f"<td style='text-align:left'>{html.escape(check.found)}</td>"
            f"<td style='text-align:left'>{html.escape(check.cure)}</td>"
            "</tr>"
            for check in self.checks
        )
        return f"<table><tr><th></th><th></th><th>found</th><th>what to do</th></tr>{rows}</table>"


def checks() -> list[Check]:
    """Every check, in the order in which a person would put things right. The Hub gets five seconds to answer."""
    return [
        python(),
        *packages(),
        *loading(),
        memory(),
        disk(),
        hub(),
        token(),
        teacher(),
    ]


def table(found: Sequence[Check] | None = None) -> Table:
    """The checks (all of them where none are given) as a table to show."""
    return Table(checks() if found is None else found)


def python(version: tuple[int, int] | None = None) -> Check:
    """The Python version, against the versions the tests run on."""
    version = version or sys.version_info[:2]
    found = platform.python_version() if version == sys.version_info[:2] else ".".join(map(str, version))
    first, last = (".".join(map(str, v)) for v in TESTED)
    if version < TESTED[0]:
        return Check(
            "Python", "missing", found, f"Install Python {first} or newer, and create the environment again."
        )
    if version > TESTED[1]:
        cure = f"Tested with {first} to {last}. If something fails, use one of those."
        return Check("Python", "warn", found, cure)
    return Check("Python", "ok", found)


def packages(requirements: Sequence[str] | None = None) -> list[Check]:
    """What is installed against the floors of this distribution: one line for all that fit, one for each that does not.

    `requirements` are requirement strings as in package metadata; this distribution's own where none are given.
    """
    try:
        from packaging.requirements import Requirement
    except ImportError:
        cure = (
            f"Install all of it again: python -m pip install --upgrade {DISTRIBUTION}, or from a clone: -e ."
        )
        return [Check("Packages", "missing", "not even packaging, which reads the others' versions", cure)]
    if requirements is None:
        try:
            requirements = importlib.metadata.requires(DISTRIBUTION) or []
        except importlib.metadata.PackageNotFoundError:
            cure = 'Install it from the clone: python -m pip install -c constraints.txt -e ".[jupyter]"'
            return [Check("Packages", "missing", f"{DISTRIBUTION} is not installed here", cure)]
    fitting: list[str] = []
    lines: list[Check] = []
    without: dict[str, list[str]] = {}
    for text in requirements:
        requirement = Requirement(text)
        extra = next(
            (e for e in EXTRAS if requirement.marker and requirement.marker.evaluate({"extra": e})), None
        )
        if requirement.marker and not extra and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            version = None
        wanted = f"{requirement.name}{requirement.specifier}"
        if version and requirement.specifier.contains(version, prereleases=True):
            fitting.append(f"{requirement.name} {version}")
        elif version is None and extra:
            without.setdefault(extra, []).append(requirement.name)
        else:
            cure = f'python -m pip install --upgrade "{wanted}"; then restart the kernel.'
            lines.append(
                Check(requirement.name, "warn" if extra else "missing", version or "not installed", cure)
            )
    for extra, names in without.items():
        cure = f'{EXTRAS[extra].capitalize()}: python -m pip install "{DISTRIBUTION}[{extra}]", or from a clone ".[{extra}]".'
        lines.append(Check(f"[{extra}]", "warn", f"without {', '.join(names)}", cure))
    if fitting:
        lines.insert(0, Check("Packages", "ok", ", ".join(sorted(fitting, key=str.lower))))
    return lines


# Each package with a name that makes it load all of itself; torch first, for most of the others need it.
_LOADED = {
    "torch": "tensor",
    "transformers": "Trainer",
    "datasets": "load_dataset",
    "evaluate": "load",
    "accelerate": "Accelerator",
}
_LOAD_SECONDS = 180.0
_MARK = "@doctor "
# Prints a line of JSON before and after each package: one that crashes Python shows by what is missing.
_PROBE = """
import importlib, json, sys
def tell(**facts):
    print("\\n@doctor " + json.dumps(facts), flush=True)
for name, part in json.loads(sys.argv[1]).items():
    tell(loading=name)
    try:
        module = importlib.import_module(name)
        getattr(module, part)
        tell(loaded=name)
    except BaseException as error:
        tell(failed=name, why=f"{type(error).__name__}: {error}")
    else:
        if name == "torch":
            card = module.cuda.is_available() and module.cuda.get_device_properties(0)
            tell(torch=module.__version__, threads=module.get_num_threads(), mps=module.backends.mps.is_available(),
                 card=card and f"{card.name}, {card.total_memory / 2**30:.0f} GiB")
"""


def loading(packages: Mapping[str, str] = _LOADED) -> list[Check]:
    """Whether the large packages load, tried in a child process, and what torch can compute on.

    A version alone says nothing: a package may be installed and broken, and a broken one may take Python with it.
    """
    command = [sys.executable, "-c", _PROBE, json.dumps(dict(packages))]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_LOAD_SECONDS
        )
        printed, ended = done.stdout, f"Python ended with exit code {done.returncode}"
    except subprocess.TimeoutExpired as error:
        printed, ended = (error.stdout or b"").decode(errors="replace"), f"not within {_LOAD_SECONDS:.0f} s"
    facts: dict[str, Any] = {}
    failed: dict[str, str] = {}
    under_way: set[str] = set()
    for line in printed.splitlines():
        try:
            told = json.loads(line.removeprefix(_MARK)) if line.startswith(_MARK) else {}
        except ValueError:
            continue
        under_way |= {told.get("loading")}
        under_way -= {None, told.get("loaded"), told.get("failed")}
        if "failed" in told:
            failed[told["failed"]] = told["why"]
        facts |= told
    failed |= dict.fromkeys(under_way, ended)
    checks = [
        Check(
            name,
            "missing",
            textwrap.shorten(f"does not load: {why}", 200, placeholder=" …"),
            f"python -m pip install --force-reinstall {name}; then restart the kernel."
            + (" On Windows torch also needs the Microsoft Visual C++ runtime." if name == "torch" else ""),
        )
        for name, why in failed.items()
    ]
    return [*checks, gpu(facts)] if "torch" in facts else checks


def gpu(facts: Mapping[str, Any]) -> Check:
    """What torch can compute on, from what it told about itself (`torch`, `card`, `mps`, `threads`)."""
    if facts["card"]:
        return Check("torch and GPU", "ok", facts["card"])
    if facts["mps"]:
        return Check("torch and GPU", "ok", "Apple GPU (mps)")
    if card := machine.nvidia_gpu():
        cure = "Install a CUDA build of torch (pytorch.org, “Get started”) that your driver supports, and restart the kernel."
        return Check(
            "torch and GPU", "warn", f"{card} is there, but torch {facts['torch']} cannot use it", cure
        )
    return Check(
        "torch and GPU",
        "warn",
        f"no GPU; torch computes on {facts['threads']} of {os.cpu_count()} CPU cores",
        GPU_CURE,
    )


def memory() -> Check:
    """Free memory."""
    try:
        import psutil
    except ImportError:
        return Check("Memory", "warn", "psutil, which measures it, is not installed")
    free, total = psutil.virtual_memory().available / 2**30, machine.memory_gib()
    found = f"{free:.1f} GiB free of {total:.0f}"
    if free < 1.5:
        return Check(
            "Memory", "missing", found, "The sandbox needs 1.5 GiB: close other programs and other kernels."
        )
    if free < 8:
        return Check(
            "Memory", "warn", found, "Enough for the sandbox. Live mode wants 8 GiB: close other programs."
        )
    return Check("Memory", "ok", found)


def disk() -> Check:
    """Free disk where results go, and whether they can be written."""
    folder = paths.outputs_root()
    free = machine.free_disk_gib(folder)
    where = paths.shown(folder)
    elsewhere = "write results elsewhere: WORKBOOK_OUTPUTS=<folder>"
    there = folder
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK):
        return Check("Disk", "missing", f"{where} cannot be written", f"Make it writable, or {elsewhere}.")
    found = f"{free:.1f} GiB free for {where}"
    if free < 0.5:
        return Check("Disk", "missing", found, f"The sandbox needs 0.5 GiB: make room, or {elsewhere}.")
    if free < 8:
        return Check(
            "Disk",
            "warn",
            found,
            f"Enough for the sandbox. Live mode wants 8 GiB: make room, or {elsewhere}.",
        )
    return Check("Disk", "ok", found)


def hub() -> Check:
    """Whether the Hub (or what HF_ENDPOINT names) answers within five seconds."""
    endpoint = os.environ.get("HF_ENDPOINT") or machine.DEFAULT_ENDPOINT
    host = urlsplit(endpoint).hostname or endpoint
    name = "the stand-in on this machine" if host in ("127.0.0.1", "localhost") else host
    if machine.hub_answers(endpoint):
        return Check("Hub", "ok", f"{name} answers")
    cure = (
        "The sandbox needs no Hub. For live mode check the network, the proxy (HTTPS_PROXY) and HF_ENDPOINT."
    )
    return Check("Hub", "warn", f"{name} gave no answer within {machine.HUB_TIMEOUT:.0f} seconds", cure)


def token() -> Check:
    """Whether there is a token for the Hub; which one is never shown."""
    named = os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN")
    if named == "hf_sandbox":
        return Check("Hub token", "ok", "the sandbox's own")
    if named:
        return Check("Hub token", "ok", "from the environment")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = Path(os.environ.get("HF_HOME") or cache / "huggingface")
    file = Path(os.environ.get("HF_TOKEN_PATH") or home / "token").expanduser()
    try:
        if file.is_file() and file.read_text(encoding="utf-8").strip():
            return Check("Hub token", "ok", "from a login")
    except OSError:
        pass
    cure = "Needed only to publish in live mode: create a write token on the Hub's settings page, then run: hf auth login"
    return Check("Hub token", "warn", "none", cure)


def teacher() -> Check:
    """The variables that name a teacher behind the OpenAI API; the key is never shown."""
    base, key = os.environ.get("OPENAI_BASE_URL"), os.environ.get("OPENAI_API_KEY")
    example = "OPENAI_BASE_URL=http://localhost:1234/v1 and OPENAI_API_KEY=lm-studio connect to LM Studio"
    if base and os.environ.get("WORKBOOK_TEACHER_NAME") == "sandbox":
        return Check("Teacher", "ok", "the scripted one on this machine")
    if base and key:
        return Check("Teacher", "ok", f"{urlsplit(base).hostname or 'OPENAI_BASE_URL'}, with a key")
    if not base and not key:
        cure = (
            "Only for notebooks 07 and 09 in live mode: the sandbox has its own, and 07 starts a small one on your "
            f"GPU where none is named. For example, {example}."
        )
        return Check("Teacher", "warn", "OPENAI_BASE_URL and OPENAI_API_KEY are not set", cure)
    unset = "OPENAI_API_KEY" if base else "OPENAI_BASE_URL"
    return Check("Teacher", "warn", f"{unset} is not set", f"Set both; for example, {example}.")


def require(found: Sequence[Check]) -> None:
    """Raise WorkbookError where something essential is missing."""
    missing = [check.name for check in found if check.status == "missing"]
    if missing:
        raise WorkbookError(f"Missing: {', '.join(missing)}. The cure for each is above.")
