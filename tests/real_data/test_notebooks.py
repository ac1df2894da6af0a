"""Notebooks that train nothing, from the first cell to the last, on the real data and vocabularies.

The others take minutes each: `workbook run 03 --hub-root ../shared/hub`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = ("00_start_here", "01_hub_exploration", "02_tokenizer_alignment", "07_r1_labelling")
HUB = Path(__file__).parents[3] / "shared" / "hub"
pytestmark = pytest.mark.skipif(
    not HUB.is_dir(), reason="the real data are not beside this clone (../shared/hub)"
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outputs")
    numbers = [name[:2] for name in NOTEBOOKS]
    command = [
        sys.executable,
        "-m",
        "workbook",
        "run",
        *numbers,
        "--mode",
        "sandbox",
        "--hub-root",
        str(HUB),
    ]
    environment = os.environ | {"WORKBOOK_OUTPUTS": str(folder)}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return folder / "sandbox"


def figures(outputs, notebook):
    document = json.loads((outputs / notebook / "metrics.json").read_text(encoding="utf-8"))
    assert document["data"] != "miniature", "what ran on other data says so"
    return {name: entry["value"] for name, entry in document["figures"].items()}


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_it_ran(outputs, notebook):
    assert (outputs / notebook / f"{notebook}.ipynb").is_file()
    assert figures(outputs, notebook)


def test_alignment_on_the_real_sentences(outputs):
    values = figures(outputs, "02_tokenizer_alignment")
    assert (values["entities"], values["entities_lost_in_subwords"]) == (14_257, 306)
    assert values["real_share_grouped"] > 0.96
    (notebook,) = (Path(__file__).parents[2] / "notebooks").glob("02_*.ipynb")
    text = notebook.read_text(encoding="utf-8")
    words, pieces = (
        f"{100 * values[f'unseen_{name}']:.1f} % of the {name}" for name in ("words", "sub-words")
    )
    assert f"it is {words} and {pieces}." in text
    assert f"Of the 5,000 sentences of KLUE's dev split, {values['marked_as_tagged']:,} say the same" in text
    assert f"{100 * values['first_of_word_returned']:.1f} % come back under the first-piece rule" in text


def test_labels_of_real_abstracts(outputs):
    values = figures(outputs, "07_r1_labelling")
    assert values["papers"] > 2_900 and values["usable_share"] > 0.98
    assert 0.55 < values["majority"] < 0.8, "both labels occur"
