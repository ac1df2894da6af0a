"""KLUE's scores against figures worked out by hand, and against one joined sequence as its own code has it."""

import random

import pytest
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2

from workbook.errors import WorkbookError
from workbook.metrics import KLUE_TAGS, klue_ner_scores

SENTENCE = "서울 비"
GOLD = ["B-LC", "I-LC", "O", "B-PS"]


def test_perfect_tags_give_one_where_every_type_occurs():
    kinds = ("DT", "LC", "OG", "PS", "QT", "TI")
    gold = [tag for kind in kinds for tag in (f"B-{kind}", f"I-{kind}", "O")]
    scores = klue_ner_scores(["가" * len(gold)], [gold], [gold])
    assert scores == {"entity_f1": 1.0, "character_f1": 1.0}


def test_macro_means_every_type_counts_alike():
    # Two types in the gold: LC all right (F1 1), PS missed (F1 0): 1/2, though 9 of 10 entities are right.
    sentence = "가나 " * 9 + "다"
    gold = ["B-LC", "I-LC", "O"] * 9 + ["B-PS"]
    predicted = ["B-LC", "I-LC", "O"] * 9 + ["O"]
    assert klue_ner_scores([sentence], [gold], [predicted])["entity_f1"] == pytest.approx(0.5)


def test_strict_mode_wants_the_whole_entity():
    predicted = ["B-LC", "O", "O", "B-PS"]
    assert klue_ner_scores([SENTENCE], [GOLD], [predicted])["entity_f1"] == pytest.approx(0.5)


def test_spaces_do_not_count():
    with_space_tagged = ["B-LC", "I-LC", "I-LC", "B-PS"]
    assert klue_ner_scores([SENTENCE], [GOLD], [with_space_tagged])["entity_f1"] == 1.0


def test_character_score_counts_the_outside_tag_and_the_two_ends():
    # O: gold 2 + 2 ends, predicted all 4 characters without the space + 2 ends... everything O:
    scores = klue_ner_scores(["가나다라"], [["O", "O", "B-PS", "I-PS"]], [["O"] * 4])
    o_f1 = 2 * 4 / (4 + 6)  # 4 right of 6 predicted and 4 gold
    assert scores["character_f1"] == pytest.approx(o_f1 / 13)
    assert scores["entity_f1"] == 0


def test_same_as_one_joined_sequence():
    chance = random.Random(7)
    sentences = ["가" * chance.randint(1, 30) for _ in range(50)]
    gold = [chance.choices(KLUE_TAGS, k=len(s)) for s in sentences]
    predicted = [[t if chance.random() < 0.7 else chance.choice(KLUE_TAGS) for t in row] for row in gold]
    joined = [[tag for row in rows for tag in ["O", *row, "O"]] for rows in (gold, predicted)]
    expected = f1_score([joined[0]], [joined[1]], average="macro", mode="strict", scheme=IOB2)
    assert klue_ner_scores(sentences, gold, predicted)["entity_f1"] == pytest.approx(expected)


def test_another_number_of_tags_than_characters():
    with pytest.raises(WorkbookError, match="4 characters and 3 tags"):
        klue_ner_scores([SENTENCE], [GOLD], [GOLD[:3]])
