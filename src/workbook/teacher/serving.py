"""Find a teacher, or start one: `transformers serve` with a distilled R1, as a child process."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from workbook import machine
from workbook.errors import WorkbookError
from workbook.teacher.client import NAME_ONE, Teacher, connect, reach

SMALL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"
LARGE = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
MEMORY_FOR_LARGE = 22.0  # GiB: 15 for the weights in half precision, the rest for the answers under way
_LOG_LINES = 25
_NEEDED = ("fastapi", "uvicorn", "openai", "pydantic")

# The child ends with this process, however that ends: its standard input closes then, on every system.
_CHILD = """
import os, sys, threading
def until_the_parent_is_gone():
    while os.read(0, 4096):  # not sys.stdin: a reader's lock held at the end is a fatal error
        pass
    os._exit(0)
threading.Thread(target=until_the_parent_is_gone, daemon=True).start()
from transformers.cli.transformers import main
sys.argv[0] = "transformers"
main()
"""


def find() -> Teacher:
    """The teacher that OPENAI_BASE_URL names; where it names none, one started on this machine's GPU.

    Raises WorkbookError: neither a server nor a GPU, and what `connect` and `serve` raise.
    """
    return check() or serve()


def check() -> Teacher | None:
    """Make sure early that `find` will have a teacher: the named one, or None where it would start one on the GPU.

    Call it before hours of work that end in a question. Raises WorkbookError as `find` does, and starts nothing.
    """
    if os.environ.get("OPENAI_BASE_URL", "").strip():
        return connect()
    if not (machine.nvidia_gpu() or machine.apple_gpu()):
        raise WorkbookError(
            "There is no teacher: OPENAI_BASE_URL names no server, and there is no GPU here to start one on. "
            f"{NAME_ONE} To learn without one, restart in sandbox mode."
        )
    _check_packages()
    return None


def model_that_fits() -> str:
    """The larger distilled R1 where the GPU has the memory for it, else the smaller one."""
    gpu = machine.nvidia_gpu()
    return LARGE if gpu and (gpu.memory_gib or 0) >= MEMORY_FOR_LARGE else SMALL


def serve(
    model: str | None = None,
    *,
    start_within: float = 1800.0,
    timeout: float = 600.0,
    options: tuple[str, ...] | None = None,
) -> Teacher:
    """Start `transformers serve` with `model` on a free port of this machine; it is ready when this returns.

    It ends with `teacher.stop()`, or with this process. start_within: seconds, the download of the model included.
    options: for `transformers serve`; None batches requests continuously where there is an NVIDIA GPU that can.

    Raises WorkbookError, with the end of its log, if it does not start or answer.
    """
    model = model or model_that_fits()
    _check_packages()
    if options is None and machine.nvidia_gpu():
        # Many requests at once. Where this card or these versions cannot do it, one after the other still works.
        with contextlib.suppress(WorkbookError):
            return _start(model, ("--continuous-batching",), start_within, timeout)
    return _start(model, options or (), start_within, timeout)


def _start(model: str, options: tuple[str, ...], start_within: float, timeout: float) -> Teacher:
    """Start the server, wait for its health, and put one short request to it. Raises WorkbookError with its log."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    log = Path(tempfile.mkdtemp(prefix="teacher-")) / "serve.log"
    arguments = ["serve", model, "--host", "127.0.0.1", "--port", str(port), *options]
    with log.open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, *arguments],
            stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"},
        )  # fmt: skip

    def stop() -> None:
        atexit.unregister(stop)
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        child.stdin.close()
        shutil.rmtree(log.parent, ignore_errors=True)

    atexit.register(stop)
    try:
        if problem := _wait_for_health(address, child, start_within):
            raise WorkbookError(_with_log(model, problem, log))
        teacher = reach(f"{address}/v1", "transformers serve", model, timeout, retries=1)
        hello = {"model": teacher.model, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}
        answer = teacher.send(hello)
        if not answer.arrived:
            raise WorkbookError(_with_log(model, f"does not answer ({answer.error})", log))
    except BaseException:
        stop()
        raise
    return replace(teacher, stop=stop)


def _check_packages() -> None:
    from importlib.util import find_spec

    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise WorkbookError(
            f'`transformers serve` needs {" and ".join(missing)}: pip install "transformers[serving]". Or name a '
            "server that runs already: OPENAI_BASE_URL."
        )


def _wait_for_health(address: str, child: subprocess.Popen, seconds: float) -> str | None:
    """None once the server is well, else what became of it."""
    import httpx

    until = time.monotonic() + seconds
    while child.poll() is None:
        if time.monotonic() > until:
            return "did not get ready in time"
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{address}/health", timeout=5, trust_env=False).is_success:  # past any proxy
                return None
        time.sleep(0.5)
    return f"ended with code {child.returncode}"


def _with_log(model: str, problem: str, log: Path) -> str:
    end = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:])
    return (
        f"`transformers serve {model}` {problem}. The end of its log:\n\n{end}\n\n"
        "Often the memory is too small for the model, another process holds the GPU, or the Hub was not reached."
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
