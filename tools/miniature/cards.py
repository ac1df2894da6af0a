"""The README cards of the miniature repos, and the invented figures of their listings."""

import yaml

from miniature import ner, ynat

_HUB = "https://huggingface.co"

MODELS = {
    "klue/bert-base": {"language": "ko", "pipeline_tag": "fill-mask", "tags": ["korean", "klue", "bert"]},
    "klue/roberta-base": {
        "language": "ko",
        "pipeline_tag": "fill-mask",
        "tags": ["korean", "klue", "roberta"],
    },
    "google-bert/bert-base-uncased": {
        "language": "en",
        "pipeline_tag": "fill-mask",
        "tags": ["exbert", "bert"],
    },
    "google-bert/bert-base-cased": {
        "language": "en",
        "pipeline_tag": "fill-mask",
        "tags": ["exbert", "bert"],
    },
    "FacebookAI/roberta-base": {"language": "en", "pipeline_tag": "fill-mask", "tags": ["exbert", "roberta"]},
    "answerdotai/ModernBERT-base": {
        "language": "en",
        "pipeline_tag": "fill-mask",
        "tags": ["fill-mask", "masked-lm", "long-context", "modernbert"],
    },
    "SamLowe/roberta-base-go_emotions": {
        "language": "en",
        "pipeline_tag": "text-classification",
        "tags": ["emotions", "multi-class-classification", "multi-label-classification", "roberta"],
    },
}
_MODEL_DATASETS = {"klue/bert-base": ["klue/klue"], "klue/roberta-base": ["klue/klue"]}

_MODEL_CARD = """\
# {name}, in miniature

This is **not** [{repo}]({hub}/{repo}). It is a miniature that stands in its place where there is no network: the same
architecture, the same special tokens and token types, but {layers} layers of width 128, {vocabulary} and weights that
have never been trained. {extra}

- **Good for** running every step (loading, fine-tuning, publishing) in seconds on a laptop's processor.
- **Not good for** any conclusion about the real model: not its quality, not its speed, not its vocabulary.

The weights are made from `config.json` and a fixed seed when they are first needed. They know no word.{start}

Licence CC0-1.0, like everything in this repo. The real model has its own licence; read its card.
"""

# What workbook.sandbox.models does for BERT and RoBERTa; ModernBERT's rotary positions need no such help.
_START = """ Only the
positions are not random: they are sine waves, and the attention of the first layers starts out looking at the
neighbouring positions, which a pretrained model has learned to do. A model as small as this would otherwise need far
more sentences than the miniature data hold."""
_TRAINED_EXTRA = (
    "Even its classification head, trained in the real model, is random here: its emotions are chance."
)

_DATASET_CARD = """\
# klue/klue, in miniature

**This is not KLUE.** These sentences, headlines and paragraphs were written for this project, most of them filled from
templates by `tools/make_data.py`. They have the columns, the labels and the file names of
[klue/klue](https://huggingface.co/datasets/klue/klue), so that the same code reads both.

| config | train | validation | a row is |
|---|---|---|---|
| `ner` | {ner_train:,} | {ner_validation:,} | a sentence with `<text:TYPE>` marks, its characters, a tag for each character |
| `ynat` | {ynat_train:,} | {ynat_validation:,} | a headline and its section |
| `mrc` | {mrc_train:,} | {mrc_validation:,} | a paragraph, a question, the answer and where it starts |

People, companies, parties and teams are invented; towns and countries are real, what is said about them is not. A
likeness to a real person is chance. The validation split holds names and sentence patterns that the training split
lacks. Some headlines could stand in two sections. An unanswerable question (`is_impossible`) carries a plausible wrong
answer, as in KLUE. The `url` of a headline leads nowhere and its `date` is made up.

- **Good for** learning how such data are read, aligned, trained on and scored, in seconds and without a network.
- **Not good for** measuring a model: a score on these rows says nothing about the score on KLUE.

Licence: CC0-1.0. KLUE itself (Park et al., 2021) is CC BY-SA 4.0.
"""


def model_card(repo: str) -> str:
    """The README.md of a miniature model."""
    facts = MODELS[repo]
    front = {
        "language": [facts["language"]],
        "license": "cc0-1.0",
        "library_name": "transformers",
        "pipeline_tag": facts["pipeline_tag"],
        "tags": [*facts["tags"], "miniature"],
    }
    if repo in _MODEL_DATASETS:
        front["datasets"] = _MODEL_DATASETS[repo]
    body = _MODEL_CARD.format(
        name=repo.split("/")[1],
        repo=repo,
        hub=_HUB,
        layers=4 if "ModernBERT" in repo else 2,
        vocabulary="a vocabulary of some thousand pieces",
        extra=_TRAINED_EXTRA if "go_emotions" in repo else "",
        start="" if "ModernBERT" in repo else _START,
    )
    return _with_front(front, body)


def dataset_card(sizes: dict[str, dict[str, int]]) -> str:
    """The README.md of the miniature klue/klue; ``sizes`` holds rows by config and split."""

    def class_label(names: tuple[str, ...]) -> dict:
        return {"class_label": {"names": {str(number): name for number, name in enumerate(names)}}}

    def strings(*names: str) -> list[dict]:
        return [{"name": name, "dtype": "string"} for name in names]

    features = {
        "ner": [
            {"name": "sentence", "dtype": "string"},
            {"name": "tokens", "sequence": "string"},
            {"name": "ner_tags", "sequence": class_label(ner.TAGS)},
        ],
        "ynat": [
            *strings("guid", "title"),
            {"name": "label", "dtype": class_label(ynat.LABELS)},
            *strings("url", "date"),
        ],
        "mrc": [
            *strings("title", "context", "news_category", "source", "guid"),
            {"name": "is_impossible", "dtype": "bool"},
            {"name": "question_type", "dtype": "int32"},
            {"name": "question", "dtype": "string"},
            {
                "name": "answers",
                "sequence": [{"name": "answer_start", "dtype": "int32"}, {"name": "text", "dtype": "string"}],
            },
        ],
    }
    front = {
        "pretty_name": "KLUE, in miniature",
        "language": ["ko"],
        "license": "cc0-1.0",
        "task_categories": ["text-classification", "token-classification", "question-answering"],
        "task_ids": ["topic-classification", "named-entity-recognition", "extractive-qa"],
        "size_categories": ["1K<n<10K"],
        "tags": ["korean", "klue", "miniature"],
        "configs": [
            {
                "config_name": config,
                "data_files": [{"split": split, "path": f"{config}/{split}-*"} for split in sizes[config]],
            }
            for config in sizes
        ],
        "dataset_info": [
            {
                "config_name": config,
                "features": features[config],
            }
            for config in sizes
        ],
    }
    counts = {f"{config}_{split}": rows for config, splits in sizes.items() for split, rows in splits.items()}
    return _with_front(front, _DATASET_CARD.format(**counts))


def _with_front(front: dict, body: str) -> str:
    return f"---\n{yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=110)}---\n{body}"
