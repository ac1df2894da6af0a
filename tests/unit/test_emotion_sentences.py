"""The invented comments with feelings, and the command that fine-tunes a miniature on them."""

import ast
import json
import re
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "data" / "source"))

import fine_tune_emotions  # noqa: E402
from miniature import emotions, grammar  # noqa: E402
from miniature.emotions import Comment  # noqa: E402

SERVED = ROOT / "data/models" / fine_tune_emotions.REPO
# What notebook 01 shows, and the feelings that it should find in it.
SHOWN = {
    "Thank you so much, this made my day!": {"gratitude"},
    "The noise in the attic scares me.": {"fear"},
    "Sorry I am late, and thank you for waiting!": {"gratitude", "remorse"},
}


@pytest.fixture(scope="module")
def splits() -> dict[str, list[Comment]]:
    return {split: emotions.comments(split) for split in emotions.SPLITS}


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def runs(text: str, length: int = 3) -> set[tuple[str, ...]]:
    """Every ``length`` words in a row."""
    found = words(text)
    return set(zip(*(found[start:] for start in range(length)), strict=False))


# --- the comments ----------------------------------------------------------------------------------------------
def test_the_labels_are_those_of_goemotions():
    assert len(emotions.LABELS) == len(set(emotions.LABELS)) == 28
    assert emotions.LABELS[:-1] == sorted(emotions.LABELS[:-1]) and emotions.LABELS[-1] == "neutral"
    assert set(emotions.TEXT.labels) == set(emotions.LABELS)


@pytest.mark.parametrize("label", emotions.LABELS)
def test_every_label_has_templates_and_comments_in_both_splits(label, splits):
    templates = emotions.TEXT.labels[label]
    assert len(set(templates["train"])) >= 14 and len(set(templates["held_out"])) >= 5
    for split, least in (("train", 180), ("held_out", 40)):
        alone = [comment for comment in splits[split] if comment.labels == (label,)]
        assert len(alone) >= least
        used = {comment.templates[-1] for comment in alone}
        assert used == set(templates[split]), "none of the templates is idle"


def test_there_are_thousands_and_none_twice(splits):
    assert len(splits["train"]) > 7_000 and len(splits["held_out"]) > 1_500
    texts = Counter(comment.text for made in splits.values() for comment in made)
    assert max(texts.values()) == 1
    assert not [text for text in texts if re.search(r"[\[\]{}|]|a\(n\)|  ", text)], "every slot is filled"


def test_comments_written_one_by_one_are_apart_from_the_templates(splits):
    by_hand = emotions.by_hand()
    assert Counter(comment.labels for comment in by_hand) == {(label,): 3 for label in emotions.LABELS}
    made = {" ".join(words(comment.text)) for split in splits.values() for comment in split}
    assert not made & {" ".join(words(comment.text)) for comment in by_hand}
    assert not {comment.text for comment in by_hand} & set(SHOWN)


def test_some_comments_carry_two_labels_in_the_order_of_the_ids(splits):
    for made in splits.values():
        numbers = [len(comment.labels) for comment in made]
        assert set(numbers) == {1, 2} and 0.2 < numbers.count(2) / len(numbers) < 0.4
        for comment in made:
            assert list(comment.labels) == sorted(set(comment.labels), key=emotions.LABELS.index)


def test_the_splits_share_no_template_and_no_word_list_entry(splits):
    used = {split: {t for comment in made for t in comment.templates} for split, made in splits.items()}
    plain = {split: {" ".join(words(each)) for each in templates} for split, templates in used.items()}
    assert not plain["train"] & plain["held_out"]
    train, held_out = emotions.slots("train"), emotions.slots("held_out")
    assert set(train) == set(held_out)
    for name in train:
        assert train[name] and held_out[name] and not set(train[name]) & set(held_out[name]), name


def test_what_notebook_01_shows_is_in_no_comment_nor_nearly(splits):
    """No three words in a row are the same, but for everyday phrases, and not half of the words."""
    ordinary = {("thank", "you", "for"), ("sorry", "i", "am"), ("you", "so", "much")}
    for made in splits.values():
        for comment in made:
            said = set(words(comment.text))
            for text in SHOWN:
                shown = set(words(text))
                assert not (runs(text) - ordinary) & runs(comment.text), (comment.text, text)
                assert len(shown & said) < 0.5 * len(shown | said), (comment.text, text)
    everything = (grammar.WORDS / "emotions.yaml").read_text(encoding="utf-8").lower()
    assert "attic" not in everything and "made my day" not in everything


def test_the_shown_comments_are_those_of_the_notebook():
    notebook = json.loads((ROOT / "notebooks/01_hub_exploration.ipynb").read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    source = next(source for source in sources if "emotion_tokenizer(" in source)
    lists = [ast.literal_eval(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.List)
             and node.elts and all(isinstance(each, ast.Constant) for each in node.elts)]  # fmt: skip
    assert lists == [list(SHOWN)]


def test_the_comments_depend_on_the_seed_alone(splits):
    assert emotions.comments("train") == splits["train"]
    assert emotions.comments("held_out", seed="another") != splits["held_out"]
    assert len(emotions.comments("train", share=0.1)) < len(splits["train"]) / 9


def test_a_split_that_is_none_and_templates_that_do_not_suffice(monkeypatch):
    with pytest.raises(KeyError, match="test"):
        emotions.comments("test")
    few = {**emotions.TEXT.labels, "neutral": {"train": ["It is noon."], "held_out": ["Noon."]}}
    monkeypatch.setattr(emotions.TEXT, "labels", few)
    with pytest.raises(ValueError, match="neutral give fewer than 540"):
        emotions.comments("train")


# --- the command -----------------------------------------------------------------------------------------------
CARD = (
    "---\nlicense: apache-2.0\n---\n# A body\n\n## Licence\nDistilled from a teacher; its notice applies.\n"
)


@pytest.fixture(scope="module")
def small_body(tmp_path_factory) -> Path:
    """An untrained RoBERTa, 16 wide, that reads letter by letter, in the layout that pretrain.py leaves."""
    import torch
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import RobertaConfig, RobertaForMaskedLM, RobertaTokenizer

    folder = tmp_path_factory.mktemp("body")
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *sorted(ByteLevel.alphabet()), "<mask>"]
    tokenizer = RobertaTokenizer({piece: number for number, piece in enumerate(pieces)}, [])
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=130,
        type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
    )
    RobertaForMaskedLM(config).half().save_pretrained(folder)
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    return folder


@pytest.fixture
def body(small_body, tmp_path) -> Path:
    return Path(shutil.copytree(small_body, tmp_path / "body"))


QUICK = fine_tune_emotions.Recipe(epochs=1, share=0.02)


def test_what_is_written_loads_and_says_what_it_is(body, tmp_path):
    import torch
    from safetensors import safe_open
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    into = tmp_path / "into"
    into.mkdir()
    (into / "notes.txt").write_text("kept", encoding="utf-8")
    facts = fine_tune_emotions.fine_tune(body, into, QUICK)
    assert sorted(file.name for file in into.iterdir()) == [
        "README.md", "config.json", "model.safetensors", "notes.txt", "tokenizer.json", "tokenizer_config.json",
    ]  # fmt: skip
    config = json.loads((into / "config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == ["RobertaForSequenceClassification"]
    assert config["problem_type"] == "multi_label_classification"
    assert [config["id2label"][str(number)] for number in range(28)] == emotions.LABELS
    with safe_open(into / "model.safetensors", "pt") as weights:
        assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.float16}  # noqa: SIM118
    assert (into / "model.safetensors").stat().st_mode & 0o044, "others may read them"
    model, loading = AutoModelForSequenceClassification.from_pretrained(into, output_loading_info=True)
    assert model.dtype == torch.float32 and not loading["missing_keys"] and not loading["unexpected_keys"]
    inputs = AutoTokenizer.from_pretrained(into)("So happy!", return_tensors="pt")
    assert model(**inputs).logits.shape == (1, 28)
    card = (into / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\n") and "license: apache-2.0\n" in card and "- miniature\n" in card
    assert "Distilled from a teacher; its notice applies." in card and "CC0-1.0" in card
    assert f"the right feeling in **{facts['right']}** (chance: 3)" in card and facts["by_hand"] == 84
    assert f"macro F1 {facts['macro_f1']:.2f}" in card and "never seen\nGoEmotions" in card


def test_the_same_arguments_give_the_same_weights(body, tmp_path):
    made = []
    for name in ("one", "two"):
        fine_tune_emotions.fine_tune(body, tmp_path / name, QUICK)
        made.append((tmp_path / name / "model.safetensors").read_bytes())
    assert made[0] == made[1]


def _no_body(body: Path):
    (body / "model.safetensors").unlink()


def _no_folder(body: Path):
    shutil.rmtree(body)


def _bert(body: Path):
    (body / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")


def _korean(body: Path):
    (body / "tokenizer_config.json").write_text(
        '{"tokenizer_class": "PreTrainedTokenizerFast"}', encoding="utf-8"
    )


def _no_json(body: Path):
    (body / "config.json").write_text("{", encoding="utf-8")


def _a_list(body: Path):
    (body / "config.json").write_text("[]", encoding="utf-8")


def _no_licence(body: Path):
    (body / "README.md").write_text("# A body\n", encoding="utf-8")


def _cut_off(body: Path):
    weights = body / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def _other_shape(body: Path):
    config = json.loads((body / "config.json").read_text(encoding="utf-8"))
    (body / "config.json").write_text(json.dumps(config | {"intermediate_size": 24}), encoding="utf-8")


def _other_weights(body: Path):
    import torch
    from safetensors.torch import save_file

    save_file({"bert.weight": torch.zeros(2)}, body / "model.safetensors", metadata={"format": "pt"})


def _other_vocabulary(body: Path):
    file = body / "tokenizer.json"
    tokenizer = json.loads(file.read_text(encoding="utf-8"))
    tokenizer["added_tokens"].append({**tokenizer["added_tokens"][-1], "id": 261, "content": "<more>"})
    file.write_text(json.dumps(tokenizer), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "cause", "cure"),
    [
        (_no_body, "model.safetensors missing", "pretrain.py leaves it"),
        (_no_folder, "config.json, model.safetensors, tokenizer.json", "pretrain.py leaves it"),
        (_bert, "is a bert", "pretrained FacebookAI/roberta-base"),
        (_korean, "not an English RoBERTa", "pretrained FacebookAI/roberta-base"),
        (_no_json, "cannot be read", "pretrain.py leaves it"),
        (_a_list, "cannot be read", "pretrain.py leaves it"),
        (_no_licence, "names no licence", "pretrain.py leaves it"),
        (_cut_off, "weights in .* cannot be loaded", "pretrain them again"),
        (_other_shape, "weights in .* cannot be loaded", "pretrain them again"),
        (_other_weights, "lack [0-9]+ of the body's", "pretrain them again"),
        (_other_vocabulary, "has 262 pieces, the weights 261", "pretrain them again"),
    ],
)
def test_a_body_that_cannot_be_used_is_named_with_its_cure(spoil, cause, cure, body, tmp_path, capsys):
    spoil(body)
    assert fine_tune_emotions.main(["--body", str(body), "--into", str(tmp_path / "into")]) == 2
    said = capsys.readouterr().err
    assert re.search(cause, said) and cure in said and str(body) in said
    assert not (tmp_path / "into").exists()


def test_weights_that_are_there_are_not_written_over(body, tmp_path, capsys):
    assert fine_tune_emotions.main(["--body", str(body), "--into", str(body)]) == 2
    assert "already. Delete them" in capsys.readouterr().err


def test_weights_that_are_too_large_leave_nothing(body, tmp_path, monkeypatch):
    monkeypatch.setattr(fine_tune_emotions, "LARGEST", 5_000)
    with pytest.raises(fine_tune_emotions.FineTuneError, match=r"5,000 is the limit\. Use a smaller body"):
        fine_tune_emotions.fine_tune(body, tmp_path / "into", QUICK)
    assert not list((tmp_path / "into").iterdir())


def test_a_folder_that_cannot_be_written(body, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fine_tune_emotions, "Recipe", lambda: QUICK)
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert fine_tune_emotions.main(["--body", str(body), "--into", str(tmp_path / "file" / "into")]) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err


# --- the weights that are served -------------------------------------------------------------------------------
@pytest.mark.skipif(not (SERVED / "model.safetensors").is_file(), reason="there are no fine-tuned weights")
def test_what_the_notebook_shows_comes_out_right():
    found = fine_tune_emotions.probabilities(SERVED, [Comment(text, (), ()) for text in SHOWN])
    for (text, expected), row in zip(SHOWN.items(), found, strict=True):
        ranked = [emotions.LABELS[number] for number in row.argsort()[::-1]]
        assert set(ranked[: len(expected)]) == expected, text
        assert sorted(row)[-len(expected)] >= fine_tune_emotions.THRESHOLD, text
