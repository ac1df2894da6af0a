"""`start()` and the Lab it returns: mode, device, seed, results. The first code line of every notebook."""

from __future__ import annotations

import atexit
import html
import os
import random
import sys
import time
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from workbook import machine, origins, paths
from workbook.catalogue import MODES, NOTEBOOKS, Entry
from workbook.environment import enter_live, enter_sandbox, imported_clients, replaced_packages
from workbook.errors import WorkbookError
from workbook.wording import number

SEED = 42
HOW_TO_GET_A_GPU = (
    "Colab: Runtime → Change runtime type → GPU, then run from the top. "
    "RunPod: deploy a pod with a GPU and a network volume (README, “RunPod”)."
)
T = TypeVar("T")

# Where a person sets what the stand-in complains of.
_SETTING = {
    "root": "The variable WORKBOOK_HUB_ROOTS names it: correct or unset that.",
    "outputs": "The variable WORKBOOK_OUTPUTS names the folder that results go to.",
    "port": "The variable WORKBOOK_SANDBOX_PORT names the port: unset it to take a free one.",
}

_labs: dict[str, Lab] = {}
_sandbox: Any = None  # the one stand-in of this process


def start(notebook: str, mode: str | None = None) -> Lab:
    """Make this kernel ready for `notebook` and show how it will run.

    The mode is `mode` if given, else the variable `WORKBOOK_MODE`, else `live` where there is an NVIDIA GPU and
    the Hub answers, else `sandbox`. In the sandbox, a stand-in for the Hub starts on loopback and the clients'
    environment is set, so this comes before the import of transformers or datasets. A scripted teacher answers
    beside it: OPENAI_BASE_URL, OPENAI_API_KEY and WORKBOOK_TEACHER_MODEL name it, whatever they named before.
    A second call in the same kernel changes nothing and returns the same Lab.

    Raises WorkbookError for an unknown mode or notebook, clients imported too early, packages that were replaced
    while this kernel holds older ones, a Hub that does not answer in live mode, a results folder that cannot be
    written, a full disk, and what the stand-in raises (port in use, a missing overlay).
    """
    if notebook not in NOTEBOOKS:
        raise WorkbookError(f"There is no notebook '{notebook}'. There are: {', '.join(NOTEBOOKS)}.")
    if notebook in _labs:
        lab = _labs[notebook]
        if mode not in (None, lab.mode):
            raise WorkbookError(
                f"This kernel already runs in {lab.mode} mode. Restart the kernel, then start(…, mode={mode!r})."
            )
    else:
        _refuse_replaced_packages()
        gpu = machine.nvidia_gpu()
        running = next(iter(_labs.values()), None)
        chosen, why = (running.mode, running.why) if running and mode is None else _decide(mode, gpu)
        if running and chosen != running.mode:
            raise WorkbookError(
                f"This kernel already runs in {running.mode} mode: restart it for {chosen} mode."
            )
        lab = Lab(NOTEBOOKS[notebook], chosen, why, gpu or machine.apple_gpu())
        _labs[notebook] = lab
    _show(lab)
    return lab


def _refuse_replaced_packages() -> None:
    if replaced := replaced_packages():
        raise WorkbookError(
            f"This session loaded {', '.join(replaced)} before the installation replaced "
            f"{'it' if len(replaced) == 1 else 'them'}. Restart the session, then run all "
            "(Colab: Runtime → Restart session and run all)."
        )


def _decide(mode: str | None, gpu: machine.GPU | None) -> tuple[str, str]:
    """The mode and, for a person, why."""
    for wanted, source in ((mode, "you asked for it"), (os.environ.get("WORKBOOK_MODE"), "WORKBOOK_MODE")):
        if not wanted:
            continue
        if wanted not in MODES:
            raise WorkbookError(
                f"There is no mode {wanted!r} ({source}). Say 'sandbox' (no network needed) or 'live' (the real Hub)."
            )
        offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")
        if wanted == "live" and not offline and not machine.hub_answers():
            endpoint = os.environ.get("HF_ENDPOINT", machine.DEFAULT_ENDPOINT)
            raise WorkbookError(
                f"Live mode needs the Hub, and {endpoint} gave no answer within {machine.HUB_TIMEOUT:.0f} seconds. "
                "Check the network or the proxy; or stay on this machine: WORKBOOK_MODE=sandbox, or "
                "start(…, mode='sandbox'). With everything downloaded before, HF_HUB_OFFLINE=1 works as well."
            )
        return wanted, source
    if gpu is None:
        return "sandbox", "no NVIDIA GPU here"
    if not machine.hub_answers():
        return "sandbox", "there is a GPU, but the Hub does not answer"
    return "live", "a GPU, and the Hub answers"


class Lab:
    """A notebook's surroundings: `mode`, `device`, `seed`, `outputs`, `pick`, `expect`, `record`."""

    seed: int = SEED

    def __init__(self, entry: Entry, mode: str, why: str, gpu: machine.GPU | None):
        self.entry, self.mode, self.why, self.gpu = entry, mode, why, gpu
        self.notebook = entry.name
        self._early = imported_clients()
        self._notes: list[str] = []
        root = paths.outputs_root()
        self._check_disk(root)
        self.outputs: Path = self._claim(root / mode, entry.name)
        # `workbook run --mode live --hub-root DIR` serves DIR by a mirror and names it in WORKBOOK_MIRROR.
        self.roots = _folders("WORKBOOK_HUB_ROOTS" if mode == "sandbox" else "WORKBOOK_MIRROR")
        if mode == "sandbox":
            self.hub = _enter_sandbox(root / "sandbox", self.roots, self._early)
        else:
            self.hub = os.environ.get("HF_ENDPOINT", machine.DEFAULT_ENDPOINT)
            self._enter_live()
        # None where the Hub itself answers
        self._served = self.roots if self.roots or mode == "sandbox" else None
        self._data, self._models = self._what_is_real()
        self._metrics: dict[str, Any] = {}
        _set_seed(self.seed)

    # --- what notebooks use -------------------------------------------------------------------------

    def pick(self, *, sandbox: T, live: T) -> T:
        """The value for this mode: `EPOCHS = lab.pick(sandbox=3, live=5)` keeps both in sight."""
        return sandbox if self.mode == "sandbox" else live

    @property
    def device(self) -> str:
        """`cuda`, `mps` or `cpu`: what torch will use here."""
        import torch

        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"

    def origin(self, dataset: str) -> str:
        """`real` or `invented`: the rows of a dataset, or of one of its configurations ("klue/klue/ner")."""
        return origins.origin(dataset, self._served)

    def record(self, **figures: Any) -> None:
        """Keep figures (numbers, strings, lists, dicts) in this run's `metrics.json`.

        In every notebook the plain name of a score (`accuracy`) is that of the fine-tuned encoder. The same network
        without pretraining has it behind `from_scratch_`, what both have to beat (TF-IDF) behind `baseline_`. Where
        several models compete, each has a prefix: `crf_micro_f1`, `encoder_micro_f1`.
        """
        for name, value in figures.items():
            self._metrics[name] = {"value": _plain(value)}
        self._write_metrics()

    def expect(
        self,
        name: str,
        value: float,
        *,
        sandbox: tuple[float, float],
        live: tuple[float, float],
        published: str = "",
        hint: str = "",
    ) -> None:
        """Print `value` beside the band it should lie in and what others published, and record all three.

        published: the figure and its source, as in "0.8897 (tutorial, RTX 3090)". It is printed in both modes, never
        judged against.
        hint: what usually puts the figure out of its band, in place of the general advice.

        Raises WorkbookError out of the band where `CI` or `WORKBOOK_STRICT` is set. On overlay data, or a mirror's,
        there is no band: what is reached on other data is reported, not judged.
        """
        value = _plain(value)
        low, high = self.pick(sandbox=sandbox, live=live)
        inside = low <= value <= high
        figure: dict[str, Any] = {"value": value}
        judged = not self.roots
        if judged:
            figure |= {"band": [low, high], "inside": inside}
            verdict = f"{'inside' if inside else 'OUTSIDE'} the expected {low:g} to {high:g}"
        else:
            verdict = f"{'the overlay' if self.mode == 'sandbox' else 'a mirror'}'s data: no band"
        if published:
            figure["published"] = published
            verdict += f"   published: {published}"
        self._metrics[name] = figure
        self._write_metrics()
        print(f"{name} = {number(value)}   {verdict}")
        if inside or not judged:
            return
        cause = hint or (
            "Usual causes: cells run out of order (Restart, then Run All), a changed learning rate or number of epochs, "
            "a label map that does not fit the data, versions other than those in constraints.txt."
        )
        if any(_is_true(os.environ.get(variable)) for variable in ("CI", "WORKBOOK_STRICT")):
            raise WorkbookError(f"{name} = {number(value)} is outside {low:g} to {high:g}. {cause}")
        print(cause)

    # --- how it is set up ---------------------------------------------------------------------------

    def _check_disk(self, root: Path) -> None:
        need = 0.5 if self.mode == "sandbox" else self.entry.live_disk_gib
        free = machine.free_disk_gib(root)
        if free < need:
            raise WorkbookError(
                f"The disk of {paths.shown(root)} has {free:.1f} GiB free; this notebook writes up to {need:g} GiB in "
                f"{self.mode} mode. Make room, or write results elsewhere: WORKBOOK_OUTPUTS=<folder>."
            )

    def _check_cache(self) -> None:
        """Say where the Hub's cache may not have room. What is downloaded already takes none, so this is no error."""
        cache = paths.hub_cache()
        free, need = machine.free_disk_gib(cache), self.entry.live_download_gib
        if machine.same_disk(cache, self.outputs):
            need += self.entry.live_disk_gib
        if free < need:
            self._notes.append(
                f"The disk of {paths.shown(cache)} has {free:.1f} GiB free. The first run downloads up to about "
                f"{self.entry.live_download_gib:g} GiB; if it does not fit, set HF_HOME=<folder> on a larger disk."
            )

    def _claim(self, base: Path, name: str) -> Path:
        """A results folder that no other running kernel writes to: `name`, else `name-2`, `name-3` …"""
        from filelock import FileLock, Timeout

        for place in range(1, 100):
            folder = base / (name if place == 1 else f"{name}-{place}")
            try:
                folder.mkdir(parents=True, exist_ok=True)
                # The lock ends with the process, however it ends.
                self._lock = FileLock(folder / ".running")
                self._lock.acquire(timeout=0)
            except Timeout:
                continue
            except OSError as error:
                raise WorkbookError(
                    f"Results cannot be written to {paths.shown(folder)} ({error.strerror or error}). "
                    "Make the folder writable, or write results elsewhere: WORKBOOK_OUTPUTS=<folder>."
                ) from error
            atexit.register(self._lock.release)
            if place > 1:
                self._notes.append(
                    f"Another kernel is running this notebook into {paths.shown(base / name)}; this one writes to "
                    f"{folder.name}, so that neither harms the other."
                )
            if tell := os.environ.pop("WORKBOOK_TELL_RESULTS", None):
                paths.write_text(Path(tell), folder.name)  # `workbook run` puts the executed copy there, too
            return folder
        raise WorkbookError(f"A hundred kernels already write to {paths.shown(base / name)}. Shut some down.")

    def _enter_live(self) -> None:
        volume = paths.runpod_volume()
        if volume and "HF_HOME" not in os.environ and not self._early:
            os.environ["HF_HOME"] = str(volume / "huggingface")
        enter_live(on_cpu=self.gpu is None)
        self._check_cache()
        if paths.on_runpod():
            self._notes.append(
                f"RunPod: results and the Hub's cache are on {volume}. Everything else on this pod goes when it "
                "stops, and a pod's own volume goes when it is deleted: push what you want to keep."
                if volume
                else "RunPod: this pod has no volume, so models, caches and results are lost when it stops. "
                "Attach a network volume, or push what you want to keep."
            )
        elif paths.on_colab() and not paths.COLAB_DRIVE.is_dir():
            self._notes.append(
                "Colab: results are lost with this runtime. To keep them, run "
                "`from google.colab import drive; drive.mount('/content/drive')`, restart the session, run again."
            )
        if self.gpu is None and self.entry.live_cpu_hours >= 0.5 and not _works_elsewhere(self.notebook):
            self._notes.append(
                f"No GPU here: in live mode this notebook takes about {self.entry.live_cpu_hours:g} hours on a CPU, "
                f"against about {self.entry.live_gpu_minutes} minutes on a GPU. {HOW_TO_GET_A_GPU}"
            )

    def _write_metrics(self) -> None:
        document = {
            "notebook": self.notebook,
            "mode": self.mode,
            "data": [root.name for root in self.roots] or ("miniature" if self.mode == "sandbox" else "hub"),
            "models": self._models,
            "mirror": self.mode == "live" and bool(self.roots),
            "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "device": str(self.gpu) if self.gpu else f"CPU, {os.cpu_count()} cores",
            "system": machine.system(),
            "versions": machine.versions(),
            "figures": self._metrics,
        }
        paths.write_json(self.outputs / "metrics.json", document)

    # --- how it is shown ----------------------------------------------------------------------------

    def _rows(self) -> list[tuple[str, str]]:
        switch = "live" if self.mode == "sandbox" else "sandbox"
        hub = "a stand-in on this machine" if self.mode == "sandbox" else self.hub
        if self.roots:
            what = "a stand-in" if self.mode == "sandbox" else "a mirror"
            names = ", ".join(root.name for root in self.roots)
            hub = f"{what} on this machine: {names} over the workbook's own data"
        estimated = " (estimated)" if self.mode == "live" else ""
        rows = [
            ("Mode", f"{self.mode} ({self.why})"),
            ("Hub", hub),
            ("Data", self._data),
            ("Models", self._models),
            ("Device", str(self.gpu) if self.gpu else f"CPU, {os.cpu_count()} cores"),
            (
                "Memory",
                f"{machine.memory_gib():.0f} GiB; needed: {self.entry.memory_gib(self.mode):g} GiB{estimated}",
            ),
            ("Free disk", f"{machine.free_disk_gib(self.outputs):.0f} GiB"),
            ("Results", paths.shown(self.outputs)),
            ("Takes about", self._takes() + estimated),
            ("To switch", f"restart the kernel, then workbook.start({self.notebook!r}, mode={switch!r})"),
        ]
        return rows + [("Note", note) for note in self._notes]

    def _what_is_real(self) -> tuple[str, str]:
        """What a person should know of data and models before they read a score."""
        if self._served is None:
            known = self.hub == machine.DEFAULT_ENDPOINT
            return (origins.data(self.entry, None), "real") if known else ("as the mirror has them",) * 2
        import standin

        kinds = standin.kinds_of_models(self._served, paths.resource("data"))
        return origins.data(self.entry, self._served), origins.models(kinds)

    def _takes(self) -> str:
        return self.entry.takes(self.mode, gpu=self.gpu is not None or _works_elsewhere(self.notebook))

    def __repr__(self) -> str:
        return "\n".join(f"{name:<12} {value}" for name, value in self._rows())

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in self._rows()
        )
        return f"<table>{cells}</table>"


def _enter_sandbox(folder: Path, overlays: list[Path], early: list[str]) -> str:
    """Start the stand-in once a process, and point the clients at it. Returns its address."""
    global _sandbox
    if _sandbox is not None:
        return _sandbox.url
    if early:
        raise WorkbookError(
            f"{', '.join(early)} was imported before workbook.start(), and has read its settings already: it would "
            "talk to the real Hub. Restart the kernel and run the notebook from its first cell."
        )
    import standin

    try:
        _sandbox = standin.serve(folder, paths.resource("data"), overlays, port=_port())
    except standin.StandinError as error:
        raise WorkbookError(" ".join(filter(None, (str(error), _SETTING.get(error.about))))) from error
    enter_sandbox(_sandbox.url, folder / "huggingface")
    return _sandbox.url


def _works_elsewhere(notebook: str) -> bool:
    """Whether all the work of a live notebook is done by a named teacher on another machine."""
    teacher = os.environ.get("OPENAI_BASE_URL", "")
    return (
        notebook == "07_r1_labelling"
        and urlsplit(teacher).hostname is not None
        and not machine.is_here(teacher)
    )


def _folders(variable: str) -> list[Path]:
    """The folders that an environment variable names; relative ones are looked for from here and from the clone."""
    named = [part for part in os.environ.get(variable, "").split(os.pathsep) if part]
    bases = [Path.cwd(), *filter(None, [paths.clone_root()])]
    return [
        next((base / part for base in bases if (base / part).is_dir()), Path(part)).resolve()
        for part in named
    ]


def _port() -> int:
    text = os.environ.get("WORKBOOK_SANDBOX_PORT", "0")
    if not (text.isdecimal() and int(text) < 65536):
        raise WorkbookError(
            f"WORKBOOK_SANDBOX_PORT={text!r} is not a port. Unset it, or give a number below 65536."
        )
    return int(text)


def _set_seed(seed: int) -> None:
    """Seed Python and NumPy, and torch where it is imported (transformers.set_seed does so once it is)."""
    import numpy

    random.seed(seed)
    numpy.random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def _show(lab: Lab) -> None:
    """The table: as HTML in a notebook, as text elsewhere."""
    if "IPython" in sys.modules:
        from IPython import get_ipython
        from IPython.display import display

        if getattr(get_ipython(), "kernel", None) is not None:
            display(lab)
            return
    print(lab)


def _is_true(text: str | None) -> bool:
    return bool(text) and text.lower() not in ("0", "false", "no", "off")


def _plain(value: Any) -> Any:
    """Numbers of NumPy and torch as Python's own, so that JSON takes them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value
