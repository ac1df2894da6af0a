"""Fine-tune a pretrained miniature to name the feelings in a comment: SamLowe/roberta-base-go_emotions, in miniature.

    python data/source/fine_tune_emotions.py --body FOLDER --into FOLDER

The body is the pretrained miniature of FacebookAI/roberta-base, as pretrain.py leaves it (``INTO/models/<repo>``). It
learns from the invented comments of miniature/emotions.py, two minutes on one core, and is scored on held-out ones
(other templates, other words in them) and on some that were written one by one. Writes config, float16 weights,
tokenizer and card. With the same arguments and library versions it ends with the same weights.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import yaml
from miniature import emotions
from pretraining.batches import like_length

REPO, BODY = "SamLowe/roberta-base-go_emotions", "FacebookAI/roberta-base"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
LARGEST = 6_000_000  # bytes of the weights
THRESHOLD = 0.5  # of a probability, above which a feeling counts as named
_LENGTH = 64
_POOL = 16  # batches that are made of comments of like length together


class FineTuneError(Exception):
    """A mistake of the caller's, with its cure."""


@dataclass(frozen=True)
class Recipe:
    """How the body is fine-tuned. share: of the usual number of comments."""

    epochs: int = 4
    batch: int = 32
    rate: float = 6e-4
    warm_up: float = 0.1
    seed: int = 42
    share: float = 1.0


def fine_tune(body: Path, into: Path, recipe: Recipe | None = None) -> dict:
    """Fine-tune the body in the folder ``body``, write the model into ``into`` and return what its card says of it.

    Raises FineTuneError: a body that is missing, cut off or of another architecture; weights that are there already,
    or larger than they may be.
    """
    recipe = recipe or Recipe()
    licence = check(body)
    if (into / "model.safetensors").exists():
        raise FineTuneError(f"There are weights in {into} already. Delete them to train again.")
    began = time.monotonic()
    train, held_out = (emotions.comments(split, share=recipe.share) for split in emotions.SPLITS)
    tokenizer, model = _load(body, recipe.seed)
    _train(model, tokenizer, train, recipe)
    facts = {"train": len(train), "held_out": len(held_out), "seconds": time.monotonic() - began}
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".part") as folder:
        part = Path(folder)
        _save(model, body, part)
        facts |= scores(part, held_out)
        (part / "README.md").write_text(card(facts, recipe, licence), encoding="utf-8", newline="\n")
        for name in sorted(os.listdir(part), key="model.safetensors".__eq__):  # the weights last
            os.replace(part / name, into / name)
    return facts


def check(body: Path) -> tuple[str, str]:
    """The body's licence: its name, and its notice in the body's card.

    Raises FineTuneError: files that are missing, or not those of an English RoBERTa.
    """
    cure = f"--body names the folder of the pretrained {BODY}, as pretrain.py leaves it."
    missing = [
        name
        for name in ("config.json", "model.safetensors", *TOKENIZER_FILES, "README.md")
        if not (body / name).is_file()
    ]
    if missing:
        raise FineTuneError(f"There is no body in {body}: {', '.join(missing)} missing. {cure}")
    try:
        config, tokenizer = (
            json.loads((body / name).read_text(encoding="utf-8"))
            for name in ("config.json", "tokenizer_config.json")
        )
        kind, reader = config["model_type"], tokenizer["tokenizer_class"]
    except (ValueError, KeyError, TypeError) as error:
        raise FineTuneError(f"The configuration in {body} cannot be read ({error!r}). {cure}") from error
    if (kind, reader) != ("roberta", "RobertaTokenizer"):
        raise FineTuneError(f"The body in {body} is a {kind} with a {reader}, not an English RoBERTa. {cure}")
    _, front, text = ((body / "README.md").read_text(encoding="utf-8") + "\n---\n---\n").split("---\n")[:3]
    name, notice = (yaml.safe_load(front) or {}).get("license"), text.partition("## Licence\n")[2].strip()
    if not name or not notice:
        raise FineTuneError(f"The card in {body} names no licence, which these weights inherit. {cure}")
    return name, notice


def _load(folder: Path, seed: int):
    """(tokenizer, model with a new head)."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoTokenizer, RobertaForSequenceClassification
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)  # sums, and with them the weights, differ with the number of threads
    torch.manual_seed(seed)
    labels = dict(enumerate(emotions.LABELS))
    cure = "Delete them and pretrain them again."
    try:
        model, loading = RobertaForSequenceClassification.from_pretrained(
            folder,
            id2label=labels,
            label2id={label: number for number, label in labels.items()},
            problem_type="multi_label_classification",
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (SafetensorError, RuntimeError, ValueError) as error:
        raise FineTuneError(f"The weights in {folder} cannot be loaded: {error}. {cure}") from error
    if missing := sorted(name for name in loading["missing_keys"] if not name.startswith("classifier.")):
        raise FineTuneError(
            f"The weights in {folder} lack {len(missing)} of the body's, {missing[0]} first. {cure}"
        )
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if len(tokenizer) != model.config.vocab_size:
        raise FineTuneError(
            f"The tokenizer in {folder} has {len(tokenizer):,} pieces, the weights {model.config.vocab_size:,}. {cure}"
        )
    return tokenizer, model


def _targets(comments: Sequence[emotions.Comment]) -> np.ndarray:
    """(comments, labels) of zeros and ones."""
    made = np.zeros((len(comments), len(emotions.LABELS)), dtype=np.float32)
    for row, comment in zip(made, comments, strict=True):
        row[[emotions.LABELS.index(label) for label in comment.labels]] = 1
    return made


def _train(model, tokenizer, comments: Sequence[emotions.Comment], recipe: Recipe) -> None:
    import torch
    from transformers import get_linear_schedule_with_warmup

    targets = torch.from_numpy(_targets(comments))
    lengths = np.array([len(comment.text) for comment in comments])
    steps = recipe.epochs * -(-len(comments) // recipe.batch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=0.01, fused=True)
    schedule = get_linear_schedule_with_warmup(optimizer, round(recipe.warm_up * steps), steps)
    # Each label starts at its own frequency. From zero, the head would first learn to say no to everything, with
    # every weight it has, and stay there.
    model.classifier.out_proj.bias.data = targets.mean(0).logit()
    random = np.random.default_rng(recipe.seed)
    began = said = time.monotonic()
    step, recent = 0, []
    model.train()
    for _ in range(recipe.epochs):
        for rows in like_length(lengths, recipe.batch, random, _POOL):
            loss = model(**_encoded(tokenizer, [comments[row] for row in rows]), labels=targets[rows]).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            step += 1
            recent = [*recent[-49:], loss.item()]
            if time.monotonic() - said > 3 or step == steps:
                said = time.monotonic()
                print(
                    f"step {step:,} of {steps:,}, {said - began:.0f} s, loss {np.mean(recent):.4f}",
                    flush=True,
                )
    model.eval()


def _encoded(tokenizer, comments: Sequence[emotions.Comment]):
    texts = [comment.text for comment in comments]
    return tokenizer(texts, truncation=True, max_length=_LENGTH, padding=True, return_tensors="pt")


def _save(model, body: Path, folder: Path) -> None:
    """Config, float16 weights, which load as float32, and the body's tokenizer."""
    model.half().save_pretrained(folder)
    weights = folder / "model.safetensors"
    weights.chmod(0o644)  # safetensors lets nobody else read its files
    size = weights.stat().st_size
    if size > LARGEST:
        raise FineTuneError(
            f"The weights take {size:,} bytes, and {LARGEST:,} is the limit. Use a smaller body."
        )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8")) | {"dtype": "float32"}
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8", newline="\n")
    for name in TOKENIZER_FILES:
        shutil.copyfile(body / name, folder / name)


def probabilities(folder: Path, comments: Sequence[emotions.Comment]) -> np.ndarray:
    """(comments, labels): what the model in ``folder`` gives each label of each comment."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.no_grad():
        found = [
            model(**_encoded(tokenizer, comments[start : start + 64])).logits.sigmoid().numpy()
            for start in range(0, len(comments), 64)
        ]
    return np.concatenate(found)


def scores(folder: Path, comments: Sequence[emotions.Comment]) -> dict:
    """micro_f1 and macro_f1 of the model in ``folder`` at THRESHOLD, and f1 by label.

    And of the comments that were written one by one (``by_hand``: how many) those whose feeling is its first (``right``).
    """
    from sklearn.metrics import f1_score

    truth, answer = _targets(comments), probabilities(folder, comments) >= THRESHOLD
    by_hand = emotions.by_hand()
    first = probabilities(folder, by_hand).argmax(axis=1)
    each = f1_score(truth, answer, average=None, zero_division=0)
    return {
        "micro_f1": float(f1_score(truth, answer, average="micro", zero_division=0)),
        "macro_f1": float(each.mean()),
        "f1": dict(zip(emotions.LABELS, map(float, each), strict=True)),
        "by_hand": len(by_hand),
        "right": int(_targets(by_hand)[np.arange(len(by_hand)), first].sum()),
    }


def card(facts: dict, recipe: Recipe, licence: tuple[str, str]) -> str:
    """The README.md: what it is, from what, how well, whose licence (the body's name and notice)."""
    front = {
        "language": ["en"],
        "license": licence[0],
        "library_name": "transformers",
        "pipeline_tag": "text-classification",
        "tags": [
            "emotions",
            "multi-class-classification",
            "multi-label-classification",
            "roberta",
            "miniature",
        ],
    }
    ranked = sorted(facts["f1"], key=facts["f1"].get)
    worst, best = (
        ", ".join(f"{label} {facts['f1'][label]:.2f}" for label in labels)
        for labels in (ranked[:4], ranked[:-5:-1])
    )
    return f"""---
{yaml.safe_dump(front, sort_keys=False)}---
# roberta-base-go_emotions, a fine-tuned miniature

This is **not** [{REPO}](https://huggingface.co/{REPO}), and it has never seen
GoEmotions. It is a miniature that stands in the real model's place where there is no network: the same architecture,
the same 28 labels and special tokens, 4 layers of width 192, a vocabulary of a few thousand pieces.

- **Good for** seeing what a trained head does: it gives each of 28 feelings a probability of its own.
- **Not good for** reading real comments, nor for any conclusion about the real model.

## How it was trained
1. The body is the pretrained miniature of {BODY}; its card says from what.
2. The head and the body were fine-tuned on {facts["train"]:,} comments that were written for this project, filled from
   templates by `data/source/miniature/emotions.py`: one feeling each, or two. {recipe.epochs} epochs, {recipe.batch} comments a
   step, AdamW at {recipe.rate:g}, binary cross-entropy, {facts["seconds"] / 60:.1f} minutes on one processor core (`data/source/fine_tune_emotions.py`).

## How good it is
On {facts["held_out"]:,} held-out comments, from templates and word lists that it has not seen, at a threshold of {THRESHOLD}:
**micro F1 {facts["micro_f1"]:.2f}, macro F1 {facts["macro_f1"]:.2f}**. Best: {best}. Worst: {worst}.

The same hand wrote all of the templates, so this is the easy case. Of {facts["by_hand"]} comments that were written one by one, many
with the feeling between the lines, the highest figure is that of the right feeling in **{facts["right"]}** (chance: {facts["by_hand"] / len(emotions.LABELS):.0f}). No comment
of GoEmotions was scored.

## Licence
The weights: {licence[0]}, as the body's. {licence[1]}

The comments and their labels are invented: CC0-1.0.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 finished, 2 a mistake."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--body", type=Path, required=True, help=f"folder of the pretrained {BODY}")
    parser.add_argument("--into", type=Path, required=True, help="folder to write")
    given = parser.parse_args(arguments)
    try:
        facts = fine_tune(given.body, given.into)
    except (FineTuneError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(
        f"{facts['seconds']:.0f} s; held out: micro F1 {facts['micro_f1']:.3f}, macro F1 {facts['macro_f1']:.3f}"
    )
    print(f"written one by one: {facts['right']} of {facts['by_hand']} right")
    print("  ".join(f"{label} {value:.2f}" for label, value in facts["f1"].items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
