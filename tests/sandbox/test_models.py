"""The miniature models as their users meet them: loaded by transformers, built once, and the same each time."""

import json
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


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def built(cache) -> Path:
    """The models, built by two processes that start at once: one builds, the other waits."""
    code = (
        "import sys; from pathlib import Path; from standin.models import ensure_models\n"
        "print('folder', ensure_models(Path(sys.argv[1]), [], Path(sys.argv[2])))"
    )
    command = [sys.executable, "-c", code, str(cache), str(DATA)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=240)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted("building the miniature models 1/7" in text for text in said) == [False, True]
    assert any("waiting for it" in text for text in said)
    folders = {text.splitlines()[-1].removeprefix("folder ") for text in said}
    assert len(folders) == 1
    return Path(folders.pop())


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_build_gives_the_same_bytes(built, tmp_path):
    again = models.ensure_models(tmp_path, [], DATA, progress=lambda line: None)
    assert again.name == built.name
    assert files(again) == files(built)
    assert not list(tmp_path.glob("*.part"))


def test_warm_calls_build_nothing(built, cache):
    said = []
    assert models.ensure_models(cache, [], DATA, progress=said.append) == built
    assert said == []


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


def test_a_failed_build_says_why_and_leaves_nothing(tmp_path):
    data = tmp_path / "data"
    shutil.copytree(DATA / "models", data / "models")
    (data / "models/FacebookAI/roberta-base/merges.txt").write_text("no such piece\n", encoding="utf-8")
    with pytest.raises(StandinError, match="Building the miniature models failed") as caught:
        models.ensure_models(tmp_path / "cache", [], data, progress=lambda line: None)
    assert "Traceback" in str(caught.value)
    assert [path.name for path in (tmp_path / "cache").iterdir()] in ([], [".lock"])


def test_an_interrupted_build_leaves_nothing_under_the_final_name(tmp_path):
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        models.ensure_models(tmp_path, [], DATA, progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] in ([], [".lock"])


def test_real_vocabularies_give_the_tutorials_ids_and_offsets(tmp_path):
    if not (REAL / "hub/models/klue/bert-base/vocab.txt").is_file():
        pytest.skip("KLUE's own vocabularies are not beside the project")
    from transformers import AutoTokenizer

    folder = models.ensure_models(tmp_path, [REAL / "hub"], DATA, progress=lambda line: None) / "models/klue"
    ids = AutoTokenizer.from_pretrained(folder / "roberta-base")("토크나이저는 텍스트를 토큰 단위로 나눈다")[
        "input_ids"
    ]
    assert ids == [0, 9157, 7461, 2190, 2259, 8509, 2138, 1793, 2855, 5385, 2200, 20950, 2]
    wanted = json.loads((REAL / "vectors/alignment.json").read_text(encoding="utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(folder / "bert-base")
    encoded = tokenizer("".join(wanted["characters"]), return_offsets_mapping=True)
    assert tokenizer.convert_ids_to_tokens(encoded["input_ids"]) == wanted["tokens"]
    assert [list(pair) for pair in encoded["offset_mapping"]] == wanted["offsets"]
