"""Characters, sub-words and entities: by hand, by vectors, by property, and with what must be refused."""

import gc
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbook.alignment import (
    IGNORED,
    Entity,
    character_tags,
    check_rows,
    entities,
    subword_labels,
    tagged_sentence,
    tokenize_and_align,
)
from workbook.errors import WorkbookError
from workbook.metrics import KLUE_TAGS

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "alignment.json"


def test_first_characters_tag_decides():
    tags = ["B-PS", "I-PS", "O", "O", "B-LC"]
    offsets = [(0, 0), (0, 1), (1, 3), (4, 5), (0, 0)]
    assert subword_labels(tags, offsets) == [IGNORED, "B-PS", "I-PS", "B-LC", IGNORED]


def test_back_to_characters():
    #          이순신은 두 가지   (a sub-word of three characters, an entity over a space)
    offsets = [(0, 0), (0, 3), (3, 4), (5, 6), (7, 9), (0, 0)]
    labels = ["O", "B-PS", "O", "B-QT", "I-QT", "O"]
    back = ["B-PS", "I-PS", "I-PS", "O", "O", "B-QT", "I-QT", "I-QT", "I-QT"]
    assert character_tags(labels, offsets, 9) == back


def test_a_space_between_two_entities_stays_outside():
    assert character_tags(["B-LC", "B-LC"], [(0, 2), (3, 5)], 5) == ["B-LC", "I-LC", "O", "B-LC", "I-LC"]
    assert character_tags(["B-LC", "I-PS"], [(0, 2), (3, 5)], 5) == ["B-LC", "I-LC", "O", "I-PS", "I-PS"]


def test_what_truncation_cut_is_outside():
    assert character_tags(["B-PS"], [(0, 2)], 6) == ["B-PS", "I-PS", "O", "O", "O", "O"]


def test_lenient_reading():
    assert entities(["I-PS", "I-PS", "O"]) == [Entity(0, 2, "PS")], "I- without its B- starts an entity"
    assert entities(["B-PS", "I-LC", "I-LC"]) == [Entity(0, 1, "PS"), Entity(1, 3, "LC")]
    assert entities(["B-PS", "B-PS"]) == [Entity(0, 1, "PS"), Entity(1, 2, "PS")]
    assert entities(["O", "B-TI"]) == [Entity(1, 2, "TI")], "an entity may end with the sentence"
    assert entities([]) == []


def test_tagged_sentence():
    text = "이순신 장군은 조선 시대의 명장이다."
    found = [Entity(8, 13, "DT"), Entity(0, 3, "PS")]
    assert tagged_sentence(text, found) == "<이순신:PS> 장군은 <조선 시대:DT>의 명장이다."
    assert tagged_sentence(text, []) == text, "an untrained model leaves a sentence as it is"


@given(st.lists(st.sampled_from(KLUE_TAGS), max_size=40))
def test_entities_are_in_order_apart_and_in_range(tags):
    found = entities(tags)
    ends = [0, *(e.end for e in found)]
    assert all(end <= e.start < e.end <= len(tags) for end, e in zip(ends, found, strict=False))
    assert sum(e.end - e.start for e in found) == sum(tag != "O" for tag in tags)


@given(st.lists(st.sampled_from(KLUE_TAGS), min_size=1, max_size=40))
def test_a_sub_word_a_character_loses_nothing(tags):
    offsets = [(i, i + 1) for i in range(len(tags))]
    assert character_tags(subword_labels(tags, offsets), offsets, len(tags)) == tags


def good():
    return {"tokens": [list("서울 비")], "ner_tags": [[2, 3, 12, 12]]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ner_tags": [[2, 3, 12]]}, "4 characters and 3 tags"),
        ({"ner_tags": [[2, 3, 12, 13]]}, "tag 13, outside 0 to 12"),
        ({"ner_tags": [[2, -1, 12, 12]]}, "tag -1, outside"),
        ({"tokens": [[]], "ner_tags": [[]]}, "empty sentence"),
        ({"tokens": [[" ", " "]], "ner_tags": [[12, 12]]}, "empty sentence"),
        ({"tokens": [["서울", " ", "비", "."]]}, "not one character"),
        ({"tokens": [["서", "", "비", "."]]}, "token '', which is not one character"),
    ],
)
def test_rows_that_cannot_be_aligned(change, message):
    check_rows(good(), KLUE_TAGS)
    with pytest.raises(WorkbookError, match=message) as error:
        check_rows(good() | change, KLUE_TAGS)
    assert "Row 0" in str(error.value) and "Leave the row out" in str(error.value)


def test_a_tokenizer_without_offsets_is_refused():
    class Slow:
        is_fast = False

    with pytest.raises(WorkbookError, match="AutoTokenizer"):
        tokenize_and_align(good(), Slow(), KLUE_TAGS)


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_collected_afterwards_as_before(collects):
    class Tokenizer:
        is_fast = True

        def __call__(self, texts, **options):
            assert not gc.isenabled()
            if texts == ["x"]:
                raise ValueError
            return {"input_ids": [[2, 5, 3]], "offset_mapping": [[(0, 0), (0, 4), (0, 0)]]}

    was_on = gc.isenabled()
    try:
        gc.enable() if collects else gc.disable()
        assert tokenize_and_align(good(), Tokenizer(), KLUE_TAGS)["labels"] == [[IGNORED, 2, IGNORED]]
        assert gc.isenabled() == collects
        with pytest.raises(ValueError):
            tokenize_and_align({"tokens": [["x"]], "ner_tags": [[0]]}, Tokenizer(), KLUE_TAGS)
        assert gc.isenabled() == collects
    finally:
        gc.enable() if was_on else gc.disable()


@pytest.mark.skipif(not VECTORS.is_file(), reason="the test vectors are not beside this clone")
def test_the_worked_example():
    vector = json.loads(VECTORS.read_text(encoding="utf-8"))
    offsets = [tuple(pair) for pair in vector["offsets"]]
    assert subword_labels(vector["ner_tags"], offsets) == vector["labels"]
    names = vector["label_names"]
    tags = character_tags(
        [names[i] if i >= 0 else "O" for i in vector["labels"]], offsets, len(vector["characters"])
    )
    assert tags == [names[i] for i in vector["ner_tags"]]
    assert tagged_sentence("".join(vector["characters"]), entities(tags)) == vector["decoded_from_labels"]
