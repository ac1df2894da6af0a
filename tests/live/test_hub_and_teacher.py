"""00, 01, 02, 06, 07 and 08 in live mode against a mirror, and what stands in their way there."""

from __future__ import annotations

import pytest
from rehearsal import CUTS, NOTEBOOKS, cut

NOWHERE = "http://127.0.0.1:9"


def test_every_notebook_has_its_cuts():
    assert sorted(CUTS) == sorted(NOTEBOOKS)


@pytest.mark.parametrize("number", CUTS)
def test_each_cut_meets_its_notebook(tmp_path, number):
    cut(number, tmp_path)
    with pytest.raises(AssertionError, match="change its cut"):
        cut(number, tmp_path, [("no cell says this", "")])


@pytest.mark.parametrize("number", ["00", "01", "02", "06"])
def test_it_runs(real_rows, number):
    done = real_rows.rehearse(number)
    assert done.passed, done.screen
    assert (done.metrics["mode"], done.metrics["data"]) == ("live", "hub")
    assert done.disk_fits(), done.on_disk
    assert real_rows.asked() == "", "a mirror's user may have no way to anywhere else"


@pytest.mark.parametrize("number", ["00", "02", "06"])
def test_it_runs_again_offline_on_the_filled_cache(real_rows, number):
    if not (real_rows.folder / "outputs" / "live" / NOTEBOOKS[number].stem).exists():
        assert real_rows.rehearse(number).passed
    done = real_rows.rehearse(number, HF_HUB_OFFLINE="1", HF_ENDPOINT=NOWHERE)
    assert done.passed, done.screen


def test_a_teacher_and_its_student(real_rows):
    teacher = real_rows.rehearse("07")
    assert teacher.passed, teacher.screen
    assert teacher.value("teacher") == "scripted-r1" and teacher.value("labelled") > 50
    student = real_rows.rehearse("08")
    assert student.passed, student.screen
    assert "notebook 07, teacher scripted-r1" in student.copy
    assert student.disk_fits(), student.on_disk
    assert student.value("corpus_abstracts") > 100
    assert real_rows.asked() == ""


@pytest.mark.parametrize("number", ["07", "09"])
def test_no_teacher_and_no_gpu_is_said_at_the_start(real_rows, number):
    done = real_rows.rehearse(number, OPENAI_BASE_URL=None, OPENAI_API_KEY=None, WORKBOOK_TEACHER_MODEL=None)
    assert not done.passed and "There is no teacher" in done.error
    assert "OPENAI_BASE_URL" in done.error and "sandbox" in done.error
    assert done.run["cells_done"] <= 2, "before anything long has run"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"OPENAI_BASE_URL": f"{NOWHERE}/v1"}, ["Nothing answers at http://127.0.0.1:9/v1", "OPENAI_BASE_URL"]),
        ({"HF_ENDPOINT": NOWHERE}, ["Live mode needs the Hub", NOWHERE, "WORKBOOK_MODE=sandbox"]),
        ({"WORKBOOK_TEACHER_MODEL": "gpt-17"}, ["gpt-17", "scripted-r1"]),
    ],
)  # fmt: skip
def test_a_server_that_is_not_there(real_rows, variables, words):
    done = real_rows.rehearse("07", **variables)
    assert not done.passed and all(word in done.error for word in words), done.screen
    assert done.run["cells_done"] <= 2
