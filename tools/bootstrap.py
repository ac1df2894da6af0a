"""Sets everything up on a machine that has Python and nothing else, then runs the notebooks or the tests.

    python tools/bootstrap.py setup
    python tools/bootstrap.py run  [arguments of `workbook run`]
    python tools/bootstrap.py test [unit] [sandbox] [notebooks] [real_data]

Only the standard library is used. `.venv` in the clone gets torch first, in the version of constraints.txt, then the
rest with `pip install -c constraints.txt -e .[dev,jupyter]`. A stamp in .venv says that this was finished,
and for which pyproject.toml and constraints.txt: as long as they stay the same, a second time takes no time; after an
interruption it goes on where it was.

WORKBOOK_PYTHON=<python> uses that interpreter as it is and installs nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections import deque
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "workbook-setup.json"
LOG = VENV / "workbook-setup.log"
UNPACKING = VENV / "workbook-setup.unpacking"  # there while pip writes packages: see make_venv
OLDEST, NEWEST = (3, 11), (3, 13)
THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"
EXTRAS = "dev,jupyter"
TEST_OUTPUTS = ROOT / "outputs" / "tests"
REAL_DATA = ROOT.parent / "shared" / "hub"
CELL_TIMEOUT = 600  # seconds that one cell may take under nbval
LAYERS = ("unit", "sandbox", "notebooks", "real_data")


def main():
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace", line_buffering=True)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("setup", "run", "test"))
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="for run: what `workbook run` takes; for test: layers"
    )
    options = parser.parse_args()
    if options.command == "test":
        unknown = [layer for layer in options.arguments if layer not in LAYERS]
        if unknown:
            parser.error(f"there is no layer {unknown[0]!r}; there are: {', '.join(LAYERS)}")
    try:
        python = set_up()
        if options.command == "run":
            return run(python, options.arguments)
        if options.command == "test":
            return test(python, options.arguments or LAYERS)
        say(f"ready: {shown(python)}")
        return 0
    except Trouble as trouble:
        say(f"\n{trouble}")
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted. The same command goes on from here.")
        return 130


class Trouble(Exception):
    """What went wrong and what to do about it."""


def say(text):
    print(text, flush=True)


# --- setup ------------------------------------------------------------------------------------------


def set_up():
    """Make .venv complete, and return its Python."""
    if named := os.environ.get("WORKBOOK_PYTHON"):
        found = shutil.which(named)
        if not found:
            raise Trouble(f"WORKBOOK_PYTHON={named} is no program. Give the path of a Python, or unset it.")
        return Path(os.path.abspath(found))
    check_python()
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = fingerprint()
    if python.exists() and read_stamp() == wanted:
        return python
    began = time.monotonic()
    say(f"Setting up {shown(VENV)} (once; Python {platform.python_version()}).")
    check_disk()
    make_venv(python)
    STAMP.unlink(missing_ok=True)
    LOG.write_text("", encoding="utf-8")
    torch = pinned("torch")
    if installed(python, "torch") != torch:
        pip(python, f"torch {torch}", "install", "-c", "constraints.txt", f"torch=={torch}")
    pip(python, "everything else", "install", "-c", "constraints.txt", "-e", f".[{EXTRAS}]")
    draft = STAMP.with_suffix(".tmp")
    draft.write_text(json.dumps(wanted), encoding="utf-8")
    os.replace(draft, STAMP)
    say(f"  set up in {duration(time.monotonic() - began)}\n")
    return python


def check_python():
    version = sys.version_info[:2]
    named = f"Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    if version < OLDEST:
        raise Trouble(
            f"This is Python {platform.python_version()}; the workbook needs {named}. Install one (python.org, your "
            f"package manager, or conda with environment.yml) and name it: make PYTHON=python3.11 …, or on Windows "
            "py -3.11 tools\\bootstrap.py …"
        )
    if version > NEWEST:
        say(f"Note: Python {platform.python_version()} is newer than what is tested ({named}).")
    if sys.maxsize < 2**32:
        raise Trouble("This is a 32-bit Python, for which there is no torch. Install the 64-bit one.")
    if platform.system() == "Darwin" and platform.machine() == "x86_64":
        raise Trouble(
            "torch is no longer made for Macs with an Intel processor. Use Colab (the badge in each notebook). On Apple "
            "silicon this message means that Python runs under Rosetta: install the arm64 Python."
        )


def check_disk():
    free = shutil.disk_usage(ROOT).free / 2**30
    if free < 3:
        raise Trouble(
            f"The disk of {shown(ROOT)} has {free:.1f} GiB free; torch and the rest need 3 (on Linux with CUDA 8). Make room."
        )


def fingerprint():
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes().replace(b"\r\n", b"\n"))
    return {
        "sha256": digest.hexdigest(),
        "extras": EXTRAS,
        "python": platform.python_version(),
        "root": str(ROOT),
    }


def read_stamp():
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def make_venv(python):
    """Make .venv, or keep the one there is where it is whole, its pip answers and its Python is this one."""
    if UNPACKING.exists():
        # pip takes a package for complete once its description is there: one cut off in the middle it would keep.
        say(
            "  the last setup was cut off while it unpacked: making the environment anew (downloads are kept)"
        )
    elif python.exists():
        probe = "import pip, sys; print('%d.%d' % sys.version_info[:2])"
        answer = subprocess.run([str(python), "-c", probe], capture_output=True, text=True)
        if answer.returncode == 0 and answer.stdout.split() == [THIS]:
            return
    if VENV.exists() and not (VENV / "pyvenv.cfg").exists() and any(VENV.iterdir()):
        raise Trouble(f"{shown(VENV)} is there and is no virtual environment. Move it away, then try again.")
    say("  making the virtual environment")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True
    )
    if made.returncode:
        text = made.stdout + made.stderr
        if "ensurepip" in text:
            name = f"python{THIS}-venv"
            raise Trouble(
                f"This Python cannot make virtual environments. On Debian and Ubuntu: sudo apt install {name}"
            )
        raise Trouble(f"The virtual environment cannot be made:\n{text.strip()}\n{diagnosis(text)}")


def pinned(name):
    """The version that constraints.txt names."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    found = re.search(rf"(?m)^{re.escape(name)}==([^\s;]+)", text)
    if not found:
        raise Trouble(f"constraints.txt has no line {name}==…: take the file anew from the repository.")
    return found.group(1)


def installed(python, name):
    """The version of a package in that environment, without its build (+cpu, +cu130), or None."""
    code = f"import importlib.metadata as m; print(m.version({name!r}).split('+')[0])"
    answer = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    return answer.stdout.strip() if answer.returncode == 0 else None


def pip(python, what, *arguments):
    """Run pip, show where it is, keep all it says in the log; explain what went wrong where something does."""
    began = time.monotonic()
    process = subprocess.Popen(
        [
            str(python),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            *arguments,
            "--progress-bar",
            "off",
        ],
        cwd=str(ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    state = {"doing": "looking up versions", "packages": 0}
    tail = deque(maxlen=400)

    def read():
        with open(LOG, "a", encoding="utf-8") as log:
            log.write(f"$ pip {' '.join(arguments)}\n")
            for line in process.stdout:
                log.write(line)
                tail.append(line.rstrip())
                words = line.split()
                if line.startswith("Collecting "):
                    state["packages"] += 1
                    state["doing"] = words[1]
                elif words[:1] in (["Downloading"], ["Building"], ["Using"]) and len(words) > 1:
                    name = words[1].rsplit("/", 1)[-1].split("-")[0]
                    size = re.search(r"\(([\d.]+ [kMG]B)\)", line)
                    state["doing"] = f"{words[0].lower()} {name}" + (f", {size.group(1)}" if size else "")
                elif line.startswith("Installing collected packages"):
                    state["doing"] = f"unpacking {line.count(',') + 1} packages"
                    UNPACKING.touch()
                elif "Retrying" in line:
                    state["doing"] = "the network does not answer, trying again"

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    alive = sys.stdout.isatty()
    beaten = began
    if not alive:
        say(f"  installing {what}")
    try:
        while reader.is_alive():
            reader.join(0.5)
            now = time.monotonic()
            status = f"{duration(now - began)}  {state['packages']} packages, {state['doing']}"
            if alive:
                width = shutil.get_terminal_size().columns - 1
                print("\r\x1b[2K" + f"  installing {what}: {status}"[:width], end="", flush=True)
            elif now - beaten >= 15:
                beaten = now
                say(f"    {status}")
    except KeyboardInterrupt:
        process.terminate()
        raise
    finally:
        if alive:
            print("\r\x1b[2K", end="", flush=True)
    if process.wait():
        text = "\n".join(tail)
        end = "\n".join(f"    {line}" for line in list(tail)[-12:])
        raise Trouble(
            f"pip could not install {what}:\n{end}\n\n{diagnosis(text)}\nAll that pip said: {shown(LOG)}"
        )
    UNPACKING.unlink(missing_ok=True)
    say(f"  installed {what} in {duration(time.monotonic() - began)}")


def diagnosis(text):
    """Cause and cure of a failed installation, read from what was printed."""
    known = (
        (r"No space left|Errno 28|not enough space|disk full",
         "The disk is full. Make room (pip cache purge frees pip's own share), then run the same command again."),
        (r"name resolution|getaddrinfo|NewConnectionError|Max retries|timed out|Network is unreachable|Connection reset|ProxyError",
         "The network did not answer. Check it, and the proxy (HTTPS_PROXY), then run the same command again: what is "
         "downloaded stays."),
        (r"CERTIFICATE_VERIFY_FAILED|SSLError",
         "A proxy or virus scanner puts its own certificate in between. Name it: PIP_CERT=<file>."),
        (r"HASH|hashes", "A download was broken. Run: pip cache purge; then the same command again."),
        (r"No matching distribution found for torch",
         "There is no torch of the tested version for this Python or system. "
         f"Use a 64-bit Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} on Linux, Windows or a Mac with Apple silicon."),
        (r"No matching distribution|ResolutionImpossible",
         "A version in constraints.txt is not to be had here. Check the package index that pip is set to use (pip config list)."),
        (r"Permission denied|Errno 13|Access is denied",
         "A file cannot be written. Close notebooks that use .venv, or delete .venv, then run the same command again."),
        (r"ReadTimeout", "The network is slow. Run the same command again: what is downloaded stays."),
    )  # fmt: skip
    for pattern, cure in known:
        if re.search(pattern, text):
            return cure
    return "Delete .venv and run the same command again; if it fails in the same way, open an issue with the log."


# --- run --------------------------------------------------------------------------------------------


def run(python, arguments):
    """The notebooks, then the page that gathers their results; the notebooks' exit code."""
    code = call([python, "-m", "workbook", "run", *arguments])
    if code in (0, 1):
        report = call([python, "-m", "workbook", "report"])
        return code or report
    return code


# --- test -------------------------------------------------------------------------------------------


def test(python, layers):
    """The layers one after another, each with pytest's own progress; then a table. 1 where something failed."""
    results = []
    interrupted = False
    for number, layer in enumerate(layers, 1):
        say(f"── {number}/{len(layers)} {layer} " + "─" * (60 - len(layer)))
        began = time.monotonic()
        try:
            counts, note = run_layer(python, layer)
        except KeyboardInterrupt:
            counts, note, interrupted = {"passed": 0, "failed": 0, "skipped": 0}, "interrupted", True
        seconds = time.monotonic() - began
        results.append((layer, counts, seconds, note))
        say(f"{layer}: {summary(counts)} in {duration(seconds)}{f' ({note})' if note else ''}\n")
        if interrupted:
            break
    width = max(len(layer) for layer in layers)
    say(f"{'layer':<{width}}  {'passed':>7}  {'failed':>7}  {'skipped':>7}  {'time':>10}")
    for layer, counts, seconds, note in results:
        numbers = "  ".join(f"{counts[key]:>7}" for key in ("passed", "failed", "skipped"))
        say(f"{layer:<{width}}  {numbers}  {duration(seconds):>10}  {note}".rstrip())
    for layer in layers[len(results) :]:
        say(f"{layer:<{width}}  not run")
    total = {key: sum(counts[key] for _, counts, _, _ in results) for key in ("passed", "failed", "skipped")}
    say(f"\nin {duration(sum(seconds for _, _, seconds, _ in results))}")
    say(summary(total))
    if interrupted:
        return 130
    return 1 if total["failed"] else 0


def run_layer(python, layer):
    """Counts of one layer, and a remark. A pytest that ends without counts is a failure of its own."""
    if layer == "real_data" and not REAL_DATA.is_dir():
        reason = "the real data are not beside the clone"
        say(f"skipped: {reason}")
        return {"passed": 0, "failed": 0, "skipped": 1}, reason
    environment = dict(os.environ, WORKBOOK_STRICT="1", PYTHONUTF8="1", TOKENIZERS_PARALLELISM="false")
    # Two files at a time: a miniature trains on one core, and much of a sandbox test is waiting.
    two_at_a_time = ["-n", "2", "--dist", "loadfile"]
    runs = [[*two_at_a_time, f"tests/{layer}"]]
    if layer == "sandbox":  # what is held against the clock runs alone
        runs = [[*two_at_a_time, "-m", "not timing", f"tests/{layer}"], ["-m", "timing", f"tests/{layer}"]]
    if layer == "notebooks":
        shutil.rmtree(TEST_OUTPUTS, ignore_errors=True)
        environment.update(WORKBOOK_MODE="sandbox", WORKBOOK_OUTPUTS=str(TEST_OUTPUTS), TQDM_DISABLE="1")
        environment.pop("WORKBOOK_HUB_ROOTS", None)
        nbval = [
            *two_at_a_time,
            "--nbval-lax",
            "--nbval-current-env",
            f"--nbval-cell-timeout={CELL_TIMEOUT}",
            "notebooks",
        ]
        runs = [nbval, *runs]
    total = {"passed": 0, "failed": 0, "skipped": 0}
    note = ""
    for arguments in runs:
        with tempfile.TemporaryDirectory() as folder:
            counted = Path(folder) / "counts.xml"
            code = call([python, "-m", "pytest", "-q", f"--junitxml={counted}", *arguments], environment)
            counts = read_counts(counted)
        if code == 2:  # pytest was interrupted; so are we
            raise KeyboardInterrupt
        if counts is None or code not in (0, 1) or (code == 1 and not counts["failed"]):
            note = "no test was found" if code == 5 else f"pytest ended with {code}"
            counts = counts or dict.fromkeys(total, 0)
            counts["failed"] += 1
        for key in total:
            total[key] += counts[key]
    return total, note


def read_counts(path):
    """passed, failed and skipped of a JUnit file, or None where pytest did not get as far as writing it."""
    try:
        suites = list(ElementTree.parse(path).getroot().iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return None
    number = {
        key: sum(int(suite.get(key, 0)) for suite in suites)
        for key in ("tests", "failures", "errors", "skipped")
    }
    failed = number["failures"] + number["errors"]
    return {
        "passed": max(0, number["tests"] - failed - number["skipped"]),
        "failed": failed,
        "skipped": number["skipped"],
    }


def summary(counts):
    return f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped"


def call(command, environment=None):
    """Run a program in the clone with our own input and output; on Ctrl-C let it end by itself first."""
    process = subprocess.Popen([str(part) for part in command], cwd=str(ROOT), env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the program got it too, and says what it makes of it


def duration(seconds):
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02} s"


def shown(path):
    path = Path(path)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
