"""Entities and probabilities from a miniature: text longer than the model, empty text, a model of another kind."""

import numpy as np
import pytest
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    set_seed,
)

from standin.models import ensure_models
from workbook.errors import WorkbookError
from workbook.inference import predict_entities, predict_probabilities
from workbook.metrics import KLUE_TAGS
from workbook.paths import resource


@pytest.fixture(scope="module")
def bert(outputs):
    roots = ensure_models(outputs / "sandbox" / "models", [], resource("data"))
    return roots[0] / "models" / "klue" / "bert-base"


@pytest.fixture(scope="module")
def tokenizer(bert):
    return AutoTokenizer.from_pretrained(bert)


@pytest.fixture(scope="module")
def tagger(bert):
    set_seed(0)
    names = dict(enumerate(KLUE_TAGS))
    return AutoModelForTokenClassification.from_pretrained(bert, num_labels=13, id2label=names)


def test_a_sentence_longer_than_the_model(tagger, tokenizer):
    sentence = "서울에서 만났다. " * 300
    covered = tokenizer(sentence, truncation=True, return_offsets_mapping=True)["offset_mapping"][-2][1]
    assert covered < len(sentence) / 2
    long, short = predict_entities(tagger, tokenizer, [sentence, "서울"])
    assert long and all(entity.end <= covered for entity in long), "what was cut off gets no entity"
    assert short == predict_entities(tagger, tokenizer, ["서울"])[0], "and its neighbours are not touched"


def test_an_empty_sentence_is_named(tagger, tokenizer):
    for empty in ("", " \n"):
        with pytest.raises(WorkbookError, match="Sentence 1 is empty"):
            predict_entities(tagger, tokenizer, ["서울", empty])


def test_a_model_that_names_no_entities(bert, tokenizer):
    other = AutoModelForTokenClassification.from_pretrained(bert, num_labels=2)
    with pytest.raises(WorkbookError, match=r"LABEL_0.*not tags such as 'B-PS'"):
        predict_entities(other, tokenizer, ["서울"])


def test_probabilities_come_back_in_order(bert, tokenizer):
    set_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(bert, num_labels=7)
    texts = ["비", "서울에 비가 온다", "오늘은 종일 눈이 내린다 내린다 내린다", "눈"]
    rows = [tokenizer(text) for text in texts]
    together = predict_probabilities(model, tokenizer, rows, batch_size=3)
    assert together.shape == (4, 7) and np.allclose(together.sum(1), 1, atol=1e-5)
    alone = np.concatenate([predict_probabilities(model, tokenizer, [row]) for row in rows])
    assert np.allclose(together, alone, atol=1e-5)
