"""The miniature data: what is committed is what the generator writes, and it asks for more than a good memory."""

import re
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
KLUE = ROOT / "data" / "datasets" / "klue" / "klue"
sys.path.insert(0, str(ROOT / "tools"))

import make_data  # noqa: E402
from miniature import lexicon, ner, ner_templates, ynat  # noqa: E402
from miniature.korean import final_consonant, particle, sino  # noqa: E402

MARK = re.compile(r"<([^<>]+):(DT|LC|OG|PS|QT|TI)>")


def rows(config: str, split: str) -> list[dict]:
    return pq.read_table(KLUE / config / f"{split}-00000-of-00001.parquet").to_pylist()


@pytest.fixture(scope="module")
def tagged() -> dict[str, list[dict]]:
    return {split: rows("ner", split) for split in ("train", "validation")}


def entities(row: dict) -> list[tuple[str, str]]:
    """(text, type) of a row's entities, read from its tags."""
    found, tags = [], [ner.TAGS[tag] for tag in row["ner_tags"]]
    for character, tag in zip(row["tokens"], tags, strict=True):
        if tag.startswith("B-"):
            found.append([character, tag[2:]])
        elif tag.startswith("I-"):
            assert found and found[-1][1] == tag[2:], f"{tag} continues nothing in {row['sentence']}"
            found[-1][0] += character
    return [(text, kind) for text, kind in found]


def test_the_generator_writes_what_is_committed(tmp_path):
    make_data.make(tmp_path)
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(made) == 22
    for path in made:
        if path.suffix == ".parquet":  # the bytes name the version of pyarrow
            assert pq.read_table(tmp_path / path).equals(pq.read_table(ROOT / "data" / path)), path
        else:
            assert (tmp_path / path).read_bytes() == (ROOT / "data" / path).read_bytes(), path


@pytest.mark.parametrize(
    ("word", "name", "form"),
    [
        ("서울", "은", "은"), ("제주", "은", "는"), ("김해진", "이", "이"), ("나주", "이", "가"), ("12일", "을", "을"),
        ("서울", "으로", "로"), ("부산", "으로", "으로"), ("파리", "으로", "로"), ("3-1", "으로", "로"),
        ("1-3", "으로", "으로"), ("84㎡", "이다", "다"), ("5km", "이다", "다"), ("3t", "이다", "이다"),
        ("KBN", "이", "이"), ("YTV", "이", "가"), ("'하늘'", "이라고", "이라고"), ("51%", "과", "와"),
    ],
)  # fmt: skip
def test_particles_agree_with_the_sound_before_them(word, name, form):
    assert particle(word, name) == form


def test_a_particle_after_something_unreadable_is_an_error():
    with pytest.raises(ValueError, match="no Korean reading"):
        final_consonant("美")


def test_sino_korean_numbers():
    assert [sino(number) for number in (1, 10, 11, 20, 99)] == ["일", "십", "십일", "이십", "구십구"]


def test_fixed_particles_after_choices_agree():
    """[책|나무]를 would be right for one of the two only; such places must say (을)."""
    pattern = re.compile(r"\[([^\]{}]*)\](을|를|은|는|과|와)(?![가-힣])")
    everything = [
        line for name in dir(ner_templates) if name.isupper() for line in getattr(ner_templates, name)
    ]
    everything += [text for _, text in ynat._SHARED] + list(ynat._TEMPLATES.values())
    for text in everything:
        for choices, fixed in pattern.findall(text):
            for word in choices.split("|"):
                if word:
                    assert bool(final_consonant(word)) == (fixed in "을은과"), f"[{choices}]{fixed}"


def test_enough_templates():
    lists = [getattr(ner_templates, name) for name in dir(ner_templates) if name.isupper()]
    assert sum(map(len, lists)) >= 200
    assert all(len(set(lines)) == len(lines) for lines in lists)


def test_schemas():
    kinds = {
        config: {
            field.name: str(field.type)
            for field in pq.read_schema(KLUE / config / "train-00000-of-00001.parquet")
        }
        for config in ("ner", "ynat", "mrc")
    }
    assert kinds["ner"] == {
        "sentence": "string",
        "tokens": "list<element: string>",
        "ner_tags": "list<element: int64>",
    }
    assert kinds["ynat"] == {
        "guid": "string",
        "title": "string",
        "label": "int64",
        "url": "string",
        "date": "string",
    }
    assert list(kinds["mrc"]) == (
        "title context news_category source guid is_impossible question_type question answers".split()
    )


def test_every_character_has_a_tag_and_marks_agree(tagged):
    for row in (*tagged["train"], *tagged["validation"]):
        assert len(row["tokens"]) == len(row["ner_tags"])
        assert all(len(character) == 1 for character in row["tokens"])
        assert all(0 <= tag <= 12 for tag in row["ner_tags"])
        assert MARK.sub(r"\1", row["sentence"]) == "".join(row["tokens"])
        assert MARK.findall(row["sentence"]) == entities(row)


def test_all_types_several_to_a_sentence_and_some_with_none(tagged):
    for split, least in (("train", 350), ("validation", 70)):
        found = [entities(row) for row in tagged[split]]
        counts = Counter(kind for each in found for _, kind in each)
        assert set(counts) == {"DT", "LC", "OG", "PS", "QT", "TI"}
        assert min(counts.values()) >= least
        assert 2.5 < sum(map(len, found)) / len(found) < 5
        assert 0.01 < sum(not each for each in found) / len(found) < 0.1
        assert sum(" " in text for each in found for text, _ in each) > least


def test_validation_holds_names_that_training_lacks(tagged):
    known = {entity for row in tagged["train"] for entity in entities(row)}
    for kind in ("PS", "LC", "OG"):
        names = {entity for row in tagged["validation"] for entity in entities(row) if entity[1] == kind}
        assert len(names - known) / len(names) >= 0.5, kind


def test_the_same_word_is_an_entity_in_one_sentence_and_none_in_another(tagged):
    kinds: dict[str, set[str]] = {}
    for row in tagged["train"]:
        for text, kind in entities(row):
            kinds.setdefault(text, set()).add(kind)
    assert sum({"LC", "OG"} <= kinds.get(town, set()) for town in lexicon.CITIES) > 10
    assert "LC" in kinds["수원"] and "PS" in kinds["하늘"]
    assert sum(len(each) > 1 for each in kinds.values()) > 50
    plain = " ".join(MARK.sub("", row["sentence"]) for row in tagged["train"])
    assert "수원" in plain and "정부" in plain and "하늘" in plain


def test_no_sentence_in_both_splits_and_none_twice(tagged):
    for texts in (
        [row["sentence"] for split in tagged.values() for row in split],
        [row["title"] for split in ("train", "validation") for row in rows("ynat", split)],
    ):
        assert len(set(texts)) == len(texts)


def test_remembering_the_training_entities_is_not_enough(tagged):
    """The longest entity of training that stands at a place, with its commonest type: far below a trained model."""
    counts: dict[str, Counter] = {}
    for row in tagged["train"]:
        for text, kind in entities(row):
            counts.setdefault(text, Counter())[kind] += 1
    longest = max(map(len, counts))
    right = said = wanted = 0
    for row in tagged["validation"]:
        text, place, guesses = "".join(row["tokens"]), 0, set()
        while place < len(text):
            for length in range(min(longest, len(text) - place), 0, -1):
                if (word := text[place : place + length]) in counts:
                    guesses.add((place, word, counts[word].most_common(1)[0][0]))
                    place += length
                    break
            else:
                place += 1
        gold, place = set(), 0
        for found, kind in entities(row):
            place = (
                text.index(found, place) if row["sentence"].count(found) == 1 else _start(row, found, place)
            )
            gold.add((place, found, kind))
            place += len(found)
        right, said, wanted = right + len(gold & guesses), said + len(guesses), wanted + len(gold)
    assert 0.1 < 2 * right / (said + wanted) < 0.55


def _start(row: dict, found: str, place: int) -> int:
    """Where ``found`` begins at or after ``place``: the first B- tag there whose text it is."""
    text = "".join(row["tokens"])
    while ner.TAGS[row["ner_tags"][place]][0] != "B" or not text.startswith(found, place):
        place += 1
    return place


def test_headlines():
    for split, in_guid in (("train", "train"), ("validation", "dev")):
        made = rows("ynat", split)
        assert made[0]["guid"] == f"ynat-v1_{in_guid}_00000"
        assert min(Counter(row["label"] for row in made).values()) > 50
        assert {row["label"] for row in made} == set(range(7))
        assert all(row["url"].startswith("https://news.example/") for row in made)


def test_sections_can_mostly_but_not_always_be_told_from_the_words():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    train, validation = rows("ynat", "train"), rows("ynat", "validation")
    words = TfidfVectorizer()
    model = LogisticRegression(C=10, max_iter=1000).fit(
        words.fit_transform([row["title"] for row in train]), [row["label"] for row in train]
    )
    score = model.score(
        words.transform([row["title"] for row in validation]), [row["label"] for row in validation]
    )
    assert 0.78 < score < 0.92


def test_answers_stand_where_they_are_said_to():
    for split, count in (("train", 60), ("validation", 20)):
        made = rows("mrc", split)
        assert len(made) == count
        assert 0 < sum(row["is_impossible"] for row in made) < count / 2
        for row in made:
            for start, text in zip(row["answers"]["answer_start"], row["answers"]["text"], strict=True):
                assert row["context"][start : start + len(text)] == text
            assert (row["question_type"] == 3) == row["is_impossible"]
    contexts = [{row["context"] for row in rows("mrc", split)} for split in ("train", "validation")]
    assert not contexts[0] & contexts[1]


@pytest.mark.parametrize(
    ("repo", "special"),
    [
        ("klue/bert-base", {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4}),
        ("klue/roberta-base", {"[CLS]": 0, "[PAD]": 1, "[SEP]": 2, "[UNK]": 3, "[MASK]": 4}),
        (
            "google-bert/bert-base-uncased",
            {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103},
        ),
        (
            "google-bert/bert-base-cased",
            {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103},
        ),
    ],
)
def test_special_tokens_have_their_ids(repo, special):
    pieces = (ROOT / "data" / "models" / repo / "vocab.txt").read_text(encoding="utf-8").splitlines()
    assert {token: pieces.index(token) for token in special} == special
    assert len(set(pieces)) == len(pieces)


def test_both_korean_vocabularies_hold_the_same_pieces():
    first, second = (
        (ROOT / "data" / "models" / repo / "vocab.txt").read_text(encoding="utf-8").splitlines()
        for repo in ("klue/bert-base", "klue/roberta-base")
    )
    assert first[5:] == second[5:]
    assert not set("㎡㎞美北👍") & set("".join(first))
