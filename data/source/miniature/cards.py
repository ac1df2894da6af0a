"""The README cards of the miniature datasets."""

import yaml

from miniature import arxiv, imdb, ner, yelp, ynat

_DATASET_CARD = """\
# klue/klue, in miniature

**This is not KLUE.** These sentences, headlines and paragraphs were written for this project, most of them filled from
templates by `data/source/make_data.py`. They have the columns, the labels and the file names of
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

_USES = """
- **Good for** learning how such data are read, trained on and scored, in seconds and without a network.
- **Not good for** measuring a model: a score on these rows says nothing about the score on the real ones.
"""
_REVIEWS = {
    "stanfordnlp/imdb": {
        "name": "IMDB",
        "config": "plain_text",
        "columns": ("text", "label"),
        "labels": imdb.LABELS,
        "task": "sentiment-classification",
        "body": """\
**These are not IMDB's reviews.** They were written for this project, filled from templates by `data/source/make_data.py`.
They have the columns, the labels and the file names of [stanfordnlp/imdb](https://huggingface.co/datasets/stanfordnlp/imdb),
so that the same code reads both.

| config | train | test | a row is |
|---|---|---|---|
| `plain_text` | {train:,} | {test:,} | a review of a film and whether its verdict is `neg` (0) or `pos` (1) |

Every film, person and place is invented; a likeness is chance. Some habits of the real data are kept on purpose: the
rows are sorted by label, two reviews in five have `<br /><br />` in them, a few run past 512 sub-words and tell the plot
for most of that, some appear twice in `train`, and {shared} appear in `train` and `test`. Half of them praise and blame
before they come to a verdict, a third of the judgements deny the opposite ("far from dull"), and some three in a hundred
mean the opposite of what they say. The real repo's `unsupervised` split is left out.
""",
        "real": "IMDB itself (Maas et al., 2011) has 25,000 + 25,000 reviews that people wrote.",
    },
    "Yelp/yelp_review_full": {
        "name": "Yelp Review Full",
        "config": "yelp_review_full",
        "columns": ("label", "text"),
        "labels": yelp.LABELS,
        "task": "sentiment-classification",
        "body": """\
**These are not Yelp's reviews.** They were written for this project, filled from templates by `data/source/make_data.py`.
They have the columns, the labels and the file names of
[Yelp/yelp_review_full](https://huggingface.co/datasets/Yelp/yelp_review_full), so that the same code reads both.

| config | train | test | a row is |
|---|---|---|---|
| `yelp_review_full` | {train:,} | {test:,} | one to five stars (labels 0 to 4) and the review |

Every business is invented; a likeness is chance. A review judges several things, each of them near its stars but
seldom exactly there, so that neighbouring stars share most of their words: nobody could always tell three from four.
A new line is written as backslash and `n`, as in the real data, and a quotation mark as backslash and quote.
""",
        "real": "Yelp Review Full itself (Zhang et al., 2015) has 650,000 + 50,000 reviews that people wrote; Yelp's own licence holds for them.",
    },
}


def reviews_card(repo: str, sizes: dict[str, int]) -> str:
    """The README.md of a miniature of reviews; ``sizes`` holds rows by split."""
    facts = _REVIEWS[repo]
    label = {"class_label": {"names": {str(number): name for number, name in enumerate(facts["labels"])}}}
    kinds = {"text": "string", "label": label}
    front = {
        "pretty_name": f"{facts['name']}, in miniature",
        "language": ["en"],
        "license": "cc0-1.0",
        "task_categories": ["text-classification"],
        "task_ids": [facts["task"]],
        "size_categories": ["1K<n<10K"],
        "tags": ["reviews", "miniature"],
        "configs": [
            {
                "config_name": facts["config"],
                "default": True,
                "data_files": [{"split": split, "path": f"{facts['config']}/{split}-*"} for split in sizes],
            }
        ],
        "dataset_info": [
            {
                "config_name": facts["config"],
                "features": [{"name": name, "dtype": kinds[name]} for name in facts["columns"]],
            }
        ],
    }
    body = f"# {repo}, in miniature\n\n{facts['body'].format(**sizes, shared=imdb.IN_BOTH_SPLITS)}{_USES}"
    return _with_front(front, f"{body}\nLicence: CC0-1.0. {facts['real']}\n")


_SNAPSHOT_CARD = """\
# librarian-bots/arxiv-metadata-snapshot, in miniature

**These papers do not exist.** Titles, abstracts and authors were written for this project, filled from templates by
`data/source/make_data.py`. They have the columns and the file layout of
[librarian-bots/arxiv-metadata-snapshot](https://huggingface.co/datasets/librarian-bots/arxiv-metadata-snapshot), so that
the same code reads both.

{rows:,} rows in {shards} parquet files. {filtered:,} of them have a category that starts with `cs.` and the word "dataset"
in title or abstract; {new} of these introduce a dataset of their own, the others use, survey, shrink or criticise those
that exist. No column says which: that is what a teacher or a person has to find out.

Kept from the real data on purpose: titles and abstracts are broken into lines; the `cs.` category is not always the first;
`physics.optics` contains the letters `cs.` too; some papers say only "Dataset", and some say it in the title alone.
People, methods and results are invented; a likeness is chance. No `id` is that of a real paper: arXiv's numbers within a
month end far below 70000, where these begin.
{uses}
Licence: CC0-1.0, as that of arXiv's own metadata, of which the real repo holds about 2.7 million rows.
"""
_LABELS_CARD = """\
# davanstrien/arxiv-new-datasets, in miniature

**These are not the labels of a language model.** The rows are the invented papers of the miniature
`librarian-bots/arxiv-metadata-snapshot` that pass its filter. `data/source/make_data.py`, which wrote the papers, knows what each of
them does; it labelled them, and gave about {errors:.0%} of them the **wrong label on purpose**, for no set of labels is free of errors.
They have the columns of [davanstrien/arxiv-new-datasets](https://huggingface.co/datasets/davanstrien/arxiv-new-datasets).

| column | |
|---|---|
| `id`, `title`, `abstract` | the paper, as in the snapshot |
| `labels` | 0 `new_dataset`, 1 `no_new_dataset` |
| `explanations` | why, in a sentence; for a wrong label, a wrong reason |

{rows:,} rows, one split, `train`.
{uses}
Licence: CC0-1.0.
"""


def snapshot_card() -> str:
    """The README.md of the miniature of arXiv's metadata."""
    front = {
        "pretty_name": "arXiv metadata, in miniature",
        "language": ["en"],
        "license": "cc0-1.0",
        "task_categories": ["text-classification"],
        "size_categories": ["1K<n<10K"],
        "tags": ["arxiv", "metadata", "miniature"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*"}]}],
    }
    facts = {"rows": arxiv.ROWS, "shards": arxiv.SHARDS, "filtered": arxiv.WITH_DATASET, "new": arxiv.NEW}
    return _with_front(front, _SNAPSHOT_CARD.format(**facts, uses=_USES))


def labels_card(rows: int) -> str:
    """The README.md of the miniature of published labels."""
    names = {str(number): name for number, name in enumerate(arxiv.LABELS)}
    kinds = {"labels": {"class_label": {"names": names}}}
    columns = ("id", "title", "abstract", "labels", "explanations")
    front = {
        "pretty_name": "arXiv papers with new datasets, in miniature",
        "language": ["en"],
        "license": "cc0-1.0",
        "task_categories": ["text-classification"],
        "size_categories": ["n<1K"],
        "tags": ["arxiv", "miniature"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*"}]}],
        "dataset_info": [
            {
                "config_name": "default",
                "features": [{"name": name, "dtype": kinds.get(name, "string")} for name in columns],
            }
        ],
    }
    return _with_front(front, _LABELS_CARD.format(rows=rows, errors=arxiv.PUBLISHED_ERRORS, uses=_USES))


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
