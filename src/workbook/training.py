"""What a Trainer lacks: settings for this device, checks, epoch times, safe resuming."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback

from workbook import paths
from workbook.alignment import IGNORED
from workbook.errors import WorkbookError


def device_settings() -> dict[str, Any]:
    """Keyword arguments for TrainingArguments that suit this device.

    On a CUDA GPU bf16 where the GPU computes it, else fp16 (a T4, say); full precision elsewhere.
    Pinned memory only where there is a GPU to copy to.
    """
    if not torch.cuda.is_available():
        return {"dataloader_pin_memory": False}
    precision = "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    return {precision: True, "dataloader_pin_memory": True}


def check_labels(model: Any, labels: Iterable[Sequence[int] | int], label_names: Sequence[str]) -> None:
    """Refuse a model whose head does not fit the labels, before a GPU fails with a device-side assert.

    labels: a `labels` column, one id or a list of ids per row; −100 is skipped.
    Raises WorkbookError where a label is outside the head's range, the head has more or fewer outputs
    than there are names, or `id2label` gives them other names.
    """
    cure = (
        f"Load the model with num_labels={len(label_names)} and id2label=dict(enumerate(label_names)), "
        "label2id the other way round."
    )
    outputs = model.config.num_labels
    seen = {i for row in labels for i in (row if isinstance(row, Sequence) else [row])} - {IGNORED}
    if seen and not 0 <= min(seen) <= max(seen) < outputs:
        raise WorkbookError(
            f"The labels run from {min(seen)} to {max(seen)}, but this model's head has {outputs} outputs. On a GPU "
            f"this ends in 'CUDA error: device-side assert triggered'. {cure}"
        )
    if outputs != len(label_names):
        raise WorkbookError(f"The head has {outputs} outputs for {len(label_names)} label names. {cure}")
    named = [model.config.id2label[i] for i in range(outputs)]
    if wrong := [(i, a, b) for i, (a, b) in enumerate(zip(named, label_names, strict=True)) if a != b]:
        i, has, wants = wrong[0]
        raise WorkbookError(f"The model's id2label calls {i} {has!r}, the data calls it {wants!r}. {cure}")


def real_token_share(dataloader: Iterable[dict[str, torch.Tensor]]) -> float:
    """The share of computed tokens that are real, 0 to 1; the rest is padding.

    dataloader: batches with `attention_mask` of shape (batch, tokens), such as
    `trainer.get_train_dataloader()`. Goes through it once; the random state stays as it was.
    """
    real = computed = 0
    with torch.random.fork_rng(devices=[]):
        for batch in dataloader:
            real += int(batch["attention_mask"].sum())
            computed += batch["attention_mask"].numel()
    return real / computed


class BucketSampler(Sampler[int]):
    """Row numbers in an order that fills batches with rows of similar length, and shuffles the batches.

    lengths: sub-words by row. Rows are shuffled and cut into pools of 200 batches; each pool is sorted by length
    and cut into batches, whose order is shuffled. The batch with the longest row comes first (memory runs out at
    once or not at all), an incomplete one last. An epoch's order depends on `seed` and the epoch alone, so a
    training that was interrupted in mid-epoch resumes with exactly the rows that were still to come.

    transformers' `group_by_length` sorts pools of 50 batches, and of a quarter of the rows where there are few: on
    1,800 film reviews in batches of 16 that leaves 10 % padding, this 2 %.
    """

    POOL = 200

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int = 42) -> None:
        self.lengths = torch.as_tensor(list(lengths))
        self.batch_size, self.seed, self.epoch = batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Which epoch's order comes next; the Trainer calls this itself."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed + 1_000_003 * self.epoch)
        rows = torch.randperm(len(self), generator=generator)
        whole, rest = rows.split([len(rows) - len(rows) % self.batch_size, len(rows) % self.batch_size])
        batches = [
            batch
            for pool in whole.split(self.POOL * self.batch_size)
            for batch in pool[self.lengths[pool].argsort(stable=True)].split(self.batch_size)
            if len(batch)
        ]
        batches = [batches[i] for i in torch.randperm(len(batches), generator=generator)]
        longest = max(range(len(batches)), key=lambda i: int(self.lengths[batches[i]].max()), default=0)
        batches = [*batches[longest : longest + 1], *batches[:longest], *batches[longest + 1 :], rest]
        return iter(torch.cat(batches).tolist())


class BucketTrainer(Trainer):
    """transformers' Trainer with `BucketSampler` for its training batches, otherwise unchanged.

    Lengths come from the dataset's column `length` (`length_column_name`) where it has one, else from `input_ids`.
    """

    def _get_train_sampler(self, train_dataset=None):
        rows = self.train_dataset if train_dataset is None else train_dataset
        name = self.args.length_column_name
        lengths = rows[name] if name in rows.column_names else [len(ids) for ids in rows["input_ids"]]
        batch_size = self.args.train_batch_size * self.args.gradient_accumulation_steps
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        return BucketSampler(lengths, batch_size, seed)


class EpochTimer(TrainerCallback):
    """Seconds of training by epoch in `seconds`, without evaluation and saving; kept across a resume."""

    FILE = "epoch_times.json"

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._elapsed = 0.0
        self._since: float | None = None

    def on_train_begin(self, args, state, control, **kwargs):
        file = Path(args.output_dir) / self.FILE
        self.seconds, self._elapsed, self._since = [], 0.0, None
        if state.global_step and file.is_file():
            kept = json.loads(file.read_text(encoding="utf-8"))
            if kept["step"] == state.global_step:
                self.seconds, self._elapsed = kept["seconds"], kept["elapsed"]

    def on_step_begin(self, args, state, control, **kwargs):
        if self._since is None:
            self._since = time.perf_counter()

    def _pause(self) -> None:
        if self._since is not None:
            if torch.cuda.is_available():
                torch.cuda.synchronize()  # the GPU is still at work when Python has moved on
            self._elapsed += time.perf_counter() - self._since
            self._since = None

    def on_step_end(self, args, state, control, **kwargs):
        if control.should_evaluate or control.should_save:
            self._pause()

    def on_epoch_end(self, args, state, control, **kwargs):
        self._pause()
        self.seconds.append(self._elapsed)
        self._elapsed = 0.0

    def on_save(self, args, state, control, **kwargs):
        document = {"step": state.global_step, "seconds": self.seconds, "elapsed": self._elapsed}
        paths.write_json(Path(args.output_dir) / self.FILE, document)


class StopOnNaN(TrainerCallback):
    """Ends a training whose loss became NaN or infinite, and names the usual causes.

    Left alone, the Trainer logs such a loss as the average of the others (`logging_nan_inf_filter`) and continues to
    the end with ruined weights. Raises WorkbookError the first time such a loss is logged (every `logging_steps`).
    """

    def on_train_begin(self, args, state, control, **kwargs):
        args.logging_nan_inf_filter = False

    def on_log(self, args, state, control, logs=None, **kwargs):
        loss = (logs or {}).get("loss", 0.0)
        if math.isfinite(loss):
            return
        cures = [f"a learning rate too high ({args.learning_rate:g} here: try a tenth)"]
        if args.fp16:
            cures.append(
                "fp16, which overflows above 65,504 (use bf16=True where the GPU has it, else full precision)"
            )
        cures.append("a loss function of your own that divides by zero or takes the log of it")
        raise WorkbookError(
            f"The loss is {loss} in step {state.global_step}, so training was stopped: the weights are ruined, and "
            f"more steps will not repair them. Usual causes: {'; '.join(cures)}. Load the model afresh before you train again."
        )


class InterruptAt(TrainerCallback):
    """Interrupts a training after `step` steps, as Ctrl-C or the stop button does: to practise resuming."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == self.step:
            raise KeyboardInterrupt


class _Seal(TrainerCallback):
    """Writes into each finished checkpoint the checksum of every file, so that a cut or altered one is noticed."""

    FILE = "checksums.json"

    def on_save(self, args, state, control, **kwargs):
        if state.is_world_process_zero:
            checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            paths.write_json(checkpoint / self.FILE, _checksums(checkpoint))


def resume_point(trainer: Trainer) -> str | None:
    """The checkpoint from which this very training can continue, for `train(resume_from_checkpoint=…)`.

    It is the newest intact checkpoint in the Trainer's output folder, left by an unfinished run with the same
    data, model and settings. One that was cut off during a save, or altered since, is passed over for the one
    before. Checkpoints of a finished run, or of another one, are moved to `superseded/` (which holds the last such
    run), and None is returned: training starts from the beginning. Call it before every `train`, the first one too:
    it also makes the Trainer write checksums into its checkpoints.
    """
    trainer.pop_callback(_Seal)
    trainer.add_callback(_Seal())
    folder = Path(trainer.args.output_dir)
    identity = _identity(trainer)
    steps = {path: path.name.removeprefix("checkpoint-") for path in folder.glob("checkpoint-*")}
    found = sorted(
        (path for path, step in steps.items() if step.isdecimal()), key=lambda path: int(steps[path])
    )
    if found:
        newest = next((path for path in reversed(found) if _is_intact(path)), None)
        reason = _reason_to_start_over(identity, _read_json(folder / "run.json"), newest)
        if not reason:
            for path in found[found.index(newest) + 1 :]:
                print(f"{path.name} is incomplete or damaged; using the one before.")
            print(f"Resuming from {newest.name}.")
            return str(newest)
        print(f"Not resuming from the checkpoints in {folder.name}: {reason}. Starting from the beginning.")
        superseded = folder / "superseded"
        shutil.rmtree(superseded, ignore_errors=True)
        superseded.mkdir()
        for path in found:
            shutil.move(path, superseded / path.name)
    paths.write_json(folder / "run.json", identity)
    return None


def _reason_to_start_over(identity: dict[str, Any], former: Any, newest: Path | None) -> str | None:
    """Why a run left as `former` (its identity) and `newest` (its last intact checkpoint) is not resumed."""
    if former != identity:
        changed = [key for key in identity if (former or {}).get(key) != identity[key]]
        return f"they are from a run with other {', '.join(changed)}"
    if newest is None:
        return "none of them was saved completely"
    state = _read_json(newest / "trainer_state.json")
    return "that run was finished" if state["global_step"] >= state["max_steps"] else None


_SETTINGS = (
    "num_train_epochs", "max_steps", "per_device_train_batch_size", "gradient_accumulation_steps",
    "learning_rate", "weight_decay", "warmup_steps", "lr_scheduler_type", "optim", "max_grad_norm",
    "label_smoothing_factor", "seed", "data_seed", "train_sampling_strategy",
)  # fmt: skip


def _identity(trainer: Trainer) -> dict[str, Any]:
    """What makes two trainings the same one."""
    config = trainer.model.config.to_dict()
    for name in ("_name_or_path", "transformers_version"):
        config.pop(name, None)
    return {
        "data": _data_digest(trainer.train_dataset),
        "model": _digest([config, sum(p.numel() for p in trainer.model.parameters())]),
        "settings": {name: str(getattr(trainer.args, name)) for name in _SETTINGS},
    }


def _data_digest(rows: Any) -> str:
    """Of all rows, however they are stored. (A dataset's own fingerprint may differ from one process to the next.)"""
    if not isinstance(rows, Dataset):
        return _digest([rows[i] for i in range(len(rows))])
    digest = hashlib.sha256(str(rows.features).encode())
    for table in rows.with_format("arrow").iter(1_000):
        for batch in table.combine_chunks().to_batches():
            digest.update(batch.serialize())
    return digest.hexdigest()[:16]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


_RESUMED_FROM = (
    "trainer_state.json",
    "config.json",
    "*.safetensors",
    "optimizer.pt",
    "scheduler.pt",
    "rng_state*.pth",
)


def _is_intact(checkpoint: Path) -> bool:
    """Whether everything that resuming reads is there, and every file as it was saved."""
    sealed = _read_json(checkpoint / _Seal.FILE)
    return all(any(checkpoint.glob(name)) for name in _RESUMED_FROM) and sealed == _checksums(checkpoint)


def _checksums(folder: Path) -> dict[str, int]:
    """CRC-32 by file name: against accidents, not against forgery, and as fast as the disk."""
    sums = {}
    for path in folder.iterdir():
        if path.is_file() and path.name != _Seal.FILE:
            sums[path.name] = 0
            with path.open("rb") as file:
                while part := file.read(1 << 20):
                    sums[path.name] = zlib.crc32(part, sums[path.name])
    return sums
