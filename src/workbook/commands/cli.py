"""The command `workbook`: doctor, run, report, label."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from workbook.catalogue import MODES
from workbook.commands import label
from workbook.errors import WorkbookError


def parser() -> argparse.ArgumentParser:
    """The command line. Nothing heavy is imported for it."""
    main_parser = argparse.ArgumentParser(
        prog="workbook",
        description="Encoder Workbook: check this machine, run the notebooks, collect the results.",
    )
    commands = main_parser.add_subparsers(
        dest="command", required=True, metavar="doctor | run | report | label"
    )

    doctor = commands.add_parser("doctor", help="check what is installed and how to fix what is missing")
    doctor.set_defaults(function=_doctor)

    run = commands.add_parser(
        "run",
        help="run notebooks from top to bottom",
        description="Run notebooks in order, each in a fresh kernel; save executed copies, figures, time and memory.",
    )
    run.add_argument(
        "notebooks", nargs="*", metavar="NN", help="numbers or names (03, 03_klue_ner); default: all"
    )
    run.add_argument(
        "--mode",
        choices=MODES,
        default=None,
        help="sandbox: on this machine, seconds; live: the real Hub, hours without a GPU "
        "(default: the variable WORKBOOK_MODE, else sandbox)",
    )
    run.add_argument(
        "--hub-root",
        action="append",
        type=Path,
        default=[],
        metavar="DIR",
        help="a folder laid out like the Hub, served over the workbook's own data; repeat it for more, highest first. "
        "With --mode live it becomes a mirror on this machine, used in place of the Hub with live sizes",
    )
    run.add_argument("--keep-going", action="store_true", help="continue after a notebook fails")
    run.add_argument("--timeout", type=float, metavar="SECONDS", help="stop a cell that takes longer")
    run.add_argument(
        "--notebooks", dest="folder", type=Path, metavar="DIR", help="the folder that holds the notebooks"
    )
    run.set_defaults(function=_run)

    report = commands.add_parser("report", help="one page of everything that ran: outputs/report.html")
    report.add_argument("--output", type=Path, metavar="FILE", help="write the page elsewhere")
    report.set_defaults(function=_report)

    label.add_parser(commands)
    return main_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Exit codes: 0 success, 1 something failed or is missing, 2 wrong usage, 130 Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):  # show ? for a character the console lacks, rather than fail
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    options = parser().parse_args(arguments)
    try:
        return options.function(options)
    except WorkbookError as error:
        print(f"workbook {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"workbook {options.command}: interrupted.", file=sys.stderr)
        return 130


def _doctor(options: argparse.Namespace) -> int:
    from workbook.commands import doctor

    found = doctor.checks()
    print(doctor.table(found))
    doctor.require(found)
    return 0


def _run(options: argparse.Namespace) -> int:
    from workbook import paths
    from workbook.commands import run

    mode = options.mode or os.environ.get("WORKBOOK_MODE") or "sandbox"
    if mode not in MODES:
        raise WorkbookError(f"WORKBOOK_MODE={mode!r} is not a mode. Choose one of: {', '.join(MODES)}.")
    folder = options.folder or paths.resource("notebooks")
    if not folder.is_dir():
        raise WorkbookError(
            f"{folder} is not a folder. Name the folder that holds the notebooks: --notebooks DIR."
        )
    runs = run.run_notebooks(
        run.select(folder, options.notebooks),
        mode,
        paths.outputs_root(),
        hub_roots=options.hub_root,
        keep_going=options.keep_going,
        timeout=options.timeout,
    )
    if any(done.status == "interrupted" for done in runs):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # one more press must not break the way out
        return 130
    return 0 if all(done.passed for done in runs) else 1


def _report(options: argparse.Namespace) -> int:
    from workbook import paths
    from workbook.commands import report

    page = report.write(paths.outputs_root(), options.output)
    print(f"The report is {paths.shown(page)}: open it in a browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
