"""bench: the statistics, the files, the page, and the rows chosen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # bench is run from the clone, not installed

from bench import arxiv, measure, notebooks, page  # noqa: E402
from bench.pairs import PAIRS, Plan  # noqa: E402
from bench.sources import Sources  # noqa: E402
from workbook import WorkbookError  # noqa: E402

FIGURES = {
    "pair": "ynat", "goal": 20.0, "quick": False, "title": "YNAT | training", "data": "miniature data", "size": "base",
    "examples": 16, "unit": "examples", "real_token_share": {"tutorial": 0.03, "ours": 0.99},
    "outside_the_model": 0.012, "flops_of_largest_product": 0.81,
}  # fmt: skip


def row(**changes):
    seconds = {"tutorial": [20.0, 22.0, 21.0, 24.0, 20.5], "ours": [1.0, 1.0, 1.1, 0.9, 1.2]}
    return measure.Row(**{**FIGURES, **measure.compare(seconds, "tutorial", "ours"), **changes})


def test_repetitions_alternate_and_the_warm_up_is_left_out():
    calls = []
    ways = {name: lambda repetition, name=name: calls.append((name, repetition)) or 2.0 for name in "AB"}
    assert measure.alternate(ways, 2) == {"A": [2.0, 2.0], "B": [2.0, 2.0]}
    assert calls == [("A", 0), ("B", 0), ("A", 1), ("B", 1), ("A", 2), ("B", 2)]


def test_a_way_that_does_not_measure_itself_is_timed():
    import time

    (took,) = measure.alternate({"A": lambda repetition: time.sleep(0.05)}, 1)["A"]
    assert 0.05 <= took < 0.5


def test_median_spread_and_ratio():
    figures = measure.compare({"A": [10.0, 30.0, 20.0], "B": [1.0, 2.0, 5.0]}, "A", "B")
    assert figures["ways"]["A"] == {"seconds": [10.0, 30.0, 20.0], "median": 20.0, "low": 10.0, "high": 30.0}
    assert (figures["ratio"], figures["ratio_range"], figures["repetitions"]) == (10.0, [4.0, 15.0], 3)


def test_rows_are_appended_with_machine_and_versions(tmp_path):
    file = measure.keep(row(), tmp_path / "bench")
    assert measure.keep(row(ratio=3.0), tmp_path / "bench") == file
    kept = measure.read(file)
    assert [entry.ratio for entry in kept] == [21.0, 3.0]
    assert kept[0].machine["cores"] >= 1 and "torch" in kept[0].versions and kept[0].date[:2] == "20"
    assert [path.name for path in file.parent.iterdir()] == ["ynat.json"], "no half-written file is left"


@pytest.mark.parametrize("content", ["[{", '{"pair": "ynat"}', '[{"x": 1}]', "\x00"])
def test_a_broken_file_is_named_and_kept(tmp_path, content):
    (tmp_path / "ynat.json").write_text(content, encoding="utf-8")
    with pytest.raises(WorkbookError, match=r"ynat\.json cannot be read.*delete it"):
        measure.keep(row(), tmp_path)
    assert (tmp_path / "ynat.json").read_text(encoding="utf-8") == content


def test_the_page_holds_the_newest_full_row_and_keeps_what_people_wrote(tmp_path):
    measure.keep(row(ratio=1.0), tmp_path)
    measure.keep(row(), tmp_path)
    measure.keep(row(ratio=99.0, quick=True), tmp_path)
    slow = row(pair="ner", goal=50.0, title="NER training", size="small", remarks=["Slow here."])
    slow.each = {"peak, GiB": {"tutorial": 3.25, "ours": 1.0}}
    measure.keep(slow, tmp_path)
    curve = {"title": "By number", "x": "headlines", "y": "seconds", "points": [[1000, 2.5]]}
    measure.keep(measure.Row(pair="growth", size="miniature", data="miniature data", **curve), tmp_path)
    docs = tmp_path / "docs"
    docs.mkdir()
    found = page.rows(tmp_path, PAIRS, docs)
    assert [r.pair for r in found] == ["ynat", "ner", "growth"]
    file = page.write(found, docs)
    text = file.read_text(encoding="utf-8")
    assert "**21.00×** (17.08 to 26.67)" in text and "reached" in text and "**missed**" in text
    assert "3.0 % | 99.0 %" in text and r"YNAT \| training" in text and "| 1,000 | 2.5 |" in text
    assert "| tutorial | 21.00 s | 3.25 |" in text and "Slow here." in text
    assert "99.00×" not in text and "**1.00×**" not in text
    assert str(tmp_path) not in text
    file.write_text(text + "\n## Why NER is slow\n", encoding="utf-8")
    page.write(found, docs)
    assert file.read_text(encoding="utf-8") == text + "\n## Why NER is slow\n"
    svg = (docs / "benchmarks.svg").read_text(encoding="utf-8")
    assert "21.0×" in svg and "ner" in svg
    import xml.etree.ElementTree as ElementTree

    ElementTree.fromstring(svg)


def test_a_page_keeps_what_another_machine_measured(tmp_path, monkeypatch):
    docs = tmp_path / "docs"
    docs.mkdir()
    measure.keep(row(), tmp_path / "here")
    page.write(page.rows(tmp_path / "here", PAIRS, docs), docs)
    monkeypatch.setattr(
        measure, "machine", lambda: {"processor": "P", "cores": 16, "gpu": "A card", "system": "Linux"}
    )
    measure.keep(row(ratio=30.0), tmp_path / "there")
    text = page.write(page.rows(tmp_path / "there", PAIRS, docs), docs).read_text(encoding="utf-8")
    assert "## A card (P, 16 cores)" in text and text.count("\n## ") == 2
    assert "**30.00×**" in text and "**21.00×**" in text


def test_a_page_without_its_marks_is_not_overwritten(tmp_path):
    measure.keep(row(), tmp_path)
    (tmp_path / "benchmarks.md").write_text("mine", encoding="utf-8")
    with pytest.raises(WorkbookError, match="lacks the two marks"):
        page.write(page.rows(tmp_path, PAIRS, tmp_path), tmp_path)
    assert (tmp_path / "benchmarks.md").read_text(encoding="utf-8") == "mine"


def test_no_full_result_no_page(tmp_path):
    measure.keep(row(quick=True), tmp_path)
    with pytest.raises(WorkbookError, match="without --quick"):
        page.rows(tmp_path, PAIRS, tmp_path)


def test_few_rows_stand_for_all_lengths():
    from bench.training import spread_rows

    lengths = [(37 * i) % 400 + 1 for i in range(400)]  # 1 to 400, in no order
    chosen = [lengths[i] for i in spread_rows(lengths, batch=4, batches=5)]
    assert len(chosen) == 20
    assert [chosen[i] for i in (0, 4, 8, 12, 16)] == [41, 121, 201, 281, 361]
    assert all(max(part) - min(part) == 3 for part in (chosen[i : i + 4] for i in range(0, 20, 4)))


def test_no_data(tmp_path):
    with pytest.raises(WorkbookError, match="no folder datasets/"):
        Sources(tmp_path)
    (tmp_path / "datasets").mkdir()
    with pytest.raises(WorkbookError, match="no parquet file train"):
        Sources(tmp_path).files("klue/klue/ynat", "train")


def test_the_ways_find_the_same_papers_among_made_up_rows():
    figures = arxiv.compared(rows=3_000, repetitions=1)
    assert figures["examples"] == 3_000 and "All find " in figures["remarks"][0]
    memory = figures["each"]["peak memory, GiB"]
    assert set(memory) == set(arxiv.WAYS) and min(memory.values()) > 0.01


def bench(outputs, *arguments):
    environment = os.environ | {"WORKBOOK_OUTPUTS": str(outputs), "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


def test_an_unknown_pair(tmp_path):
    done = bench(tmp_path, "yant")
    assert done.returncode == 1 and "There is no pair 'yant'. There are: ynat, ner" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "bench").exists()


def test_a_folder_without_data(tmp_path):
    done = bench(tmp_path, "ynat", "--data", str(tmp_path))
    assert done.returncode == 1 and "no folder datasets/" in done.stderr


def test_plan_sizes():
    sources = Sources(ROOT / "data")
    assert Plan(sources).size_or("small") == "small" and Plan(sources, gpu=True).size_or("small") == "base"
    assert Plan(sources, size="miniature", gpu=True).size_or("small") == "miniature"
    assert Plan(sources, quick=True).pick(1, 2, 3) == 1 and Plan(sources, gpu=True).pick(1, 2, 3) == 3


@pytest.mark.parametrize(
    ("source", "phase"),
    [
        ("import workbook\n\nlab = workbook.start('03_klue_ner')", "start"),
        ("import time\n\nimport numpy as np\nfrom x import (\n    a,\n    b,\n)\n\nMODEL = 'x'", "imports"),
        ("import time\nbefore = 1\nmodel = new()\ntrainer.train()\nplt.show()", "training"),
        ("%pip install x\nplots.length_histogram({})", "drawing"),
        ("model = AutoModel.from_pretrained('x')", "models, data"),
        ("answers = predict_probabilities(model, tokenizer, rows)", "prediction"),
        ("print(1", "the rest"),
    ],
)
def test_a_cell_belongs_to_one_phase(source, phase):
    assert notebooks.phase(source) == phase


def test_the_seconds_of_a_notebook_add_up():
    import nbformat

    from workbook.commands.run import Run

    cells = [
        nbformat.v4.new_markdown_cell("x.train()"),
        *(nbformat.v4.new_code_cell(s) for s in ("x.train()", "", "plt.show()")),
    ]
    run = Run("03_x", "sandbox", seconds=10.0, cell_seconds=[6.0, 1.5])
    seconds = notebooks.by_phase(nbformat.v4.new_notebook(cells=cells), run)
    assert {name: took for name, took in seconds.items() if took} == {
        "training": 6.0,
        "drawing": 1.5,
        "kernel": 2.5,
    }
    table = {"head": ["notebook", "s"], "lines": [["03_x", 10.0]]}
    line = measure.Row(pair="notebooks", size="-", title="All", data="miniature data", **table)
    assert page.verdict(line) == "notebooks   -          03_x: 10 s"
    assert "| 03_x | 10.0 |" in page._details(line)
