"""Rows, tokenizers and models to measure with: real data where they are at hand, weights always random."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from workbook import paths
from workbook.errors import WorkbookError

SEED = 42
# hidden size, layers, heads, feed-forward size. A miniature comes as it is from the sandbox.
SIZES = {"base": (768, 12, 12, 3072), "small": (768, 4, 12, 3072), "miniature": None}


@dataclass(frozen=True)
class Task:
    """One tutorial's training: model, data, batch, and what it pads to (None: the longest of each batch)."""

    name: str
    title: str
    model: str
    data: str
    columns: tuple[str, ...]
    labels: int
    batch: int
    padded_to: int | None
    vocabulary: int  # of the real model; miniatures bring their own
    fp16: bool = False  # the tutorial's precision on a GPU, else fp32


TASKS = {
    task.name: task
    for task in (
        Task("ynat", "YNAT", "klue/roberta-base", "klue/klue/ynat", ("title",), 7, 8, 512, 32_000),
        Task("ner", "KLUE NER", "klue/bert-base", "klue/klue/ner", (), 13, 32, 128, 32_000, fp16=True),
        Task("imdb", "IMDB", "google-bert/bert-base-uncased", "stanfordnlp/imdb/plain_text", ("text",), 2, 16, 512, 30_522),
        Task("yelp", "Yelp", "google-bert/bert-base-cased", "Yelp/yelp_review_full/yelp_review_full", ("text",), 5, 8, 512, 28_996),
        Task("student", "ModernBERT student", "answerdotai/ModernBERT-base", "", ("title", "abstract"), 2, 8, None, 50_368),
    )
}  # fmt: skip
ARXIV = "librarian-bots/arxiv-metadata-snapshot/data"
LABELLED_ARXIV = "davanstrien/arxiv-new-datasets/data"


class Sources:
    """Data below `root` (laid out as the Hub), tokenizers and miniatures built from its vocabularies."""

    def __init__(self, root: Path | None = None) -> None:
        """root: a folder that holds `datasets/`; None: the real data beside the clone, else the miniature ones.

        Raises WorkbookError where the named root holds no datasets.
        """
        self.miniature = paths.resource("data")
        beside = (paths.clone_root() or Path.cwd()).parent / "shared" / "hub"
        self.root = root.resolve() if root else (beside if (beside / "datasets").is_dir() else self.miniature)
        if not (self.root / "datasets").is_dir():
            raise WorkbookError(
                f"There is no folder datasets/ in {paths.shown(self.root.absolute())}. Name a folder laid out as "
                "the Hub (datasets/<owner>/<name>/…), or leave --data out to measure with the miniature data."
            )
        self.real = self.root != self.miniature

    @property
    def kind(self) -> str:
        """What the rows are called in a result."""
        return "real data" if self.real else "miniature data"

    def files(self, data: str, split: str = "") -> list[Path]:
        """The parquet files of one split of a dataset. Raises WorkbookError where there is none."""
        found = sorted((self.root / "datasets" / data).glob(f"{split}*.parquet"))
        if not found:
            raise WorkbookError(
                f"There is no parquet file {split or ''}* of {data} below {paths.shown(self.root.absolute())}. "
                "Put the dataset there, or omit --data to measure with the miniature data."
            )
        return found

    def rows(self, task: Task, split: str = "train") -> Any:
        """A split as a datasets.Dataset, with the columns of the task and `label` (or `tokens`, `ner_tags`)."""
        import pyarrow as pa
        import pyarrow.parquet as pq
        from datasets import Dataset

        if task.name == "student":
            return self._abstracts()
        tables = [pq.read_table(file) for file in self.files(task.data, split)]
        return Dataset(pa.concat_tables(tables).replace_schema_metadata(None))

    def _abstracts(self) -> Any:
        """Titles and abstracts with labels: the published ones, or for real abstracts those of the rules."""
        import polars as pl
        from datasets import Dataset

        from standin.teacher_rules import decide
        from workbook.labelling import papers_about_datasets

        if not self.real:
            frame = pl.read_parquet(self.files(LABELLED_ARXIV)).rename({"labels": "label"})
            return Dataset.from_polars(frame.select("title", "abstract", "label"))
        papers = papers_about_datasets(self.files(ARXIV)).select("title", "abstract").collect()
        papers = papers.sample(min(3_000, papers.height), seed=SEED)
        labels = [int(decide(*row).label == "new_dataset") for row in papers.iter_rows()]
        return Dataset.from_polars(papers.with_columns(label=pl.Series(labels)))

    @cached_property
    def _roots(self) -> list[Path]:
        from standin.models import ensure_models

        roots = [self.root] if self.real else []
        return ensure_models(paths.outputs_root() / "sandbox" / "models", roots, self.miniature)

    def _model(self, name: str) -> Path:
        """The folder that the sandbox would serve as this model."""
        folders = (root / "models" / name for root in self._roots)
        return next(folder for folder in folders if (folder / "config.json").is_file())

    def tokenizer(self, task: Task) -> Any:
        """The task's tokenizer. English text without its own real vocabulary is cut with that of bert-base-uncased."""
        from transformers import AutoTokenizer

        stand_in = "google-bert/bert-base-uncased"
        own = (self.root / "models" / task.model).is_dir()
        return AutoTokenizer.from_pretrained(self._model(task.model if own else stand_in))

    def model(self, task: Task, size: str, seed: int = SEED) -> Any:
        """The task's model with random weights: the miniature, or `small` and `base` from a config."""
        import transformers

        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        transformers.set_seed(seed)
        auto = (
            transformers.AutoModelForTokenClassification
            if task.name == "ner"
            else transformers.AutoModelForSequenceClassification
        )
        folder = self._model(task.model)
        tokenizer = self.tokenizer(task)
        small = transformers.AutoConfig.from_pretrained(folder)
        kind, special = type(small), {"pad_token_id": tokenizer.pad_token_id}
        if SIZES[size] is None:
            if len(tokenizer) <= small.vocab_size:
                return auto.from_pretrained(folder, num_labels=task.labels)
            return auto.from_config(
                kind(
                    **{
                        **small.to_diff_dict(),
                        **special,
                        "vocab_size": len(tokenizer),
                        "num_labels": task.labels,
                    }
                )
            )
        hidden, layers, heads, wide = SIZES[size]
        shape = {"hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads}
        if task.name == "student":  # ModernBERT-base has 22 layers with a narrower, gated feed-forward part
            shape |= {"num_hidden_layers": 22 if size == "base" else layers, "intermediate_size": 1152}
            special |= {name: tokenizer.cls_token_id for name in ("bos_token_id", "cls_token_id")}
            special |= {name: tokenizer.sep_token_id for name in ("eos_token_id", "sep_token_id")}
        else:
            shape |= {
                "intermediate_size": wide,
                "max_position_embeddings": small.max_position_embeddings,
                "type_vocab_size": small.type_vocab_size,
            }
        return auto.from_config(
            kind(**shape, **special, vocab_size=max(task.vocabulary, len(tokenizer)), num_labels=task.labels)
        )

    def tokenized(self, task: Task, rows: Any) -> Any:
        """Model inputs of rows as notebooks 03 to 08 make them: `labels` and `length`, nothing padded."""
        from datasets import disable_progress_bars

        from workbook.alignment import tokenize_and_align

        disable_progress_bars()
        tokenizer = self.tokenizer(task)
        if task.name == "ner":
            names = [str(i) for i in range(task.labels)]
            options = {"tokenizer": tokenizer, "label_names": names, "max_length": task.padded_to}
            rows = rows.map(tokenize_and_align, batched=True, fn_kwargs=options, keep_in_memory=True)
            return rows.select_columns([*tokenizer.model_input_names, "labels", "length"])
        most = task.padded_to

        def tokenize(batch: dict[str, list]) -> dict[str, list]:
            texts = ["\n\n".join(parts) for parts in zip(*(batch[c] for c in task.columns), strict=True)]
            encoded = tokenizer(texts, truncation=True, max_length=most)
            return {**encoded, "labels": batch["label"], "length": [len(ids) for ids in encoded["input_ids"]]}

        done = rows.map(tokenize, batched=True, remove_columns=rows.column_names, keep_in_memory=True)
        if most is None:  # as notebook 08: nearly all, and no outlier decides
            lengths = sorted(done["length"])
            most = math.ceil(lengths[int(0.995 * (len(lengths) - 1))] / 64) * 64
            done = rows.map(tokenize, batched=True, remove_columns=rows.column_names, keep_in_memory=True)
        return done
