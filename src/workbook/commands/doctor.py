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
import tempfile
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
EXTRAS = {"jupyter": "To open the notebooks in JupyterLab; not needed in VS Code, Colab or a running Jupyter"}


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
                lines.append(f"{margin}→ {check.cure}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        left = "style='text-align:left'"
        rows = "".join(
            f"<tr><td {left}><b style='color:{self.COLOURS[check.status]}'>{check.status}</b></td>"
            f"<th {left}>{html.escape(check.name)}</th>"
            f"<td {left}>{html.escape(check.found)}</td><td {left}>{html.escape(check.cure)}</td></tr>"
            for check in self.checks
        )
        return f"<table><tr><th></th><th></th><th>found</th><th>what to do</th></tr>{rows}</table>"


def checks() -> list[Check]:
    """Every check, in the order in which a person would put things right. The Hub gets five seconds to answer."""
    return [python(), *packages(), *loading(), memory(), disk(), hub(), token(), teacher()]


def table(found: Sequence[Check] | None = None) -> Table:
    """The checks (all of them where none are given) as a table to show."""
    return Table(checks() if found is None else found)


def python(version: tuple[int, int] | None = None) -> Check:
    """The Python version, against the versions the tests run on."""
    found = ".".join(map(str, version)) if version else platform.python_version()
    version = version or sys.version_info[:2]
    first, last = (".".join(map(str, tested)) for tested in TESTED)
    if version < TESTED[0]:
        cure = f"Install Python {first} or newer, and create the environment again."
        return Check("Python", "missing", found, cure)
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

        if requirements is None:
            requirements = importlib.metadata.requires(DISTRIBUTION) or []
    except ImportError as error:  # PackageNotFoundError is one
        cure = 'Install it all from the clone: python -m pip install -c constraints.txt -e ".[jupyter]"'
        return [Check("Packages", "missing", f"{error.name} is not installed here", cure)]
    fitting: list[str] = []
    lines: list[Check] = []
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        extra = next((e for e in ("", *EXTRAS) if not marker or marker.evaluate({"extra": e})), None)
        if extra is None:  # for another system, or for those who change the workbook
            continue
        version = _installed(requirement.name)
        if requirement.specifier.contains(version or "0", prereleases=True) and version:
            fitting.append(f"{requirement.name} {version}")
        elif extra and not version:
            cure = f'{EXTRAS[extra]}: python -m pip install "{DISTRIBUTION}[{extra}]", or from a clone ".[{extra}]".'
            lines.append(Check(f"[{extra}]", "warn", f"without {requirement.name}", cure))
        else:
            wanted = f"{requirement.name}{requirement.specifier}"
            cure = f'python -m pip install --upgrade "{wanted}"; then restart the kernel.'
            status = "warn" if extra else "missing"
            lines.append(Check(requirement.name, status, version or "not installed", cure))
    if fitting:
        lines.insert(0, Check("Packages", "ok", ", ".join(sorted(fitting, key=str.lower))))
    return lines


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


# Each package with a name that makes it load all of itself; torch first, for most of the others need it.
_LOADED = {
    "torch": "tensor",
    "transformers": "Trainer",
    "datasets": "load_dataset",
    "evaluate": "load",
    "accelerate": "Accelerator",
}
_LOAD_SECONDS = 180.0
# Run in a child. Each package writes a line of JSON to a file: the one that crashes Python is the first without a line.
_PROBE = """
import importlib, json, sys
for name, part in json.loads(sys.argv[1]).items():
    facts = {"name": name}
    try:
        module = importlib.import_module(name)
        getattr(module, part)
        if name == "torch":
            card = module.cuda.is_available() and module.cuda.get_device_properties(0)
            facts |= {"torch": module.__version__, "threads": module.get_num_threads(),
                      "mps": module.backends.mps.is_available(),
                      "card": card and f"{card.name}, {card.total_memory / 2**30:.0f} GiB"}
    except BaseException as error:
        facts["why"] = f"{type(error).__name__}: {error}"
    with open(sys.argv[2], "a") as file:
        file.write(json.dumps(facts) + "\\n")
"""


def loading(names: Mapping[str, str] = _LOADED) -> list[Check]:
    """Whether the large packages load, tried in a child process, and what torch can compute on.

    A version alone says nothing: a package may be installed and broken, and a broken one may take Python with it.
    """
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "told")
        told.touch()
        command = [sys.executable, "-c", _PROBE, json.dumps(dict(names)), str(told)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_LOAD_SECONDS)
            ended = f"Python ended with exit code {done.returncode}"
        except subprocess.TimeoutExpired:
            ended = f"not within {_LOAD_SECONDS:.0f} s"
        facts = [json.loads(line) for line in told.read_text().splitlines()]
    if len(facts) < len(names):
        facts.append({"name": list(names)[len(facts)], "why": ended})
    checks = []
    for fact in facts:
        if "why" in fact:
            found = textwrap.shorten(f"does not load: {fact['why']}", 200, placeholder=" …")
            cure = f"python -m pip install --force-reinstall {fact['name']}; then restart the kernel."
            if fact["name"] == "torch":
                cure += " On Windows torch also needs the Microsoft Visual C++ runtime."
            checks.append(Check(fact["name"], "missing", found, cure))
    return checks + [gpu(fact) for fact in facts if "torch" in fact]


def gpu(facts: Mapping[str, Any]) -> Check:
    """What torch can compute on, from what it told about itself (`torch`, `card`, `mps`, `threads`)."""
    name = "torch and GPU"
    if facts["card"] or facts["mps"]:
        return Check(name, "ok", facts["card"] or "Apple GPU (mps)")
    if card := machine.nvidia_gpu():
        found = f"{card} is there, but torch {facts['torch']} cannot use it"
        cure = "Install a CUDA build of torch (pytorch.org, “Get started”) that your driver supports, and restart the kernel."
        return Check(name, "warn", found, cure)
    found = f"no GPU; torch computes on {facts['threads']} of {os.cpu_count()} CPU cores"
    cure = "The sandbox needs none. For live mode: Colab, Runtime → Change runtime type → GPU; or a RunPod pod with a GPU."
    return Check(name, "warn", found, cure)


def memory() -> Check:
    """Free memory."""
    try:
        import psutil
    except ImportError:
        return Check("Memory", "warn", "psutil, which measures it, is not installed")
    free, total = psutil.virtual_memory().available / 2**30, machine.memory_gib()
    return _room("Memory", free, f"of {total:.0f}", 1.5, "close other programs and other kernels")


def disk() -> Check:
    """Free disk where results go, and whether they can be written."""
    folder = paths.outputs_root()
    where, elsewhere = paths.shown(folder), "write results elsewhere: WORKBOOK_OUTPUTS=<folder>"
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK):
        return Check("Disk", "missing", f"{where} cannot be written", f"Make it writable, or {elsewhere}.")
    return _room("Disk", machine.free_disk_gib(folder), f"for {where}", 0.5, f"make room, or {elsewhere}")


def _room(name: str, free: float, of_what: str, least: float, cure: str) -> Check:
    """`free` GiB against what the sandbox needs at `least`, and against the 8 GiB of live mode."""
    found = f"{free:.1f} GiB free {of_what}"
    if free < least:
        return Check(name, "missing", found, f"The sandbox needs {least} GiB: {cure}.")
    if free < 8:
        return Check(name, "warn", found, f"Enough for the sandbox. Live mode wants 8 GiB: {cure}.")
    return Check(name, "ok", found)


def hub() -> Check:
    """Whether the Hub (or what HF_ENDPOINT names) answers within five seconds."""
    endpoint = os.environ.get("HF_ENDPOINT") or machine.DEFAULT_ENDPOINT
    host = urlsplit(endpoint).hostname or endpoint
    name = "the stand-in on this machine" if host in ("127.0.0.1", "localhost") else host
    if machine.hub_answers(endpoint):
        return Check("Hub", "ok", f"{name} answers")
    cure = "The sandbox needs none. For live mode check the network, the proxy (HTTPS_PROXY) and HF_ENDPOINT."
    return Check("Hub", "warn", f"{name} gave no answer within {machine.HUB_TIMEOUT:.0f} seconds", cure)


def token() -> Check:
    """Whether there is a token for the Hub; which one is never shown."""
    named = os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN")
    if named:
        whose = "the sandbox's own" if named == "hf_sandbox" else "from the environment"
        return Check("Hub token", "ok", whose)
    file = Path(os.environ.get("HF_TOKEN_PATH") or paths.hub_cache() / "token").expanduser()
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
    if base and os.environ.get("WORKBOOK_TEACHER_NAME") == "sandbox":
        return Check("Teacher", "ok", "the scripted one on this machine")
    if base and key:
        return Check("Teacher", "ok", f"{urlsplit(base).hostname or 'OPENAI_BASE_URL'}, with a key")
    example = "OPENAI_BASE_URL=http://localhost:1234/v1 and OPENAI_API_KEY=lm-studio connect to LM Studio"
    if base or key:
        unset = "OPENAI_API_KEY" if base else "OPENAI_BASE_URL"
        return Check("Teacher", "warn", f"{unset} is not set", f"Set both; for example, {example}.")
    cure = f"Only for 07 and 09 in live mode, and without one 07 starts a small one on your GPU. For example, {example}."
    return Check("Teacher", "warn", "OPENAI_BASE_URL and OPENAI_API_KEY are not set", cure)


def require(found: Sequence[Check]) -> None:
    """Raise WorkbookError where something essential is missing."""
    missing = [check.name for check in found if check.status == "missing"]
    if missing:
        raise WorkbookError(f"Missing: {', '.join(missing)}. The cure for each is above.")
