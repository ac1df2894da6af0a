"""The CRF on the real KLUE sentences: above what a plain window of characters reaches (0.75), within a minute or so."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "hub" / "datasets" / "klue" / "klue" / "ner"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the real data are not beside this clone (../shared/hub)"
)


def rows(split):
    import pyarrow.parquet

    from workbook.metrics import KLUE_TAGS
    from workbook.ner.characters import Row

    table = pyarrow.parquet.read_table(FOLDER / f"{split}-00000-of-00001.parquet").to_pydict()
    return [
        Row("".join(tokens), [KLUE_TAGS[tag] for tag in tags])
        for tokens, tags in zip(table["tokens"], table["ner_tags"], strict=True)
    ]


def test_micro_f1_of_the_crf_is_above_a_plain_window():
    from workbook.ner import comparison
    from workbook.ner.crf import Crf

    train, validation = rows("train"), rows("validation")
    assert (len(train), len(validation)) == (4000, 1000)
    tagger = Crf.train(train)
    sentences = [row.sentence for row in validation]
    counts = comparison.count(sentences, [row.tags for row in validation], tagger.predict(sentences))
    found = comparison.scores(counts)
    assert found["micro_f1"] == pytest.approx(0.762, abs=0.005)
    assert found["entity_f1"] == pytest.approx(0.762, abs=0.005)
    low, high = comparison.interval(comparison.bootstrap(counts)["micro_f1"])
    assert high - low < 0.05


def test_every_gold_tag_comes_back_from_its_characters_without_spaces():
    from workbook.alignment import entities
    from workbook.ner.characters import with_spaces, without_spaces

    changed = 0
    for row in rows("train") + rows("validation"):
        back = with_spaces(row.sentence, without_spaces(row))
        changed += len(set(entities(row.tags)) - set(entities(back)))
    assert changed == 2, "two entities begin on a space; all others stay as they are"
