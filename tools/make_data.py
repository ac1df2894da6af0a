"""Write the miniature data set, vocabularies and cards under data/, the same bytes each time.

    python tools/make_data.py [--into FOLDER]

Needs pyarrow, tokenizers and PyYAML, which the project installs. Files under data/ that are written by hand
(data/README.md, data/hub.json, data/spaces) are left alone.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent))

from miniature import cards, english, lexicon, mrc, ner, vocabulary, ynat

NER_ROWS = {"train": 3000, "validation": 600}
YNAT_ROWS = {"train": 2800, "validation": 700}
NAMES = ("PS", "LC", "OG")
KOREAN_PIECES = 3800
ENGLISH_PIECES = 3000

_STRING = pa.string()
_SCHEMAS = {
    "ner": pa.schema({"sentence": _STRING, "tokens": pa.list_(_STRING), "ner_tags": pa.list_(pa.int64())}),
    "ynat": pa.schema(
        {"guid": _STRING, "title": _STRING, "label": pa.int64(), "url": _STRING, "date": _STRING}
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
        "mrc": {"train": mrc.rows(mrc.TRAIN, "train"), "validation": mrc.rows(mrc.VALIDATION, "dev")},
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

    korean = [_spell_names(sentence) for sentence in sentences["train"]]
    korean += [[row["title"]] for row in tables["ynat"]["train"]]
    korean += [[row["context"]] for row in tables["mrc"]["train"]]
    _write_vocabularies(data / "models", korean)
    for repo in cards.MODELS:
        _write_text(data / "models" / repo / "README.md", cards.model_card(repo))


def _spell_names(sentence: ner.Sentence) -> list[str]:
    """The sentence's pieces, names cut into syllables: no vocabulary knows the names that it will meet."""
    pieces = []
    for text, kind in sentence.pieces:
        pieces.extend(text if kind in NAMES and text not in lexicon.WELL_KNOWN else [text])
    return pieces


def _write_vocabularies(models: Path, korean: list[list[str]]) -> None:
    pieces = vocabulary.korean_wordpiece(korean, KOREAN_PIECES)
    for repo, special in (
        ("klue/bert-base", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]),
        ("klue/roberta-base", ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]),
    ):
        _write_text(models / repo / "vocab.txt", "\n".join(special + pieces) + "\n")

    text = english.lines()
    for repo, lowercase in (("google-bert/bert-base-uncased", True), ("google-bert/bert-base-cased", False)):
        pieces = vocabulary.english_wordpiece(text, ENGLISH_PIECES, lowercase)
        _write_text(models / repo / "vocab.txt", "\n".join(pieces) + "\n")

    pieces, merges = vocabulary.byte_level_bpe(text, ENGLISH_PIECES)
    for repo, first, last in (
        ("FacebookAI/roberta-base", ["<s>", "<pad>", "</s>", "<unk>"], ["<mask>"]),
        ("answerdotai/ModernBERT-base", [], ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]),
    ):
        ids = {piece: number for number, piece in enumerate([*first, *pieces, *last])}
        _write_text(models / repo / "vocab.json", json.dumps(ids, ensure_ascii=False, indent=0) + "\n")
        _write_text(models / repo / "merges.txt", "\n".join(["#version: 0.2", *merges]) + "\n")


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
    default = Path(__file__).resolve().parent.parent / "data"
    parser.add_argument("--into", type=Path, default=default, help="the data folder (default: the project's)")
    into = parser.parse_args().into
    make(into)
    print(f"written: {into}")
