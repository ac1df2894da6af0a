"""Executes notebooks from top to bottom, each in its own kernel, and saves copies and results (`workbook run`)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
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
from workbook.commands.results import Failure, Run
from workbook.commands.screen import Screen
from workbook.errors import WorkbookError
from workbook.wording import size

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_SAMPLE_SECONDS = 0.5  # between two looks at the kernel's memory
_INTERRUPT_SECONDS = 8.0  # for a cell to end after Ctrl-C
_SHOWN_LINES = 6  # of the source of a cell that failed


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
        number = stem.lstrip("0") if stem.isdecimal() else None
        found = {p for p in there if p.stem == stem or p.stem.split("_")[0].lstrip("0") == number}
        if not found:
            names = ", ".join(path.stem for path in there)
            raise WorkbookError(f"There is no notebook '{name}'. There are: {names}.")
        chosen |= found
    return [path for path in there if path in chosen]


def kernel_environment(mode: str, outputs: Path, hub_roots: Sequence[Path] = ()) -> dict[str, str]:
    """This process's environment, with the variables that give a notebook's kernel its mode, outputs and overlays.

    In live mode `hub_roots` are only named: `mirror.serving` serves them. Raises WorkbookError for a root that is not
    a folder.
    """
    for root in hub_roots:
        if not root.is_dir():
            raise WorkbookError(
                f"{paths.shown(root.absolute())} is not a folder. Give one laid out like the Hub, with models/, "
                "datasets/ or spaces/ in it: --hub-root DIR."
            )
    environment = {**os.environ, "WORKBOOK_MODE": mode, "WORKBOOK_OUTPUTS": str(outputs.resolve())}
    environment.pop("WORKBOOK_MIRROR", None)
    if hub_roots:
        variable = "WORKBOOK_MIRROR" if mode == "live" else "WORKBOOK_HUB_ROOTS"
        environment[variable] = os.pathsep.join(str(root.resolve()) for root in hub_roots)
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
    with one_interrupt(), tempfile.TemporaryDirectory(prefix="workbook-") as told:
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
    with _writing_to(folder):
        paths.write_json(folder / "run.json", asdict(run))
        paths.write_text(copy, nbformat.writes(notebook))
    return copy


@contextlib.contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise WorkbookError(
            f"The executed copy cannot be written to {paths.shown(folder)} ({error.strerror or error}). "
            "Make the folder writable, or write results elsewhere: WORKBOOK_OUTPUTS=<folder>."
        ) from error


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
    with _writing_to(outputs / mode):  # before anything has run for hours
        tempfile.TemporaryFile(dir=outputs / mode).close()
    screen = Screen(out or sys.stdout, len(notebooks), max(len(path.stem) for path in notebooks))
    runs: list[Run] = []
    with one_interrupt(), contextlib.ExitStack() as stack:
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


@contextlib.contextmanager
def one_interrupt() -> Iterator[None]:
    """Within this block the first Ctrl-C raises KeyboardInterrupt, and more of them do nothing.

    What follows the first (ending a kernel, saving its copy) is short, and half of it done is worse than none.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # somebody else's to decide: an outer block, or `nohup`
        return

    def first(*_: Any) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
            run.error = self._failure(self.raised)

    # --- in the thread ------------------------------------------------------------------------------

    def _work(self) -> None:
        async def main() -> None:
            self.loop, self.task = asyncio.get_running_loop(), asyncio.current_task()
            # The manager is ours, so nbclient leaves its end to us; cleanup_kc hands it over.
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            await self.client.async_execute(env=self.environment, cleanup_kc=True, **quiet)

        try:
            windows = sys.platform == "win32"  # where zmq needs a loop with add_reader
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop if windows else None) as runner:
                runner.run(main())
        except BaseException as error:
            self.raised = error

    def _cell_starts(self, cell: Any, cell_index: int) -> None:
        self.current = cell if _runs(cell) else None
        self.cell_began = time.monotonic()

    def _cell_executed(self, cell: Any, cell_index: int, execute_reply: Any) -> None:
        if execute_reply:
            self.run.cell_seconds.append(round(time.monotonic() - self.cell_began, 3))
            if execute_reply["content"]["status"] == "ok" or "raises-exception" in cell.metadata.get(
                "tags", []
            ):
                self.run.cells_done += 1
                self.current = None

    # --- beside it ----------------------------------------------------------------------------------

    def _sample(self, watch: Callable[[Run], None]) -> None:
        self.run.seconds = time.monotonic() - self.began
        if pid := getattr(self.km.provisioner, "pid", None):
            self.run.peak_memory_bytes = max(self.run.peak_memory_bytes, _tree_memory(pid))
        watch(self.run)

    def _interrupt(self) -> None:
        """What Ctrl-C in a terminal does: the cell gets KeyboardInterrupt and time to end; then the kernel goes."""
        if self.loop is None or self.task is None:
            return
        asyncio.run_coroutine_threadsafe(self.km.interrupt_kernel(), self.loop)
        self.thread.join(_INTERRUPT_SECONDS)
        if self.thread.is_alive():
            self.client.shutdown_kernel = "immediate"
            self.loop.call_soon_threadsafe(self.task.cancel)
            self.thread.join(_INTERRUPT_SECONDS)

    def _failure(self, raised: BaseException) -> Failure:
        failure = Failure(name=type(raised).__name__, message=str(raised))
        if self.current is not None:
            numbered = enumerate((cell for cell in self.client.nb.cells if _runs(cell)), 1)
            failure.cell = next((number for number, cell in numbered if cell is self.current), None)
            lines = self.current.source.strip().splitlines()
            more = [f"… {len(lines) - _SHOWN_LINES} more lines"] if len(lines) > _SHOWN_LINES else []
            failure.source = lines[:_SHOWN_LINES] + more
        if isinstance(raised, CellExecutionError):
            failure.name, failure.message = raised.ename, _ANSI.sub("", str(raised.evalue))
        elif isinstance(raised, CellTimeoutError):
            failure.name = "Timeout"
            failure.message = "The cell took longer than allowed. Raise the limit (--timeout SECONDS), or choose a smaller size."
        elif isinstance(raised, DeadKernelError):
            failure.name = "The kernel died"
            failure.message = (
                f"It used up to {size(self.run.peak_memory_bytes)} of {size(psutil.virtual_memory().total)}. Usually "
                "memory ran out: close other programs, or choose a smaller batch, and run it again to continue."
            )
        return failure


def _runs(cell: Any) -> bool:
    return cell.cell_type == "code" and bool(cell.source.strip())


def _tree_memory(pid: int) -> int:
    """Resident bytes of a process and all below it (shared pages count once a process)."""
    try:
        kernel = psutil.Process(pid)
        return sum(process.memory_info().rss for process in (kernel, *kernel.children(recursive=True)))
    except psutil.Error:  # one of them ended between two looks
        return 0
