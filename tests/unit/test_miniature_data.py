"""The miniature data: what is committed is what the generator writes, and it asks for more than a good memory."""

import json
import re
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from tokenizers import Tokenizer

from workbook.catalogue import REAL_ROWS
from workbook.labelling.prompt import RULE, write_prompt

ROOT = Path(__file__).resolve().parents[2]
DATASETS = ROOT / "data" / "datasets"
KLUE = DATASETS / "klue" / "klue"
IMDB = DATASETS / "stanfordnlp" / "imdb" / "plain_text"
YELP = DATASETS / "Yelp" / "yelp_review_full" / "yelp_review_full"
ARXIV = DATASETS / "librarian-bots" / "arxiv-metadata-snapshot" / "data"
PUBLISHED = DATASETS / "davanstrien" / "arxiv-new-datasets" / "data" / "train-00000-of-00001.parquet"
BY_HAND = DATASETS / "encoder-workbook" / "arxiv-hand-labelled"
REAL = DATASETS / "encoder-workbook" / "arxiv-real-labelled"
sys.path.insert(0, str(ROOT / "data" / "source"))

import make_data  # noqa: E402
from miniature import arxiv, grammar, imdb, lexicon, models, ner, ynat  # noqa: E402
from miniature.korean import final_consonant, particle, sino  # noqa: E402

ENGLISH = [
    "google-bert/bert-base-uncased",
    "google-bert/bert-base-cased",
    "FacebookAI/roberta-base",
    "answerdotai/ModernBERT-base",
]
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
    assert len(made) == 50
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
    everything = [line for register in vars(ner.TEXT).values() for line in register]
    everything += [line for shared in ynat.TEXT.shared for line in shared["lines"]]
    everything += [line for section in ynat.TEXT.templates.values() for line in section]
    for text in everything:
        for choices, fixed in pattern.findall(text):
            for word in choices.split("|"):
                if word:
                    assert bool(final_consonant(word)) == (fixed in "을은과"), f"[{choices}]{fixed}"


def test_enough_templates():
    lists = list(vars(ner.TEXT).values())
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
    assert sum({"LC", "OG"} <= kinds.get(town, set()) for town in lexicon.TEXT.cities) > 10
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


def reviews(folder: Path, split: str) -> list[dict]:
    return pq.read_table(folder / f"{split}-00000-of-00001.parquet").to_pylist()


def score(train: list[dict], test: list[dict], regularization: float) -> tuple[float, float]:
    """(accuracy, mean absolute error) of words and pairs of words with a linear model."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words = TfidfVectorizer(ngram_range=(1, 2))
    model = LogisticRegression(C=regularization, max_iter=2000).fit(
        words.fit_transform([row["text"] for row in train]), [row["label"] for row in train]
    )
    said = model.predict(words.transform([row["text"] for row in test]))
    wrong = [abs(int(one) - row["label"]) for one, row in zip(said, test, strict=True)]
    return wrong.count(0) / len(wrong), sum(wrong) / len(wrong)


def test_film_reviews_are_sorted_by_label_and_some_come_twice():
    train, test = reviews(IMDB, "train"), reviews(IMDB, "test")
    assert [row["label"] for row in train] == [0] * 1000 + [1] * 1000
    assert [row["label"] for row in test] == [0] * 300 + [1] * 300
    texts = [{row["text"] for row in split} for split in (train, test)]
    assert len(train) - len(texts[0]) == imdb.TWICE_IN_TRAIN
    assert len(test) == len(texts[1]) and len(texts[0] & texts[1]) == imdb.IN_BOTH_SPLITS
    labels = {row["text"]: row["label"] for row in train}
    assert all(labels.get(row["text"], row["label"]) == row["label"] for row in test)


def test_film_reviews_have_breaks_and_a_long_tail():
    for split in ("train", "test"):
        texts = [row["text"] for row in reviews(IMDB, split)]
        assert 0.35 < sum("<br /><br />" in text for text in texts) / len(texts) < 0.5
        lengths = sorted(pieces("google-bert/bert-base-uncased", texts))
        assert 60 <= lengths[len(lengths) // 2] <= 85
        assert 95 < sum(lengths) / len(lengths) < 120
        assert 0.03 < sum(length > 512 for length in lengths) / len(lengths) < 0.05
        assert 800 < lengths[-1] < 1000


def test_the_verdict_of_a_long_review_is_often_at_its_end():
    """Of two cuts of the same length, the one that keeps the beginning and the end tells more."""
    train = [row for row in reviews(IMDB, "train") if len(row["text"].split()) < 200]
    words = [
        (row["text"].split(), row["label"]) for split in ("train", "test") for row in reviews(IMDB, split)
    ]
    long = [(text, label) for text, label in words if len(text) > 390]  # about 512 sub-words
    head = [{"text": " ".join(text[:390]), "label": label} for text, label in long]
    both = [{"text": " ".join(text[:100] + text[-290:]), "label": label} for text, label in long]
    assert len(long) > 70
    assert score(train, both, 1.0)[0] > score(train, head, 1.0)[0] + 0.1


def test_sentiment_can_be_learned_but_not_from_words_alone():
    accuracy, _ = score(reviews(IMDB, "train"), reviews(IMDB, "test"), 1.0)
    assert 0.84 < accuracy < 0.91


def test_reviews_with_stars():
    train, test = reviews(YELP, "train"), reviews(YELP, "test")
    assert (len(train), len(test)) == (2000, 500)
    assert len({row["text"] for row in train + test}) == 2500
    counts = Counter(row["label"] for row in train)
    assert set(counts) == set(range(5)) and min(counts.values()) > 360
    texts = [row["text"] for row in train]
    assert not any("\n" in text for text in texts)
    assert sum("\\n" in text for text in texts) > 530
    assert sum('\\"' in text for text in texts) > 130
    assert sum(bool(re.search(r"[A-Z]{4,} [A-Z]{2,}", text)) for text in texts) > 100
    lengths = pieces("google-bert/bert-base-cased", texts)
    assert 60 < sum(lengths) / len(lengths) < 72 and max(lengths) > 512
    accuracy, error = score(train[:1000], test, 2.0)
    assert 0.48 < accuracy < 0.6 and 0.45 < error < 0.65


def test_english_words_are_mostly_one_piece_and_names_several():
    texts = [row["text"] for row in reviews(IMDB, "train")] + [row["text"] for row in reviews(YELP, "train")]
    for repo in ENGLISH:
        per_word = sum(pieces(repo, texts)) / sum(len(text.split()) for text in texts)
        assert 1.15 < per_word < 1.4, repo
        assert 2 <= pieces(repo, ["Thistlewood"])[0] - 2 <= 6


def snapshot() -> list[dict]:
    return [row for file in sorted(ARXIV.glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


def test_the_snapshot_has_the_columns_and_shards_of_the_real_one():
    files = sorted(file.name for file in ARXIV.iterdir())
    assert files == [f"train-{number:05}-of-00003.parquet" for number in range(3)]
    assert pq.read_schema(ARXIV / files[0]).names == (
        "id submitter authors title comments journal-ref doi report-no categories license abstract versions "
        "update_date authors_parsed".split()
    )
    made = snapshot()
    assert len(made) == 3000 == len({row["id"] for row in made}) == len({row["abstract"] for row in made})
    # from 70000 on: no id of a real paper
    assert all(re.fullmatch(r"2[3-5](0[1-9]|1[0-2])\.[78]\d{4}", row["id"]) for row in made)
    assert all(max(map(len, row["abstract"].splitlines())) <= 79 for row in made)


def test_the_filter_finds_900_papers_and_careless_ones_find_others():
    made = snapshot()
    found = [row for row in made if arxiv.passes(row)]
    assert len(found) == 900
    in_cs = [row for row in made if any(name.startswith("cs.") for name in row["categories"].split())]
    assert 0.5 < len(in_cs) / len(made) < 0.6

    def speaks(row: dict, case: bool = False) -> bool:
        text = row["title"] + row["abstract"]
        return "dataset" in (text if case else text.lower())

    assert sum("cs." in row["categories"] and speaks(row) for row in made) > 940  # physics.optics
    assert any("physics.csx" in row["categories"] and speaks(row) for row in made)
    assert sum(row["categories"].startswith("cs.") for row in found) < 850  # not the first category
    assert sum(speaks(row, case=True) for row in found) < 850  # Dataset
    assert sum("dataset" not in row["abstract"].lower() for row in found) > 20
    assert sum("\n" in row["title"] for row in found) > 15


def test_whether_a_paper_is_new_can_mostly_but_not_always_be_told():
    papers = [paper for paper in arxiv.papers() if paper.new is not None]
    assert sum(paper.new for paper in papers) == 216
    said = re.compile(
        r"\bwe\s+(present|introduce|release|collect|annotate|construct|build|publish)\b.{0,80}"
        r"(dataset|corpus|benchmark|collection)",
        re.IGNORECASE | re.DOTALL,
    )
    right = [bool(said.search(paper.row["abstract"])) == paper.new for paper in papers]
    assert 0.92 < sum(right) / len(right) < 0.96
    rows = [
        {"text": f"{paper.row['title']} {paper.row['abstract']}", "label": int(paper.new)} for paper in papers
    ]
    folds = [score([row for n, row in enumerate(rows) if n % 5 != k], rows[k::5], 10.0)[0] for k in range(5)]
    assert 0.88 < sum(folds) / 5 < 0.95


def test_published_labels_are_the_truth_but_for_one_in_twenty():
    papers = {paper.row["id"]: paper for paper in arxiv.papers()}
    made = pq.read_table(PUBLISHED).to_pylist()
    assert len(made) == 900
    wrong = [row for row in made if (arxiv.LABELS[row["labels"]] == "new_dataset") != papers[row["id"]].new]
    assert 0.03 < len(wrong) / len(made) < 0.07
    assert all(row["abstract"] == papers[row["id"]].row["abstract"] for row in made)
    assert all(len(row["explanations"]) >= 40 for row in made)


def test_abstracts_labelled_by_hand():
    made = [
        json.loads(line)
        for line in (BY_HAND / "data" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert len(made) == 80 == len({row["id"] for row in made}) == len({row["abstract"] for row in made})
    assert all(list(row) == ["id", "title", "abstract", "label", "why"] for row in made)
    counts = Counter(row["label"] for row in made)
    assert counts == {"new_dataset": 33, "no_new_dataset": 47}
    assert all("dataset" in (row["title"] + row["abstract"]).lower() and len(row["why"]) > 20 for row in made)
    (order,) = (row for row in made if "answer new_dataset" in row["abstract"])
    assert order["label"] == "no_new_dataset"
    generated = {row["abstract"] for row in snapshot()}
    assert not generated & {row["abstract"] for row in made}


def test_real_abstracts_labelled_twice():
    text = (REAL / "data" / "test.jsonl").read_text(encoding="utf-8")
    made = [json.loads(line) for line in text.splitlines()]
    assert len(made) == 150 == len({row["id"] for row in made}) == len({row["abstract"] for row in made})
    assert all("dataset" in (row["title"] + row["abstract"]).lower() for row in made)
    assert Counter(row["label"] for row in made) == {"new_dataset": 46, "no_new_dataset": 104}
    for name in ("label_1", "label_2"):
        assert {row["label"] == row[name] for row in made} == {True}
    unsure = [sum(not row[name] for row in made) for name in ("sure_1", "sure_2")]
    assert unsure == [14, 15]
    assert all(len(row[name]) > 20 for row in made for name in ("why_1", "why_2"))
    card = (REAL / "README.md").read_text(encoding="utf-8")
    assert "No person labelled them" in card and "14 and of 15" in card and "46 do" in card


@pytest.mark.parametrize("folder", [BY_HAND, REAL], ids=lambda folder: folder.name)
def test_papers_were_labelled_by_the_rule_that_teachers_are_asked_by(folder):
    card = " ".join((folder / "README.md").read_text(encoding="utf-8").split())
    for label, meaning in RULE.items():
        assert f"- **{label}**: {meaning}" in card
        assert f"- {label}: {meaning}" in write_prompt("A title", "An abstract.")


@pytest.mark.parametrize("card", sorted(DATASETS.glob("*/*/README.md")), ids=lambda card: card.parent.name)
def test_cards_name_files_that_are_there(card):
    front = yaml.safe_load(card.read_text(encoding="utf-8").split("---")[1])
    real = f"{card.parent.parent.name}/{card.parent.name}" in REAL_ROWS
    assert front["license"] == "cc0-1.0" and ("miniature" in front["tags"]) is not real
    paths = [files["path"] for config in front["configs"] for files in config["data_files"]]
    assert paths and all(list(card.parent.glob(path)) for path in paths)
    listed = json.loads((ROOT / "data" / "hub.json").read_text(encoding="utf-8"))["datasets"]
    assert f"{card.parent.parent.name}/{card.parent.name}" in listed


def test_sentences_from_templates():
    from random import Random

    slots = {"thing": "hour", "many": ["[owl|ox]"]}
    assert grammar.sentence("a(n) {thing}, a(n) {many}", slots, Random(1))[:11] == "An hour, an"
    assert grammar.fill("a(n) user, a(n) 'unusual' x", {}, Random(1)) == "a user, an 'unusual' x"
    assert grammar.words("1,200, two\nthree") == ["1,200", "two", "three"]
    deck = grammar.Deck("abc", Random(2))
    assert sorted(deck.draw() for _ in range(3)) == ["a", "b", "c"]


@pytest.mark.parametrize("repo", models.SPECS)
def test_a_models_files_go_together(repo):
    folder = ROOT / "data" / "models" / repo
    config, settings = (
        json.loads((folder / name).read_text(encoding="utf-8"))
        for name in ("config.json", "tokenizer_config.json")
    )
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert config["vocab_size"] == tokenizer.get_vocab_size()
    for role, means in {"pad": "pad", "cls": "cls", "bos": "cls", "sep": "sep", "eos": "sep"}.items():
        if role == "pad" or f"{role}_token_id" in config:
            assert config[f"{role}_token_id"] == tokenizer.token_to_id(settings[f"{means}_token"])
    front = yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert "miniature" in front["tags"], "by this the sandbox knows its own"


def pieces(repo: str, texts: list[str]) -> list[int]:
    """How many pieces the miniature's tokenizer makes of each text, special tokens included."""
    tokenizer = Tokenizer.from_file(str(ROOT / "data" / "models" / repo / "tokenizer.json"))
    return [len(encoding.ids) for encoding in tokenizer.encode_batch(texts)]


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
