"""Notebook 06's exercises: each check accepts the solution, and says of a usual mistake what it is."""

from functools import partial

import numpy as np
import pytest
from lesson_cells import code_cells, definitions

cells = partial(code_cells, "06_yelp_stars")


def star_scores():
    """The notebook's own."""
    (source,) = (source for source in cells() if "def star_scores" in source)
    return definitions(source[: source.index("\n\n\n")])["star_scores"]


def by_definition(logits, label):
    return -(logits.exp() / logits.exp().sum())[label].log()


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda logits, label: None, "not answered yet"),
        (lambda logits, label: -by_definition(logits, label), "sign is wrong"),
        (lambda logits, label: by_definition(logits, label) / np.log(10), "another logarithm"),
        (lambda logits, label: logits.softmax(-1)[label], "the probability itself"),
        (lambda logits, label: logits[label], "instead of"),
        (by_definition, "for large ones it is nan"),
        (lambda logits, label: -logits.softmax(-1)[label].log(), "for large ones it is inf"),
        (lambda logits, label: -(logits.softmax(-1)[label] + 1e-9).log(), "instead of 1,000"),
    ],
)
def test_a_wrong_loss_is_named(function, said):
    assert said in definitions(cells("check")[0])["check_loss"](function)


def test_the_right_loss_is_accepted():
    names = definitions(cells("check")[0], cells("solution")[0])
    assert "Exercise 1: right" in names["check_loss"](names["loss_by_hand_solution"])


@pytest.mark.parametrize(
    ("rate", "losses", "said"),
    [
        (None, [], "not answered yet"),
        (1e-4, [1.6] * 60, "not yet below 1.2"),
        (3.0, [1.6, 9.0, 12.0] + [1.9] * 57, "too high"),
        (9.0, [1.6] + [float("nan")] * 59, "too high"),
        (0.03, list(np.linspace(1.6, 0.3, 60)), "Exercise 2: right. 0.03, 100 times AdamW's"),
    ],
)
def test_a_rate_for_sgd(rate, losses, said):
    names = definitions(cells("check")[1], LEARNING_RATE=3e-4)
    names["sgd_losses_at"] = lambda rate: losses
    assert said in names["check_rate"](rate)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda probabilities, cost: None, "not answered yet"),
        (lambda probabilities, cost: (probabilities @ cost).min(), "shape ()"),
        (lambda probabilities, cost: probabilities @ cost, "shape (200, 5)"),
        (lambda probabilities, cost: (probabilities @ cost).argmax(-1), "most expensive"),
        (lambda probabilities, cost: (probabilities @ cost).argmin(-1) + 1, "labels 0 to 4"),
        (lambda probabilities, cost: (probabilities.cumsum(-1) >= 0.5).argmax(-1), "the likeliest star"),
        (lambda probabilities, cost: probabilities.argmax(-1), "the median"),
        (lambda probabilities, cost: (probabilities @ cost.T).argmin(-1), "swapped"),
        (lambda probabilities, cost: (probabilities @ (cost + cost.T)).argmin(-1), "symmetrical"),
    ],
)
def test_a_wrong_answer_for_a_cost_is_named(function, said):
    assert said in definitions(cells("check")[2])["check_cheapest"](function)


def test_the_cheapest_answer_is_accepted():
    names = definitions(cells("check")[2], cells("solution")[2])
    assert "Exercise 3: right" in names["check_cheapest"](names["cheapest_solution"])


GOLD = np.arange(50) % 5
NEAR = GOLD + np.tile([0.3, -0.2], 25)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (None, "not answered yet"),
        (NEAR[:-1], "One number for each test review"),
        (NEAR[:, None], "One number for each test review"),
        (np.full(50, 2.0), "nearly the same"),
        (NEAR + 1, "a whole star too high"),
        (np.roll(np.sort(NEAR), 7), "in the order of the test reviews"),
        (list(NEAR), "Exercise 4: right. Root mean squared error 0.255; rounded, accuracy 1.000"),
    ],
)
def test_stars_as_a_number(answers, said):
    names = definitions(cells("check")[3], gold=GOLD, star_scores=star_scores())
    assert said in names["check_numbers"](answers)
