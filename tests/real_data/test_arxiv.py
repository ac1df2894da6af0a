"""The scripted teacher's rules on real abstracts: they find data sets, and not everywhere."""

from pathlib import Path

import polars as pl
import pytest

from standin.teacher_rules import decide

SNAPSHOT = Path(__file__).parents[3] / "shared/hub/datasets/librarian-bots/arxiv-metadata-snapshot/data"
pytestmark = pytest.mark.skipif(
    not SNAPSHOT.is_dir(), reason="the real data are not beside this clone (../shared/hub)"
)


def test_the_share_of_papers_that_introduce_a_dataset():
    papers = (
        pl.scan_parquet(SNAPSHOT / "*.parquet")
        .filter(
            pl.col("categories").str.contains(r"(?:^| )cs\."),
            pl.concat_str("title", "abstract").str.contains("(?i)dataset"),
        )
        .select("title", "abstract")
        .collect()
        .sample(1000, seed=42)
    )
    found = [decide(*row).label == "new_dataset" for row in papers.iter_rows()]
    assert 0.2 < sum(found) / len(found) < 0.4
    named = papers.with_columns(found=pl.Series(found)).filter(
        pl.col("title").str.contains(r"(?i): an? .{0,60}\b(?:dataset|corpus)\b (?:for|of)\b")
    )
    assert named["found"].mean() > 0.95
