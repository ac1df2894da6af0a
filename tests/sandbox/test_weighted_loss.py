"""Notebook 08's own loss: one step of the optimizer is the same step, however many small batches it is cut into."""

import ast
import json
from pathlib import Path

import pytest
import torch
from datasets import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "08_modernbert_student.ipynb"


@pytest.fixture
def weighted_loss():
    """The function as the notebook defines it, with weights for one rare label of four."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    source = next("".join(cell["source"]) for cell in cells if "def weighted_loss" in "".join(cell["source"]))
    definition = next(node for node in ast.parse(source).body if getattr(node, "name", "") == "weighted_loss")
    names = {"torch": torch, "weight": torch.tensor([0.7, 2.0])}
    exec(compile(ast.Module([definition], []), str(NOTEBOOK), "exec"), names)
    return names["weighted_loss"]


def train(folder, loss, batch_size, accumulated):
    torch.manual_seed(0)
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
            hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, max_position_embeddings=8,
        )
    )  # fmt: skip
    rows = [{"input_ids": [i % 50, (3 * i) % 50, 7], "labels": int(i % 4 == 0)} for i in range(32)]
    # Plain gradient descent: Adam would hide a gradient of the wrong size.
    arguments = TrainingArguments(
        output_dir=folder, per_device_train_batch_size=batch_size, gradient_accumulation_steps=accumulated,
        num_train_epochs=2, learning_rate=0.5, lr_scheduler_type="constant", optim="sgd", max_grad_norm=0.0,
        logging_steps=1, save_strategy="no", report_to="none", use_cpu=True, disable_tqdm=True,
    )  # fmt: skip
    trainer = Trainer(model, arguments, train_dataset=Dataset.from_list(rows), compute_loss_func=loss)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return losses, torch.nn.utils.parameters_to_vector(model.parameters())


def test_the_same_with_and_without_accumulation(weighted_loss, tmp_path):
    losses, weights = train(tmp_path, weighted_loss, 8, 1)
    assert len(losses) == 8
    for batch_size, accumulated in ((4, 2), (2, 4)):
        other_losses, other_weights = train(tmp_path, weighted_loss, batch_size, accumulated)
        assert other_losses == pytest.approx(losses, rel=1e-4)
        torch.testing.assert_close(other_weights, weights, rtol=1e-4, atol=1e-5)


def test_it_is_the_weighted_sum_over_the_number_of_labels(weighted_loss):
    class Outputs:
        logits = torch.tensor([[1.0, 2.0], [0.5, -1.0], [0.0, 0.0]])

    labels = torch.tensor([0, 1, 1])
    logs = Outputs.logits.log_softmax(-1)
    smooth = 0.9 * torch.eye(2)[labels] + 0.05
    total = -(smooth * logs * torch.tensor([0.7, 2.0])).sum()
    assert weighted_loss(Outputs, labels).item() == pytest.approx(total.item() / 3, rel=1e-5)
    assert weighted_loss(Outputs, labels, torch.tensor(12)).item() == pytest.approx(
        total.item() / 12, rel=1e-5
    )
