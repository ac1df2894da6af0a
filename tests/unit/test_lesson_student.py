"""Notebook 08: what it builds in its cells is right, its exercises name usual mistakes, its script stands alone."""

import ast
import copy
import re
import subprocess
import sys
import tomllib
from functools import partial

import numpy as np
import pytest
import torch
from lesson_cells import code_cells
from scipy import stats
from sklearn.metrics import f1_score

cells = partial(code_cells, "08_modernbert_student")


def definitions(*sources, **names):
    """The imports, functions and constants of these cells in a namespace of their own; the calls left out."""
    names = {"np": np, "torch": torch, "stats": stats, "copy": copy, **names}
    for source in sources:
        kept = [
            node
            for node in ast.parse(source).body
            if isinstance(node, ast.FunctionDef | ast.ImportFrom)
            or (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").isupper())
        ]
        exec(compile(ast.Module(kept, []), "notebook 08", "exec"), names)
    return names


def defining(name):
    return next(source for source in cells() if f"def {name}(" in source)


# --- what the cells build ---------------------------------------------------------------------------


@pytest.fixture
def lab():
    class Lab:
        seed = 42

        @staticmethod
        def pick(sandbox, live):
            return sandbox

    return Lab


def test_macro_f1_is_scikit_learns_for_every_resample(lab):
    macro_f1 = definitions(defining("macro_f1"), lab=lab)["macro_f1"]
    chance = np.random.default_rng(0)
    gold, said = chance.integers(0, 2, (5, 30)), chance.integers(0, 2, (5, 30))
    wanted = [f1_score(g, s, average="macro", zero_division=0) for g, s in zip(gold, said, strict=True)]
    assert macro_f1(gold, said) == pytest.approx(wanted)
    assert macro_f1(np.array([0, 0, 1]), np.zeros(3, int)) == pytest.approx(0.4)  # 0.8 and 0


@pytest.mark.parametrize(
    "low, high, said",
    [(0.01, 0.05, "is ahead of"), (-0.05, -0.01, "is behind"), (-0.01, 0.05, "cannot be told apart from")],
)
def test_a_verdict_says_no_more_than_its_interval(lab, low, high, said):
    assert said in definitions(defining("verdict"), lab=lab)["verdict"]("A", "B", (low + high) / 2, low, high)


def test_a_model_compared_with_itself_differs_by_nothing(lab):
    names = definitions(defining("compare"), lab=lab)
    gold = np.random.default_rng(0).integers(0, 2, 60)
    assert names["compare"](gold, gold, gold) == (0, 0, 0)
    gap, low, high = names["compare"](gold, 1 - gold, gold)
    assert gap == low == high == 1


def test_the_interval_over_splits_is_wider_than_the_naive_one(lab):
    over_splits = definitions(defining("over_splits"), lab=lab)["over_splits"]
    gaps = np.random.default_rng(0).normal(0.02, 0.01, 15)
    mean, low, high = over_splits(gaps)
    naive = stats.t.ppf(0.975, 14) * gaps.std(ddof=1) / np.sqrt(15)
    assert low < mean - naive and mean + naive < high
    assert mean == pytest.approx(gaps.mean())


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_logits_without_padding_are_those_of_the_padded_batch(pooling):
    from transformers import AttentionInterface, ModernBertConfig, ModernBertForSequenceClassification

    names = definitions(defining("without_padding"))
    AttentionInterface.register("text_by_text", names["text_by_text"])
    torch.manual_seed(0)
    config = ModernBertConfig(
        vocab_size=60, hidden_size=32, intermediate_size=32, num_hidden_layers=4, num_attention_heads=2,
        local_attention=8, max_position_embeddings=64, pad_token_id=0, classifier_pooling=pooling, num_labels=2,
    )  # fmt: skip
    model = ModernBertForSequenceClassification(config).eval()
    rows = [
        torch.randint(1, 60, (length,)).tolist() for length in (5, 30, 12, 1)
    ]  # longer than the window, too
    longest = max(map(len, rows))
    batch = {
        "input_ids": torch.tensor([row + [0] * (longest - len(row)) for row in rows]),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows]),
    }
    with torch.no_grad():
        padded = model(**batch).logits
        model.set_attn_implementation("text_by_text")
        torch.testing.assert_close(names["without_padding"](model, rows), padded, rtol=1e-4, atol=1e-5)


# --- its script -------------------------------------------------------------------------------------


@pytest.fixture
def script():
    return definitions(next(source for source in cells() if "SCRIPT = " in source))["SCRIPT"]


def test_the_script_lists_what_it_imports(script):
    block = re.search(
        r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$", script
    )  # PEP 723's own pattern
    metadata = tomllib.loads("".join(line[2:] for line in block["content"].splitlines(keepends=True)))
    listed = {re.match(r"[\w-]+", requirement)[0] for requirement in metadata["dependencies"]}
    imported = set()
    for node in ast.walk(ast.parse(script)):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.partition(".")[0])
    third_party = {name for name in imported if name not in sys.stdlib_module_names}
    assert {name.replace("sklearn", "scikit-learn") for name in third_party} <= listed
    assert "accelerate" in listed  # the Trainer needs it and does not bring it
    assert "workbook" not in imported


def test_the_script_is_clean(script, tmp_path):
    file = tmp_path / "student.py"
    file.write_text(script, encoding="utf-8")
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--line-length", "110", "--isolated", file],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


# --- its exercises ----------------------------------------------------------------------------------


def exercise(number, **names):
    curve = next(source for source in cells() if "PUBLISHED_F1 = " in source)
    return definitions(curve, cells("check")[number - 1], cells("solution")[number - 1], **names)


def stops_whatever_the_threshold(scores, patience, threshold):
    best, kept, counter = -1, 0, 0
    for epoch, score in enumerate(scores, 1):
        if score > best:
            best, kept, counter = score, epoch, 0
        else:
            counter += 1
        if counter >= patience:
            break
    return kept, epoch


def stops_without_starting_anew(scores, patience, threshold):
    best, kept, counter = -1, 0, 0
    for epoch, score in enumerate(scores, 1):
        counter += score <= best + threshold
        if score > best:
            best, kept = score, epoch
        if counter >= patience:
            break
    return kept, epoch


def stops_one_early(scores, patience, threshold):
    kept, last = exercise(1)["stops_solution"](scores, patience, threshold)
    return kept - 1, last - 1


@pytest.mark.parametrize(
    "function, said",
    [
        (lambda *_: None, "not answered yet"),
        (lambda scores, *_: (int(np.argmax(scores)) + 1, len(scores)), "Exercise 1"),
        (stops_one_early, "counted from 1"),
        (stops_whatever_the_threshold, "the best one trained"),
        (stops_without_starting_anew, "Exercise 1"),
    ],
)
def test_a_wrong_early_stop_is_named(function, said):
    found = exercise(1)["check_stops"](function)
    assert said in found and "right" not in found


def test_the_right_early_stop_is_the_published_one():
    names = exercise(1)
    assert "Exercise 1: right" in names["check_stops"](names["stops_solution"])


@pytest.fixture
def cheapest():
    chance = np.random.default_rng(0)
    gold = chance.integers(0, 2, 200)
    return exercise(2, gold=gold, student_p=np.clip(gold * 0.4 + chance.random(200) * 0.6, 0, 1))


@pytest.mark.parametrize(
    "function, said",
    [
        (lambda *_: None, "not answered yet"),
        (lambda *_: 0.5, "is possible"),
        (lambda gold, p, alarm, miss: alarm / (alarm + miss), "is possible"),
        (
            lambda gold, p, alarm, miss: float(p[gold == 1].min(initial=1.0)) if miss > alarm else 0.65,
            "above 1",
        ),
    ],
)
def test_a_dear_threshold_is_named(cheapest, function, said):
    found = cheapest["check_cheapest"](function)
    assert said in found and "right" not in found


def test_swapped_costs_are_named(cheapest):
    right = cheapest["cheapest_solution"]
    swapped = cheapest["check_cheapest"](lambda gold, p, alarm, miss: right(gold, p, miss, alarm))
    assert "swapped" in swapped


def test_the_cheapest_threshold_is_accepted(cheapest):
    assert "Exercise 2: right" in cheapest["check_cheapest"](cheapest["cheapest_solution"])


@pytest.fixture
def shares():
    gold = np.array([0, 0, 0, 1, 1])
    return exercise(
        3, gold=gold, student_oof=np.array([0, 0, 1, 1, 1]), called_new=0.3, final={"recall": 0.9}
    )


@pytest.mark.parametrize(
    "function, said",
    [
        (lambda *_: None, "not answered yet"),
        (lambda called, recall, alarms: called / recall, "false alarms are still counted"),
        (lambda called, recall, alarms: called, "not 0."),
        (lambda called, recall, alarms: (called - alarms) / (recall - alarms), "cut it off"),
    ],
)
def test_a_wrong_share_is_named(shares, function, said):
    found = shares["check_corrected"](function)
    assert said in found and "right" not in found


def test_the_right_share_is_accepted(shares):
    assert "Exercise 3: right" in shares["check_corrected"](shares["corrected_solution"])


@pytest.fixture
def eight_bits():
    model = torch.nn.Sequential(torch.nn.Linear(4, 2))

    def predict(model, tokenizer, rows):
        with torch.no_grad():
            return model(torch.tensor(rows)).softmax(-1).numpy()

    rows = np.random.default_rng(0).normal(size=(9, 4)).astype("float32")
    answers = {"32-bit floats": (predict(model, None, rows)[:, 1] > 0.5) * 1}
    return exercise(
        4, on_cpu=model, predict_probabilities=predict, tokenizer=None, sample=rows, answers_8=answers
    )


def scaled(weights, scale):
    return (weights / scale).round().to(torch.int8), scale


@pytest.mark.parametrize(
    "function, said",
    [
        (lambda w: None, "not answered yet"),
        (lambda w: ((w * 10).round(), w.new_ones(6, 1) / 10), "torch.float32"),
        (lambda w: scaled(w, w.abs().max() / 127), "one scale for the whole matrix"),
        (lambda w: scaled(w, w.abs().amax(0, keepdim=True) / 127), "not (6, 1)"),
        (lambda w: scaled(w, w.abs().amax(1, keepdim=True).clamp(min=1e-12) / 64), "half a step"),
        (
            lambda w: (
                (w / (s := w.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127)).trunc().to(torch.int8),
                s,
            ),
            "half a step",
        ),
    ],
)
def test_wrong_bits_are_named(eight_bits, function, said):
    found = eight_bits["check_eight"](function)
    assert said in found and "right" not in found


def test_a_row_of_zeros_that_divides_by_zero_is_named(eight_bits):
    def divides(weights):
        scale = weights.abs().amax(1, keepdim=True) / 127
        return (weights / scale).nan_to_num(1).round().to(torch.int8), scale

    assert "row of zeros" in eight_bits["check_eight"](divides)


def test_right_bits_are_accepted(eight_bits):
    assert "Exercise 4: right" in eight_bits["check_eight"](eight_bits["eight_solution"])
