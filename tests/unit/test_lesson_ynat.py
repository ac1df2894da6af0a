"""Notebook 04's exercises: each check accepts the solution, and says of a usual mistake what it is."""

from functools import partial

import numpy as np
import pytest
import torch
from lesson_cells import code_cells, definitions
from sklearn.metrics import f1_score
from transformers import DataCollatorWithPadding, RobertaConfig, RobertaForSequenceClassification

cells = partial(code_cells, "04_klue_ynat")


class Rows(list):
    def remove_columns(self, _):
        return self


class Padding(DataCollatorWithPadding):
    def __init__(self):
        pass

    def __call__(self, rows):
        return {name: torch.tensor([row[name] for row in rows]) for name in rows[0]}


def small_model():
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=12, num_labels=7,
    )  # fmt: skip
    return RobertaForSequenceClassification(config)


@pytest.fixture
def accumulation():
    check, solution = cells("check")[1], cells("solution")[1]
    names = definitions(check, solution)
    rows = [{"input_ids": [5, 6 + i, 7], "attention_mask": [1, 1, 1], "labels": i % 7} for i in range(8)]
    names.update({"train_set": Rows(rows), "collator": Padding(), "new_model": small_model})
    return names


def without_halving(model, optimizer, halves):
    for half in halves:
        model(**half).loss.backward()
    optimizer.step()
    optimizer.zero_grad()


def two_steps(model, optimizer, halves):
    for half in halves:
        (model(**half).loss / 2).backward()
        optimizer.step()


def kept_gradients(model, optimizer, halves):
    for half in halves:
        (model(**half).loss / 2).backward()
    optimizer.step()


@pytest.mark.parametrize(
    "step, said",
    [
        (lambda *_: None, "not answered yet"),
        (without_halving, "twice as long"),
        (kept_gradients, "gradients are still there"),
        (two_steps, "gradients are still there"),
    ],
)
def test_a_wrong_accumulation_is_named(accumulation, step, said):
    assert said in accumulation["check_accumulation"](step)


def test_the_right_accumulation_is_accepted(accumulation):
    said = accumulation["check_accumulation"](accumulation["accumulated_step_solution"])
    assert "Exercise 2: right" in said


@pytest.fixture
def macro():
    gold = np.array([0, 0, 1, 2, 3, 4, 5, 6, 6, 6])
    predicted = np.array([0, 1, 1, 2, 3, 4, 5, 6, 6, 0])

    class F1:
        def compute(self, predictions, references, average):
            return {"f1": f1_score(references, predictions, average=average)}

    names = definitions(cells("check")[2], cells("solution")[2])
    names.update(gold=gold, predicted=predicted, f1=F1())  # the namespace in which the functions look them up
    return names


def divides_by_zero(gold, predicted):
    scores = []
    for section in range(7):
        hits = int(np.sum((gold == section) & (predicted == section)))
        scores.append(2 * hits / (int(np.sum(gold == section)) + int(np.sum(predicted == section))))
    return np.mean(scores)


@pytest.mark.parametrize(
    "function, said",
    [
        (lambda gold, predicted: None, "not answered yet"),
        (lambda gold, predicted: (gold == predicted).mean(), "That is accuracy"),
        (lambda gold, predicted: 0.5, "instead of"),
        (divides_by_zero, "divides by zero"),
    ],
)
def test_a_wrong_macro_f1_is_named(macro, function, said):
    assert said in macro["check_macro_f1"](function)


def test_the_right_macro_f1_is_accepted(macro):
    assert "Exercise 3: right" in macro["check_macro_f1"](macro["macro_f1_solution"])


@pytest.mark.parametrize(
    "losses, said",
    [
        (None, "not answered yet"),
        ([1.9, 1.0, 0.05], "even"),
        ([0.4, 0.05], "new model"),
        ([1.9, 0.8], "more epochs"),
        ([1.9, 0.05], "Exercise 1: right"),
    ],
)
def test_ten_by_heart(losses, said):
    assert said in definitions(cells("check")[0])["check_ten"](losses)
