"""Whether pretraining pays: fine-tuned, from scratch and a classical baseline on the same rows, over seeds.

    python data/source/pretraining/evaluation.py WEIGHTS [--task ynat …] [--sizes 100 300 2800] [--seeds 5]

WEIGHTS is laid out as a Hub root, ``models/<repo>/…``, as pretrain.py leaves it. Each seed draws other training
rows and another head; all validation or test rows are scored. “From scratch” is the same network by ``from_config``,
as its notebook has trained it so far. Every result is added to a JSON-lines file, and a run that was stopped goes on.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

DATA = Path(__file__).resolve().parents[2]
WAYS = ("pretrained", "from scratch", "baseline")
_KLUE = "datasets/klue/klue"


@dataclass(frozen=True)
class Recipe:
    """How a model is fine-tuned: at least ``epochs`` epochs and at least ``steps`` steps."""

    rate: float
    epochs: int
    steps: int
    batch: int = 8
    warm_up: float = 0.1


@dataclass(frozen=True)
class Task:
    """A comparison of a notebook. title: notebook, dataset and score; recipes: pretrained, from scratch."""

    title: str
    repo: str
    sizes: tuple[int, ...]
    recipes: tuple[Recipe, Recipe]
    load: Callable[[Path], tuple[list, list]]
    length: int = 512
    baseline: dict | None = None  # of TfidfVectorizer; None: the CRF of notebook 09
    penalty: float = 10


def _table(path: str, text: str, label: str = "label"):
    def rows(data: Path) -> list:
        table = pq.read_table(data / path, columns=[text, label])
        return list(zip(table[text].to_pylist(), table[label].to_pylist(), strict=True))

    return rows


def _splits(folder: str, text: str, test: str = "test"):
    """Training rows and those to score, from the Parquet files of a dataset's folder."""
    train, scored = (f"{folder}/{split}-00000-of-00001.parquet" for split in ("train", test))
    return lambda data: (_table(train, text)(data), _table(scored, text)(data))


def _abstracts(data: Path) -> tuple[list, list]:
    """Published labels, 70 % to learn from and the rest to score, as notebook 08 cuts them."""
    file = data / "datasets/davanstrien/arxiv-new-datasets/data/train-00000-of-00001.parquet"
    rows = [
        (f"{row['title']}\n\n{row['abstract']}", 1 - row["labels"]) for row in pq.read_table(file).to_pylist()
    ]
    order = np.random.default_rng(42).permutation(len(rows))
    cut = round(0.7 * len(rows))
    return [rows[i] for i in order[:cut]], [rows[i] for i in order[cut:]]


def _tagged(data: Path) -> tuple[list, list]:
    def rows(split: str) -> list:
        table = pq.read_table(data / _KLUE / "ner" / f"{split}-00000-of-00001.parquet").to_pylist()
        return [("".join(row["tokens"]), row["ner_tags"]) for row in table]

    return rows("train"), rows("validation")


_WORDS = {"ngram_range": (1, 2), "min_df": 2, "sublinear_tf": True}
TASKS = {
    "ynat": Task(
        "04, YNAT, accuracy",
        "klue/roberta-base",
        (100, 300, 1000, 2800),
        (Recipe(3e-4, 2, 150), Recipe(5e-4, 2, 150)),
        _splits(f"{_KLUE}/ynat", "title", test="validation"),
        baseline={"analyzer": "char_wb", "ngram_range": (2, 4), "sublinear_tf": True},
    ),
    "ner": Task(
        "03 and 09, NER, strict micro F1",
        "klue/bert-base",
        (250, 1000, 3000),
        (Recipe(5e-4, 5, 300, batch=16), Recipe(1.5e-3, 5, 400, batch=16)),
        _tagged,
        length=128,
    ),
    "imdb": Task(
        "05, IMDB, accuracy",
        "google-bert/bert-base-uncased",
        (100, 300, 1000),
        (Recipe(3e-4, 2, 100), Recipe(1e-3, 2, 100)),
        _splits("datasets/stanfordnlp/imdb/plain_text", "text"),
        baseline=_WORDS,
    ),
    "yelp": Task(
        "06, Yelp, accuracy",
        "google-bert/bert-base-cased",
        (100, 300, 1000),
        (Recipe(3e-4, 2, 100), Recipe(5e-4, 2, 100)),
        _splits("datasets/Yelp/yelp_review_full/yelp_review_full", "text"),
        baseline=_WORDS,
        penalty=3,
    ),
    "arxiv": Task(
        "08, arXiv, accuracy",
        "answerdotai/ModernBERT-base",
        (100, 300, 630),
        (Recipe(3e-4, 3, 100), Recipe(5e-4, 3, 100)),
        _abstracts,
        length=320,
        baseline=_WORDS,
    ),
}
_KLUE_TAGS = "B-DT I-DT B-LC I-LC B-OG I-OG B-PS I-PS B-QT I-QT B-TI I-TI O".split()


def drawn(rows: Sequence, size: int, seed: int) -> list:
    """``size`` of the rows, other ones for each seed."""
    chosen = np.random.default_rng([seed, size]).permutation(len(rows))[:size]
    return [rows[i] for i in chosen]


def fine_tune(
    folder: Path, task: Task, train: Sequence, labels: int, recipe: Recipe, seed: int, scratch: bool
):
    """(tokenizer, model) trained on ``train``; scratch: the same network with random weights."""
    import torch
    import transformers

    from workbook.training import BucketSampler

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    kind = "TokenClassification" if task.baseline is None else "SequenceClassification"
    factory = getattr(transformers, f"AutoModelFor{kind}")
    torch.manual_seed(seed)
    options = {"num_labels": labels}
    if task.baseline is None:
        options["id2label"] = dict(enumerate(_KLUE_TAGS))
    if scratch:
        model = factory.from_config(transformers.AutoConfig.from_pretrained(folder, **options))
    else:
        model = factory.from_pretrained(folder, **options)
    rows, collator = _encoded(tokenizer, train, task)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=0.01, fused=True)
    epochs = max(recipe.epochs, -(-recipe.steps * recipe.batch // len(rows)))
    steps = epochs * -(-len(rows) // recipe.batch)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, round(recipe.warm_up * steps), steps)
    sampler = BucketSampler([len(row["input_ids"]) for row in rows], recipe.batch, seed)
    model.train()
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        order = list(sampler)
        for start in range(0, len(order), recipe.batch):
            batch = collator([rows[i] for i in order[start : start + recipe.batch]])
            model(**batch).loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    return tokenizer, model


def _encoded(tokenizer, rows: Sequence, task: Task):
    import transformers

    if task.baseline is None:
        from workbook.alignment import tokenize_and_align

        batch = {"tokens": [list(text) for text, _ in rows], "ner_tags": [tags for _, tags in rows]}
        made = tokenize_and_align(batch, tokenizer=tokenizer, label_names=_KLUE_TAGS, max_length=task.length)
        names = [*tokenizer.model_input_names, "labels"]
        encoded = [
            dict(zip(names, values, strict=True)) for values in zip(*(made[n] for n in names), strict=True)
        ]
        return encoded, transformers.DataCollatorForTokenClassification(tokenizer)
    made = tokenizer([text for text, _ in rows], truncation=True, max_length=task.length)
    encoded = [
        {**{name: values[i] for name, values in made.items()}, "labels": label}
        for i, (_, label) in enumerate(rows)
    ]
    return encoded, transformers.DataCollatorWithPadding(tokenizer)


def score(tokenizer, model, rows: Sequence, task: Task) -> float:
    """Accuracy, or for entities strict micro F1 over characters, as notebook 09 counts it."""
    from workbook.inference import predict_probabilities
    from workbook.ner.encoder import Encoder

    if task.baseline is None:
        return _entity_f1(rows, Encoder(model, tokenizer).predict([text for text, _ in rows]))
    encoded, _ = _encoded(tokenizer, rows, task)
    answer = predict_probabilities(model, tokenizer, encoded).argmax(-1)
    return float(np.mean(answer == np.array([label for _, label in rows])))


def _entity_f1(rows: Sequence, predicted) -> float:
    from workbook.ner import comparison

    gold = [[_KLUE_TAGS[tag] for tag in tags] for _, tags in rows]
    return comparison.scores(comparison.count([text for text, _ in rows], gold, predicted))["micro_f1"]


def baseline(train: Sequence, test: Sequence, task: Task) -> float:
    """The notebook's classical baseline on the same rows."""
    if task.baseline is None:
        from workbook.ner.characters import Row
        from workbook.ner.crf import Crf

        crf = Crf.train([Row(text, [_KLUE_TAGS[tag] for tag in tags]) for text, tags in train])
        return _entity_f1(test, crf.predict([text for text, _ in test]))
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(**task.baseline), LogisticRegression(C=task.penalty, max_iter=1_000)
    ).fit([text for text, _ in train], [label for _, label in train])
    return float(model.score([text for text, _ in test], [label for _, label in test]))


def compare(
    weights: Path, name: str, sizes: Sequence[int], seeds: int, into: Path, ways: Sequence[str], changes: dict
) -> None:
    """Add to ``into`` what each way of ``ways`` scores at each size and seed, where it does not say so yet."""
    task = TASKS[name]
    train_rows, test_rows = task.load(DATA)
    labels = len(_KLUE_TAGS) if task.baseline is None else 1 + max(label for _, label in train_rows)
    folder = weights / "models" / task.repo
    done = set()
    if into.is_file():
        done = {tuple(json.loads(line)["key"]) for line in into.read_text(encoding="utf-8").splitlines()}
    for size in sizes:
        for seed in range(seeds):
            train = drawn(train_rows, size, seed)
            for way in ways:
                recipe = task.recipes[way == "from scratch"]
                if way == "pretrained":
                    recipe = Recipe(**{**vars(recipe), **changes})
                key = [name, len(train), seed, way, "" if way == "baseline" else str(recipe)]
                if tuple(key) in done:
                    continue
                began = time.perf_counter()
                if way == "baseline":
                    value = baseline(train, test_rows, task)
                else:
                    value = score(
                        *fine_tune(folder, task, train, labels, recipe, seed, way == "from scratch"),
                        test_rows,
                        task,
                    )
                seconds = round(time.perf_counter() - began, 1)
                with into.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key, "score": round(value, 4), "seconds": seconds}) + "\n")
                print(name, len(train), seed, way, f"{value:.3f}", f"{seconds} s", flush=True)


_HEAD = ("notebook and score", "labels", "seeds", *WAYS, "minus from scratch", "minus baseline")


def table(into: Path) -> str:
    """A Markdown table of the means over seeds, and of the differences with 95 % intervals.

    A difference is taken for each seed, on the same training rows; its interval is Student's for the mean.
    """
    scores: dict = {}
    for line in into.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        task, size, seed, way, _ = entry["key"]
        scores.setdefault((task, size), {}).setdefault(way, {})[seed] = entry["score"]
    lines = [_HEAD, ["---"] * len(_HEAD)]
    order = list(TASKS)
    for (task, size), ways in sorted(scores.items(), key=lambda item: (order.index(item[0][0]), item[0][1])):
        means = [f"{np.mean(list(ways[way].values())):.3f}" if way in ways else "" for way in WAYS]
        seeds = max(len(by_seed) for by_seed in ways.values())
        differences = [_difference(ways.get("pretrained", {}), ways.get(way, {})) for way in WAYS[1:]]
        lines.append([TASKS[task].title, f"{size:,}", str(seeds), *means, *differences])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _difference(one: dict, other: dict) -> str:
    """Mean difference over the seeds that both have, and half of its interval; empty below two."""
    from scipy.stats import t

    pairs = np.array([one[seed] - other[seed] for seed in one.keys() & other.keys()])
    if len(pairs) < 2:
        return ""
    half = t.ppf(0.975, len(pairs) - 1) * pairs.std(ddof=1) / len(pairs) ** 0.5
    return f"{pairs.mean():+.3f} ± {half:.3f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--task", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--sizes", type=int, nargs="+", help="training rows (default: the task's)")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--rate", type=float, help="another learning rate for the pretrained one")
    parser.add_argument("--steps", type=int, help="at least so many steps for the pretrained one")
    parser.add_argument("--into", type=Path, help="results (default: results.jsonl beside the weights)")
    said = parser.parse_args()
    target = said.into or said.weights / "results.jsonl"
    changed = {name: value for name in ("rate", "steps") if (value := getattr(said, name))}
    for each in said.task:
        compare(said.weights, each, said.sizes or TASKS[each].sizes, said.seeds, target, said.ways, changed)
    print(table(target))
