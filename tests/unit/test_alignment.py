"""Characters, sub-words and entities: by hand, by vectors, by property, and with what must be refused."""

import gc
import json
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from workbook.alignment import (
    IGNORED,
    Entity,
    character_tags,
    check_rows,
    covered,
    entities,
    subword_labels,
    tagged_sentence,
    tokenize_and_align,
)
from workbook.errors import WorkbookError
from workbook.metrics import KLUE_TAGS

UNHURRIED = settings(derandomize=True, deadline=None, max_examples=50)  # the first call may train a tokenizer
MODERNBERT = Path(__file__).parents[2] / "data" / "models" / "answerdotai" / "ModernBERT-base"
VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "alignment.json"


def test_first_characters_tag_decides():
    tags = ["B-PS", "I-PS", "O", "O", "B-LC"]
    offsets = [(0, 0), (0, 1), (1, 3), (4, 5), (0, 0)]
    assert subword_labels(tags, offsets, "이순신 비") == [IGNORED, "B-PS", "I-PS", "B-LC", IGNORED]


def test_back_to_characters():
    #          이순신은 두 가지   (a sub-word of three characters, an entity over a space)
    offsets = [(0, 0), (0, 3), (3, 4), (5, 6), (7, 9), (0, 0)]
    labels = ["O", "B-PS", "O", "B-QT", "I-QT", "O"]
    back = ["B-PS", "I-PS", "I-PS", "O", "O", "B-QT", "I-QT", "I-QT", "I-QT"]
    assert character_tags(labels, offsets, "이순신은 두 가지") == back


def test_a_space_between_two_entities_stays_outside():
    assert character_tags(["B-LC", "B-LC"], [(0, 2), (3, 5)], "서울 부산") == [
        "B-LC",
        "I-LC",
        "O",
        "B-LC",
        "I-LC",
    ]
    assert character_tags(["B-LC", "I-PS"], [(0, 2), (3, 5)], "서울 부산") == [
        "B-LC",
        "I-LC",
        "O",
        "I-PS",
        "I-PS",
    ]


def test_what_truncation_cut_is_outside():
    assert character_tags(["B-PS"], [(0, 2)], "이순신 장군") == ["B-PS", "I-PS", "O", "O", "O", "O"]


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
    offsets, text = [(i, i + 1) for i in range(len(tags))], "가" * len(tags)
    assert character_tags(subword_labels(tags, offsets, text), offsets, text) == tags


CORPUS = (
    "이순신 장군은 조선 시대의 명장이다. 어제 서울 날씨는 맑았지만, 부산은 비가 왔다.",
    "I met Yi Sun-sin today; a café in New York, 12 ㎏ of ﬁsh. 漢字",
)


def byte_level(add_prefix_space):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return tokenizer, trainers.BpeTrainer(vocab_size=330, initial_alphabet=alphabet, show_progress=False)


def metaspace(*before):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*before, pre_tokenizers.Metaspace()])
    return tokenizer, trainers.UnigramTrainer(
        vocab_size=70, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False
    )


def word_piece(*steps):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([*steps])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=120, special_tokens=["[UNK]"], show_progress=False)
    return tokenizer, trainer


KINDS = {
    "WordPiece": lambda: word_piece(normalizers.BertNormalizer(lowercase=False)),
    "byte-level BPE": lambda: byte_level(False),
    "byte-level BPE, add_prefix_space": lambda: byte_level(True),
    "Unigram, Metaspace": lambda: metaspace(),
    "Unigram, WhitespaceSplit and Metaspace": lambda: metaspace(pre_tokenizers.WhitespaceSplit()),
    "NFKC, lower case, no accents": lambda: word_piece(
        normalizers.NFKC(), normalizers.Lowercase(), normalizers.NFD(), normalizers.StripAccents()
    ),
}


@cache
def trained(kind):
    tokenizer, trainer = KINDS[kind]()
    tokenizer.train_from_iterator(CORPUS * 3, trainer)
    return tokenizer


@st.composite
def tagged_texts(draw):
    """Text with the tags of entities that neither begin nor end with a space."""
    letters = st.text(
        st.sampled_from("이순신장군서울가abSY12.-éñÅİ㎏ﬁＡ½漢😀 \u0301\u200b\t\u3000\xa0   "), max_size=6
    )
    parts = draw(st.lists(st.tuples(letters, st.sampled_from(["O", "PS", "LC"])), max_size=8))
    text, tags = "", []
    for part, kind in parts:
        before = len(part) - len(part.lstrip())
        name = len(part.strip()) if kind != "O" else 0
        tags += ["O"] * before + [f"B-{kind}"] * bool(name) + [f"I-{kind}"] * (name - 1)
        text += part
        tags += ["O"] * (len(text) - len(tags))
    return text, tags


def may_be_lost(entity, text, offsets):
    """Whether it shares a sub-word with a character outside it, or the tokenizer drops its first or last one.

    A mark that the tokenizer drops belongs to the letter before it.
    """
    read = {i for start, end in offsets for i in range(start, end)}
    inside = range(entity.start, entity.end)
    for start, end in offsets:
        characters = [i for i in range(start, end) if not text[i].isspace()]
        while (
            characters and end < len(text) and end not in read and unicodedata.category(text[end])[0] in "MC"
        ):
            characters.append(end)
            read.add(end)
            end += 1
        if 0 < sum(i in inside for i in characters) < len(characters):
            return True
    return entity.start not in read or entity.end - 1 not in read


@pytest.mark.parametrize("kind", KINDS)
@UNHURRIED
@given(tagged_texts())
@example(("I met Yi Sun-sin today", ["O"] * 6 + ["B-PS"] + ["I-PS"] * 9 + ["O"] * 6))
@example(("a  漢字 b", ["O"] * 3 + ["B-LC", "I-LC", "O", "O"]))
@example(("cafe\u0301 이", ["B-LC"] + ["I-LC"] * 4 + ["O", "B-PS"]))
@example(("1 \u200b1", ["B-PS", "O", "B-PS", "I-PS"]))
def test_perfect_labels_come_back(kind, tagged):
    text, tags = tagged
    offsets = trained(kind).encode(text).offsets
    labels = subword_labels(tags, offsets, text, ignored="O")
    gold, back = entities(tags), entities(character_tags(labels, offsets, text))
    lost = set(gold) - set(back)
    excused = {entity for entity in gold if may_be_lost(entity, text, offsets)}
    # The B- of an entity whose first character the tokenizer drops is never seen: it goes on with the one before.
    read = {i for start, end in offsets for i in range(start, end)}
    excused |= {
        one for one, next_one in pairwise(gold) if next_one.start not in read and one.type == next_one.type
    }
    assert lost <= excused
    assert len(back) <= len(gold), "a sub-word that repeats another's characters is not a second entity"
    assert all(text[e.start : e.end] == text[e.start : e.end].strip() for e in back), "no spaces at the edges"


@pytest.mark.parametrize("kind", KINDS)
@UNHURRIED
@given(tagged_texts())
def test_no_two_sub_words_cover_a_character_and_none_a_space_at_its_edges(kind, tagged):
    text = tagged[0]
    offsets = trained(kind).encode(text).offsets
    found = covered(offsets, text)
    assert covered(found, text) == found, "reading twice changes nothing"
    characters = [i for start, end in found for i in range(start, end)]
    assert characters == sorted(set(characters))
    assert all(text[start:end] == text[start:end].strip() for start, end in found)
    labels = subword_labels(list(range(len(text))), offsets, text)
    assert labels == [start if end > start else IGNORED for start, end in found]
    seen = {i for start, end in offsets for i in range(start, end) if not text[i].isspace()}
    assert seen <= set(characters), "every letter that the tokenizer reads has a sub-word"


@pytest.mark.parametrize("kind", KINDS)
@UNHURRIED
@given(tagged_texts(), st.data())
def test_labels_of_sub_words_that_cover_nothing_are_not_read(kind, tagged, data):
    text, tags = tagged
    offsets = trained(kind).encode(text).offsets
    labels = subword_labels(tags, offsets, text, ignored=None)
    noise = [data.draw(st.sampled_from(["O", "B-QT", "I-PS"])) if tag is None else tag for tag in labels]
    quiet = ["O" if tag is None else tag for tag in labels]
    assert character_tags(noise, offsets, text) == character_tags(quiet, offsets, text)


def test_a_space_before_a_name_is_no_part_of_it():
    """ModernBERT's sub-words hold the space before a word; the tag of that space is O, the name's is not."""
    tokenizer = Tokenizer(
        models.BPE.from_file(str(MODERNBERT / "vocab.json"), str(MODERNBERT / "merges.txt"))
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    text = "I met Yi Sun-sin today"
    tags = ["O"] * 6 + ["B-PS"] + ["I-PS"] * 9 + ["O"] * 6
    offsets = tokenizer.encode(text).offsets
    labels = dict(zip((text[a:b] for a, b in offsets), subword_labels(tags, offsets, text), strict=True))
    assert labels[" Y"] == "B-PS" and labels[" Sun" if " Sun" in labels else " S"] == "I-PS"
    back = character_tags(subword_labels(tags, offsets, text), offsets, text)
    assert tagged_sentence(text, entities(back)) == "I met <Yi Sun-sin:PS> today"


def test_a_lone_metaspace_and_parts_of_a_character():
    #       ▁ over the whole of what follows; two bytes of a character; a sub-word of spaces
    text, offsets = "a 漢  이", [(0, 1), (0, 1), (1, 3), (2, 3), (3, 4), (5, 6), (5, 6), (0, 0)]
    assert covered(offsets, text) == [(0, 0), (0, 1), (2, 2), (2, 3), (4, 4), (5, 5), (5, 6), (0, 0)]
    labels = subword_labels(["B-PS", "O", "B-LC", "O", "O", "B-DT"], offsets, text)
    assert labels == [IGNORED, "B-PS", IGNORED, "B-LC", IGNORED, IGNORED, "B-DT", IGNORED]


def test_a_sub_word_keeps_what_the_next_one_leaves_it():
    """A byte-level sub-word may hold one character and the first byte of the next."""
    assert covered([(0, 2), (1, 2)], "이순") == [(0, 1), (1, 2)]


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
    offsets, text = [tuple(pair) for pair in vector["offsets"]], "".join(vector["characters"])
    assert subword_labels(vector["ner_tags"], offsets, text) == vector["labels"]
    names = vector["label_names"]
    tags = character_tags([names[i] if i >= 0 else "O" for i in vector["labels"]], offsets, text)
    assert tags == [names[i] for i in vector["ner_tags"]]
    assert tagged_sentence(text, entities(tags)) == vector["decoded_from_labels"]
