"""`python -m standin`: the stand-in in a process of its own, as a mirror for any client on this machine."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from standin import USER, StandinError, serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM. The first line on stdout is the address."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.ExitStack() as stack:
            outputs = options.outputs or stack.enter_context(_temporary_folder())
            with contextlib.redirect_stdout(sys.stderr):  # progress of a build
                running = serve(
                    Path(outputs), options.root[-1], options.root[:-1], options.port,
                    user=options.user, miniatures=options.miniatures, teacher=options.teacher,
                )  # fmt: skip
            stack.callback(running.stop)
            print(running.url, flush=True)
            print(f"Serving. Set HF_ENDPOINT={running.url}; stop with Ctrl-C.", file=sys.stderr, flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        return 0
    except StandinError as error:
        print(f"standin: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m standin", description="A stand-in for the Hugging Face Hub.")
    parser.add_argument(
        "--root", type=Path, action="append", required=True, metavar="DIR",
        help="a folder laid out as models/<namespace>/<name>/, datasets/… or spaces/…; repeat it for layers, "
        "the first one uppermost",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=_port, default=0, help="on 127.0.0.1; 0, the default, takes a free one"
    )
    parser.add_argument(
        "--outputs", type=Path, metavar="DIR", help="where writes are kept (default: a temporary folder)"
    )
    parser.add_argument(
        "--user", default=USER, help="the account that clients are signed in as (%(default)s)"
    )
    parser.add_argument(
        "--miniatures", action="store_true",
        help="build untrained models where a root brings a vocabulary alone; needs torch and transformers",
    )  # fmt: skip
    parser.add_argument(
        "--no-teacher",
        dest="teacher",
        action="store_false",
        help="leave out the scripted OpenAI API under /v1",
    )
    return parser


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number below 65536")
    return int(text)


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="standin-", ignore_cleanup_errors=True)


if __name__ == "__main__":
    sys.exit(main())
