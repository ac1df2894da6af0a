"""Parts of the stand-in that need no server: .gitignore rules, models of all kinds, and what it imports."""

from __future__ import annotations

import ast
import json
import re
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


def test_what_a_model_is_called(tmp_path):
    """Real, ours or untrained; the first root that has files of the model decides."""
    data, real, words = tmp_path / "data", tmp_path / "real", tmp_path / "words"
    shutil.copytree(
        HERE.parents[1] / "data", data, ignore=shutil.ignore_patterns("source", "model.safetensors")
    )
    kinds = standin.kinds_of_models([], data)
    assert list(kinds) == sorted(kinds) and "encoder-workbook/gated-example" not in kinds
    assert set(kinds.values()) == {"untrained miniature"} and len(kinds) == 7
    for repo, card in (("klue/bert-base", None), ("klue/roberta-base", "---\ntags: [miniature]\n---\n")):
        write(real / "models" / repo / "config.json", "{}")
        write(real / "models" / repo / "model.safetensors", safetensors(64))
        if card:
            write(real / "models" / repo / "README.md", card)
    write(real / "models" / "a" / "new" / "config.json", "{}")
    changed = {"klue/bert-base": "real", "klue/roberta-base": "pretrained miniature"}
    assert standin.kinds_of_models([real], data) == kinds | changed
    write(words / "models" / "klue" / "bert-base" / "vocab.txt", "[PAD]")
    assert standin.kinds_of_models([words, real], data) == kinds | changed | {
        "klue/bert-base": "untrained miniature"
    }
    assert standin.kinds_of_models([real, words], data) == kinds | changed
    write(data / "models" / "google-bert" / "bert-base-cased" / "model.safetensors", safetensors(64))
    assert standin.kinds_of_models([], data) == kinds | {
        "google-bert/bert-base-cased": "pretrained miniature"
    }


# --- models that cannot be used ----------------------------------------------------------------------


AGAIN = "Download the model again"


@pytest.mark.parametrize(
    ("name", "content", "cause", "cure"),
    [
        (
            "model.safetensors",
            safetensors(64)[:-1],
            r"'model\.safetensors' is cut off: \d+ bytes of \d+",
            AGAIN,
        ),
        ("model.safetensors", safetensors(64)[:20], "no readable safetensors head", AGAIN),
        ("model.safetensors", b"", "no readable safetensors head", AGAIN),
        ("model.safetensors", b"\x02\0\0\0\0\0\0\0[]", "no readable safetensors head", AGAIN),
        (
            "model.safetensors.index.json",
            '{"weight_map": {"w": "model-00001-of-00002.safetensors"}}',
            "is not there",
            AGAIN,
        ),
        ("model.safetensors.index.json", "[]", "cannot be read", AGAIN),
        (
            "pytorch_model.bin",
            b"PK\3\4",
            r"a pickle \('pytorch_model\.bin'\).*any code",
            r"save_pretrained\(\)",
        ),
        ("pytorch_model-00001-of-00002.bin", b"", "are a pickle", "as safetensors"),
    ],
)
def test_damaged_weights_and_pickles_are_refused(tmp_path, name, content, cause, cure):
    folder = write(tmp_path / "models" / "a" / "b" / "config.json", "{}").parent
    write(folder / name, content)
    with pytest.raises(StandinError, match=cause) as caught:
        Layers([tmp_path]).check(tmp_path)
    assert str(folder) in str(caught.value) and re.search(cure, str(caught.value))
    assert caught.value.about == "root"


def test_pickles_beside_safetensors_do_no_harm(tmp_path):
    folder = write(tmp_path / "models" / "a" / "b" / "config.json", "{}").parent
    write(folder / "pytorch_model.bin", b"PK\3\4")
    write(folder / "model.safetensors", safetensors(64))
    write(tmp_path / "models" / "a" / "other-library" / "pytorch_model.bin", b"x")
    Layers([tmp_path]).check(tmp_path)


def encoder(
    pieces: int = 10, width: int = 4, layers: int = 2, name: str = "bert.embeddings.word_embeddings"
) -> bytes:
    """Weights of an encoder, of which the head is right and every tensor but the embeddings empty."""
    shapes = {f"{name}.weight": [pieces, width]}
    shapes |= {f"bert.encoder.layer.{number}.output.dense.weight": [0, 0] for number in range(layers)}
    size = 4 * pieces * width
    head = {
        name: {"dtype": "F32", "shape": shape, "data_offsets": [0, size]} for name, shape in shapes.items()
    }
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + bytes(size)


CONFIG = {"vocab_size": 10, "hidden_size": 4, "num_hidden_layers": 2}
TOKENIZER = {"model": {"vocab": {str(number): number for number in range(10)}}, "added_tokens": []}
LIST = {"model": {"type": "Unigram", "vocab": [["a", -1.0]] * 10}}


def model(folder: Path, weights: bytes, **files) -> Path:
    """A root with one model of these weights and files (`_json` for `.json`) around them."""
    write(folder / "models" / "a" / "b" / "model.safetensors", weights)
    for name, content in ({"config_json": CONFIG} | files).items():
        text = content if isinstance(content, str) else json.dumps(content)
        write(folder / "models" / "a" / "b" / name.replace("_", "."), text)
    return folder


@pytest.mark.parametrize(
    ("weights", "files", "cause"),
    [
        (encoder(pieces=9), {}, "says embeddings of 10 × 4, and the weights have 9 × 4.*same model"),
        (encoder(width=5), {}, "says embeddings of 10 × 4, and the weights have 10 × 5"),
        (encoder(name="model.embeddings.tok_embeddings", pieces=9), {}, "the weights have 9 × 4"),
        (encoder(layers=1), {}, "says 2 layers, and the weights have 1"),
        (encoder(), {"config_json": "{"}, r"'config\.json' cannot be read.*Download"),
        (encoder(), {"config_json": "[]"}, r"'config\.json' cannot be read"),
        (
            encoder(),
            {"tokenizer_json": {**TOKENIZER, "added_tokens": [{"id": 10, "content": "<new>"}]}},
            r"'tokenizer\.json' has ids up to 10, and the weights know 10 pieces.*same model",
        ),
        (encoder(), {"tokenizer_json": {"model": {"vocab": [["a", 0.0]] * 11}}}, "ids up to 10"),
        (encoder(), {"vocab_txt": "x\n" * 11}, r"'vocab\.txt' has ids up to 10"),
        (encoder(), {"vocab_json": {"a": 12}}, r"'vocab\.json' has ids up to 12"),
        (encoder(), {"tokenizer_json": "{}"}, r"'tokenizer\.json' cannot be read"),
    ],
)
def test_files_that_do_not_go_together_are_refused(tmp_path, weights, files, cause):
    root = model(tmp_path, weights, **files)
    with pytest.raises(StandinError, match=cause) as caught:
        Layers([root]).check(root)
    assert str(root / "models" / "a" / "b") in str(caught.value) and caught.value.about == "root"


@pytest.mark.parametrize(
    ("weights", "files"),
    [
        (encoder(), {"tokenizer_json": TOKENIZER, "vocab_txt": "x\n" * 20}),  # tokenizer.json comes first
        (encoder(), {"tokenizer_json": LIST}),
        (encoder(pieces=12), {"config_json": CONFIG | {"vocab_size": 12}, "vocab_txt": "x\n" * 10}),
        (encoder(width=2), {"config_json": CONFIG | {"embedding_size": 2}}),
        (encoder(), {"config_json": {"model_type": "of another kind"}}),
        (safetensors(64), {"vocab_txt": "x\n" * 100}),
    ],
)
def test_files_that_go_together_are_served(tmp_path, weights, files):
    root = model(tmp_path, weights, **files)
    Layers([root]).check(root)


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
