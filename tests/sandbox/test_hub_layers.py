"""Read-only repos: one root over another, what changes a revision, and roots that cannot be served."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hub_library import write, write_overlay, write_three_configs

from standin import serve
from standin.errors import StandinError
from standin.layers import Layers
from standin.store import Store

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture
def two_roots(tmp_path):
    """An overlay with another `ner` and a config of its own, over a data set with ner, ynat and mrc."""
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    write_three_configs(lower / "datasets" / "a" / "b")
    write(lower / "hub.json", '{"about": "a test\'s miniature data"}')
    write_overlay(upper / "datasets" / "a" / "b")
    return upper, lower


def test_overlay_merges_by_top_level_entry(two_roots):
    repo = Layers(two_roots).get("datasets", "a/b")
    assert set(repo.main.files) == {
        "README.md", "extra.parquet", "ner/train-real.parquet", "mrc/train-0.parquet", "ynat/train-0.parquet",
    }  # fmt: skip


def test_overlay_merges_cards(two_roots):
    text = Layers(two_roots).get("datasets", "a/b").main.text("README.md")
    _, front, body = text.split("---\n", 2)
    card = yaml.safe_load(front)
    assert [config["config_name"] for config in card["configs"]] == ["ner", "extra", "ynat", "mrc"]
    assert [info["config_name"] for info in card["dataset_info"]] == ["ynat", "mrc"], (
        "ner's would describe other files"
    )
    assert [config for config in card["configs"] if config.get("default")] == [card["configs"][0]]
    assert card["license"] == "cc-by-sa-4.0" and "# Real data" in body
    assert "ynat, mrc" in body and "miniature" in body
    names = card["dataset_info"][0]["features"][1]["dtype"]["class_label"]["names"]
    assert names == {"0": "정치", "1": "경제"}, "the keys stay strings"


def test_hidden_config_is_dropped(two_roots):
    upper, lower = two_roots
    write(upper / "datasets" / "a" / "b" / "mrc" / "other.txt", "x")
    card = Layers([upper, lower]).get("datasets", "a/b").main.text("README.md")
    assert "mrc" not in card and "ynat" in card


def test_overlay_without_a_card(tmp_path):
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    write(lower / "models" / "a" / "b" / "README.md", "---\nlicense: mit\n---\nlow")
    write(lower / "models" / "a" / "b" / "notes.txt", "low")
    write(upper / "models" / "a" / "b" / "notes.txt", "high")
    files = Layers([upper, lower]).get("models", "a/b").main.files
    assert {path: file.text()[-4:] for path, file in files.items()} == {
        "README.md": "\nlow",
        "notes.txt": "high",
    }
    write(upper / "models" / "a" / "b" / "README.md", "high")
    assert Layers([upper, lower]).get("models", "a/b").main.text("README.md") == "high", (
        "only data sets' cards merge"
    )


@pytest.mark.parametrize(
    "part",
    [
        "config.json", "vocab.txt", "vocab.json", "tokenizer.json", "model.safetensors",
        "model-00001-of-00002.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
    ],
)  # fmt: skip
def test_nothing_of_a_model_below_shows_through(tmp_path, part):
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    for name in ("README.md", "config.json", "tokenizer.json", "model.safetensors", "onnx/model.onnx"):
        write(lower / "models" / "a" / "b" / name, "low")
    write(upper / "models" / "a" / "b" / "LICENSE", "high")
    layers = Layers([upper, lower])
    assert len(layers.get("models", "a/b").main.files) == 6, "a licence alone is laid over what is below"
    write(upper / "models" / "a" / "b" / part, "high")
    files = layers.get("models", "a/b").main.files
    assert set(files) == {"LICENSE", part} and files[part].text() == "high"
    assert len(Layers([lower, upper]).get("models", "a/b").main.files) == 5


def test_revision_follows_the_content(tmp_path):
    file = write(tmp_path / "models" / "a" / "b" / "config.json", "{}")
    layers = Layers([tmp_path])
    first = layers.get("models", "a/b").main.oid
    os.utime(file, (1, 1))
    assert layers.get("models", "a/b").main.oid == first, "a touched file is the same file"
    file.write_text("[]")
    os.utime(file, (1, 1))
    write(tmp_path / "models" / "a" / "c" / "config.json", "{}")
    assert layers.get("models", "a/c").main.oid == first, "the same content has the same revision"
    write(file, "[1]")
    changed = layers.get("models", "a/b")
    assert changed.main.oid != first and changed.commit(first) is None
    file.rename(file.with_name("config2.json"))
    assert layers.get("models", "a/b").main.oid not in (first, changed.main.oid)


def test_unfinished_and_hidden_files_are_not_served(tmp_path):
    folder = tmp_path / "models" / "a" / "b"
    for name in ("config.json", "model.safetensors.tmp", ".DS_Store", ".git/HEAD", "__pycache__/x.pyc"):
        write(folder / name, "x")
    assert set(Layers([tmp_path]).get("models", "a/b").main.files) == {"config.json"}


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_are_followed_once(tmp_path):
    root = tmp_path / "root"
    write(root / "blobs" / "x.csv", "x")
    folder = root / "datasets" / "a" / "b"
    write(folder / "README.md", "b")
    (folder / "data").symlink_to(root / "blobs")
    (folder / "circle").symlink_to(folder)
    assert set(Layers([root]).get("datasets", "a/b").main.files) == {"README.md", "data/x.csv"}
    (tmp_path / "link").symlink_to(root)
    assert set(Layers([tmp_path / "link"]).get("datasets", "a/b").main.files) == {"README.md", "data/x.csv"}


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
@pytest.mark.parametrize("place", ["models/a", "models/a/b", "models/a/b/folder", "models/a/b/file.txt"])
def test_links_do_not_lead_out_of_their_root(tmp_path, place):
    write(tmp_path / "secret" / "b" / "file.txt", "secret")
    root = tmp_path / "root"
    write(root / "models" / "x" / "y" / "config.json", "{}")
    link = root / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(
        tmp_path / "secret" / ("b/file.txt" if link.suffix else "b" if place.count("/") == 2 else "")
    )
    layers = Layers([root])
    for repo_id in [*layers.ids("models"), "a/b"]:
        repo = layers.get("models", repo_id)
        assert repo is None or not any("secret" in file.text() for file in repo.main.files.values())
    with pytest.raises(StandinError, match="leads out of"):
        serve(tmp_path / "out", DATA, [root])


# --- what serve() refuses -----------------------------------------------------------------------------


def test_overlay_missing(tmp_path):
    with pytest.raises(StandinError, match=r"no folder '.*nowhere'.*Correct") as caught:
        serve(tmp_path / "out", DATA, [tmp_path / "nowhere"])
    assert caught.value.about == "root" and "WORKBOOK" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_overlay_without_repos(tmp_path):
    (tmp_path / "overlay" / "models").mkdir(parents=True)
    with pytest.raises(StandinError, match=r"holds no repos.*Lay it out"):
        serve(tmp_path / "out", DATA, [tmp_path / "overlay"])


def test_overlay_that_lacks_files(two_roots, tmp_path):
    upper, _ = two_roots
    (upper / "datasets" / "a" / "b" / "extra.parquet").unlink()
    with pytest.raises(StandinError, match=r"'extra' is in 'extra\.parquet', but there is no such file"):
        serve(tmp_path / "out", DATA, [upper])


def test_overlay_with_a_broken_card(two_roots, tmp_path):
    upper, _ = two_roots
    write(upper / "datasets" / "a" / "b" / "README.md", "---\nconfigs: [\n---\n")
    with pytest.raises(StandinError, match=r"README\.md' cannot be read"):
        serve(tmp_path / "out", DATA, [upper])


def test_broken_figures(tmp_path):
    write(tmp_path / "hub.json", "{")
    with pytest.raises(StandinError, match=r"hub\.json"):
        Layers([tmp_path])


def test_outputs_that_cannot_be_written(tmp_path):
    write(tmp_path / "file", "x")
    with pytest.raises(StandinError, match=r"cannot write.*another one") as caught:
        Store(tmp_path / "file" / "hub")
    assert caught.value.about == "outputs" and "WORKBOOK" not in str(caught.value)


# --- serve() itself -----------------------------------------------------------------------------------

SERVE = """
import sys, time
from pathlib import Path
from standin import serve
serve(Path(sys.argv[1]), Path(sys.argv[2])).stop()
started = time.perf_counter()
running = serve(Path(sys.argv[1]), Path(sys.argv[2]))
elapsed = time.perf_counter() - started
from urllib.request import urlopen
assert urlopen(running.url + "/api/models").status == 200
heavy = {"torch", "transformers", "datasets", "huggingface_hub"} & sys.modules.keys()
assert not heavy, heavy
assert running.user == "learner"
print(elapsed)
running.stop()
"""


def test_serve_is_quick_and_light(outputs):
    """The second start finds its models; what it imports stays small."""
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(outputs / "sandbox"), str(DATA)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) < 0.5
