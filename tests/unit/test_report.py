import json
import re
from html.parser import HTMLParser

import nbformat
import pytest

from workbook.catalogue import NOTEBOOKS
from workbook.commands import report

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def outcome(outputs, mode, notebook, *, run=None, metrics=None, cells=()):
    folder = outputs / mode / notebook
    folder.mkdir(parents=True)
    if run is not None:
        run = {
            "notebook": notebook,
            "mode": mode,
            "status": "passed",
            "seconds": 61,
            "peak_memory_bytes": 2**30,
            **run,
        }
        (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    if metrics is not None:
        metrics = {
            "notebook": notebook,
            "mode": mode,
            "data": "miniature",
            "device": "CPU, 2 cores",
            **metrics,
        }
        (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    if cells:
        nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), folder / f"{notebook}.ipynb")


def picture(**data):
    shown = nbformat.v4.new_output("display_data", data={k.replace("_", "/"): v for k, v in data.items()})
    return nbformat.v4.new_code_cell("plot()", outputs=[shown])


def text(page):
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.S))


def page(outputs):
    return report.write(outputs).read_text(encoding="utf-8")


def test_with_nothing_there_it_says_how_to_begin(tmp_path):
    shown = text(page(tmp_path / "none"))
    assert "Nothing has run yet" in shown and "workbook run workbook report" in shown
    assert all(name in shown for name in NOTEBOOKS)


def test_figures_stand_beside_the_published_ones_and_miniatures_are_called_so(tmp_path):
    figures = {
        "f1_second_recipe": {"value": 0.71, "band": [0.6, 0.99], "inside": True},
        "klue_entity_f1": {"value": 0.55},
        "f1_by_epoch": {"value": [0.1, 0.5, 0.71]},
        "repo": {"value": "learner/x<y"},
    }
    outcome(tmp_path, "sandbox", "03_klue_ner", run={}, metrics={"figures": figures})
    html = page(tmp_path)
    shown = text(html)
    row = shown[shown.index("f1_second_recipe") :]
    assert re.match(
        r"f1_second_recipe .{0,120}mean 0\.8822 0\.7100 miniature 0\.6 to 0\.99 inside 0\.8897", row
    )
    assert "not how good a model is" in shown
    assert "0.840 (0.837)" in shown
    assert "character macro F1 KLUE benchmark, KLUE-BERT-base not measured 0.914" in shown
    assert "<polyline" in html and "learner/x&lt;y" in html
    assert "1 min 01 s" in shown and "1.0 GiB" in shown and "CPU, 2 cores" in shown
    assert "Did not run" in shown and "workbook run 00 01 02" in shown


def test_live_figures_and_overlays_are_not_called_the_same(tmp_path):
    figures = {"f1_second_recipe": {"value": 0.88, "band": [0.885, 0.9], "inside": False}}
    outcome(tmp_path, "live", "03_klue_ner", metrics={"data": "hub", "figures": figures})
    shown = text(page(tmp_path))
    assert "miniature" not in shown and "outside" in shown and "run by hand" in shown
    outcome(tmp_path, "sandbox", "03_klue_ner", metrics={"data": ["hub"], "figures": figures})
    shown = text(page(tmp_path))
    assert "A miniature model on real data (hub)" in shown


def test_a_failure_is_shown_with_its_cell(tmp_path):
    error = {
        "cell": 7,
        "source": ["train(<x>)"],
        "name": "ValueError",
        "message": "no rows. Load them first.",
    }
    outcome(tmp_path, "sandbox", "01_hub_exploration", run={"status": "failed", "error": error})
    shown = text(page(tmp_path))
    assert "Cell [7] failed train(&lt;x&gt;) ValueError: no rows. Load them first." in shown
    assert "1 failed" in shown


def test_pictures_stand_under_their_headings(tmp_path):
    heading = nbformat.v4.new_markdown_cell
    cells = [
        heading("# Title"),
        nbformat.v4.new_code_cell(
            "lab = workbook.start('x')", outputs=picture(text_html="<b>start</b>").outputs
        ),
        heading("## Lengths of `texts`\n\n```\n# no heading\n```"),
        picture(image_png=PIXEL),
        picture(**{"image_svg+xml": "<svg><path d='M0 0'/></svg>", "text_plain": "x"}),
        heading("### Entities"),
        picture(text_html="<mark>이순신</mark>"),
        picture(text_html="<img src='https://elsewhere.example/x.png'>"),
        picture(text_html="<p onclick='x()'>p</p>"),
        picture(text_html="<script>alert(1)</script>"),
    ]
    outcome(tmp_path, "sandbox", "02_tokenizer_alignment", run={}, cells=cells)
    html = page(tmp_path)
    assert re.findall(r"<figcaption>(.*?)</figcaption>", html) == [
        "Lengths of texts",
        "Lengths of texts",
        "Entities",
    ]
    assert f'<img alt="Lengths of texts" src="data:image/png;base64,{PIXEL}">' in html
    assert "<mark>이순신</mark>" in html and "<b>start</b>" not in html


def test_the_page_loads_nothing_and_is_well_formed(tmp_path):
    outcome(
        tmp_path,
        "sandbox",
        "03_klue_ner",
        run={},
        metrics={"figures": {"f1": {"value": 0.5}}},
        cells=[picture(image_png=PIXEL)],
    )
    html = page(tmp_path)
    assert "<script" not in html and "http" not in re.sub(r'http-equiv="[^"]+"', "", html)

    class Balance(HTMLParser):
        void = frozenset({"meta", "img", "br", "circle", "polyline"})

        def __init__(self):
            super().__init__()
            self.open = []

        def handle_starttag(self, tag, attributes):
            if tag not in self.void:
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    balance = Balance()
    balance.feed(html)
    assert balance.open == []


def test_a_file_that_was_cut_off_does_not_cost_the_page(tmp_path):
    outcome(tmp_path, "sandbox", "00_start_here", run={})
    outcome(tmp_path, "sandbox", "01_hub_exploration", run={})
    (tmp_path / "sandbox" / "00_start_here" / "run.json").write_text('{"notebook": "00_', encoding="utf-8")
    shown = text(page(tmp_path))
    assert "1 passed" in shown and "Did not run 00_start_here" in shown


@pytest.mark.parametrize("reference", report.REFERENCES, ids=lambda r: f"{r.notebook}: {r.what}")
def test_references_hold_their_pattern_and_a_figure(reference):
    re.compile(reference.pattern)
    assert reference.tutorial or reference.paper or reference.note
