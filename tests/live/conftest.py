"""Mirrors of the Hub, each in a process of its own, and a person's surroundings that point at one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from rehearsal import ROOT, Rehearsal, a_persons_environment, rehearse

SHARED = ROOT.parent / "shared"


@dataclass(frozen=True)
class Stage:
    """A mirror at `url`, and a folder for caches, cut notebooks and results."""

    url: str
    folder: Path
    guard: Path
    real: bool  # whether it serves real rows, not the workbook's own alone

    def environment(self, **variables: str | None) -> dict[str, str]:
        """What a person sets for a mirror and a teacher; None leaves a variable out."""
        found = a_persons_environment(
            HF_ENDPOINT=self.url,
            HF_HOME=str(self.folder / "huggingface"),
            HF_TOKEN="hf_of_a_person",
            OPENAI_BASE_URL=f"{self.url}/v1",
            OPENAI_API_KEY="none",
            WORKBOOK_TEACHER_MODEL="scripted-r1",
            PYTHONPATH=os.pathsep.join(filter(None, (str(self.guard), os.environ.get("PYTHONPATH")))),
            GUARD_LOG=str(self.folder / "asked.txt"),
        )
        return {name: value for name, value in (found | variables).items() if value is not None}

    def rehearse(self, number: str, also: list[tuple[str, str]] = (), **variables: str | None) -> Rehearsal:
        return rehearse(number, self.folder, self.environment(**variables), also)

    def asked(self) -> str:
        """The hosts beside this machine that any process asked for."""
        log = self.folder / "asked.txt"
        return log.read_text(encoding="utf-8") if log.exists() else ""


@contextmanager
def _mirror(folder: Path, roots: list[Path]) -> Iterator[str]:
    command = [sys.executable, "-m", "standin", "--miniatures", "--outputs", str(folder)]
    for root in (*roots, ROOT / "data"):
        command += ["--root", str(root)]
    with open(folder / "words.txt", "wb") as words:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, text=True)
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http://"), (folder / "words.txt").read_text(encoding="utf-8", errors="replace")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


def _stage(factory, guard: Path, name: str, roots: list[Path]) -> Iterator[Stage]:
    roots = [root for root in roots if root.is_dir()]
    with _mirror(factory.mktemp(f"{name}-mirror"), roots) as url:
        yield Stage(url, factory.mktemp(name), guard, bool(roots))


@pytest.fixture(scope="session")
def real_rows(tmp_path_factory, guard):
    """A mirror with the real rows and vocabularies beside the clone, where they are; miniature models."""
    yield from _stage(tmp_path_factory, guard, "rows", [SHARED / "hub"])


@pytest.fixture(scope="session")
def real_weights(tmp_path_factory, guard):
    """The same; with WORKBOOK_REAL_WEIGHTS=1 real pretrained weights under klue/* and google-bert/bert-base-uncased.

    Where they are; without the variable miniatures, for the twelve layers take half an hour.
    """
    real = [SHARED / "real"] if os.environ.get("WORKBOOK_REAL_WEIGHTS") else []
    yield from _stage(tmp_path_factory, guard, "weights", [*real, SHARED / "hub"])
