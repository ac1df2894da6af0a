"""Write the miniature datasets, and the models' vocabularies, tokenizers and configurations, under data/.

    python data/source/make_data.py [--into FOLDER]

The bytes are the same each time. Needs pyarrow, tokenizers and PyYAML, which the project installs. The models' weights
and cards, which pretrain.py writes, and what is written by hand (data/README.md, data/hub.json, data/spaces) are left
alone.
"""

import argparse
import json
import os
import re
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent))

from miniature import arxiv, cards, english, imdb, lexicon, models, mrc, ner, vocabulary, yelp, ynat

NER_ROWS = {"train": 3000, "validation": 600}
YNAT_ROWS = {"train": 2800, "validation": 700}
NAMES = ("PS", "LC", "OG")
KOREAN_PIECES = 3800
ENGLISH_PIECES = 5000
BYTE_LEVEL_PIECES = 5800

_STRING = pa.string()
_LARGE = pa.large_string()  # as polars writes text
_SCHEMAS = {
    "ner": pa.schema({"sentence": _STRING, "tokens": pa.list_(_STRING), "ner_tags": pa.list_(pa.int64())}),
    "ynat": pa.schema(
        {"guid": _STRING, "title": _STRING, "label": pa.int64(), "url": _STRING, "date": _STRING}
    ),
    "imdb": pa.schema({"text": _STRING, "label": pa.int64()}),
    "yelp": pa.schema({"label": pa.int64(), "text": _STRING}),
    "snapshot": pa.schema(
        {
            **dict.fromkeys(
                ("id", "submitter", "authors", "title", "comments", "journal-ref", "doi", "report-no"), _LARGE
            ),
            **dict.fromkeys(("categories", "license", "abstract"), _LARGE),
            "versions": pa.list_(pa.struct({"version": _LARGE, "created": _LARGE})),
            "update_date": _LARGE,
            "authors_parsed": pa.list_(pa.list_(_LARGE)),
        }
    ),
    "labels": pa.schema(
        {"id": _STRING, "title": _STRING, "abstract": _STRING, "labels": pa.int64(), "explanations": _STRING}
    ),
    "mrc": pa.schema(
        {
            **dict.fromkeys(("title", "context", "news_category", "source", "guid"), _STRING),
            "is_impossible": pa.bool_(),
            "question_type": pa.int32(),
            "question": _STRING,
            "answers": pa.struct({"answer_start": pa.list_(pa.int32()), "text": pa.list_(_STRING)}),
        }
    ),
}


def make(data: Path) -> None:
    """Write everything that is generated into the folder ``data``."""
    taken: set[str] = set()
    sentences = {
        split: ner.sentences(count, split == "validation", f"ner {split}", taken)
        for split, count in NER_ROWS.items()
    }
    titles: set[str] = set()
    tables = {
        "ner": {split: [sentence.row() for sentence in made] for split, made in sentences.items()},
        "ynat": {
            "train": ynat.rows(YNAT_ROWS["train"], "train", False, titles),
            "validation": ynat.rows(YNAT_ROWS["validation"], "dev", True, titles),
        },
        "mrc": {
            "train": mrc.rows(mrc.TEXT.train, "train"),
            "validation": mrc.rows(mrc.TEXT.validation, "dev"),
        },
    }
    folder = data / "datasets" / "klue" / "klue"
    for config, splits in tables.items():
        for split, rows in splits.items():
            table = pa.Table.from_pylist(rows, schema=_SCHEMAS[config])
            _write_table(folder / config / f"{split}-00000-of-00001.parquet", table)
    sizes = {
        config: {split: len(rows) for split, rows in splits.items()} for config, splits in tables.items()
    }
    _write_text(folder / "README.md", cards.dataset_card(sizes))

    reviews = _write_reviews(data / "datasets")
    papers = _write_papers(data / "datasets")

    korean = [_spell_names(sentence) for sentence in sentences["train"]]
    korean += [[row["title"]] for row in tables["ynat"]["train"]]
    korean += [[row["context"]] for row in tables["mrc"]["train"]]
    text = english.lines()
    text += [_without_names(review) for review in reviews]
    _write_models(data / "models", korean, text, papers)


def _write_reviews(datasets: Path) -> list[str]:
    """IMDB's and Yelp's miniatures; returns the texts of their training splits."""
    reviews = {"imdb": imdb.rows(), "yelp": yelp.rows()}
    for name, repo, config in (
        ("imdb", "stanfordnlp/imdb", "plain_text"),
        ("yelp", "Yelp/yelp_review_full", "yelp_review_full"),
    ):
        folder = datasets / repo
        for split, rows in reviews[name].items():
            table = pa.Table.from_pylist(rows, schema=_SCHEMAS[name])
            _write_table(folder / config / f"{split}-00000-of-00001.parquet", table)
        _write_text(
            folder / "README.md",
            cards.reviews_card(repo, {s: len(rows) for s, rows in reviews[name].items()}),
        )
    return [row["text"] for splits in reviews.values() for row in splits["train"]]


def _write_papers(datasets: Path) -> list[str]:
    """The miniatures of arXiv's snapshot and of published labels; returns the papers' texts."""
    papers = arxiv.papers()
    folder = datasets / "librarian-bots" / "arxiv-metadata-snapshot"
    size = -(-len(papers) // arxiv.SHARDS)
    for shard in range(arxiv.SHARDS):
        rows = [paper.row for paper in papers[shard * size : (shard + 1) * size]]
        name = f"train-{shard:05}-of-{arxiv.SHARDS:05}.parquet"
        _write_table(folder / "data" / name, pa.Table.from_pylist(rows, schema=_SCHEMAS["snapshot"]))
    _write_text(folder / "README.md", cards.snapshot_card())
    labelled = arxiv.published(papers)
    folder = datasets / "davanstrien" / "arxiv-new-datasets"
    _write_table(
        folder / "data" / "train-00000-of-00001.parquet",
        pa.Table.from_pylist(labelled, schema=_SCHEMAS["labels"]),
    )
    _write_text(folder / "README.md", cards.labels_card(len(labelled)))
    return [f"{paper.row['title']} {paper.row['abstract']}" for paper in papers]


def _spell_names(sentence: ner.Sentence) -> list[str]:
    """The sentence's pieces, names cut into syllables: no vocabulary knows the names that it will meet."""
    pieces = []
    for text, kind in sentence.pieces:
        pieces.extend(text if kind in NAMES and text not in lexicon.WELL_KNOWN else [text])
    return pieces


def _without_names(review: str) -> str:
    """The review without the names that no vocabulary should hold in one piece."""
    return re.sub(r"\w+", lambda word: "" if word[0] in imdb.NAMES_APART else word[0], review)


def _write_models(folder: Path, korean: list[list[str]], text: list[str], academic: list[str]) -> None:
    """``text`` is for every English vocabulary, ``academic`` for the byte-level ones alone: ModernBERT reads papers."""
    pieces = vocabulary.korean_wordpiece(korean, KOREAN_PIECES)
    for repo, special in (
        ("klue/bert-base", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]),
        ("klue/roberta-base", ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]),
    ):
        _write_model(folder, repo, special + pieces)

    for repo, lowercase in (("google-bert/bert-base-uncased", True), ("google-bert/bert-base-cased", False)):
        _write_model(folder, repo, vocabulary.english_wordpiece(text, ENGLISH_PIECES, lowercase))

    pieces, merges = vocabulary.byte_level_bpe(text + academic, BYTE_LEVEL_PIECES)
    roberta = ["<s>", "<pad>", "</s>", "<unk>", *pieces, "<mask>"]
    for repo, every in (
        ("FacebookAI/roberta-base", roberta),
        ("SamLowe/roberta-base-go_emotions", roberta),
        ("answerdotai/ModernBERT-base", [*pieces, "[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]),
    ):
        _write_model(folder, repo, every, merges)


def _write_model(folder: Path, repo: str, pieces: list[str], merges: list[str] | None = None) -> None:
    """Vocabulary, tokenizer and configuration of one model."""
    ids = {piece: number for number, piece in enumerate(pieces)}
    if merges is None:
        _write_text(folder / repo / "vocab.txt", "\n".join(pieces) + "\n")
    else:
        _write_text(folder / repo / "vocab.json", json.dumps(ids, ensure_ascii=False, indent=0) + "\n")
        _write_text(folder / repo / "merges.txt", "\n".join(["#version: 0.2", *merges]) + "\n")
    pairs = merges and [tuple(line.split(" ")) for line in merges]
    tokenizer = models.tokenizer(repo, ids, pairs).to_str(pretty=True)
    _write_text(folder / repo / "tokenizer.json", tokenizer)
    for name, content in (
        ("tokenizer_config.json", models.tokenizer_config(repo)),
        ("config.json", models.config(repo, ids)),
    ):
        _write_text(folder / repo / name, json.dumps(content, ensure_ascii=False, indent=2) + "\n")


def _write_table(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    pq.write_table(table, part, compression="zstd")
    os.replace(part, path)


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    os.replace(part, path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).resolve().parents[1]
    parser.add_argument("--into", type=Path, default=default, help="the data folder (default: the project's)")
    into = parser.parse_args().into
    make(into)
    print(f"written: {into}")
