"""The filter: the same papers as the tutorial's, on odd rows, on the miniature and on real ones."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbook.errors import WorkbookError
from workbook.labelling.corpus import (
    in_computer_science,
    papers_about_datasets,
    scan_papers,
    speaks_of_a_dataset,
)
from workbook.paths import resource

SNAPSHOT = Path("datasets") / "librarian-bots" / "arxiv-metadata-snapshot"
REAL = Path(__file__).parents[3] / "shared" / "hub" / SNAPSHOT


def tutorials_filter(papers: pl.LazyFrame) -> pl.LazyFrame:
    """As the tutorial writes it: lists of categories, and patterns."""
    categories = pl.col("categories")
    if papers.collect_schema()["categories"] == pl.String:
        categories = categories.str.split(" ")
    return (
        papers.select("id", "title", "abstract", "categories")
        .filter(categories.list.eval(pl.element().str.starts_with("cs.")).list.any())
        .filter(pl.col("title").str.contains("dataset") | pl.col("abstract").str.contains("dataset"))
    )


def ours(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(in_computer_science(frame.schema["categories"]) & speaks_of_a_dataset())


CATEGORIES = [
    None, "", " ", "cs.CL", "stat.ML cs.LG", "physics.cs.x", "cs", "cs.", "CS.CL", "a  cs.CL", " cs.CL", "math.cs.", "acs.CL",
    "a\tcs.CL", "a\ncs.CL", "stat.ML", "cs-x cs.AI",
]  # fmt: skip
TEXTS = [
    None,
    "",
    "dataset",
    "Datasets",
    "a new dataset.",
    "data set",
    "DATASET",
    "xdatasetx",
    "data\nset",
    "(dataset)",
]


def test_odd_rows_one_by_one():
    rows = [(c, t, a) for c in CATEGORIES for t in TEXTS for a in TEXTS]
    schema = {"categories": pl.String, "title": pl.String, "abstract": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("id")
    expected = tutorials_filter(frame.lazy()).collect()
    assert ours(frame)["id"].to_list() == expected["id"].to_list()
    assert 0 < expected.height < frame.height


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            *[st.none() | st.text(alphabet="cs. dataet\n", max_size=12)] * 2,
            st.sampled_from([None, "x dataset"]),
        ),
        min_size=1,
    )
)
def test_any_rows(rows):
    schema = {"categories": pl.String, "title": pl.String, "abstract": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("id")
    assert ours(frame)["id"].to_list() == tutorials_filter(frame.lazy()).collect()["id"].to_list()


def test_categories_in_lists():
    frame = pl.DataFrame(
        {
            "id": range(6),
            "categories": [["cs.CL", "stat.ML"], ["math.CO"], [], None, [None, "cs.AI"], ["x cs.CL"]],
            "title": ["dataset"] * 6,
            "abstract": [""] * 6,
        }
    )
    assert ours(frame)["id"].to_list() == tutorials_filter(frame.lazy()).collect()["id"].to_list() == [0, 4]


@pytest.mark.parametrize("root", [resource("data"), REAL.parents[2]], ids=["miniature", "real"])
def test_the_same_papers_as_the_tutorials(root):
    folder = root / SNAPSHOT
    if not folder.is_dir():
        pytest.skip(f"there is no {SNAPSHOT.name} under {root.name}")
    expected = tutorials_filter(scan_papers(folder)).collect()
    found = papers_about_datasets(folder).collect(engine="streaming")
    assert found.sort("id").equals(expected.sort("id"))
    assert found.height == 27_893 if root == REAL.parents[2] else found.height > 100


def test_only_the_columns_used_are_read(tmp_path):
    row = {"id": ["1"], "title": ["t"], "abstract": ["dataset"], "categories": ["cs.CL"]}
    pl.DataFrame({**row, "authors": ["x"], "versions": ["y"]}).write_parquet(tmp_path / "a.parquet")
    plan = papers_about_datasets(tmp_path / "a.parquet").explain()
    assert "PROJECT 4/6 COLUMNS" in plan
    assert "SELECTION" in plan


def test_files_folders_and_patterns(tmp_path):
    row = {"id": ["1"], "title": ["t"], "abstract": ["dataset"], "categories": ["cs.CL"]}
    for name in ("a", "b"):
        pl.DataFrame(row).write_parquet(tmp_path / f"{name}.parquet")
    for files in (tmp_path, tmp_path / "*.parquet", [tmp_path / "a.parquet", str(tmp_path / "b.parquet")]):
        assert papers_about_datasets(files).collect().height == 2


def test_what_cannot_be_filtered(tmp_path):
    pl.DataFrame({"id": ["1"], "titel": ["t"], "abstract": ["a"]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(WorkbookError, match=r"no column title. There are: id, titel, abstract. Rename"):
        scan_papers(tmp_path / "a.parquet")
    pl.DataFrame({"id": ["1"], "title": [5], "abstract": ["a"]}).write_parquet(tmp_path / "b.parquet")
    with pytest.raises(WorkbookError, match="column title holds Int64, not text"):
        scan_papers(tmp_path / "b.parquet")
    pl.DataFrame({"id": ["1"], "title": ["t"], "abstract": ["a"]}).write_parquet(tmp_path / "c.parquet")
    with pytest.raises(WorkbookError, match="no column categories"):
        papers_about_datasets(tmp_path / "c.parquet")
    with pytest.raises(WorkbookError, match="no file"):
        scan_papers(tmp_path / "none.parquet")
    (tmp_path / "d.parquet").write_text("id,title\n", encoding="utf-8")
    with pytest.raises(WorkbookError, match="cannot be read as parquet"):
        scan_papers(tmp_path / "d.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(WorkbookError, match="no parquet file there"):
        scan_papers(tmp_path / "empty")
