"""Executes notebooks from top to bottom, each in its own kernel, and saves copies and results (`workbook run`)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import psutil
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from workbook import machine, paths
from workbook.commands import mirror
from workbook.commands.cleaning import clean
from workbook.commands.screen import Screen
from workbook.errors import WorkbookError
from workbook.wording import size

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_SAMPLE_SECONDS = 0.5  # between two looks at the kernel's memory
_INTERRUPT_SECONDS = 8.0  # for a cell to end after Ctrl-C


@dataclass
class Run:
    """One execution of one notebook, as `run.json` holds it. `cell` numbers are Jupyter's `In [n]`."""

    notebook: str
    mode: str
    results: str = ""  # the folder its metrics are in: another one where two kernels run the same notebook
    status: str = "running"  # then passed | failed | interrupted
    started: str = ""
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    cells: int = 0
    cells_done: int = 0
    cell_seconds: list[float] = field(default_factory=list)  # of each cell that ran, in order
    error: dict[str, Any] | None = None
    overlays: list[str] = field(default_factory=list)  # names of the folders served over the workbook's data
    mirror: bool = False  # whether a mirror on this machine served them, in place of the Hub
    system: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return self.status == "passed"


def select(folder: Path, wanted: Sequence[str] = ()) -> list[Path]:
    """The notebooks of `folder` in order; only those `wanted` by number ("3", "03") or name, if any.

    Raises WorkbookError for a folder without notebooks, and for an unknown notebook, naming those that exist.
    """
    there = sorted(path for path in folder.glob("*.ipynb") if path.stem[:1].isdigit())
    if not there:
        raise WorkbookError(
            f"There are no notebooks in {paths.shown(folder)}. Name their folder: workbook run --notebooks DIR."
        )
    if not wanted:
        return there
    chosen = set()
    for name in wanted:
        stem = Path(name).stem
        if stem.isdecimal():
            found = [path for path in there if int(path.stem.split("_")[0]) == int(stem)]
        else:
            found = [path for path in there if path.stem == stem]
        if not found:
            raise WorkbookError(
                f"There is no notebook '{name}'. There are: {', '.join(p.stem for p in there)}."
            )
        chosen.update(found)
    return [path for path in there if path in chosen]


def kernel_environment(mode: str, outputs: Path, hub_roots: Sequence[Path] = ()) -> dict[str, str]:
    """This process's environment, with the variables that give a notebook's kernel its mode, outputs and overlays.

    In live mode `hub_roots` are only named: `mirror.serving` serves them. Raises WorkbookError for a root that is not
    a folder.
    """
    environment = dict(os.environ)
    environment["WORKBOOK_MODE"] = mode
    environment["WORKBOOK_OUTPUTS"] = str(outputs.resolve())
    environment.pop("WORKBOOK_MIRROR", None)
    for root in hub_roots:
        if not root.is_dir():
            raise WorkbookError(
                f"{paths.shown(root.absolute())} is not a folder. Give one laid out like the Hub, with models/, "
                "datasets/ or spaces/ in it: --hub-root DIR."
            )
    if hub_roots and mode == "live":
        environment["WORKBOOK_MIRROR"] = os.pathsep.join(root.resolve().name for root in hub_roots)
    elif hub_roots:
        environment["WORKBOOK_HUB_ROOTS"] = os.pathsep.join(str(root.resolve()) for root in hub_roots)
    # Nobody watches this kernel: progress bars would only fill the executed copy.
    environment.setdefault("TQDM_DISABLE", "1")
    environment.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    return environment


def execute(
    path: Path,
    mode: str,
    environment: dict[str, str],
    *,
    timeout: float | None = None,
    watch: Callable[[Run], None] = lambda run: None,
) -> tuple[Any, Run]:
    """Execute the notebook at `path` in a fresh kernel of this interpreter, in the notebook's own folder.

    Returns the executed notebook, cleaned, and its Run, however it ended: a failing cell, a cell that exceeds `timeout`
    seconds, a dead kernel and Ctrl-C (status "interrupted") are recorded in the Run, not raised.
    `watch` is called about twice a second. Raises WorkbookError for a file that is not a notebook.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise WorkbookError(
            f"{path.name} cannot be read as a notebook ({error}). Download it again from the repository."
        ) from error
    roots = environment.get("WORKBOOK_HUB_ROOTS" if mode == "sandbox" else "WORKBOOK_MIRROR", "")
    run = Run(
        notebook=path.stem,
        results=path.stem,
        mode=mode,
        started=datetime.now().astimezone().isoformat(timespec="seconds"),
        cells=sum(1 for cell in notebook.cells if _runs(cell)),
        overlays=[Path(root).name for root in roots.split(os.pathsep) if root],
        mirror=mode == "live" and bool(roots),
        system=machine.system(),
        versions=machine.versions(),
    )
    for cell in notebook.cells:  # an earlier run's outputs must not pass for this run's
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory(prefix="workbook-") as told:
        results = Path(told) / "results"
        environment = {**environment, "WORKBOOK_TELL_RESULTS": str(results)}
        _Execution(notebook, path.parent, run, environment, timeout).join(watch)
        if results.is_file():  # else the notebook never came to workbook.start()
            run.results = results.read_text(encoding="utf-8")
    return clean(notebook), run


def save(notebook: Any, run: Run, folder: Path) -> Path:
    """Write the executed copy and `run.json` to `folder`, each complete or not at all.

    Raises WorkbookError where the folder cannot be written.
    """
    copy = folder / f"{run.notebook}.ipynb"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths.write_json(folder / "run.json", asdict(run))
        paths.write_text(copy, nbformat.writes(notebook))
    except OSError as error:
        raise _not_writable(folder, error) from error
    return copy


def _not_writable(folder: Path, error: OSError) -> WorkbookError:
    return WorkbookError(
        f"The executed copy cannot be written to {paths.shown(folder)} ({error.strerror or error}). "
        "Make the folder writable, or write results elsewhere: WORKBOOK_OUTPUTS=<folder>."
    )


def run_notebooks(
    notebooks: Sequence[Path],
    mode: str,
    outputs: Path,
    *,
    hub_roots: Sequence[Path] = (),
    keep_going: bool = False,
    timeout: float | None = None,
    out: Any = None,
) -> list[Run]:
    """Run the notebooks in order, report on `out` (standard output), and save copies under `outputs`.

    Stops at the first that fails unless `keep_going`, and at Ctrl-C. Returns the runs that took place.
    """
    environment = kernel_environment(mode, outputs, hub_roots)
    try:  # before anything has run for hours
        (outputs / mode).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=outputs / mode).close()
    except OSError as error:
        raise _not_writable(outputs / mode, error) from error
    screen = Screen(out or sys.stdout, len(notebooks), max(len(path.stem) for path in notebooks))
    runs: list[Run] = []
    with contextlib.ExitStack() as stack:
        if hub_roots and mode == "live":
            stack.enter_context(mirror.serving(hub_roots, outputs / "mirror", environment))
        for number, path in enumerate(notebooks, 1):
            screen.begins(number, path.stem)
            notebook, run = execute(path, mode, environment, timeout=timeout, watch=screen.watch)
            copy = save(notebook, run, outputs / mode / run.results)
            runs.append(run)
            screen.ended(run, copy)
            if run.status == "interrupted" or (not run.passed and not keep_going):
                break
    screen.summary(runs, [path.stem for path in notebooks], outputs / mode)
    return runs


class _ThisInterpreter(KernelSpecManager):
    """Every kernel name means this interpreter: a kernel registered as python3 elsewhere is another environment."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


class _Execution:
    """nbclient in a thread with an event loop of its own, so that Ctrl-C stays ours and the screen alive."""

    def __init__(
        self, notebook: Any, folder: Path, run: Run, environment: dict[str, str], timeout: float | None
    ):
        quiet = logging.getLogger("workbook.nbclient")
        quiet.addHandler(logging.NullHandler())
        quiet.propagate = False
        self.run, self.environment = run, environment
        self.current: Any = None
        self.cell_began = 0.0
        self.km = AsyncKernelManager(kernel_spec_manager=_ThisInterpreter(), log=quiet)
        self.words = tempfile.TemporaryFile()  # noqa: SIM115  what the kernel says outside of cells
        self.client = NotebookClient(
            notebook,
            km=self.km,
            resources={"metadata": {"path": str(folder)}},
            timeout=timeout or None,
            record_timing=False,
            log=quiet,
            on_cell_start=self._cell_starts,
            on_cell_executed=self._cell_executed,
        )
        self.loop: asyncio.AbstractEventLoop | None = None
        self.task: asyncio.Task | None = None
        self.raised: BaseException | None = None
        self.began = time.monotonic()
        self.thread = threading.Thread(target=self._work, name="notebook", daemon=True)
        self.thread.start()

    def join(self, watch: Callable[[Run], None]) -> None:
        """Wait for the end, and put it into the Run."""
        run = self.run
        try:
            while self.thread.is_alive():
                self._sample(watch)
                self.thread.join(_SAMPLE_SECONDS)
            run.status = "failed" if self.raised else "passed"
        except KeyboardInterrupt:
            self._interrupt()
            run.status = "interrupted"
        run.seconds = round(time.monotonic() - self.began, 2)
        if self.raised:
            run.error = self._error(self.raised)
        self.words.close()

    # --- in the thread ------------------------------------------------------------------------------

    def _work(self) -> None:
        async def main() -> None:
            self.loop, self.task = asyncio.get_running_loop(), asyncio.current_task()
            # The manager is ours, so nbclient leaves its end to us; cleanup_kc hands it over.
            await self.client.async_execute(
                env=self.environment, cleanup_kc=True, stdout=self.words, stderr=self.words
            )

        try:
            if sys.platform == "win32":  # zmq needs a loop with add_reader
                with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                    runner.run(main())
            else:
                asyncio.run(main())
        except BaseException as error:
            self.raised = error

    def _cell_starts(self, cell: Any, cell_index: int) -> None:
        self.current = cell if _runs(cell) else None
        self.cell_began = time.monotonic()

    def _cell_executed(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        if execute_reply:
            self.run.cell_seconds.append(round(time.monotonic() - self.cell_began, 3))
        if execute_reply and execute_reply["content"]["status"] == "ok":
            self.run.cells_done += 1
            self.current = None
        elif "raises-exception" in cell.metadata.get("tags", []):
            self.run.cells_done += 1

    # --- beside it ----------------------------------------------------------------------------------

    def _sample(self, watch: Callable[[Run], None]) -> None:
        self.run.seconds = time.monotonic() - self.began
        pid = getattr(getattr(self.km, "provisioner", None), "pid", None)
        if pid:
            self.run.peak_memory_bytes = max(self.run.peak_memory_bytes, _tree_memory(pid))
        watch(self.run)

    def _interrupt(self) -> None:
        """What Ctrl-C in a terminal does: the cell gets KeyboardInterrupt and time to end; then the kernel goes."""
        if self.loop is None or self.task is None:
            return
        try:
            asyncio.run_coroutine_threadsafe(self.km.interrupt_kernel(), self.loop)
            self.thread.join(_INTERRUPT_SECONDS)
        except KeyboardInterrupt:
            pass  # a second Ctrl-C: now
        if self.thread.is_alive():
            self.client.shutdown_kernel = "immediate"
            self.loop.call_soon_threadsafe(self.task.cancel)
            self.thread.join(_INTERRUPT_SECONDS)

    def _error(self, raised: BaseException) -> dict[str, Any]:
        number = next(
            (
                n
                for n, cell in enumerate((c for c in self.client.nb.cells if _runs(c)), 1)
                if cell is self.current
            ),
            None,
        )
        source = self.current.source.strip().splitlines() if self.current is not None else []
        if len(source) > 6:
            source = [*source[:6], f"… {len(source) - 6} more lines"]
        error: dict[str, Any] = {"cell": number, "source": source, "traceback": []}
        if isinstance(raised, CellExecutionError):
            error["name"], error["message"] = raised.ename, _ANSI.sub("", str(raised.evalue))
            error["traceback"] = _ANSI.sub("", raised.traceback).splitlines()
        elif isinstance(raised, CellTimeoutError):
            error["name"] = "Timeout"
            error["message"] = (
                "The cell took longer than allowed. Raise the limit (--timeout SECONDS), or choose a smaller size."
            )
        elif isinstance(raised, DeadKernelError):
            error["name"] = "The kernel died"
            error["message"] = (
                f"It used up to {size(self.run.peak_memory_bytes)}, and the machine has "
                f"{size(psutil.virtual_memory().total)}. Usually memory ran out: close other programs, or choose "
                "a smaller batch. What the notebook saved is still there: run it again to continue from it."
            )
            error["traceback"] = self._last_words()
        else:
            error["name"], error["message"] = type(raised).__name__, str(raised)
        return error

    def _last_words(self) -> list[str]:
        """What the kernel's process wrote last: a crash in native code says there which."""
        self.words.seek(0)
        lines = self.words.read().decode(errors="replace").splitlines()
        return [line for line in lines if not line.startswith("[IPKernelApp]")][-20:]


def _runs(cell: Any) -> bool:
    return cell.cell_type == "code" and bool(cell.source.strip())


def _tree_memory(pid: int) -> int:
    """Resident bytes of a process and all below it (shared pages count once a process)."""
    total = 0
    try:
        kernel = psutil.Process(pid)
        for process in (kernel, *kernel.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.Error:
        pass  # it ended between two looks
    return total
