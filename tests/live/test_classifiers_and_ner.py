"""03, 04, 05 and 09 in live mode, with real pretrained weights where they lie beside the clone; 08 without 07."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("number", ["04", "05"])
def test_it_runs(real_weights, number):
    done = real_weights.rehearse(number)
    assert done.passed, done.screen
    assert (done.metrics["mode"], done.metrics["data"]) == ("live", "hub")
    assert done.disk_fits(), done.on_disk
    assert real_weights.asked() == "", "a mirror's user may have no way to anywhere else"


def test_an_encoder_and_four_generations(real_weights):
    encoder = real_weights.rehearse("03")
    assert encoder.passed, encoder.screen
    assert encoder.disk_fits(), encoder.on_disk
    generations = real_weights.rehearse("09")
    assert generations.passed, generations.screen
    assert "from notebook 03" in generations.copy and generations.value("llm_model") == "scripted-r1"
    assert generations.disk_fits(), generations.on_disk
    assert real_weights.asked() == ""


def test_four_generations_without_notebook_03(real_weights):
    done = real_weights.rehearse("09", [('trained_by("03_klue_ner", lab.outputs)', "None")])
    assert done.passed, done.screen
    assert "trained here" in done.copy


def test_a_student_of_published_labels(real_weights):
    """08 without 07: the labels come from the Hub."""
    done = real_weights.rehearse("08", [('/ "07_r1_labelling" /', '/ "not there" /')])
    assert done.passed, done.screen
    assert "davanstrien/arxiv-new-datasets" in done.copy
