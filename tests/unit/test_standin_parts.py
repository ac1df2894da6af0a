"""Parts of the stand-in that need no server: .gitignore rules, whole models, damaged weights, and what it imports."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import standin
from standin.errors import StandinError
from standin.gitignore import Ignored
from standin.layers import Layers

HERE = Path(standin.__file__).parent
RULES = """
# comment
*.log
!keep.log
/top.txt
build/
docs/*.md
**/cache
a/**/z
tmp/**
\\#odd
\\!bang
sp\\ ace
[ab]?.bin
[!c].dat
trailing   
[broken
x[]]y
"""
PATHS = """
a.log keep.log deep/keep.log top.txt deep/top.txt build/x deep/build/x build docs/a.md docs/deep/a.md cache cache/x q/cache/y
a/z a/b/z a/b/c/z b/a/z tmp/x tmp/y/z tmp #odd !bang a1.bin c1.bin ab.bin c.dat d.dat trailing trailing2 [broken x]y
deep/a.log/x .gitignore
""".split()


@pytest.mark.skipif(not shutil.which("git"), reason="git decides")
def test_gitignore_as_git_reads_it(tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text(RULES, encoding="utf-8")
    asked = "\n".join(PATHS) + "\n"
    command = ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "--stdin"]
    said = subprocess.run(command, input=asked, capture_output=True, text=True).stdout.splitlines()
    ignored = Ignored(RULES)
    assert [path for path in PATHS if path in ignored] == said


# --- models a root holds -----------------------------------------------------------------------------


def safetensors(size: int) -> bytes:
    head = json.dumps({"w": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}).encode()
    return len(head).to_bytes(8, "little") + head + bytes(size)


def write(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_whole_models(tmp_path):
    models = tmp_path / "models"
    write(models / "a" / "whole" / "config.json", "{}")
    write(models / "a" / "whole" / "model.safetensors", safetensors(64))
    write(models / "a" / "old" / "config.json", "{}")
    write(models / "a" / "old" / "pytorch_model-00001-of-00002.bin", "x")
    write(models / "a" / "vocabulary" / "vocab.txt", "[PAD]")
    write(models / "a" / "no-weights" / "config.json", "{}")
    write(models / "a" / "no-config" / "model.safetensors", safetensors(64))
    write(tmp_path / "datasets" / "a" / "rows" / "model.safetensors", safetensors(64))
    assert standin.whole_models(tmp_path) == ["a/old", "a/whole"]
    assert standin.whole_models(tmp_path / "nowhere") == []
    Layers([tmp_path]).check(tmp_path)


def test_what_a_model_is_called(tmp_path):
    data = HERE.parents[1] / "data"
    kinds = standin.kinds_of_models([], data)
    assert list(kinds) == sorted(kinds) and "encoder-workbook/gated-example" not in kinds
    assert set(kinds.values()) == {"untrained miniature"}
    for repo, card in (("klue/bert-base", None), ("klue/roberta-base", "---\ntags: [miniature]\n---\n")):
        write(tmp_path / "models" / repo / "config.json", "{}")
        write(tmp_path / "models" / repo / "model.safetensors", safetensors(64))
        if card:
            write(tmp_path / "models" / repo / "README.md", card)
    write(tmp_path / "models" / "a" / "new" / "config.json", "{}")
    changed = {"klue/bert-base": "real", "klue/roberta-base": "pretrained miniature"}
    assert standin.kinds_of_models([tmp_path], data) == kinds | changed


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("model.safetensors", safetensors(64)[:-1], r"'model\.safetensors' is cut off: \d+ bytes of \d+"),
        ("model.safetensors", safetensors(64)[:20], "no readable safetensors head"),
        ("model.safetensors", b"", "no readable safetensors head"),
        ("model.safetensors", b"\x02\0\0\0\0\0\0\0[]", "no readable safetensors head"),
        ("pytorch_model.bin", b"PK\3\4 half a zip file", r"'pytorch_model\.bin' is cut off"),
        (
            "model.safetensors.index.json",
            '{"weight_map": {"w": "model-00001-of-00002.safetensors"}}',
            "is not there",
        ),
        ("model.safetensors.index.json", "[]", "cannot be read"),
    ],
)
def test_damaged_weights_are_refused(tmp_path, name, content, cause):
    folder = write(tmp_path / "models" / "a" / "b" / "config.json", "{}").parent
    write(folder / name, content)
    with pytest.raises(StandinError, match=cause) as caught:
        Layers([tmp_path]).check(tmp_path)
    assert str(folder) in str(caught.value) and "Download the model again" in str(caught.value)
    assert caught.value.about == "root"


# --- a package of its own ----------------------------------------------------------------------------


def test_it_imports_nothing_of_the_workbook():
    for file in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] == "workbook" for name in names), file
        assert "WORKBOOK_" not in file.read_text(encoding="utf-8"), (
            f"{file}: a setting that is not the stand-in's"
        )


ALONE = """
import sys
sys.modules["workbook"] = None  # any import of it is an error
from pathlib import Path
from urllib.request import urlopen
import standin
running = standin.serve(Path(sys.argv[1]), Path(sys.argv[2]), miniatures=False)
assert b"made/up" in urlopen(running.url + "/api/models").read()
assert b"scripted-r1" in urlopen(running.url + "/v1/models").read()
running.stop()
heavy = {"torch", "transformers", "datasets", "huggingface_hub", "numpy", "pandas"} & sys.modules.keys()
assert not heavy, heavy
"""


def test_it_runs_without_the_workbook_on_data_handed_in(tmp_path):
    write(tmp_path / "data" / "models" / "made" / "up" / "config.json", "{}")
    command = [sys.executable, "-c", ALONE, str(tmp_path / "out"), str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
