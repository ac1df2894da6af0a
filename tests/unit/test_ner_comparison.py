"""Every score against another's on the same predictions: ours from counts, workbook.metrics', seqeval's, scikit-learn's."""

import random
import time

import numpy as np
import pytest
from seqeval.metrics import classification_report, f1_score
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, Entities
from sklearn.metrics import f1_score as sklearn_f1

from workbook.alignment import Entity
from workbook.errors import WorkbookError
from workbook.metrics import KLUE_TAGS, klue_ner_scores
from workbook.ner import comparison
from workbook.ner.comparison import KINDS


def random_tags(length, dice, share_of_o=0.4):
    """Any tags at all, sound IOB2 or not."""
    return [dice.choice(KLUE_TAGS) if dice.random() > share_of_o else "O" for _ in range(length)]


def sample(seed, sentences=60):
    """Sentences with spaces, gold tags, and predictions that agree with them about half of the time."""
    dice = random.Random(seed)
    texts, gold, predicted = [], [], []
    for _ in range(sentences):
        length = dice.randint(1, 25)
        texts.append("".join(dice.choice("가나다 ") for _ in range(length)))
        true = random_tags(length, dice)
        gold.append(true)
        predicted.append(list(true) if dice.random() < 0.3 else [
            tag if dice.random() < 0.7 else dice.choice(KLUE_TAGS) for tag in true
        ])  # fmt: skip
    return texts, gold, predicted


def as_the_benchmark(texts, rows):
    """Without spaces, an O before and behind."""
    return [
        ["O", *(t for c, t in zip(text, tags, strict=True) if not c.isspace()), "O"]
        for text, tags in zip(texts, rows, strict=True)
    ]


@pytest.mark.parametrize("seed", range(8))
def test_the_scores_are_those_of_the_libraries(seed):
    texts, gold, predicted = sample(seed)
    ours = comparison.scores(comparison.count(texts, gold, predicted))
    klue = klue_ner_scores(texts, gold, predicted)
    assert ours["entity_f1"] == pytest.approx(klue["entity_f1"], abs=1e-12)
    assert ours["character_f1"] == pytest.approx(klue["character_f1"], abs=1e-12)
    g, p = as_the_benchmark(texts, gold), as_the_benchmark(texts, predicted)
    micro = f1_score(g, p, average="micro", mode="strict", scheme=IOB2, zero_division=0)
    assert ours["micro_f1"] == pytest.approx(float(micro), abs=1e-12)
    flat = ([tag for row in rows for tag in row] for rows in (g, p))
    macro = sklearn_f1(*flat, labels=KLUE_TAGS, average="macro", zero_division=0)
    assert ours["character_f1"] == pytest.approx(float(macro), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_scores_by_type_are_seqevals(seed):
    texts, gold, predicted = sample(seed)
    ours = comparison.scores_by_type(comparison.count(texts, gold, predicted))
    report = classification_report(
        as_the_benchmark(texts, gold), as_the_benchmark(texts, predicted),
        mode="strict", scheme=IOB2, output_dict=True, zero_division=0,
    )  # fmt: skip
    assert ours == pytest.approx({kind: float(report[kind]["f1-score"]) for kind in KINDS})


@pytest.mark.parametrize("seed", range(200))
def test_strict_entities_are_seqevals(seed):
    tags = random_tags(20, random.Random(seed), share_of_o=0.2)
    theirs = Entities([tags], IOB2).entities[0]
    assert comparison.strict_entities(tags) == {Entity(e.start, e.end, e.tag) for e in theirs}


def test_sound_tags_are_read_alike_by_strict_and_lenient_eyes():
    tags = ["B-PS", "I-PS", "O", "B-LC", "B-LC", "I-LC"]
    lenient = {(start, end + 1, kind) for kind, start, end in get_entities(tags)}
    assert {(e.start, e.end, e.type) for e in comparison.strict_entities(tags)} == lenient


def test_perfect_tags():
    texts, gold, _ = sample(1)
    assert comparison.scores(comparison.count(texts, gold, gold)) == {
        "entity_f1": 1.0, "micro_f1": 1.0, "character_f1": 1.0,
    }  # fmt: skip


def test_nothing_found():
    texts, gold, _ = sample(1)
    nothing = comparison.count(texts, gold, [["O"] * len(text) for text in texts])
    found = comparison.scores(nothing)
    assert found["entity_f1"] == found["micro_f1"] == 0
    assert 0 < found["character_f1"] < 1 / 13


def test_a_type_that_is_neither_there_nor_predicted_is_no_zero():
    counts = comparison.count(["가"], [["B-PS"]], [["B-PS"]])
    by_type = comparison.scores_by_type(counts)
    assert by_type.pop("PS") == 1.0
    assert all(np.isnan(value) for value in by_type.values())
    assert comparison.scores(counts)["entity_f1"] == 1.0
    assert comparison.scores(comparison.count(["가"], [["O"]], [["O"]]))["entity_f1"] == 0.0


def test_another_number_of_tags_is_refused():
    with pytest.raises(WorkbookError, match="Sentence 1 has 2 characters and 1 tags"):
        comparison.count(["가", "가나"], [["O"], ["O", "O"]], [["O"], ["O"]])


def test_empty_sentences_count_nothing():
    texts, gold, predicted = sample(2)
    alone = comparison.scores(comparison.count(texts, gold, predicted))
    more = comparison.scores(comparison.count([*texts, ""], [*gold, []], [*predicted, []]))
    assert more["micro_f1"] == alone["micro_f1"] and more["entity_f1"] == alone["entity_f1"]


def test_a_part_of_the_counts_is_the_counts_of_a_part():
    texts, gold, predicted = sample(3)
    part = comparison.count(texts, gold, predicted)[:20]
    assert comparison.scores(part) == comparison.scores(
        comparison.count(texts[:20], gold[:20], predicted[:20])
    )


def test_a_bootstrap_sample_is_the_score_of_its_sentences():
    """Drawn once more with the same seed, and scored from the tags by KLUE's own way."""
    texts, gold, predicted = sample(4)
    samples = comparison.bootstrap(comparison.count(texts, gold, predicted), samples=5, seed=7)
    times = np.random.default_rng(7).multinomial(len(texts), np.full(len(texts), 1 / len(texts)), size=5)
    for number, row in enumerate(times):
        drawn = [i for i, count in enumerate(row) for _ in range(count)]
        again = [[column[i] for i in drawn] for column in (texts, gold, predicted)]
        assert samples["entity_f1"][number] == pytest.approx(klue_ner_scores(*again)["entity_f1"])
        assert samples["character_f1"][number] == pytest.approx(klue_ner_scores(*again)["character_f1"])


def test_the_interval_holds_the_score_and_narrows_with_more_sentences():
    def width(sentences):
        counts = comparison.count(*sample(5, sentences))
        low, high = comparison.interval(comparison.bootstrap(counts)["micro_f1"])
        assert low < comparison.scores(counts)["micro_f1"] < high
        return high - low

    assert width(800) < width(50) / 2


def test_the_interval_is_as_wide_as_theory_has_it():
    """One entity a sentence, right in 30 of 100: F1 is a share, its standard error √(pq/n)."""
    texts, gold = ["가"] * 100, [["B-PS"]] * 100
    predicted = [["B-PS"] if i < 30 else ["B-LC"] for i in range(100)]
    low, high = comparison.interval(
        comparison.bootstrap(comparison.count(texts, gold, predicted), 4000)["micro_f1"]
    )
    error = (0.3 * 0.7 / 100) ** 0.5
    assert (high - low) / 2 == pytest.approx(1.96 * error, rel=0.1)


def test_a_thousand_samples_of_a_thousand_sentences_take_no_time():
    counts = comparison.count(*sample(6, 1000))
    started = time.perf_counter()
    comparison.bootstrap(counts, 1000)
    assert time.perf_counter() - started < 5  # a tenth of it where nothing else runs


# --- time and memory -----------------------------------------------------------------------------------------


def test_what_a_call_took():
    def call():
        held = np.ones(40 * 2**17)  # 40 MiB
        time.sleep(0.15)
        return held.sum()

    result, cost = comparison.measured(call)
    assert result == 40 * 2**17
    assert 0.15 <= cost.seconds < 5
    assert 30 * 2**20 < cost.grown_bytes < 400 * 2**20


def test_an_error_in_a_measured_call_comes_through():
    with pytest.raises(ZeroDivisionError):
        comparison.measured(lambda: 1 / 0)


class Slow:
    """Ten milliseconds a call, whatever the batch."""

    def __init__(self):
        self.sizes = []

    def predict(self, sentences, batch_size=1):
        assert len(sentences) <= batch_size
        self.sizes.append(batch_size)
        time.sleep(0.01)
        return [["O"] * len(text) for text in sentences]


def test_speed_is_sentences_a_second_by_batch():
    found = comparison.speed(Slow(), ["가", "나", "다"], [1, 10], seconds=0.2)
    assert list(found) == [1, 10]
    assert 10 < found[1] <= 100
    assert found[10] == pytest.approx(10 * found[1], rel=0.5)


def test_bytes_on_disk(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_bytes(b"123")
    assert comparison.bytes_on_disk(tmp_path) == 8
