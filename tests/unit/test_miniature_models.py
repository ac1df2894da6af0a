"""What is decided before a miniature model is built: which vocabulary it takes, and when it is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from standin import models
from standin.errors import StandinError

DATA = Path(__file__).resolve().parents[2] / "data"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def overlay(folder: Path, text: str) -> Path:
    """An overlay root with a vocabulary of its own for klue/bert-base."""
    file = folder / "models" / "klue" / "bert-base" / "vocab.txt"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_importing_it_imports_nothing_heavy():
    heavy = "torch transformers datasets huggingface_hub tokenizers numpy".split()
    code = f"import sys, standin.models; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_every_model_has_a_card_and_a_vocabulary():
    plan = models._plan([], DATA)
    assert set(plan) == set(models.SPECS)
    for repo, entry in plan.items():
        models._check(entry)
        assert (DATA / "models" / repo / "README.md").is_file()


def test_an_overlay_vocabulary_is_taken_and_gives_another_folder(tmp_path):
    file = overlay(tmp_path, "\n".join([*SPECIAL, "말"]))
    plan = models._plan([tmp_path], DATA)
    assert plan["klue/bert-base"]["files"] == [str(file)]
    assert models._name(plan) != models._name(models._plan([], DATA))


def test_an_overlay_model_with_a_config_is_left_out(tmp_path):
    overlay(tmp_path, "").with_name("config.json").write_text("{}", encoding="utf-8")
    assert "klue/bert-base" not in models._plan([tmp_path], DATA)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "is empty"),
        ("\n".join([*SPECIAL, "말", "말"]), "holds '말' more than once"),
        ("\n".join(SPECIAL[:-1]), r"lacks \[MASK\]"),
    ],
)
def test_a_vocabulary_that_cannot_be_used_is_refused_by_name(tmp_path, text, cause):
    file = overlay(tmp_path, text)
    with pytest.raises(StandinError, match=cause) as caught:
        models.ensure_models(tmp_path / "cache", [tmp_path], DATA)
    assert str(file) in str(caught.value)
    assert not (tmp_path / "cache").exists()


def test_a_missing_vocabulary_is_said(tmp_path):
    with pytest.raises(StandinError, match="no vocabulary for klue/bert-base"):
        models.ensure_models(tmp_path / "cache", [], tmp_path)


def test_a_cache_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StandinError, match="cannot be kept"):
        models.ensure_models(tmp_path / "file", [], DATA)
