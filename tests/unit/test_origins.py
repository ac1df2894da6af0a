"""What the start table calls real, invented, pretrained and untrained."""

import json
import re

import pytest

from workbook import origins
from workbook.catalogue import INVENTED_ROWS, NOTEBOOKS, REAL_ROWS
from workbook.paths import resource


def test_the_rows_are_those_that_lie_in_the_data():
    parquet = pytest.importorskip("pyarrow.parquet")
    data = resource("data") / "datasets"
    told = INVENTED_ROWS | REAL_ROWS
    counted = dict.fromkeys(told, 0)
    for file in [*data.rglob("*.parquet"), *data.rglob("*.jsonl")]:
        (name,) = (name for name in told if file.is_relative_to(data / name))
        if file.suffix == ".parquet":
            counted[name] += parquet.read_metadata(file).num_rows
        else:
            counted[name] += len(file.read_text(encoding="utf-8").splitlines())
    assert counted == told and not INVENTED_ROWS.keys() & REAL_ROWS.keys()


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_loads_what_the_catalogue_says(name):
    notebook = json.loads((resource("notebooks") / f"{name}.ipynb").read_text(encoding="utf-8"))
    code = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    loaded = re.findall(r'(?:load_dataset|snapshot_download|shipped)\(\s*"([\w/-]+)"(?:, "(\w+)")?', code)
    repos = {"/".join(filter(None, parts)) for parts in loaded} - {"csv", "parquet"}
    assert repos == set(NOTEBOOKS[name].datasets)


def test_data(tmp_path):
    entry = NOTEBOOKS["01_hub_exploration"]
    assert origins.data(entry, []) == "invented by us, 3,580 rows"
    assert origins.data(entry, None) == "real: klue/klue/ynat, klue/klue/mrc"
    (tmp_path / "datasets" / "klue" / "klue" / "ynat").mkdir(parents=True)
    partly = "real: klue/klue/ynat; invented by us: klue/klue/mrc, 80 rows"
    assert origins.data(entry, [tmp_path / "none", tmp_path]) == partly


def test_what_comes_with_the_workbook_is_the_same_in_every_mode():
    entry = NOTEBOOKS["07_r1_labelling"]
    told = origins.data(entry, None)
    assert told.endswith("; invented by us: encoder-workbook/arxiv-hand-labelled, 80 rows")
    assert told.startswith(
        "real: librarian-bots/arxiv-metadata-snapshot, encoder-workbook/arxiv-real-labelled;"
    )
    assert origins.data(entry, []).startswith("real: encoder-workbook/arxiv-real-labelled; invented by us: ")


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        ({"a": "real", "b": "real"}, "real"),
        ({"a": "pretrained miniature"}, "pretrained miniatures: no score here is the real model's"),
        ({"a": "untrained miniature"}, "untrained miniatures: no score here is the real model's"),
        (
            {"a": "pretrained miniature", "b": "real", "c": "untrained miniature", "d": "real"},
            "real: b, d; untrained miniatures: c; the others are pretrained miniatures",
        ),
        ({"a": "untrained miniature", "b": "real"}, "real: b; the others are untrained miniatures"),
    ],
)
def test_models(kinds, told):
    assert origins.models(kinds) == told
