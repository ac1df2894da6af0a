"""Pairs of trainings: padded as the tutorial pads, and as the notebooks batch. Same rows, model, batch size and seed."""

from __future__ import annotations

import statistics
import tempfile
import time
from typing import Any

import torch
import transformers

from bench.measure import alternate, compare
from bench.sources import SEED, TASKS, Sources, Task
from workbook import paths, training
from workbook.inference import predict_probabilities

RATE = 5e-5
_POOL = training.BucketSampler.POOL  # batches that are sorted together: as many rows are looked at


class Clock(transformers.TrainerCallback):
    """Seconds of an epoch, and of its steps alone: the rest went into fetching and padding rows, and logging."""

    def on_epoch_begin(self, args, state, control, **kwargs):
        self.steps, self._began = 0.0, _now()

    def on_step_begin(self, args, state, control, **kwargs):
        self._step = time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs):
        self.steps += time.perf_counter() - self._step

    def on_epoch_end(self, args, state, control, **kwargs):
        self.seconds = _now() - self._began


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def trainer(
    way: str, task: Task, sources: Sources, model: Any, rows: Any, folder: str, **changes: Any
) -> transformers.Trainer:
    """A Trainer that pads as the tutorial does (`tutorial`), or as the notebooks batch (`ours`)."""
    tokenizer = sources.tokenizer(task)
    padding: dict[str, Any] = {}
    settings = training.device_settings()
    if way == "tutorial":
        if task.padded_to:
            padding = {"padding": "max_length", "max_length": task.padded_to}
        settings = {"fp16": task.fp16} if torch.cuda.is_available() else settings
    collator = (
        transformers.DataCollatorForTokenClassification(tokenizer, **padding)
        if task.name == "ner"
        else transformers.DataCollatorWithPadding(tokenizer, **padding)
    )
    arguments = transformers.TrainingArguments(
        output_dir=folder,
        **{
            "per_device_train_batch_size": task.batch,
            "num_train_epochs": 1,
            "learning_rate": RATE,
            "save_strategy": "no",
            "report_to": "none",
            "disable_tqdm": True,
            "logging_steps": 1 if task.name == "ynat" and way == "ours" else 100,
            "seed": SEED,
            **settings,
            **changes,
        },
    )
    kind = training.BucketTrainer if way == "ours" else transformers.Trainer
    made = kind(model=model, args=arguments, train_dataset=rows, data_collator=collator)
    made.remove_callback(transformers.PrinterCallback)
    return made


def spread_rows(lengths: list[int], batch: int, batches: int) -> list[int]:
    """Row numbers of a few batches that stand for all: as BucketSampler cuts them, spread evenly over the lengths.

    lengths: of rows in random order. Every way gets the rows found. Taken at random, so few would leave nothing of
    like length to batch together.
    """
    pool = sorted(range(len(lengths))[: _POOL * batch], key=lambda i: lengths[i])
    cut = [pool[start : start + batch] for start in range(0, len(pool) - batch + 1, batch)]
    batches = min(batches, len(cut))
    return [row for i in range(batches) for row in cut[int((i + 0.5) * len(cut) / batches)]]


def pair(name: str, sources: Sources, size: str, batches: int, repetitions: int) -> dict[str, Any]:
    """One tutorial's training step throughput, padded its way and ours."""
    task = TASKS[name]
    rows = sources.rows(task).shuffle(seed=SEED)
    everything = sources.tokenized(task, rows.select(range(min(_POOL * task.batch, len(rows)))))
    # the tutorial's order is random: shuffled here, since its batches are padded to their longest row
    chosen = everything.select(spread_rows(everything["length"], task.batch, batches)).shuffle(seed=SEED)
    with tempfile.TemporaryDirectory() as folder:
        clocks, ways, models = {"tutorial": Clock(), "ours": Clock()}, {}, {}
        outside: list[float] = []
        for way, clock in clocks.items():
            models[way] = sources.model(task, size)
            made = trainer(way, task, sources, models[way], chosen, folder)
            made.add_callback(clock)

            def run(repetition: int, made=made, clock=clock, way=way) -> float:
                # the optimizer and its state stay: only the warm-up makes them
                made.train_dataset = chosen if repetition else chosen.select(range(task.batch))
                made.train()
                if repetition and way == "ours":
                    outside.append(1 - clock.steps / clock.seconds)
                return clock.seconds

            ways[way] = run
        figures = compare(alternate(ways, repetitions), "tutorial", "ours")
        shares = {
            way: training.real_token_share(
                trainer(way, task, sources, models[way], everything, folder).get_train_dataloader()
            )
            for way in ways
        }
    work = step_flops(models["ours"], chosen["length"])
    reached = work / figures["ways"]["ours"]["median"]
    return {
        "title": f"{task.title} training, batch {task.batch}, "
        + (f"padded to {task.padded_to}" if task.padded_to else "padded batch by batch"),
        "data": sources.kind,
        "size": size,
        "examples": len(chosen),
        "unit": "examples",
        **figures,
        "real_token_share": shares,
        "outside_the_model": statistics.median(outside),
        "flops_of_largest_product": reached / matmul_flops(models["ours"].device),
    }


def step_flops(model: Any, lengths: list[int]) -> float:
    """Floating-point operations that one forward and backward pass needs for texts of these lengths, padding none."""
    weights = sum(p.numel() for name, p in model.named_parameters() if "embeddings" not in name)
    config = model.config
    attention = 12 * config.num_hidden_layers * config.hidden_size * sum(n * n for n in lengths)
    return 6.0 * weights * sum(lengths) + attention


def matmul_flops(device: torch.device) -> float:
    """What a large matrix product reaches here, per second: bf16 on a card, fp32 on a processor."""
    on_gpu = device.type == "cuda"
    side, times, kind = (8192, 20, torch.bfloat16) if on_gpu else (2048, 4, torch.float32)
    left, right = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))
    left @ right
    began = _now()
    for _ in range(times):
        left @ right
    return times * 2 * side**3 / (_now() - began)


def score(rows: int, epochs: int, seeds: int) -> dict[str, Any]:
    """YNAT trained to the end with a miniature, both ways and from several seeds: time, and accuracy held out.

    On the miniature data, which a model without pretraining can learn.
    """
    sources = Sources(paths.resource("data"))
    task = TASKS["ynat"]
    tokenizer = sources.tokenizer(task)
    train, held_out = (
        sources.tokenized(task, part.shuffle(seed=SEED).select(range(min(most, len(part)))))
        for part, most in ((sources.rows(task), rows), (sources.rows(task, "validation"), 1_000))
    )
    accuracy: dict[str, list[float]] = {"tutorial": [], "ours": []}
    trained = None

    def run(way: str, repetition: int) -> float:
        nonlocal trained
        seed = SEED + repetition
        changes = {"num_train_epochs": epochs, "learning_rate": 5e-4, "seed": seed}
        with tempfile.TemporaryDirectory() as folder:
            model = sources.model(task, "miniature", seed)
            made = trainer(way, task, sources, model, train, folder, **changes)
            began = _now()
            made.train()
            seconds = _now() - began
        predicted = predict_probabilities(model, tokenizer, list(held_out)).argmax(-1)
        accuracy[way].append(float((predicted == held_out["labels"]).mean()))
        trained = model
        return seconds

    ways = {way: (lambda repetition, way=way: run(way, repetition)) for way in accuracy}
    figures = compare(alternate(ways, seeds, warm_up=False), "tutorial", "ours")
    middle = statistics.mean(accuracy["ours"])
    noise = 2 * (middle * (1 - middle) / len(held_out)) ** 0.5
    remarks = [f"An accuracy measured on {len(held_out)} headlines is uncertain by ±{noise:.3f}."]
    if not torch.cuda.is_available():
        remarks.append(_int8_agreement(trained, tokenizer, list(held_out)))
    return {
        "title": f"YNAT to the end, a miniature, {epochs} epochs, padded to 512",
        "data": sources.kind,
        "size": "miniature",
        "examples": len(train) * epochs,
        "unit": "examples",
        **figures,
        "each": {f"accuracy, mean of {seeds} seeds": {w: statistics.mean(a) for w, a in accuracy.items()}},
        "accuracy": accuracy,
        "remarks": remarks,
    }


def _int8_agreement(model: Any, tokenizer: Any, rows: list[dict[str, Any]]) -> str:
    """Accuracy of a trained model before and after dynamic quantization, and how many predictions change."""
    from bench.prediction import quantized

    gold = [row["labels"] for row in rows]
    before, after = (predict_probabilities(m, tokenizer, rows).argmax(-1) for m in (model, quantized(model)))
    scores = [(found == gold).mean() for found in (before, after)]
    changed = 100 * (before != after).mean()
    return f"Its last model in dynamic int8: accuracy {scores[0]:.3f} → {scores[1]:.3f}; {changed:.1f} % of the predictions change."


def growth(sources: Sources, sizes: tuple[int, ...]) -> dict[str, Any]:
    """Seconds that an epoch of YNAT takes a miniature, by number of headlines: the notebooks' way."""
    task = TASKS["ynat"]
    rows = sources.rows(task).shuffle(seed=SEED)
    rows = sources.tokenized(task, rows.select(range(min(max(sizes), len(rows)))))
    points = []
    with tempfile.TemporaryDirectory() as folder:
        for count in (min(sizes), *sizes):  # the first one again: the warm-up is left out
            if count > len(rows):
                continue
            part, clock = rows.select(range(count)), Clock()
            made = trainer("ours", task, sources, sources.model(task, "miniature"), part, folder)
            made.add_callback(clock)
            made.train()
            points.append([count, clock.seconds])
    return {
        "title": "One epoch of YNAT, a miniature, by number of headlines",
        "data": sources.kind,
        "size": "miniature",
        "x": "headlines",
        "y": "seconds",
        "points": points[1:],
    }
