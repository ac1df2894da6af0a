"""What is decided before an untrained miniature is built: whether it is needed, and when its vocabulary is refused."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from standin import models, serve
from standin.errors import StandinError

DATA = Path(__file__).resolve().parents[2] / "data"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PART = ("config.json", "model.safetensors")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """The models of `data` with weights, of which the head is right and all numbers are nought."""
    folder = tmp_path_factory.mktemp("data")
    shutil.copytree(DATA / "models", folder / "models", ignore=shutil.ignore_patterns("*.safetensors"))
    for file in folder.glob("models/*/*/config.json"):
        config = json.loads(file.read_text(encoding="utf-8"))
        size = 2 * config["vocab_size"] * config["hidden_size"]
        shape = [config["vocab_size"], config["hidden_size"]]
        head = {"bert.word_embeddings.weight": {"dtype": "F16", "shape": shape, "data_offsets": [0, size]}}
        text = json.dumps(head).encode()
        if "gated" not in str(file):
            weights = len(text).to_bytes(8, "little") + text + bytes(size)
            file.with_name("model.safetensors").write_bytes(weights)
    return folder


def overlay(root: Path, text: str, name: str = "vocab.txt", repo: str = "klue/bert-base") -> Path:
    """An overlay root with a file of its own for a model."""
    file = root / "models" / repo / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_importing_it_imports_nothing_heavy():
    heavy = "torch transformers datasets huggingface_hub tokenizers numpy".split()
    code = f"import sys, standin.models; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_with_weights_nothing_is_built(data, tmp_path, monkeypatch):
    """No process, no cache, no word; not even the libraries that build need be there."""
    monkeypatch.setattr(subprocess, "Popen", None)
    monkeypatch.setattr(models, "_version", None)
    said = []
    overlay(tmp_path, "# A card", "README.md")
    assert models.ensure_models(tmp_path / "cache", [tmp_path], data, said.append) == [tmp_path, data]
    serve(tmp_path / "out", data, [tmp_path], teacher=False).stop()
    assert said == [] and not (tmp_path / "cache").exists() and not (tmp_path / "out" / "models").exists()


def test_what_needs_an_untrained_miniature(data, tmp_path):
    vocabulary = overlay(tmp_path / "words", "\n".join([*SPECIAL, "말"]))
    assert models._sources([tmp_path / "words"], data) == {"klue/bert-base": [vocabulary]}
    for name in PART:
        overlay(tmp_path / "whole", "{}", name)
    assert models._sources([tmp_path / "whole"], data) == {}
    assert models._sources([tmp_path / "whole", tmp_path / "words"], data) == {}, "the uppermost decides"
    assert list(models._sources([tmp_path / "words", tmp_path / "whole"], data)) == ["klue/bert-base"]
    overlay(tmp_path / "other", "[PAD]", repo="klue/not-in-data")
    assert models._sources([tmp_path / "other"], data) == {}, "there is no shape to build it in"


def test_data_without_weights_is_built_as_it_is(data, tmp_path):
    shutil.copytree(data / "models/klue", tmp_path / "models/klue")
    (tmp_path / "models/klue/bert-base/model.safetensors").unlink()
    (tmp_path / "models/klue/roberta-base/model.safetensors").unlink()
    (tmp_path / "models/klue/roberta-base/README.md").write_text("a model of somebody's, of any size")
    sources = models._sources([], tmp_path)
    assert sources == {"klue/bert-base": [tmp_path / "models/klue/bert-base/tokenizer.json"]}
    made = models._files("klue/bert-base", sources["klue/bert-base"], tmp_path)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        assert json.loads(made[name]) == json.loads(
            (DATA / "models/klue/bert-base" / name).read_text("utf-8")
        )
    assert b"weights are missing" in made["README.md"]


@pytest.mark.parametrize("repo", ["klue/bert-base", "klue/roberta-base"])
def test_another_vocabulary_takes_its_special_tokens_along(data, tmp_path, repo):
    file = overlay(tmp_path / "words", "\n".join(["말", *reversed(SPECIAL)]) + "\n", repo=repo)
    made = models._files(repo, [file], data)
    config, tokenizer = json.loads(made["config.json"]), json.loads(made["tokenizer.json"])
    assert (config["vocab_size"], config["pad_token_id"]) == (6, 5)
    if repo == "klue/roberta-base":
        assert (config["bos_token_id"], config["eos_token_id"]) == (3, 2)
    assert config["hidden_size"] == 192, "the rest is as it was"
    assert {token["content"]: token["id"] for token in tokenizer["added_tokens"]} == {
        "[MASK]": 1, "[SEP]": 2, "[CLS]": 3, "[UNK]": 4, "[PAD]": 5,
    }  # fmt: skip
    assert tokenizer["post_processor"]["special_tokens"]["[SEP]"]["ids"] == [2]
    assert made["vocab.txt"] == file.read_bytes()
    card = made["README.md"].decode()
    assert (
        "untrained" in card and "'words' brings a vocabulary" in card and "miniature" in card.split("---")[1]
    )


def test_another_byte_level_vocabulary(data, tmp_path):
    from tokenizers import Tokenizer

    repo = "FacebookAI/roberta-base"
    pieces = ["<mask>", "<pad>", "<unk>", "</s>", "<s>", "o", "n", "e", "on"]
    ids = {piece: number for number, piece in enumerate(pieces)}
    file = overlay(tmp_path, json.dumps(ids), "vocab.json", repo)
    merges = overlay(tmp_path, "#version: 0.2\no n\n", "merges.txt", repo)
    made = models._files(repo, [file, merges], data)
    assert Tokenizer.from_buffer(made["tokenizer.json"]).encode("one").tokens == ["<s>", "on", "e", "</s>"]
    assert Tokenizer.from_buffer(made["tokenizer.json"]).encode("one").ids == [4, 8, 7, 3]
    assert json.loads(made["config.json"])["pad_token_id"] == 1


def test_a_whole_tokenizer_is_taken_as_it_is(data, tmp_path):
    other = json.loads((DATA / "models/google-bert/bert-base-uncased/tokenizer.json").read_text("utf-8"))
    file = overlay(tmp_path, json.dumps(other), "tokenizer.json")
    overlay(tmp_path, "not read")
    assert models._sources([tmp_path], data) == {"klue/bert-base": [file]}
    made = models._files("klue/bert-base", [file], data)
    assert json.loads(made["tokenizer.json"]) == other
    assert json.loads(made["config.json"])["vocab_size"] == len(other["model"]["vocab"])


def test_another_vocabulary_gives_another_folder(data, tmp_path):
    def name() -> str:
        return models._name(models._sources([tmp_path], data), data)

    file = overlay(tmp_path, "\n".join([*SPECIAL, "말"]))
    first = name()
    assert name() == first
    file.write_text("\n".join([*SPECIAL, "글"]), encoding="utf-8")
    assert name() != first


BYTE_LEVEL = "FacebookAI/roberta-base"


@pytest.mark.parametrize(
    ("repo", "name", "text", "cause"),
    [
        ("klue/bert-base", "vocab.txt", "", "is empty"),
        ("klue/bert-base", "vocab.txt", "\n".join([*SPECIAL, "말", "말"]), "holds '말' more than once"),
        ("klue/bert-base", "vocab.txt", "\n".join(SPECIAL[:-1]), r"lacks \[MASK\]"),
        ("klue/bert-base", "tokenizer.json", "{}", "cannot be read"),
        ("klue/bert-base", "tokenizer.json", '{"model": {"vocab": {"a": 0}}}', r"lacks \[CLS\]"),
        (BYTE_LEVEL, "vocab.json", '{"a": 0, "<', "cannot be read"),
        (BYTE_LEVEL, "vocab.json", '["a"]', "cannot be read"),
        (
            BYTE_LEVEL,
            "vocab.json",
            '{"<s>":0,"</s>":1,"<pad>":2,"<unk>":3,"<mask>":900000000}',
            "without a gap",
        ),
    ],
)
def test_a_vocabulary_that_cannot_be_used_is_refused_by_name(data, tmp_path, repo, name, text, cause):
    file = overlay(tmp_path, text, name, repo)
    if repo == BYTE_LEVEL:
        overlay(tmp_path, "", "merges.txt", repo)
    with pytest.raises(StandinError, match=cause) as caught:
        models.ensure_models(tmp_path / "cache", [tmp_path], data)
    assert str(file) in str(caught.value) and "Download the file" in str(caught.value)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["vocab.json"], "config.json and merges.txt"),
        (["vocab.txt"], "config.json and vocab.json and merges.txt"),
        (["vocab.json", "merges.txt", "model.safetensors"], "config.json"),
        (["pytorch_model.bin"], "config.json and vocab.json and merges.txt"),
    ],
)
def test_a_part_of_a_model_is_refused(data, tmp_path, names, missing):
    for name in names:
        overlay(tmp_path, "{}", name, BYTE_LEVEL)
    with pytest.raises(StandinError, match=f"a part of a model, without {missing}. Add what is") as caught:
        models.ensure_models(tmp_path / "cache", [tmp_path], data)
    assert str(tmp_path / "models" / BYTE_LEVEL) in str(caught.value) and caught.value.about == "root"


def test_a_cache_that_cannot_be_written_is_said(data, tmp_path):
    overlay(tmp_path, "\n".join(SPECIAL))
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StandinError, match="cannot be kept"):
        models.ensure_models(tmp_path / "file", [tmp_path], data)
