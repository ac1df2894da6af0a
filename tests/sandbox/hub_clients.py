"""Ways to ask the Hub: raw requests, and a process in which the real clients run.

Tests that are themselves clients run in that process, whose environment points at the Hub: the clients read it
once, when they are imported, and in the process of the tests something else may have done that before.
"""

from __future__ import annotations

import functools
import http.client
import importlib.util
import inspect
import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path
from urllib.parse import urlsplit

import pytest


def in_client(test):
    """Run this test in the client process. It imports the clients itself; its arguments have to be picklable."""

    @functools.wraps(test)
    def run(clients, **arguments):
        clients.call(test, **arguments)

    parameters = list(inspect.signature(test).parameters.values())
    extra = inspect.Parameter("clients", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__signature__ = inspect.Signature([extra, *parameters])
    return run


TOKEN = {"Authorization": "Bearer hf_any"}


def ask(url, path, method="GET", body=None, **headers):
    """Status, headers and body of one request, sent as it is written (no path is normalised)."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


class ClientProcess:
    """One process for all tests of a session: transformers takes seconds to import."""

    def __init__(self, url: str, home: Path, log: Path):
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, __file__, url, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        )

    def call(self, function, **arguments) -> None:
        """Run a function of a test module there; a failure there fails the test here."""
        pickle.dump((function.__code__.co_filename, function.__qualname__, arguments), self._process.stdin)
        self._process.stdin.flush()
        try:
            failure = pickle.load(self._process.stdout)
        except EOFError:
            failure = f"the client process ended with {self._process.wait()}; see {self._log.name}"
        if failure:
            pytest.fail(failure, pytrace=False)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._log.close()


def _serve(url: str, home: str) -> None:
    from workbook.environment import enter_sandbox

    enter_sandbox(url, Path(home))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the clients print goes to the log
    modules = {}
    while True:
        try:
            file, name, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        failure = None
        try:
            if file not in modules:
                spec = importlib.util.spec_from_file_location(f"client_{Path(file).stem}", file)
                modules[file] = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(modules[file])
            function = getattr(modules[file], name)
            getattr(function, "__wrapped__", function)(**arguments)
        except BaseException:
            failure = traceback.format_exc()
        pickle.dump(failure, answers)
        answers.flush()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
