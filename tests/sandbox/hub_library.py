"""The made-up repos that the tests of the Hub read."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_parquet(path: Path, **columns: list) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


NER_CARD = """\
---
license: cc0-1.0
language:
- ko
task_categories:
- token-classification
size_categories:
- n<1K
configs:
- config_name: ner
  default: true
  data_files:
  - split: train
    path: ner/train-*
  - split: validation
    path: ner/validation-*
- config_name: ynat
  data_files:
  - split: train
    path: ynat/*.parquet
- config_name: mrc
  data_files: mrc/train-0.parquet
dataset_info:
- config_name: ner
  features:
  - name: sentence
    dtype: string
  - name: ner_tags
    sequence:
      class_label:
        names:
          '0': B-PS
          '1': I-PS
          '2': O
- config_name: ynat
  features:
  - name: title
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': 정치
          '1': 경제
- config_name: mrc
  features:
  - name: question
    dtype: string
---
# Three configs

Made up. See https://arxiv.org/abs/2105.09680
"""


def write_three_configs(folder: Path) -> None:
    """A data set with the configs ner, ynat and mrc."""
    write(folder / "README.md", NER_CARD)
    for split, number in (("train", 6), ("validation", 3)):
        write_parquet(
            folder / "ner" / f"{split}-0.parquet",
            sentence=[f"{split} {i}" for i in range(number)],
            ner_tags=[[0, 1, 2]] * number,
        )
    write_parquet(folder / "ynat" / "train-0.parquet", title=["가", "나"], label=[0, 1])
    write_parquet(folder / "mrc" / "train-0.parquet", question=["누구?"])


OVERLAY_CARD = """\
---
license: cc-by-sa-4.0
configs:
- config_name: ner
  default: true
  data_files:
  - split: train
    path: ner/train-*
- config_name: extra
  data_files: extra.parquet
---
# Real data
"""


def write_overlay(folder: Path) -> None:
    """Another `ner`, and a config of its own, to lie over the three configs."""
    write(folder / "README.md", OVERLAY_CARD)
    write_parquet(folder / "ner" / "train-real.parquet", sentence=["real"])
    write_parquet(folder / "extra.parquet", x=[1])


def write_library(root: Path) -> None:
    models = {
        "acme/alpha": ("ForTokenClassification", "license: mit\nlanguage: ko\ntags: [news, made-up]", 30),
        "acme/beta": ("ForSequenceClassification", "license: apache-2.0\nlanguage: [en, ko]", 10),
        "acme/gamma": ("ForMaskedLM", "license: apache-2.0\nlanguage: en\npipeline_tag: text-ranking", 20),
        "acme/gated": ("Model", "license: other", 5),
        "other/delta": ("ForMaskedLM", "license: mit\nlibrary_name: sentence-transformers", 1),
    }
    for repo_id, (head, metadata, _) in models.items():
        config = {"model_type": "bert", "architectures": [f"Bert{head}"]}
        write(root / "models" / repo_id / "config.json", json.dumps(config))
        write(
            root / "models" / repo_id / "README.md",
            f"---\n{metadata}\n---\n# {repo_id}\n<script>x</script>\n",
        )
        write(root / "models" / repo_id / "extra" / "notes.txt", "first line\nsecond line\n")
    figures = {
        repo_id: {"downloads": downloads, "likes": 100 - downloads, "lastModified": f"2026-01-{downloads:02}"}
        for repo_id, (*_, downloads) in models.items()
    }
    figures["acme/gated"]["gated"] = "manual"
    write(root / "hub.json", json.dumps({"models": figures}))
    write_three_configs(root / "datasets" / "acme" / "three")
    write(
        root / "datasets" / "acme" / "notes" / "README.md", "---\nlanguage: en\nlicense: mit\n---\n# Notes\n"
    )
    write(root / "datasets" / "acme" / "notes" / "train.csv", "text,label\ngood,1\nbad,0\n")


def build_tiny_model(folder: Path) -> None:
    from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "나", "##는", "너", "##를", "본다", "a", "b", "c"]
    vocabulary = write(folder / "vocab.txt", "\n".join(words) + "\n")
    tokenizer = BertTokenizerFast(vocab=str(vocabulary), do_lower_case=False)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
