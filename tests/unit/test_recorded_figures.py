"""The notebooks record their figures under one set of names."""

import ast
import json
import re

import pytest

from workbook.catalogue import NOTEBOOKS
from workbook.paths import resource

BESIDE = ("baseline_", "from_scratch_")
CLASSIFIERS = ("04_klue_ynat", "05_imdb_sentiment", "06_yelp_stars", "08_modernbert_student")


def recorded(notebook):
    """Patterns of the names given to lab.record and lab.expect; what an f-string fills in may be anything."""
    cells = json.loads((resource("notebooks") / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    sources = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    calls = [
        call
        for source in sources
        if "lab.record(" in source or "lab.expect(" in source
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("lab.record", "lab.expect")
    ]
    names = [call.args[0] for call in calls if call.args]
    for keyword in (keyword for call in calls for keyword in call.keywords):
        if keyword.arg is None:
            names += keyword.value.keys if isinstance(keyword.value, ast.Dict) else [keyword.value.key]
        elif keyword.arg not in ("sandbox", "live", "published", "hint"):
            names.append(ast.Constant(keyword.arg))
    return {
        re.escape(name.value)
        if isinstance(name, ast.Constant)
        else "".join(re.escape(p.value) if isinstance(p, ast.Constant) else r"\w+" for p in name.values)
        for name in names
    }


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_headline_is_recorded_and_what_stands_beside_a_score_has_its_name(notebook):
    names = recorded(notebook)
    assert any(re.fullmatch(name, NOTEBOOKS[notebook].headline) for name in names)
    for name in names - {"baseline_seconds", "from_scratch_seconds"}:
        plain = next((name.removeprefix(prefix) for prefix in BESIDE if name.startswith(prefix)), None)
        assert plain is None or {plain, f"encoder_{plain}"} & names, name


@pytest.mark.parametrize("notebook", CLASSIFIERS)
def test_the_classifiers_record_a_baseline_a_curve_and_an_epoch(notebook):
    assert {"accuracy", "baseline_accuracy", "epoch_seconds"} <= recorded(notebook)


def test_the_generations_are_compared_by_one_score():
    assert {"crf_micro_f1", "bilstm_crf_micro_f1", "encoder_micro_f1", "learning_curve"} <= recorded(
        "09_ner_four_generations"
    )
    assert {"subword_f1", "entity_f1", "character_f1", "epoch_seconds"} <= recorded("03_klue_ner")
