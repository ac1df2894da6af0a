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
        "subword_f1": {
            "value": 0.71,
            "band": [0.6, 0.99],
            "inside": True,
            "published": "0.8897 (tutorial, mean 0.8822)",
        },
        "entity_f1": {"value": 0.55, "published": "0.840 (KLUE-BERT-base; 0.837 in the paper)"},
        "subword_f1_by_epoch": {"value": [0.1, 0.5, 0.71]},
        "repo": {"value": "learner/x<y"},
    }
    outcome(tmp_path, "sandbox", "03_klue_ner", run={}, metrics={"figures": figures})
    html = page(tmp_path)
    shown = text(html)
    summary, rest = shown.split("Contents", 1)[1].split("Korean named entities with KLUE and BERT", 2)[1:]
    assert re.match(r" sandbox passed 1 min 01 s subword_f1 0\.7100 0\.6 to 0\.99 0\.8897 $", summary)
    assert "subword_f1 0.7100 0.6 to 0.99 0.8897 (tutorial, mean 0.8822)" in rest
    assert "entity_f1 0.5500 0.840 (KLUE-BERT-base; 0.837 in the paper)" in rest
    assert "not how good a model is" in shown
    assert "<polyline" in html and "learner/x&lt;y" in html
    assert "2 more figures" in rest and "1.0 GiB at its peak" in shown and "CPU, 2 cores" in shown
    assert "Did not run" in shown and "workbook run 00 01 02" in shown


def test_intervals_are_drawn_beside_their_figure_and_the_generations_in_the_summary(tmp_path):
    figures = {"training_sentences": {"value": 3000}, "lone_interval": {"value": [0.25, 0.5]}}
    for number, key in enumerate(report.GENERATIONS):
        figures[f"{key}_micro_f1"] = {"value": 0.9 - number / 10, "band": [0, 1], "inside": True}
        figures[f"{key}_micro_f1_interval"] = {"value": [0.85 - number / 10, 0.95 - number / 10]}
    outcome(tmp_path, "sandbox", "09_ner_four_generations", run={}, metrics={"figures": figures})
    html = page(tmp_path)
    assert html.count("<polyline") == 0  # no rising lines
    assert html.count('class="interval"') == 5 + 5 + 1  # summary, figures, the one without a figure
    summary, rest = text(html).split("Four generations of NER on the same sentences", 2)[1:]
    assert "entity F1, micro, with 95 % intervals" in summary
    assert "Bi-LSTM-CRF 0.8000 0.7500 to 0.8500" in summary
    assert "Language model" in summary
    assert "crf_micro_f1_interval" not in rest and "lone_interval 0.2500 to 0.5000" in rest
    width = 420 - 8
    assert f'cx="{4 + 0.9 * width}"' in html


def test_structures_become_tables_and_nothing_is_glued_together(tmp_path):
    figures = {
        "sentences_per_second": {"value": {"1": 97.5, "8": 167.25}},
        "ways": {"value": {"tagged": {"f1": 0.5, "tokens": 12}, "json": {"f1": 0.25}}},
        "curve": {"value": {"headlines": [64, 256], "encoder": [0.5, 0.75]}},
        "rows": {"value": [{"a": 1}, {"a": {"deep": {"er": 1}}}]},
        "empty": {"value": {}},
    }
    outcome(tmp_path, "sandbox", "04_klue_ynat", run={}, metrics={"figures": figures})
    html = page(tmp_path)
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    for row in (["1", "8"], ["97.5", "167.2"], ["", "f1", "tokens"], ["json", "0.2500", ""]):
        assert row in cells
    assert ["headlines", "64", "256"] in cells and ["encoder", "0.5000", "0.7500"] in cells
    assert "{" not in text(html) and "[" not in text(html)


def test_live_figures_and_overlays_are_not_called_the_same(tmp_path):
    figures = {"subword_f1": {"value": 0.88, "band": [0.885, 0.9], "inside": False}}
    outcome(tmp_path, "live", "03_klue_ner", metrics={"data": "hub", "figures": figures})
    shown = text(page(tmp_path))
    assert "iniature" not in shown and "outside" in shown and "run by hand" in shown
    outcome(tmp_path, "sandbox", "03_klue_ner", metrics={"data": ["hub"], "figures": figures})
    shown = text(page(tmp_path))
    assert "On other data than the workbook's own (hub). Models: miniatures." in shown
    models = "real: klue/bert-base; the others are pretrained miniatures"
    outcome(
        tmp_path, "sandbox", "04_klue_ynat", metrics={"data": ["hub"], "models": models, "figures": figures}
    )
    assert f"the workbook's own (hub). Models: {models}." in text(page(tmp_path))


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


def test_pictures_stand_under_their_headings_and_the_copy_is_named_for_the_rest(tmp_path):
    heading = nbformat.v4.new_markdown_cell
    cells = [
        heading("# Title"),
        heading("## Lengths of `texts`\n\n```\n# no heading\n```"),
        picture(image_png=PIXEL + "\n"),
        picture(image_png=PIXEL + "<b>"),
        picture(**{"image_svg+xml": "<svg><path d='M0 0'/></svg>", "text_plain": "x"}),
        picture(text_html="<table><tr><th>a</th></tr></table>"),
        picture(text_html="<script>alert(1)</script>"),
    ]
    outcome(tmp_path, "sandbox", "02_tokenizer_alignment", run={}, cells=cells)
    html = page(tmp_path)
    assert re.findall(r"<figcaption>(.*?)</figcaption>", html) == ["Lengths of texts"]
    assert f'<img alt="Lengths of texts" src="data:image/png;base64,{PIXEL}">' in html
    assert "copy: sandbox/02_tokenizer_alignment/02_tokenizer_alignment.ipynb" in text(html)
    assert "alert(1)" not in html


HOSTILE = [
    "<svg/onload=alert(1)>",
    '"><script>alert(1)</script>',
    "<meta http-equiv='refresh' content='0; url=https://elsewhere.example'>",
    "<img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</style></head><iframe src=https://elsewhere.example>",
    "{{ 7 * 1234567 }}",
    "\ud800",
]


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and whether all are closed."""

    void = frozenset({"meta", "img", "br"})

    def __init__(self, page):
        super().__init__()
        self.open, self.seen = [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_file_becomes_markup(tmp_path, text):
    figures = {
        text: {"value": text, "published": text},
        "dict": {"value": {text: {text: text}}},
        "band": {"value": 0.5, "band": [text, text], "inside": text},
    }
    cells = [
        nbformat.v4.new_markdown_cell(f"# {text}"),
        picture(image_png=PIXEL),
        picture(image_png=text),
        picture(text_html=text),
    ]
    error = {"cell": text, "source": [text], "name": text, "message": text}
    run = {"error": error, "status": text, "started": text, "system": text, "seconds": text}
    metrics = {
        "figures": figures,
        "device": text,
        "versions": {text: text},
        "data": [text],
        "time": text,
        "notebook": text,
    }
    outcome(tmp_path, "sandbox", "02_tokenizer_alignment", run=run, metrics=metrics)
    copy = tmp_path / "sandbox" / "02_tokenizer_alignment" / "02_tokenizer_alignment.ipynb"
    copy.write_text(json.dumps(nbformat.v4.new_notebook(cells=cells)), encoding="utf-8")
    tags = Tags(page(tmp_path)).seen
    assert not {"script", "iframe", "object", "form", "link", "base"} & {tag for tag, _ in tags}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    assert [a["http-equiv"] for tag, a in tags if tag == "meta" and "http-equiv" in a] == [
        "Content-Security-Policy"
    ]
    assert {a["src"] for tag, a in tags if tag == "img"} == {f"data:image/png;base64,{PIXEL}"}
    assert str(7 * 1234567) not in page(tmp_path)


def deep(levels):
    return '{"a":' * levels + "1" + "}" * levels


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("metrics.json", deep(100_000)),
        ("metrics.json", '{"figures": ' + deep(900) + "}"),
        ("metrics.json", '{"figures": [1, 2]}'),
        ("metrics.json", '{"figures": {"f1": {"value": 1, "band": [0]}, "g": {"value": "x", "band": [0, 1]}}}'),
        ("metrics.json", '{"figures": {"f1": {"value": NaN, "band": [0, 1]}, "g": {"value": 1e999}}}'),
        ("metrics.json", '{"figures": {"f1_interval": {"value": [true, null]}, "n": ' + "9" * 400 + "}}"),
        ("metrics.json", '{"figures": {"f1": {"value": "x"}, "f1_interval": {"value": [0, 1]}}}'),
        ("metrics.json", '{"figures": null, "versions": [], "device": {}, "data": 7, "notebook": 3}'),
        ("metrics.json", "[]"),
        ("run.json", '{"status": 1, "seconds": "long", "peak_memory_bytes": [], "error": "x", "overlays": {}}'),
        ("run.json", '{"seconds": Infinity, "error": {"cell": {}, "source": 3, "message": []}, "started": 5}'),
        ("run.json", '{"seconds": ' + "9" * 400 + ', "peak_memory_bytes": ' + "9" * 400 + "}"),
        ("run.json", '{"notebook": "../../../etc/passwd"}'),
        ("run.json", '{"notebook": "a\\u0000b"}'),
        ("02_tokenizer_alignment.ipynb", '{"cells": {"a": 1}}'),
        ("02_tokenizer_alignment.ipynb", '{"cells": [1, {"source": 5, "outputs": [[], {"data": []}]}]}'),
        ("02_tokenizer_alignment.ipynb", '{"cells": [{"cell_type": "code", "outputs": [{"data": {"text/html": 4}}]}]}'),
        ("02_tokenizer_alignment.ipynb", '{"nbformat": [], "cells": [{"cell_type": "code", "source": "", "outputs": 7}]}'),
        ("02_tokenizer_alignment.ipynb", deep(5_000)),
    ],
)  # fmt: skip
def test_a_hand_edited_file_does_not_cost_the_page(tmp_path, file, content):
    outcome(tmp_path, "sandbox", "02_tokenizer_alignment", run={}, metrics={"figures": {"f1": {"value": 1}}})
    outcome(tmp_path, "sandbox", "00_start_here", run={})
    (tmp_path / "sandbox" / "02_tokenizer_alignment" / file).write_text(content, encoding="utf-8")
    html = page(tmp_path)
    Tags(html)
    unreadable = file.endswith(".ipynb") or content.startswith(("[", '{"a":{"a":'))
    assert (f"Unreadable, and left out: {file}" in html) == unreadable
    assert "Start here" in html and "Traceback" not in html


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
    Tags(html)


def test_a_file_that_was_cut_off_does_not_cost_the_page(tmp_path):
    outcome(tmp_path, "sandbox", "00_start_here", run={})
    outcome(tmp_path, "sandbox", "01_hub_exploration", run={})
    (tmp_path / "sandbox" / "00_start_here" / "run.json").write_text('{"notebook": "00_', encoding="utf-8")
    (tmp_path / "sandbox" / "01_hub_exploration" / "metrics.json").write_text("[]", encoding="utf-8")
    shown = text(page(tmp_path))
    assert "1 passed" in shown and "Did not run 00_start_here" in shown
    assert "Unreadable, and left out: run.json" in shown and "1 unreadable" in shown
    assert "Unreadable, and left out: metrics.json" in shown


def test_what_was_trained_from_scratch_and_the_baseline_stand_beside_the_headline(tmp_path):
    figures = {
        "accuracy": {"value": 0.8, "band": [0.7, 0.9], "inside": True},
        "baseline_accuracy": {"value": 0.75},
        "from_scratch_accuracy": {"value": 0.5},
    }
    outcome(tmp_path, "sandbox", "04_klue_ynat", run={}, metrics={"figures": figures})
    shown = text(page(tmp_path))
    assert "headline figure here from scratch baseline expected published" in shown
    assert "accuracy 0.8000 0.5000 0.7500 0.7 to 0.9" in shown
