"""Notebook 05: what it says of stars and intervals, and its exercises' checks on right and usual wrong answers."""

import re
from functools import partial

import numpy as np
import pytest
from lesson_cells import code_cells

cells = partial(code_cells, "05_imdb_sentiment")


def holding(text):
    (source,) = (source for source in cells() if text in source)
    return source


def definitions(*sources):
    """The functions and constants of these cells; what they print and compute from the data left out."""
    names = {"np": np, "re": re}
    for source in sources:
        kept = []
        for block in re.split(r"\n(?=\S)", source):
            if block.startswith(("def ", "NUMBERS", "RATING")):
                kept.append(block)
        exec("\n".join(kept), names)
    return names


@pytest.mark.parametrize(
    "text, stars",
    [
        ("I give it 8/10.", 8),
        ("Nine out of ten, and no less.", 9),
        ("A 3 out of 10 at best", 3),
        ("Others said 9/10. I say 2 / 10.", 2),
        ("Ten out of TEN", 10),
        ("Made in 10/1986 for ten dollars", None),
        ("It runs 110 minutes", None),
    ],
)
def test_stars(text, stars):
    assert definitions(holding("def stars("))["stars"](text) == stars


def test_the_interval_of_a_difference_holds_it_and_is_the_same_either_way():
    names = definitions(holding("def verdict("))
    first, second = np.arange(200) % 10 != 0, np.arange(200) % 4 != 0
    middle, low, high = names["difference"](first, second)
    assert low < middle < high and middle == pytest.approx(first.mean() - second.mean())
    assert names["difference"](second, first) == pytest.approx((-middle, -high, -low))


@pytest.mark.parametrize(
    "second, said",
    [
        (np.arange(200) % 2 == 0, "ahead of"),
        (np.ones(200, bool), "behind"),
        (np.arange(200) % 10 != 1, "cannot be told"),
    ],
)
def test_a_verdict_needs_an_interval_without_zero(second, said):
    first = np.arange(200) % 10 != 0
    assert said in definitions(holding("def verdict("))["verdict"]("A", "B", first, second)


def test_the_gap_of_long_texts_has_an_interval():
    names = definitions(holding("def longest_against_others("), holding("def margin("))
    answers, long = np.arange(400) % 5 != 0, np.arange(400) < 100
    gap, low, high = names["longest_against_others"](answers, long)
    assert low < gap < high and gap == pytest.approx(0)


def check(number):
    return definitions(cells("check")[number - 1], cells("solution")[number - 1])


@pytest.mark.parametrize(
    "function, said",
    [
        (lambda ids, head, limit: None, "not answered yet"),
        (lambda ids, head, limit: ids[:head] + ids[-limit:], "limit − head"),
        (lambda ids, head, limit: ids[:limit], "then comes the tail"),
        (lambda ids, head, limit: ids[-limit:], "then comes the tail"),
        (lambda ids, head, limit: ids[:head] + ids[head - limit :][::-1], "in their order"),
        (lambda ids, head, limit: ids[:head] + ids[head - limit :], "Short lists overlap"),
    ],
)
def test_a_wrong_head_and_tail_is_named(function, said):
    assert said in check(1)["check_head_and_tail"](function)


def test_ten_that_fit_stay_as_they_are():
    assert "Ten ids fit" in check(1)["check_head_and_tail"](
        lambda ids, head, limit: ids[:head] + ids[head - limit :] if len(ids) > limit else ids[: limit - 1]
    )


def by_accumulating(precision, labels, probabilities):
    """Assumes that the reviews are sorted by probability."""
    for i in range(len(labels)):
        if labels[i:].mean() >= precision:
            return probabilities[i]


@pytest.mark.parametrize(
    "function, said",
    [
        (lambda *_: None, "not answered yet"),
        (lambda precision, labels, p: p[labels == 1].min(), "precision 0.8"),
        (lambda precision, labels, p: p.max(), "take the lowest"),
        (lambda precision, labels, p: 0.95, "take the lowest"),
        (lambda precision, labels, p: 0.65, "not one of the probabilities"),
        (by_accumulating, "order of the reviews"),
        (lambda precision, labels, p: 0.7, "None"),
    ],
)
def test_a_wrong_threshold_is_named(function, said):
    assert said in check(2)["check_threshold"](function)


def by_the_word(text, ask):
    words = text.split()
    whole, *rest = ask([text, *(" ".join(w for w in words if w != word) for word in words)])
    return [(word, whole - p) for word, p in zip(words, rest, strict=True)]


def one_by_one(text, ask):
    words = text.split()
    return [(w, ask([text])[0] - ask([" ".join(words[:i] + words[i + 1 :])])[0]) for i, w in enumerate(words)]


def turned(text, ask):
    return [(word, -fall) for word, fall in check(3)["without_each_word_solution"](text, ask)]


@pytest.mark.parametrize(
    "function, said",
    [
        (lambda text, ask: None, "not answered yet"),
        (
            lambda text, ask: list(dict(check(3)["without_each_word_solution"](text, ask)).items()),
            "comes twice",
        ),
        (by_the_word, "by the place"),
        (turned, "the other way round"),
        (lambda text, ask: [(word, 0.0) for word in text.split()], "should be"),
        (one_by_one, "all texts into one list"),
    ],
)
def test_a_wrong_leaving_out_is_named(function, said):
    assert said in check(3)["check_without_each_word"](function)


@pytest.mark.parametrize("number, name", [(1, "head_and_tail"), (2, "threshold"), (3, "without_each_word")])
def test_the_solutions_are_accepted(number, name):
    names = check(number)
    solution = {2: "threshold_for"}.get(number, name)
    assert f"Exercise {number}: right" in names[f"check_{name}"](names[f"{solution}_solution"])
