"""A real server, `transformers serve`, behind the same client and runner: what it says is nonsense, and does no harm.

Its model is made from a seed: a Qwen2, as the distilled R1 models are, of some ten thousand weights.
"""

from __future__ import annotations

import shutil

import polars as pl
import pytest

from workbook.errors import WorkbookError
from workbook.labelling import LabelStore, Question, ask, ask_all, parse_completion
from workbook.labelling.parsing import UNUSABLE
from workbook.paths import resource
from workbook.teacher import serve

for package in ("fastapi", "openai", "pydantic"):
    pytest.importorskip(package, reason=f"{package}, which `transformers serve` needs, is not installed")

# As R1's own: the template opens the think block, so that an answer holds its end alone.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
)
PAPERS = pl.DataFrame(
    {
        "id": [f"2501.{number:05}" for number in range(40)],
        "title": [f"Paper {number}" for number in range(40)],
        "abstract": [f"We release a new dataset of {number} images." for number in range(40)],
    }
)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of the model, its tokenizer and its chat template."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

    folder = tmp_path_factory.mktemp("tiny-qwen2")
    vocabulary = resource("data") / "models" / "answerdotai" / "ModernBERT-base"
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(vocabulary / name, folder / name)
    tokenizer = Qwen2Tokenizer.from_pretrained(folder, unk_token=None, pad_token="<|endoftext|>")
    tokenizer.add_special_tokens({"eos_token": "<|im_end|>", "additional_special_tokens": ["<|im_start|>"]})
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(42)
    config = Qwen2Config(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=4096, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id, bos_token_id=None,
    )  # fmt: skip
    model = Qwen2ForCausalLM(config)
    # One token in twenty ends the answer: some stop by themselves, some are cut off.
    model.generation_config.do_sample = True  # as theirs have it; the server takes it from here
    model.generation_config.eos_token_id = list(range(0, len(tokenizer), 20))
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def teacher(model):
    options = ("--device", "cpu", "--default-seed", "42")
    running = serve(str(model), start_within=120, timeout=30, options=options)
    yield running
    running.stop()


def test_it_answers_and_each_answer_is_unusable(teacher):
    question = Question(max_tokens=24, temperature=1.0)
    replies = [ask(teacher, question, row["title"], row["abstract"]) for row in PAPERS.iter_rows(named=True)]
    for reply in replies:
        assert reply.completion.error is None
        assert reply.status in UNUSABLE and reply.parsed.label is None
        assert 0 < reply.completion.completion_tokens <= 24 < reply.completion.prompt_tokens
    assert {reply.completion.finish_reason for reply in replies} == {"length", "stop"}
    assert len({reply.status for reply in replies}) > 1
    assert len({(reply.completion.content, reply.completion.reasoning) for reply in replies}) > 10


def test_a_schema_is_beyond_it(teacher):
    """It takes a request for a schema, and ignores it: the parser has to be as strict as ever."""
    reply = ask(teacher, Question(way="json_schema", max_tokens=24), "A paper", "We release a new dataset.")
    assert reply.status in UNUSABLE


def test_a_run_stops_early_with_advice(teacher, tmp_path):
    with LabelStore(tmp_path / "labels.sqlite") as store:
        with pytest.raises(WorkbookError, match=r"the last \d+ answers were all unusable") as caught:
            ask_all(
                store, teacher, Question(max_tokens=24), PAPERS, workers=2, give_up_after=10, progress=False
            )
        assert any(
            advice in str(caught.value) for advice in ("max_tokens", "larger model", "reasoning parser")
        )
        again = Question(max_tokens=25)  # another question: asked anew
        with pytest.raises(WorkbookError, match="unusable"):
            ask_all(store, teacher, again, PAPERS, workers=2, give_up_after=10, progress=False)


def test_what_the_client_returns_is_what_the_parser_takes(teacher):
    completion = teacher.client.chat.completions.create(
        model=teacher.model, messages=[{"role": "user", "content": "Hello"}], max_tokens=8
    )
    assert parse_completion(completion.choices[0]).label is None
