"""Training: the label check, epoch times, and going on after an interruption, a kill, or half a save."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from datasets import Dataset, concatenate_datasets, load_from_disk
from transformers import (
    BertConfig,
    BertForTokenClassification,
    Trainer,
    TrainingArguments,
    default_data_collator,
    set_seed,
)

from workbook import plots, training
from workbook.errors import WorkbookError
from workbook.inference import predict_labels
from workbook.metrics import evaluations

NAMES = ["B-PS", "I-PS", "O"]
torch.set_num_threads(1)  # these models are so small that a second thread only waits


def tiny_model():
    set_seed(0)
    return BertForTokenClassification(
        BertConfig(
            vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
            num_labels=3, id2label=dict(enumerate(NAMES)), label2id={n: i for i, n in enumerate(NAMES)},
        )
    )  # fmt: skip


def rows(count=64):
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(5, 50, (count, 8), generator=generator)
    return Dataset.from_dict(
        {
            "input_ids": ids.tolist(),
            "attention_mask": torch.ones_like(ids).tolist(),
            "labels": (ids % 3).tolist(),
        }
    )


def make_trainer(folder, callbacks=(), learning_rate=1e-3, data=None, kind=Trainer):
    arguments = TrainingArguments(
        output_dir=str(folder), num_train_epochs=3, per_device_train_batch_size=8, learning_rate=learning_rate,
        save_strategy="steps", save_steps=4, logging_steps=4, report_to="none", disable_tqdm=True, use_cpu=True,
        **training.device_settings(),
    )  # fmt: skip
    return kind(
        model=tiny_model(), args=arguments, train_dataset=data or rows(), data_collator=default_data_collator,
        callbacks=list(callbacks),
    )  # fmt: skip


def weights(trainer):
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    trainer = make_trainer(tmp_path_factory.mktemp("straight"))
    trainer.train(resume_from_checkpoint=training.resume_point(trainer))
    return weights(trainer)


def interrupt(folder, step=14):
    trainer = make_trainer(folder, [training.InterruptAt(step)])
    with pytest.raises(KeyboardInterrupt):
        trainer.train(resume_from_checkpoint=training.resume_point(trainer))


@pytest.fixture(scope="module")
def interrupted_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted")
    interrupt(folder)
    return folder


def test_goes_on_where_it_stopped(tmp_path, uninterrupted):
    interrupt(tmp_path)
    trainer = make_trainer(tmp_path)
    point = training.resume_point(trainer)
    assert Path(point).name == "checkpoint-12"
    trainer.train(resume_from_checkpoint=point)
    assert same(weights(trainer), uninterrupted)


def flip_a_byte(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "trainer_state.json").unlink(),
        lambda folder: (folder / "trainer_state.json").write_text('{"global_step": 12, "max'),
        lambda folder: os.truncate(folder / "model.safetensors", 900),
        lambda folder: os.truncate(folder / "model.safetensors", 3),
        lambda folder: os.truncate(folder / "optimizer.pt", 100),
        lambda folder: (folder / "scheduler.pt").unlink(),
        lambda folder: os.truncate(folder / "config.json", 40),
        lambda folder: (folder / "config.json").unlink(),
        lambda folder: (folder / "rng_state.pth").unlink(),
        lambda folder: flip_a_byte(folder / "model.safetensors"),
        lambda folder: flip_a_byte(folder / "optimizer.pt"),
        lambda folder: (folder / "checksums.json").unlink(),
        lambda folder: os.truncate(folder / "checksums.json", 10),
    ],
)
def test_half_a_checkpoint_is_passed_over_for_the_one_before(tmp_path, damage, interrupted_run, capsys):
    folder = shutil.copytree(interrupted_run, tmp_path / "run")
    damage(folder / "checkpoint-12")
    point = training.resume_point(make_trainer(folder))
    assert (
        Path(point).name == "checkpoint-8"
        and "checkpoint-12 is incomplete or damaged" in capsys.readouterr().out
    )


def test_the_checkpoint_before_leads_to_the_same_end(tmp_path, interrupted_run, uninterrupted):
    folder = shutil.copytree(interrupted_run, tmp_path / "run")
    shutil.rmtree(folder / "checkpoint-12")
    trainer = make_trainer(folder)
    trainer.train(resume_from_checkpoint=training.resume_point(trainer))
    assert same(weights(trainer), uninterrupted)


def test_nothing_complete_means_from_the_beginning(tmp_path, capsys):
    interrupt(tmp_path, step=5)
    (tmp_path / "checkpoint-4" / "optimizer.pt").unlink()
    assert training.resume_point(make_trainer(tmp_path)) is None
    assert "none of them was saved completely" in capsys.readouterr().out


def test_another_run_is_not_gone_on_with(tmp_path, capsys):
    interrupt(tmp_path)
    assert training.resume_point(make_trainer(tmp_path, learning_rate=5e-4)) is None
    assert "other settings" in capsys.readouterr().out
    assert (tmp_path / "superseded" / "checkpoint-12").is_dir(), "and nothing is lost"
    interrupt(tmp_path)
    assert training.resume_point(make_trainer(tmp_path, data=rows(32))) is None
    assert "other data" in capsys.readouterr().out


def test_a_change_in_any_row_is_another_run(tmp_path, interrupted_run, capsys):
    folder = shutil.copytree(interrupted_run, tmp_path / "run")
    changed = rows().map(lambda row, i: {"labels": [2] * 8} if i == 5 else row, with_indices=True)
    assert training.resume_point(make_trainer(folder, data=changed)) is None
    assert "other data" in capsys.readouterr().out


def test_the_same_rows_stored_otherwise_are_the_same_run(tmp_path, interrupted_run):
    data = rows()
    data.save_to_disk(str(tmp_path / "rows"))
    stored = load_from_disk(str(tmp_path / "rows"))
    pieces = concatenate_datasets([data.select(range(10)), data.select(range(10, 64))])
    picked = concatenate_datasets([data, data]).select([*range(64, 70), *range(6, 64)])
    for number, same_rows in enumerate((stored, pieces, picked)):
        folder = shutil.copytree(interrupted_run, tmp_path / f"run-{number}")
        assert Path(training.resume_point(make_trainer(folder, data=same_rows))).name == "checkpoint-12"


def test_a_folder_of_ones_own_among_the_checkpoints_is_left_alone(tmp_path, interrupted_run):
    folder = shutil.copytree(interrupted_run, tmp_path / "run")
    (folder / "checkpoint-best").mkdir()
    (folder / "checkpoint-").mkdir()
    assert Path(training.resume_point(make_trainer(folder))).name == "checkpoint-12"
    assert training.resume_point(make_trainer(folder, learning_rate=5e-4)) is None
    assert (folder / "checkpoint-best").is_dir()


def test_the_last_epoch_keeps_its_own_figures(tmp_path):
    """`evaluate()` after load_best_model_at_end logs the best model's figures under the last step."""
    arguments = TrainingArguments(
        output_dir=str(tmp_path), num_train_epochs=3, per_device_train_batch_size=8, learning_rate=0.5,
        save_strategy="epoch", eval_strategy="epoch", load_best_model_at_end=True, report_to="none",
        disable_tqdm=True, use_cpu=True, **training.device_settings(),
    )  # fmt: skip
    trainer = Trainer(
        model=tiny_model(), args=arguments, train_dataset=rows(), eval_dataset=rows(16),
        data_collator=default_data_collator,
    )  # fmt: skip
    trainer.train()
    whole = [entry["eval_loss"] for entry in trainer.state.log_history if "eval_loss" in entry]
    best = trainer.evaluate()["eval_loss"]
    assert best == pytest.approx(min(whole)) and best < whole[-1], "the last epoch was not the best"
    history = trainer.state.log_history
    assert len([entry for entry in history if "eval_loss" in entry]) == 4
    assert [entry["eval_loss"] for entry in evaluations(history)] == whole
    figure = plots.training_curves({"run": history}, metric="eval_loss")
    assert list(figure.axes[1].lines[0].get_ydata()) == whole


def test_a_finished_run_starts_anew(tmp_path, capsys):
    trainer = make_trainer(tmp_path)
    trainer.train(resume_from_checkpoint=training.resume_point(trainer))
    assert training.resume_point(make_trainer(tmp_path)) is None
    assert "was finished" in capsys.readouterr().out


def test_a_killed_process_loses_no_checkpoint(tmp_path, uninterrupted):
    """kill -9 in the middle of training, at whatever step it is."""
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import time, test_training as t\n"
        "class Slow(t.training.TrainerCallback):\n"
        "    def on_step_end(self, *a, **k): time.sleep(0.05)\n"
        "t.torch.set_num_threads(1)\n"
        f"trainer = t.make_trainer({str(tmp_path)!r}, [Slow()]); t.training.resume_point(trainer); trainer.train()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "checkpoint-12").is_dir():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    process.wait()
    trainer = make_trainer(tmp_path)
    point = training.resume_point(trainer)
    assert point is not None
    trainer.train(resume_from_checkpoint=point)
    assert trainer.state.global_step == 24
    assert max((a - uninterrupted[n]).abs().max() for n, a in weights(trainer).items()) < 1e-6


def test_epoch_times_survive_an_interruption(tmp_path):
    timer = training.EpochTimer()
    trainer = make_trainer(tmp_path, [timer, training.InterruptAt(14)])
    with pytest.raises(KeyboardInterrupt):
        trainer.train(resume_from_checkpoint=training.resume_point(trainer))
    first_epoch = timer.seconds[0]
    again = training.EpochTimer()
    trainer = make_trainer(tmp_path, [again])
    trainer.train(resume_from_checkpoint=training.resume_point(trainer))
    assert len(again.seconds) == 3 and again.seconds[0] == first_epoch and min(again.seconds) > 0


def test_label_check():
    model, good = tiny_model(), [[-100, 0, 1], [2]]
    training.check_labels(model, good, NAMES)
    with pytest.raises(
        WorkbookError, match=r"run from 0 to 12, but this model's head has 3 outputs.*num_labels=13"
    ):
        training.check_labels(model, [[0, 12]], [str(i) for i in range(13)])
    with pytest.raises(WorkbookError, match="-1 to 2"):
        training.check_labels(model, [[-1, 2]], NAMES)
    with pytest.raises(WorkbookError, match="3 outputs for 4"):
        training.check_labels(model, good, [*NAMES, "B-LC"])
    with pytest.raises(WorkbookError, match="calls 0 'B-PS', the data calls it 'O'"):
        training.check_labels(model, [0, 1, 2], ["O", "I-PS", "B-PS"])


def test_real_token_share_leaves_the_random_state_alone():
    batches = [{"attention_mask": torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]])}]
    before = torch.get_rng_state()
    assert training.real_token_share(batches) == 6 / 8
    assert torch.equal(before, torch.get_rng_state())


def test_predictions_come_back_in_order():
    class Pads:
        model_input_names = ("input_ids", "attention_mask")

        def pad(self, rows, return_tensors):
            from transformers import BatchEncoding

            width = max(len(row["input_ids"]) for row in rows)
            return BatchEncoding(
                {
                    name: torch.tensor([row[name] + [0] * (width - len(row[name])) for row in rows])
                    for name in rows[0]
                }
            )

    model = tiny_model()
    data = [{"input_ids": list(range(5, 5 + n)), "attention_mask": [1] * n} for n in (3, 9, 1, 5)]
    model.train()
    together = predict_labels(model, Pads(), data, batch_size=3)
    alone = [predict_labels(model, Pads(), [row])[0] for row in data]
    assert together == alone and [len(row) for row in together] == [3, 9, 1, 5]
    assert model.training, "the model is left as it was"


def test_a_loss_that_is_no_number_stops_with_the_usual_causes(tmp_path):
    trainer = make_trainer(tmp_path, [training.StopOnNaN()], learning_rate=1e30)
    with pytest.raises(WorkbookError, match=r"loss is nan in step \d+.*learning rate too high \(1e\+30"):
        trainer.train()
    assert trainer.state.global_step <= 8, "it stopped at the first logged loss, not at the end"


def test_without_that_the_trainer_goes_on_and_logs_numbers(tmp_path):
    """Why the callback is there: should this fail, the Trainer has learned to stop by itself."""
    trainer = make_trainer(tmp_path, learning_rate=1e30)
    trainer.train()
    assert all(
        torch.isfinite(torch.tensor(entry["loss"])) for entry in trainer.state.log_history if "loss" in entry
    )
    assert not all(torch.isfinite(value).all() for value in trainer.model.state_dict().values())


def test_a_sound_training_is_not_stopped(tmp_path, uninterrupted):
    trainer = make_trainer(tmp_path, [training.StopOnNaN()])
    trainer.train()
    assert same(weights(trainer), uninterrupted)


def lengths(count, seed=0):
    """As of reviews: most short, a few very long."""
    generator = torch.Generator().manual_seed(seed)
    return (60 * torch.randn(count, generator=generator).exp()).long().clamp(3, 512).tolist()


def batches(sampler):
    order = list(sampler)
    return [order[i : i + sampler.batch_size] for i in range(0, len(order), sampler.batch_size)]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 100, 1003, 5000])
def test_buckets_hold_every_row_once(count):
    sampler = training.BucketSampler(lengths(count), 8)
    assert sorted(sampler) == list(range(count)) and len(sampler) == count
    assert all(len(batch) == 8 for batch in batches(sampler)[: count // 8])


def test_buckets_are_of_like_length_and_in_random_order():
    long = lengths(1_800)
    found = batches(training.BucketSampler(long, 16))
    computed = sum(max(long[i] for i in batch) * len(batch) for batch in found)
    assert sum(long) / computed > 0.96
    assert max(long) in [long[i] for i in found[0]], "the longest comes first"
    means = torch.tensor([sum(long[i] for i in batch) / len(batch) for batch in found[1:]])
    neighbours = torch.corrcoef(torch.stack([means[:-1], means[1:]]))[0, 1]
    assert abs(neighbours) < 0.3, "long batches are not bunched together"


def test_buckets_change_from_epoch_to_epoch_and_with_the_seed():
    sampler = training.BucketSampler(lengths(100), 8)
    first = list(sampler)
    assert first == list(sampler), "asking twice within an epoch changes nothing"
    sampler.set_epoch(1)
    assert first != list(sampler)
    assert first != list(training.BucketSampler(lengths(100), 8, seed=7))


def test_in_the_middle_of_an_epoch_the_bucket_trainer_goes_on_with_the_rows_still_to_come(tmp_path):
    """8 steps an epoch, checkpoints at 4, 8, 12: step 14 is interrupted, and goes on from the middle of the second."""
    straight = make_trainer(tmp_path / "straight", kind=training.BucketTrainer)
    straight.train()
    broken = make_trainer(tmp_path / "broken", [training.InterruptAt(14)], kind=training.BucketTrainer)
    with pytest.raises(KeyboardInterrupt):
        broken.train(resume_from_checkpoint=training.resume_point(broken))
    resumed = make_trainer(tmp_path / "broken", kind=training.BucketTrainer)
    point = training.resume_point(resumed)
    assert Path(point).name == "checkpoint-12"
    resumed.train(resume_from_checkpoint=point)
    assert same(weights(resumed), weights(straight))


def test_the_bucket_trainer_asks_for_another_order_in_each_epoch(tmp_path):
    orders = []

    class Watch(training.BucketSampler):
        def __iter__(self):
            orders.append(list(super().__iter__()))
            return iter(orders[-1])

    class WatchedTrainer(training.BucketTrainer):
        def _get_train_sampler(self, train_dataset=None):
            sampler = super()._get_train_sampler(train_dataset)
            return Watch(sampler.lengths, sampler.batch_size, sampler.seed)

    make_trainer(tmp_path, kind=WatchedTrainer).train()
    assert len(orders) == 3 and orders[0] != orders[1] != orders[2] != orders[0]
