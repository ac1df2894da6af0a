"""What the notebooks say of real rows beside our invented ones, counted again and looked up in their text."""

import json
import re
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tokenizers import BertWordPieceTokenizer

from workbook import labelling
from workbook.alignment import entities, tagged_sentence
from workbook.paths import resource

HUB = Path(__file__).parents[3] / "shared" / "hub"
pytestmark = pytest.mark.skipif(
    not HUB.is_dir(), reason="the real data are not beside this clone (../shared/hub)"
)


def rows(folder, split, column):
    """A column of a split, over all of its files."""
    files = sorted((HUB / "datasets" / folder).glob(f"{split}-*.parquet"))
    return [value for file in files for value in pq.read_table(file, columns=[column])[column].to_pylist()]


def tokenizer(model):
    cased = model.startswith("klue/")
    vocabulary = str(HUB / "models" / model / "vocab.txt")
    return BertWordPieceTokenizer(vocabulary, lowercase=not cased, strip_accents=not cased)


def said(number):
    (path,) = resource("notebooks").glob(f"{number}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells)


def percent(share):
    return f"{100 * share:.0f} %"


def test_imdb():
    folder, text = "stanfordnlp/imdb/plain_text", said("05")
    train, test = (
        list(zip(rows(folder, split, "text"), rows(folder, split, "label"), strict=True))
        for split in ("train", "test")
    )
    breaks = sum("<br />" in review for review, _ in train) / len(train)
    assert f"in {percent(breaks)} of IMDB's own training reviews" in text
    known = dict(train)
    seen = [known[review] == label for review, label in test if review in known]
    share = 100 * len(seen) / len(test)
    assert (
        f"Of IMDB's own 25,000 test reviews, {len(seen)} ({share:.1f} %) were seen in training, all" in text
    )
    assert all(seen), "all with the same label"

    fifth = [review.replace("<br />", " ") for review, _ in train[::5]]
    found = tokenizer("google-bert/bert-base-uncased").encode_batch(fifth)
    lengths = [len(review.ids) for review in found]
    long, half = (sum(length > limit for length in lengths) / len(lengths) for limit in (512, 256))
    assert f"training reviews, {percent(long)} are longer (counted on every fifth review)" in text
    assert 0.38 < half < 0.42 and "four real reviews in ten are longer than 256" in text
    real = sum(min(length, 512) for length in lengths) / (512 * len(lengths))
    assert f"With IMDB's own training reviews it is {real:.2f}" in text


def test_stars_in_imdbs_reviews():
    """As notebook 05 counts them, by its own function."""
    (path,) = resource("notebooks").glob("05_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    (source,) = ("".join(cell["source"]) for cell in cells if "def stars(" in "".join(cell["source"]))
    names = {"re": re}
    exec(source.partition("\nrated = ")[0], names)
    folder = "stanfordnlp/imdb/plain_text"
    labels = rows(folder, "train", "label")
    found = [names["stars"](review.replace("<br />", " ")) for review in rows(folder, "train", "text")]
    rated = [(stars, label) for stars, label in zip(found, labels, strict=True) if stars is not None]
    clear = [(stars >= 7) == label for stars, label in rated if not 4 < stars < 7]
    share = f"{100 * len(rated) / len(labels):.1f} %"
    assert (
        f"it is {share}, and where the stars are clear the label agrees in {percent(sum(clear) / len(clear))}"
        in said("05")
    )


def test_yelp():
    share = Counter(rows("Yelp/yelp_review_full/yelp_review_full", "train", "label"))
    five, two = (percent(share[star - 1] / share.total()) for star in (5, 2))
    assert f"in another sample of 5,000 Yelp reviews, {five} have five stars and {two} have two" in said("06")


def test_klue_ner():
    bert = tokenizer("klue/bert-base")
    splits = ("train", "validation")  # together KLUE's dev split
    found = bert.encode_batch(
        ["".join(tokens) for split in splits for tokens in rows("klue/klue/ner", split, "tokens")]
    )
    unknown = sum("[UNK]" in sentence.tokens for sentence in found)
    assert f"{unknown} of the {len(found):,} sentences of its public dev split hold one" in said("02")
    real = sum(len(sentence.ids) for sentence in found) / (512 * len(found))
    assert f"{real:.3f} of the tokens are real in the NER sentences" in said("02")

    tags = Counter(tag for split in splits for row in rows("klue/klue/ner", split, "ner_tags") for tag in row)
    begins = {kind: tags[2 * number] for number, kind in enumerate(("DT", "LC", "OG", "PS", "QT", "TI"))}
    assert max(begins, key=begins.get) == "PS" and min(begins, key=begins.get) == "TI"
    common = f"{begins['PS']:,} of {sum(begins.values()):,} entities, TI the rarest with {begins['TI']}"
    assert common in said("03")


def test_slips_in_klue_ners_gold():
    """What notebook 03 shows of them."""
    sentences = [
        (row, tags)
        for split in ("train", "validation")
        for row, tags in zip(
            rows("klue/klue/ner", split, "tokens"), rows("klue/klue/ner", split, "ner_tags"), strict=True
        )
    ]
    names = [f"{prefix}-{kind}" for kind in ("DT", "LC", "OG", "PS", "QT", "TI") for prefix in "BI"] + ["O"]
    kinds, on_a_space, marked = {}, [], []
    for characters, tags in sentences:
        text, found = "".join(characters), entities([names[tag] for tag in tags])
        marked.append(tagged_sentence(text, found))
        for start, end, kind in found:
            kinds.setdefault(text[start:end], Counter())[kind] += 1
            on_a_space += [text[start:end]] * text[start].isspace()
    assert sorted(on_a_space) == [" 24살", " 퇴계로 2가"]
    for fragment in ("<을지로 2가:LC>,< 퇴계로 2가:LC>, <회현사거리:LC>", "최근< 24살:QT>이나"):
        assert any(fragment in sentence for sentence in marked) and fragment in said("03")
    assert kinds["오후"] == {"TI": 41, "DT": 1} and "a time 41 times, and once a date" in said("03")
    assert kinds["지난 10일"] == {"DT": 8, "TI": 1} and "a date eight times, and once a time" in said("03")


def test_klue_ynat():
    society = 2
    train, validation = (rows("klue/klue/ynat", split, "label") for split in ("train", "validation"))
    one, other = (percent(labels.count(society) / len(labels)) for labels in (train, validation))
    assert f"society is {one} of training and {other} of validation" in said("04")
    found = tokenizer("klue/bert-base").encode_batch(rows("klue/klue/ynat", "train", "title"))
    real = f"{sum(len(headline.ids) for headline in found) / (512 * len(found)):.3f}"
    assert f"{real} in its training headlines" in said("02") and f"real ({real} with KLUE's own" in said("04")


def test_arxiv():
    folder = HUB / "datasets" / "librarian-bots" / "arxiv-metadata-snapshot"
    every = len(rows("librarian-bots/arxiv-metadata-snapshot/data", "train", "id"))
    passed = labelling.papers_about_datasets(folder).collect().height
    assert f"Of {every:,} real papers" in said("07") and f"{passed:,} pass" in said("07")
