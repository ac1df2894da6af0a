"""The encoder behind the harness: as notebook 03's own prediction, and on sentences longer than the model reads."""

import json

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast, PreTrainedTokenizerFast

from workbook.alignment import entities
from workbook.inference import predict_entities
from workbook.metrics import KLUE_TAGS
from workbook.ner.encoder import Encoder, trained_by


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    vocabulary = tmp_path_factory.mktemp("vocabulary") / "vocab.txt"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"가나다라마.", *(f"##{c}" for c in "가나다라마")]
    vocabulary.write_text("\n".join(pieces), encoding="utf-8")
    return encoder(BertTokenizerFast(str(vocabulary), model_max_length=16))


def encoder(tokenizer):
    """Random weights, large enough for every label to occur."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=16, num_labels=len(KLUE_TAGS), id2label=dict(enumerate(KLUE_TAGS)),
        initializer_range=0.5,
    )  # fmt: skip
    return Encoder(BertForTokenClassification(config).eval(), tokenizer)


def test_the_same_as_notebook_03s_prediction(tagger):
    sentences = ["가나 다라마.", "마", "나다 가 나 다라.", "가a나 漢"]
    ours = [entities(tags) for tags in tagger.predict(sentences)]
    assert ours == predict_entities(tagger.model, tagger.tokenizer, sentences)
    assert any(ours)


def test_alone_or_in_a_batch(tagger):
    sentences = ["가나 다라마.", "마", "나다 가 나 다라." * 4]
    assert tagger.predict(sentences, 2) == [tagger.predict([text], 1)[0] for text in sentences]


@pytest.mark.parametrize("sentence", ["", " ", "  \t", "가", "가나 " * 1666, "가" * 5000])
def test_odd_sentences_get_one_tag_a_character(tagger, sentence):
    (tags,) = tagger.predict([sentence])
    assert len(tags) == len(sentence)


def test_beyond_the_limit_it_still_reads(tagger):
    long = "가나 다라마. " * 30
    tags = tagger.predict([long])[0]
    assert any(tag != "O" for tag in tags[-40:])


def spaced(kind):
    """A tokenizer whose offsets hold spaces: byte-level BPE, or Unigram with a Metaspace."""
    special = ["[PAD]", "[UNK]"]
    if kind == "byte-level":
        tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            special_tokens=special, vocab_size=300, initial_alphabet=alphabet, show_progress=False
        )
    else:
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(
            special_tokens=special, vocab_size=40, unk_token="[UNK]", show_progress=False
        )
    tokenizer.train_from_iterator(["Yi Sun-sin met me in Seoul", "가나 다라마."] * 5, trainer)
    return encoder(
        PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=16
        )
    )


@pytest.mark.parametrize("kind", ["byte-level", "Metaspace"])
def test_sub_words_that_hold_spaces(kind):
    tagger = spaced(kind)
    sentences = ["I met Yi Sun-sin", "가나 다라", "漢 나", " 마 "]
    tags = tagger.predict(sentences)
    ours = [entities(row) for row in tags]
    assert ours == predict_entities(tagger.model, tagger.tokenizer, sentences)
    names = [text[e.start : e.end] for text, found in zip(sentences, ours, strict=True) for e in found]
    assert names and all(name == name.strip() for name in names)


def test_nothing_to_predict(tagger):
    assert tagger.predict([]) == []


def results(folder, data, **figures):
    folder.mkdir()
    document = {"data": data, "figures": {name: {"value": value} for name, value in figures.items()}}
    (folder / "metrics.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def test_a_model_of_the_same_data_is_taken(tmp_path):
    here = results(tmp_path / "09", "miniature")
    other = results(tmp_path / "03", "miniature", seconds_by_epoch=[1.5, 2.5])
    assert trained_by("03", here) is None, "no model was saved"
    (other / "model").mkdir()
    (other / "model" / "model.safetensors").write_bytes(b"")
    assert trained_by("03", here) == (other / "model", 4.0)


def test_a_model_of_other_data_is_left(tmp_path):
    here = results(tmp_path / "09", ["hub"])
    other = results(tmp_path / "03", "miniature", seconds_by_epoch=[1.5])
    (other / "model").mkdir()
    (other / "model" / "model.safetensors").write_bytes(b"")
    assert trained_by("03", here) is None
    assert trained_by("04", here) is None
