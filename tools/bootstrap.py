"""Sets the workbook up on a machine that has Python and nothing else, then runs the notebooks or the tests.

    python tools/bootstrap.py setup
    python tools/bootstrap.py run  [arguments of `workbook run`]
    python tools/bootstrap.py test [unit] [sandbox] [notebooks] [live] [real_data]

`.venv` in the clone gets torch first, in the version that constraints.txt names, then everything else. A stamp in
.venv records that setup finished, and for which pyproject.toml and constraints.txt: while they stay the same, a second
setup takes no time. A setup that was cut off starts over (pip keeps its downloads). A .venv that you made yourself is
kept, with the torch in it.

WORKBOOK_PYTHON=<python> uses that interpreter as it is and installs nothing.
Exit codes: 0 success, 1 something failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / "workbook-setup.json"
OLDEST, NEWEST = (3, 11), (3, 13)
EXTRAS = "dev,jupyter"
LAYERS = ("unit", "sandbox", "notebooks", "live", "real_data")
TEST_OUTPUTS = ROOT / "outputs" / "tests"
REAL_DATA = ROOT.parent / "shared" / "hub"
CELL_TIMEOUT = 600  # seconds that one cell may take under nbval


def set_up():
    """Complete .venv and return its Python. Raises SystemExit, or CalledProcessError where pip failed."""
    if named := os.environ.get("WORKBOOK_PYTHON"):
        if found := shutil.which(named):
            return Path(os.path.abspath(found))
        raise SystemExit(f"WORKBOOK_PYTHON={named} is not a program. Give the path of a Python, or unset it.")
    check_python()
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted, stamped = fingerprint(), read_stamp()
    if python.exists() and stamped == wanted:
        return python
    print(f"Setting up .venv (once; Python {platform.python_version()})")
    # pip takes a half-written package for complete, so an environment whose setup was cut off is made anew.
    config = VENV / "pyvenv.cfg"
    made_of = config.read_text(encoding="utf-8") if config.exists() else ""
    if stamped == {} or not python.exists() or wanted["python"] not in made_of:
        if not config.exists() and VENV.exists() and any(VENV.iterdir()):
            raise SystemExit(f"{VENV} exists but is not a virtual environment. Move it away, then try again.")
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    STAMP.write_text("{}", encoding="utf-8")
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    torch = next(line for line in pins if line.startswith("torch=="))
    install = [python, "-m", "pip", "--disable-pip-version-check", "install", "-c", "constraints.txt"]
    for packages in ([torch], ["-e", f".[{EXTRAS}]"]):
        subprocess.run([*install, *packages], cwd=ROOT, check=True)
    STAMP.write_text(json.dumps(wanted), encoding="utf-8")
    return python


def check_python():
    """Raises SystemExit for a Python that torch or the workbook does not support."""
    version = platform.python_version()
    supported = (
        f"64-bit Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}, on a Mac for Apple silicon"
    )
    intel_mac = (platform.system(), platform.machine()) == ("Darwin", "x86_64")
    if sys.version_info[:2] < OLDEST or sys.maxsize < 2**32 or intel_mac:
        raise SystemExit(
            f"This is Python {version} ({platform.machine()}); the workbook needs {supported}. Install one and name it: "
            "make PYTHON=python3.11 …, or on Windows py -3.11 tools\\bootstrap.py … Or open the notebooks in Colab."
        )
    if sys.version_info[:2] > NEWEST:
        print(f"Note: Python {version} is newer than what is tested ({supported}).")


def fingerprint():
    files = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    digest = hashlib.sha256(b"".join(files).replace(b"\r\n", b"\n")).hexdigest()
    return {"sha256": digest, "extras": EXTRAS, "python": platform.python_version(), "root": str(ROOT)}


def read_stamp():
    """What the last setup was for; empty where it was cut off, None where there was none."""
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8"))) if STAMP.exists() else None
    except (ValueError, TypeError):
        return {}


def test(python, layers):
    """Run the layers in order, each with pytest's own progress, then print a table. Returns the exit code."""
    rows = {layer: (Counter(), 0.0, "not run") for layer in layers}
    interrupted = False
    try:
        for layer in layers:
            print(f"── {layer} ".ljust(64, "─"))
            rows[layer] = (Counter(), 0.0, "interrupted")
            began = time.monotonic()
            counts, note = run_layer(python, layer)
            rows[layer] = (counts, time.monotonic() - began, note)
    except KeyboardInterrupt:
        interrupted = True
    print(f"\n{'layer':<10} {'passed':>8} {'failed':>8} {'skipped':>8} {'seconds':>8}")
    for layer, (counts, seconds, note) in rows.items():
        numbers = " ".join(f"{counts[key]:>8}" for key in ("passed", "failed", "skipped"))
        print(f"{layer:<10} {numbers} {seconds:>8.0f}  {note}".rstrip())
    total = sum((counts for counts, _, _ in rows.values()), Counter())
    print(f"\n{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 130 if interrupted else int(total["failed"] > 0)


def run_layer(python, layer):
    """(counts, remark) of one layer. A pytest that ends without counts is a failure of its own."""
    if layer == "real_data" and not REAL_DATA.is_dir():
        return Counter(skipped=1), "no real data beside the clone"
    environment = dict(os.environ, WORKBOOK_STRICT="1", PYTHONUTF8="1", TOKENIZERS_PARALLELISM="false")
    # Two files at a time: a miniature trains on one core, and much of a sandbox test is waiting.
    two_at_a_time = ["-n", "2", "--dist", "loadfile"]
    if layer in ("notebooks", "live"):  # two kernels with two threads each would wait for one another
        environment.setdefault("OMP_NUM_THREADS", "1")
    runs = [[*two_at_a_time, f"tests/{layer}"]]
    if layer == "sandbox":  # what is held against the clock runs alone
        runs = [[*two_at_a_time, "-m", "not timing", f"tests/{layer}"], ["-m", "timing", f"tests/{layer}"]]
    if layer == "notebooks":
        shutil.rmtree(TEST_OUTPUTS, ignore_errors=True)
        environment.update(WORKBOOK_MODE="sandbox", WORKBOOK_OUTPUTS=str(TEST_OUTPUTS), TQDM_DISABLE="1")
        environment.pop("WORKBOOK_HUB_ROOTS", None)
        nbval = ["--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={CELL_TIMEOUT}", "notebooks"]
        runs.insert(0, [*two_at_a_time, *nbval])
    total, note = Counter(), ""
    for arguments in runs:
        with tempfile.TemporaryDirectory() as folder:
            counted = Path(folder) / "counts.xml"
            code = call([python, "-m", "pytest", "-q", f"--junitxml={counted}", *arguments], environment)
            counts = read_counts(counted)
        if code == 2:  # pytest was interrupted, and so are we
            raise KeyboardInterrupt
        if counts is None or code not in (0, 1) or (code == 1 and not counts["failed"]):
            note = "no test was found" if code == 5 else f"pytest ended with {code}"
            counts = (counts or Counter()) + Counter(failed=1)
        total += counts
    return total, note


def read_counts(path):
    """Passed, failed and skipped tests of a JUnit file, or None where pytest did not get as far as writing it."""
    try:
        suites = list(ElementTree.parse(path).getroot().iter("testsuite"))
    except (OSError, ElementTree.ParseError):
        return None
    tests, *parts = (
        sum(int(suite.get(key, 0)) for suite in suites) for key in ("tests", "failures", "errors", "skipped")
    )
    return Counter(passed=max(0, tests - sum(parts)), failed=parts[0] + parts[1], skipped=parts[2])


def call(command, environment=None):
    """Run a program in the clone with our own input and output; on Ctrl-C, let it end by itself."""
    process = subprocess.Popen([str(part) for part in command], cwd=str(ROOT), env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the program got it too


def main():
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace", line_buffering=True)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("setup", "run", "test"))
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="for run: those of `workbook run`; for test: layers"
    )
    options = parser.parse_args()
    unknown = set(options.arguments) - set(LAYERS)
    if options.command == "test" and unknown:
        parser.error(f"unknown layer {', '.join(sorted(unknown))}; there are: {', '.join(LAYERS)}")
    try:
        python = set_up()
        if options.command == "test":
            return test(python, options.arguments or LAYERS)
        if options.command == "run":
            code = call([python, "-m", "workbook", "run", *options.arguments])
            report = call([python, "-m", "workbook", "report"]) if code in (0, 1) else 0
            return code or report
        print(f"Ready: {python}")
        return 0
    except subprocess.CalledProcessError as error:
        print(f"\nSetup failed (exit code {error.returncode}); the reason is above.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
