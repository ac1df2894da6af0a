"""What a classifier's rows must be, and scikit-learn's report as a table."""

import pytest

from workbook.classification import check_rows, report
from workbook.errors import WorkbookError

NAMES = ["경제", "사회", "정치"]


class Rows(dict):
    """As much of a datasets.Dataset as check_rows reads."""

    @property
    def column_names(self):
        return list(self)

    def __len__(self):
        return len(next(iter(self.values())))


def good(**change):
    return Rows({"title": ["주가 상승", "비 소식", "총선"], "label": [0, 1, 2]} | change)


def check(rows):
    check_rows(rows, text="title", label="label", label_names=NAMES)


def test_good_rows_pass():
    check(good())
    check(good(title=["긴 " * 20_000, "비", "선거"]))  # a very long text is cut by the tokenizer


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": [0, 1, 3]}, "Row 2 has the label 3, outside 0 to 2"),
        ({"label": [0, -1, 2]}, "label -1, outside"),
        ({"label": ["경제", "사회", "정치"]}, "not a number.*ClassLabel"),
        ({"label": [0.0, 1.0, 2.0]}, "not a number"),
        ({"label": [1, 1, 1]}, r"one class, '사회'.*shuffle\(seed=42\)"),
        ({"title": ["주가", "", "총선"]}, "Row 1 has no text"),
        ({"title": ["주가", " \n", "총선"]}, "Row 1 has no text"),
        ({"title": ["주가", None, "총선"]}, "Row 1 has no text"),
    ],
)
def test_rows_that_are_refused(change, message):
    with pytest.raises(WorkbookError, match=message):
        check(good(**change))


def test_a_missing_column_names_those_there_are():
    with pytest.raises(WorkbookError, match="no column 'headline'; there are title, label"):
        check_rows(good(), text="headline", label="label", label_names=NAMES)


def test_report():
    table = report([0, 0, 1, 2], [0, 1, 1, 2], NAMES)
    assert table.loc["경제", ["precision", "recall", "texts"]].tolist() == [1.0, 0.5, 2]
    assert table.loc["macro avg", "f1-score"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    only_two = report([0, 1], [0, 1], NAMES)
    assert only_two.loc["정치", "texts"] == 0, "a class that does not occur is shown all the same"
