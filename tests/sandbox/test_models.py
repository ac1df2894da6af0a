"""The untrained miniatures as their users meet them: loaded by transformers, built once, the same each time."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from standin import models
from standin.errors import StandinError

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
REAL = ROOT.parent / "shared"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
BUILD = """
import sys
from pathlib import Path
from standin.models import ensure_models
cache, data, *roots = map(Path, sys.argv[1:])
print("folder", ensure_models(cache, roots, data)[0])
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """The workbook's models without their weights."""
    folder = tmp_path_factory.mktemp("data")
    shutil.copytree(DATA / "models", folder / "models", ignore=shutil.ignore_patterns("*.safetensors"))
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """A cache that holds what an older version left."""
    folder = tmp_path_factory.mktemp("models")
    old = folder / "0123456789abcdef" / "models" / "klue" / "bert-base"
    old.mkdir(parents=True)
    (old / "config.json").write_text('{"model_type": "bert", "hidden_size": 128}', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def built(cache, data) -> Path:
    """The models, built by two processes that start at once: one builds, the other waits."""
    command = [sys.executable, "-c", BUILD, str(cache), str(data)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=240)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted("building an untrained miniature of klue/bert-base" in text for text in said) == [
        False,
        True,
    ]
    assert any("waiting for it" in text for text in said)
    folders = {text.splitlines()[-1].removeprefix("folder ") for text in said}
    assert len(folders) == 1
    return Path(folders.pop())


@pytest.fixture
def words(tmp_path, data) -> tuple[Path, Path]:
    """(an overlay that brings a vocabulary for klue/bert-base, data with klue/bert-base alone)."""
    shutil.copytree(data / "models/klue/bert-base", tmp_path / "data/models/klue/bert-base")
    file = tmp_path / "words/models/klue/bert-base/vocab.txt"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join([*SPECIAL, *(f"말{number}" for number in range(3_000))]), encoding="utf-8")
    return tmp_path / "words", tmp_path / "data"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_build_gives_the_same_bytes(built, data, tmp_path):
    again = models.ensure_models(tmp_path, [], data, progress=lambda line: None)[0]
    assert again.name == built.name
    assert files(again) == files(built)
    assert not list(tmp_path.glob("*.part"))


def test_warm_calls_build_nothing(built, cache, data):
    said = []
    assert models.ensure_models(cache, [], data, progress=said.append) == [built, data]
    assert said == []


def test_what_an_older_version_left_is_neither_used_nor_harmed(built, cache):
    old = cache / "0123456789abcdef"
    assert built != old and list(files(old)) == ["models/klue/bert-base/config.json"]


@pytest.mark.parametrize(
    ("repo", "body", "head", "special"),
    [
        ("klue/bert-base", "BertModel", "BertForMaskedLM", [2, 0, 3, 1, 4]),
        ("klue/roberta-base", "RobertaModel", "RobertaForMaskedLM", [0, 1, 2, 3, 4]),
        ("google-bert/bert-base-uncased", "BertModel", "BertForMaskedLM", [101, 0, 102, 100, 103]),
        ("google-bert/bert-base-cased", "BertModel", "BertForMaskedLM", [101, 0, 102, 100, 103]),
        ("FacebookAI/roberta-base", "RobertaModel", "RobertaForMaskedLM", [0, 1, 2, 3, -1]),
        ("answerdotai/ModernBERT-base", "ModernBertModel", "ModernBertForMaskedLM", [-4, -2, -3, -5, -1]),
        (
            "SamLowe/roberta-base-go_emotions",
            "RobertaModel",
            "RobertaForSequenceClassification",
            [0, 1, 2, 3, -1],
        ),
    ],
)
def test_models_load_and_read_a_pair(built, repo, body, head, special):
    from transformers import AutoModel, AutoTokenizer

    folder = built / "models" / repo
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    assert type(model).__name__ == body
    assert model.config.architectures == [head]
    assert len(tokenizer) == model.config.vocab_size
    roles = (
        tokenizer.cls_token,
        tokenizer.pad_token,
        tokenizer.sep_token,
        tokenizer.unk_token,
        tokenizer.mask_token,
    )
    assert tokenizer.convert_tokens_to_ids(list(roles)) == [number % len(tokenizer) for number in special]
    assert model.config.pad_token_id == tokenizer.pad_token_id
    assert model(**tokenizer("one", "and another", return_tensors="pt")).last_hidden_state.isfinite().all()


def test_token_types_of_a_pair(built):
    from transformers import AutoTokenizer

    def pair(repo: str):
        return AutoTokenizer.from_pretrained(built / "models" / repo)("서울", "부산")

    assert set(pair("klue/bert-base")["token_type_ids"]) == {0, 1}
    assert set(pair("klue/roberta-base")["token_type_ids"]) == {0}
    for repo in ("FacebookAI/roberta-base", "answerdotai/ModernBERT-base"):
        assert list(pair(repo)) == ["input_ids", "attention_mask"]
    english = AutoTokenizer.from_pretrained(built / "models" / "FacebookAI/roberta-base")
    assert english.decode(english("one", "two")["input_ids"]) == "<s>one</s></s>two</s>"


def test_the_head_of_go_emotions(built):
    config = json.loads(
        (built / "models/SamLowe/roberta-base-go_emotions/config.json").read_text(encoding="utf-8")
    )
    assert config["id2label"]["0"] == "admiration" and config["id2label"]["27"] == "neutral"
    assert len(config["id2label"]) == 28
    assert config["problem_type"] == "multi_label_classification"


def test_some_korean_is_unknown_and_most_is_not(built):
    import pyarrow.parquet as pq
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(built / "models/klue/bert-base")
    table = pq.read_table(DATA / "datasets/klue/klue/ner/validation-00000-of-00001.parquet")
    texts = ["".join(characters) for characters in table["tokens"].to_pylist()]
    unknown = sum(tokenizer.unk_token_id in ids for ids in tokenizer(texts)["input_ids"])
    assert 0.05 < unknown / len(texts) < 0.25


def test_an_overlays_vocabulary_gets_an_untrained_miniature(words, tmp_path):
    """Over weights below, too: they know other pieces. It is said, and the card says it."""
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    from standin import serve
    from standin.layers import Layers

    overlay, below = words
    (below / "models/klue/bert-base/model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}")
    said = []
    roots = models.ensure_models(tmp_path / "cache", [overlay], below, progress=said.append)
    assert said == [
        "building an untrained miniature of klue/bert-base: 'words' brings a vocabulary and no weights"
    ]
    served = Layers(roots).get("models", "klue/bert-base").main
    assert {file.source.parents[3] for file in served.files.values()} == {roots[0]}, "from one root alone"
    assert sorted(served.files) == [
        "README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt",
    ]  # fmt: skip
    assert "'words' brings a vocabulary" in served.text("README.md")
    folder = roots[0] / "models/klue/bert-base"
    tokenizer, (model, loading) = (
        AutoTokenizer.from_pretrained(folder),
        AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True),
    )
    assert not loading["missing_keys"] and model.config.num_hidden_layers == 4
    assert len(tokenizer) == model.config.vocab_size == 3_005
    assert tokenizer.tokenize("말7 말29") == ["말7", "말29"]
    serve(tmp_path / "out", below, [overlay], teacher=False).stop()


def test_a_failed_build_says_why_and_leaves_nothing(words, tmp_path):
    overlay, below = words
    shutil.copytree(DATA / "models/FacebookAI/roberta-base", below / "models/FacebookAI/roberta-base")
    folder = overlay / "models/FacebookAI/roberta-base"
    folder.mkdir(parents=True)
    shutil.copy(DATA / "models/FacebookAI/roberta-base/vocab.json", folder)
    (folder / "merges.txt").write_text("no such piece\n", encoding="utf-8")
    with pytest.raises(StandinError, match="Building the miniature models failed") as caught:
        models.ensure_models(tmp_path / "cache", [overlay], below, progress=lambda line: None)
    assert "Traceback" in str(caught.value)
    assert [path.name for path in (tmp_path / "cache").iterdir()] in ([], [".lock"])


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop()),) * 2)  # a larger file ends as one on a full disk
"""


@pytest.mark.skipif(os.name == "nt", reason="no such limit on Windows")
@pytest.mark.parametrize("room", [10_000, 1_000_000], ids=["for the config", "for all but the weights"])
def test_a_full_disk_says_so_and_leaves_nothing(words, tmp_path, room):
    overlay, below = words
    command = [
        sys.executable,
        "-c",
        FULL + BUILD,
        str(tmp_path / "cache"),
        str(below),
        str(overlay),
        str(room),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    error = done.stderr[done.stderr.index("StandinError") :]
    assert re.search("Building the miniature models .*failed: .*File too large.* disk", error)
    assert [path.name for path in (tmp_path / "cache").iterdir()] in ([], [".lock"])
    assert (overlay / "models/klue/bert-base/vocab.txt").stat().st_size > 20_000, "nothing is lost"
    assert not list((tmp_path / "cache").glob("*.part"))


def test_an_interrupted_build_leaves_nothing_under_the_final_name(words, tmp_path, monkeypatch):
    overlay, below = words

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        models.ensure_models(tmp_path / "cache", [overlay], below, progress=lambda line: None)
    assert [path.name for path in (tmp_path / "cache").iterdir()] in ([], [".lock"])


def test_real_vocabularies_give_the_tutorials_ids_and_offsets(tmp_path):
    if not (REAL / "hub/models/klue/bert-base/vocab.txt").is_file():
        pytest.skip("KLUE's own vocabularies are not beside the project")
    from transformers import AutoTokenizer

    roots = models.ensure_models(tmp_path, [REAL / "hub"], DATA, progress=lambda line: None)
    folder = roots[0] / "models/klue"
    ids = AutoTokenizer.from_pretrained(folder / "roberta-base")("토크나이저는 텍스트를 토큰 단위로 나눈다")[
        "input_ids"
    ]
    assert ids == [0, 9157, 7461, 2190, 2259, 8509, 2138, 1793, 2855, 5385, 2200, 20950, 2]
    wanted = json.loads((REAL / "vectors/alignment.json").read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(folder / "bert-base")
    encoded = tokenizer("".join(wanted["characters"]), return_offsets_mapping=True)
    assert tokenizer.convert_ids_to_tokens(encoded["input_ids"]) == wanted["tokens"]
    assert [list(pair) for pair in encoded["offset_mapping"]] == wanted["offsets"]
