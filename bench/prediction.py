"""Pairs of evaluations, predictions and alignments: text by text or padded, and in batches of like length."""

from __future__ import annotations

import copy
import time
import warnings
from typing import Any

import torch

from bench.measure import alternate, compare
from bench.sources import SEED, TASKS, Sources
from workbook.alignment import IGNORED, tokenize_and_align
from workbook.errors import WorkbookError
from workbook.inference import predict_probabilities


def prediction(sources: Sources, size: str, texts: int, repetitions: int) -> dict[str, Any]:
    """YNAT headlines scored, and predicted: padded to 512 in batches of 8, and one by one, against sorted batches."""
    task = TASKS["ynat"]
    tokenizer = sources.tokenizer(task)
    rows = sources.rows(task, "validation")
    rows = rows.shuffle(seed=SEED).select(range(min(texts, len(rows))))
    titles, inputs = list(rows["title"]), list(sources.tokenized(task, rows))
    model = sources.model(task, size).to("cuda" if torch.cuda.is_available() else "cpu").eval()
    found: dict[str, list[int]] = {}

    @torch.no_grad()
    def padded(repetition: int) -> None:
        answers: list[int] = []
        for start in range(0, len(inputs) if repetition else 8, 8):
            part = [
                {n: row[n] for n in tokenizer.model_input_names if n in row}
                for row in inputs[start : start + 8]
            ]
            batch = tokenizer.pad(part, padding="max_length", max_length=512, return_tensors="pt").to(
                model.device
            )
            answers += model(**batch).logits.argmax(-1).tolist()
        found["padded"] = answers

    @torch.no_grad()
    def one_by_one(repetition: int) -> None:
        answers = []
        for title in titles if repetition else titles[:8]:
            batch = tokenizer(title, truncation=True, return_tensors="pt").to(model.device)
            answers.append(model(**batch).logits.softmax(-1).argmax(-1).item())
        found["one by one"] = answers

    def ours_evaluation(repetition: int) -> None:
        found["evaluated"] = predict_probabilities(model, tokenizer, inputs).argmax(-1).tolist()

    def ours_prediction(repetition: int) -> None:
        encoded = tokenizer(titles, truncation=True)
        some = [dict(zip(encoded, values, strict=True)) for values in zip(*encoded.values(), strict=True)]
        found["predicted"] = predict_probabilities(model, tokenizer, some).argmax(-1).tolist()

    seconds = alternate(
        {"padded": padded, "one": one_by_one, "ours 1": ours_evaluation, "ours 2": ours_prediction},
        repetitions,
    )
    both = {
        "tutorial": [a + b for a, b in zip(seconds["padded"], seconds["one"], strict=True)],
        "ours": [a + b for a, b in zip(seconds["ours 1"], seconds["ours 2"], strict=True)],
    }
    same = [
        sum(a == b for a, b in zip(found["evaluated"], other, strict=True)) / len(titles)
        for other in (found["padded"], found["one by one"], found["predicted"])
    ]
    return {
        "title": "Evaluation and prediction of headlines: padded to 512 in batches of 8, then one by one",
        "data": sources.kind,
        "size": size,
        "examples": 2 * len(titles),
        "unit": "texts",
        **compare(both, "tutorial", "ours"),
        "remarks": [
            f"Evaluation alone: {compare(seconds, 'padded', 'ours 1')['ratio']:.1f}×; prediction one by one alone: "
            f"{compare(seconds, 'one', 'ours 2')['ratio']:.1f}×. The same predictions: {100 * min(same):.1f} %."
        ],
    }


def quantized(model: Any) -> Any:
    """A copy whose linear layers compute in int8 (dynamic quantization, processor only)."""
    try:
        from torch.ao.quantization import quantize_dynamic
    except ImportError:
        raise WorkbookError(
            "This PyTorch no longer has torch.ao.quantization. Measure int8 with an older one (2.13 has it)."
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated in favour of torchao, a package of its own
        return quantize_dynamic(copy.deepcopy(model).cpu().eval(), {torch.nn.Linear}, dtype=torch.qint8)


def int8(sources: Sources, size: str, texts: int, repetitions: int) -> dict[str, Any]:
    """Our prediction of headlines in fp32 and in dynamic int8. What it does to a score is measured with `score`."""
    return _changed(sources, size, texts, repetitions, "int8", "on the processor: fp32 against dynamic int8")


def compiled(sources: Sources, size: str, texts: int, repetitions: int) -> dict[str, Any]:
    """Our prediction of headlines as it is and with torch.compile, whose first calls compile and are not counted."""
    return _changed(
        sources, size, texts, repetitions, "compiled", "against torch.compile with dynamic shapes"
    )


def _changed(
    sources: Sources, size: str, texts: int, repetitions: int, change: str, title: str
) -> dict[str, Any]:
    task = TASKS["ynat"]
    tokenizer = sources.tokenizer(task)
    rows = sources.rows(task, "validation").shuffle(seed=SEED)
    inputs = list(sources.tokenized(task, rows.select(range(min(texts, len(rows))))))
    model = sources.model(task, size).to("cuda" if torch.cuda.is_available() else "cpu").eval()
    other = quantized(model) if change == "int8" else torch.compile(model, dynamic=True)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the compiler, about other machines
        predict_probabilities(other, tokenizer, inputs)
    first = time.perf_counter() - began
    ways = {
        "as it is": lambda repetition: predict_probabilities(model, tokenizer, inputs),
        change: lambda repetition: predict_probabilities(other, tokenizer, inputs),
    }
    figures = compare(alternate(ways, repetitions), "as it is", change)
    return {
        "title": f"Prediction of headlines {title}",
        "data": sources.kind,
        "size": size,
        "examples": len(inputs),
        "unit": "texts",
        **figures,
        "remarks": [f"The first pass over them took {first:.1f} s."] if change == "compiled" else [],
    }


def alignment(sources: Sources, repetitions: int, sentences: int) -> dict[str, Any]:
    """Tokens and labels for as many sentences as KLUE NER has: padded to 128 with a double loop, against ours."""
    from datasets import disable_progress_bars

    disable_progress_bars()
    task = TASKS["ner"]
    tokenizer = sources.tokenizer(task)
    rows = sources.rows(task)
    rows = rows.select([i % len(rows) for i in range(sentences)]).flatten_indices(keep_in_memory=True)
    names = [str(i) for i in range(task.labels)]

    def double_loop(batch: dict[str, list]) -> dict[str, list]:
        texts = ["".join(characters) for characters in batch["tokens"]]
        padding = {"padding": "max_length", "truncation": True, "max_length": 128}
        encoded = tokenizer(texts, return_offsets_mapping=True, **padding)
        encoded["labels"] = []
        for number, offsets in enumerate(encoded["offset_mapping"]):
            row = []
            for start, end in offsets:
                row.append(IGNORED if start == end else batch["ner_tags"][number][start])
            encoded["labels"].append(row)
        return encoded

    def ours(batch: dict[str, list]) -> dict[str, list]:
        return tokenize_and_align(batch, tokenizer, names, max_length=128)

    def sentence_by_sentence(row: dict[str, list]) -> dict[str, list]:
        encoded = double_loop({name: [values] for name, values in row.items()})
        return {name: values[0] for name, values in encoded.items()}

    sample = rows[:1_000]
    functions = {"tutorial": double_loop, "ours": ours}
    made = {way: function(sample)["labels"] for way, function in functions.items()}
    for theirs, mine in zip(made["tutorial"], made["ours"], strict=True):
        assert theirs[: len(mine)] == mine, "both give every sub-word the same label"

    def mapped(function: Any, batched: bool = True) -> Any:
        return lambda repetition: rows.map(function, batched=batched, keep_in_memory=True)

    def alone(function: Any) -> Any:
        return lambda repetition: [function(sample) for _ in range(5)]

    ways = {"tutorial": mapped(double_loop), "ours": mapped(ours), "one": mapped(sentence_by_sentence, False)}
    ways |= {"tutorial, alone": alone(double_loop), "ours, alone": alone(ours)}
    seconds = alternate(ways, repetitions)
    without_map = compare(seconds, "tutorial, alone", "ours, alone")["ratio"]
    one = compare(seconds, "one", "ours")["ratio"]
    return {
        "title": "Tokens and labels for all KLUE NER sentences: padded to 128, a double loop",
        "data": sources.kind,
        "size": "-",
        "examples": len(rows),
        "unit": "sentences",
        **compare({way: seconds[way] for way in functions}, "tutorial", "ours"),
        "remarks": [
            f"The functions alone, without `map`: {without_map:.1f}×. Where `map` hands the double loop one sentence "
            f"at a time: {one:.1f}×."
        ],
    }
