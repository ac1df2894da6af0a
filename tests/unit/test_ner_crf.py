"""The CRF's features on a sentence to look at, the tagger on odd ones, and models saved by others."""

import json
import tempfile

import pytest

from workbook.errors import WorkbookError
from workbook.ner.characters import Row
from workbook.ner.crf import Crf, character_features, script

ROWS = [
    Row("서울에 갔다", ["B-LC", "I-LC", "O", "O", "O", "O"]),
    Row("민수가 왔다", ["B-PS", "I-PS", "O", "O", "O", "O"]),
    Row("민수는 서울로", ["B-PS", "I-PS", "O", "O", "B-LC", "I-LC", "O"]),
    Row("아무도 없다", ["O"] * 6),
] * 3


@pytest.fixture(scope="module")
def tagger():
    return Crf.train(ROWS)


def test_scripts():
    assert [script(c) for c in "가ㅋㅠ漢Az7.🙂"] == ["가", "ㅋ", "ㅋ", "漢", "A", "a", "9", ".", "🙂"]


def test_features_of_a_character():
    first, *_, last = character_features("BTS는 1위")
    assert {"0B", "-1", "-2", "+1T", "+2S", "p-B|", "p0BT", "t+BTS", "eB", "k<AA", "E<BIA", "n0/4"} <= set(
        first
    )
    assert {"pre=B", "suf=BTS는", "rest=TS는", "l2=S는", "l3=TS는", "f2=BT", "b=<", "a=1위"} <= set(first)
    assert {"0위", "-11", "-2는", "p-1위", "p0위|", "eE", "suf=위", "rest=", "b=S는", "a=>", "n1/1"} <= set(
        last
    )


def test_a_pair_across_the_edge_of_a_word_is_another_pair():
    together, apart = character_features("가나"), character_features("가 나")
    assert "p0가나" in together[0] and "p-가나" in together[1]
    assert "p0가나|" in apart[0] and "p-가나|" in apart[1]


def test_features_do_not_collide_within_a_character():
    for row in character_features("이순신 장군은 1592년 (임진년)에 9번 — 아!"):
        assert len(row) == len(set(row)) == len(character_features("가")[0])


def test_a_space_more_changes_nothing():
    assert character_features("가 나") == character_features("  가   나 ")


def test_it_learns_what_it_is_shown(tagger):
    for sentence, tags in ROWS:
        assert tagger.predict([sentence]) == [list(tags)]
    assert tagger.parameters > 0


@pytest.mark.parametrize(
    "sentence", ["", " ", " \t ", "가", " 가", "😀", "\ud800", "가\0나", "서울에 " * 1250, "가" * 5000]
)
def test_odd_sentences_get_one_tag_a_character(tagger, sentence):
    (tags,) = tagger.predict([sentence])
    assert len(tags) == len(sentence)
    if not sentence.strip():
        assert set(tags) <= {"O"}


@pytest.mark.parametrize("row", [Row("", []), Row("  ", ["O", "O"]), Row("가나", ["O"])])
def test_bad_rows_are_refused(row):
    with pytest.raises(WorkbookError, match=r"empty sentence|2 characters and 1 tags"):
        Crf.train([*ROWS, row])


def test_saved_and_loaded_it_says_the_same(tagger, tmp_path):
    tagger.save(tmp_path / "model")
    loaded = Crf.load(tmp_path / "model")
    assert loaded.predict([row.sentence for row in ROWS]) == tagger.predict([row.sentence for row in ROWS])
    assert loaded.parameters == tagger.parameters
    assert {path.name for path in (tmp_path / "model").iterdir()} == {"config.json", "model.crfsuite"}


def test_a_model_of_another_version_is_refused(tagger, tmp_path):
    tagger.save(tmp_path)
    header = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(header | {"version": 0}), encoding="utf-8")
    with pytest.raises(WorkbookError, match=r"saved in version 0 .* reads version 1.*Train it again"):
        Crf.load(tmp_path)


def test_a_damaged_model_is_refused_before_crfsuite_reads_it(tagger, tmp_path):
    tagger.save(tmp_path)
    with (tmp_path / "model.crfsuite").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(WorkbookError, match="not the file that was saved there"):
        Crf.load(tmp_path)


def test_no_model_at_all(tmp_path):
    with pytest.raises(WorkbookError, match="no saved workbook-crf"):
        Crf.load(tmp_path / "nowhere")


def test_a_temporary_folder_with_a_korean_name(monkeypatch, tmp_path):
    korean = tmp_path / "김민수"
    korean.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(korean))
    assert Crf.train(ROWS[:4]).predict(["서울에"]) == [["B-LC", "I-LC", "O"]]
