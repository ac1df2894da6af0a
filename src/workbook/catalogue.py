"""The notebooks: what each is called, what it is for and what it takes. README's table, `start()` and the report read it."""

from __future__ import annotations

from dataclasses import dataclass

from workbook.wording import estimate

MODES = ("sandbox", "live")


@dataclass(frozen=True)
class Entry:
    """One notebook.

    `sandbox_seconds` and `sandbox_gib` (memory) are for 2 CPU cores, from 120 s on taken while these had other work. The live figures are
    estimates: times from the tutorials' own, `live_gib` (memory of the GPU where there is one, else of the machine)
    from the models' sizes, `live_disk_gib` from the most checkpoints that lie in the results at one time (12 bytes a
    weight; tests/live counts them), `live_download_gib` from the repos' sizes, with the largest model that the
    notebook may serve. `headline` is the recorded figure that stands for the notebook in the report. `datasets` are the
    folders of rows that it may load, keys of INVENTED_ROWS or REAL_ROWS.
    """

    name: str
    title: str
    about: str
    headline: str
    sandbox_seconds: int
    sandbox_gib: float
    live_gpu_minutes: int
    live_cpu_hours: float
    live_gib: int
    live_disk_gib: int
    live_download_gib: int
    datasets: tuple[str, ...]

    def takes(self, mode: str, gpu: bool = True) -> str:
        """How long it takes, as a person is told: "80 s", "45 min", "20 h"."""
        if mode == "sandbox":
            return estimate(self.sandbox_seconds)
        return estimate(60 * self.live_gpu_minutes if gpu else 3600 * self.live_cpu_hours)

    def memory_gib(self, mode: str) -> float:
        """The memory it needs."""
        return self.sandbox_gib if mode == "sandbox" else self.live_gib


# Rows that we invented, by the folder in data/datasets that the sandbox serves them from: a dataset, or one of its
# configurations.
INVENTED_ROWS = {
    "Yelp/yelp_review_full": 2_500,
    "davanstrien/arxiv-new-datasets": 900,
    "encoder-workbook/arxiv-hand-labelled": 80,
    "klue/klue/mrc": 80,
    "klue/klue/ner": 3_600,
    "klue/klue/ynat": 3_500,
    "librarian-bots/arxiv-metadata-snapshot": 3_000,
    "stanfordnlp/imdb": 2_600,
}
# Real rows that come with the workbook, in every mode.
REAL_ROWS = {"encoder-workbook/arxiv-real-labelled": 150}

# live_disk_gib of the training notebooks. A checkpoint with AdamW's two moments is 12 bytes per weight: 1.24 GiB for
# BERT base (111 million weights), 1.67 for ModernBERT base (150 million). While one is written, those that
# save_total_limit keeps are still there.
#   03: 2 + 1 of the network from scratch, and the saved model (0.41): 3 × 1.24 + 0.41 = 4.1
#   04: the training's 1 and the practice run's 1 + 1: 3 × 1.24 = 3.7;  05, 06: 2 + 1: 3.7, later 2 and a model: 2.9
#   08: 2 + 1 of a fold's or the script's training, and the saved student (0.56): 3 × 1.67 + 0.56 = 5.6
NOTEBOOKS = {
    entry.name: entry
    for entry in (
        Entry("00_start_here", "Start here", "a first prediction, the map, the two modes, a check of this machine", "rows",
              20, 1.1, 1, 0.02, 2, 1, 1, ("klue/klue/ner",)),
        Entry("01_hub_exploration", "The Hub: models, datasets, Spaces", "find, read, look inside, load, pin",
              "korean_models_listed",
              20, 0.8, 3, 0.1, 5, 1, 2, ("klue/klue/ynat", "klue/klue/mrc")),
        Entry("02_tokenizer_alignment", "Tokenizers, and labels that line up with them",
              "ids, masks, pairs, offsets; characters to sub-words and back", "real_share_grouped",
              10, 0.5, 2, 0.05, 4, 1, 1, ("klue/klue/ner", "klue/klue/ynat")),
        Entry("03_klue_ner", "Korean named entities with KLUE and BERT",
              "two recipes, three scores, resume, publish", "subword_f1",
              120, 1.0, 12, 15, 8, 5, 1, ("klue/klue/ner",)),
        Entry("04_klue_ynat", "News sections: Trainer, and the loop inside it",
              "a baseline first, the loop by hand, confusion, publish, use", "accuracy",
              120, 1.0, 8, 2, 6, 5, 1, ("klue/klue/ynat",)),
        Entry("05_imdb_sentiment", "Film reviews: sentiment, and what a score is worth",
              "odd data, precision and recall, what truncation costs", "accuracy",
              180, 2.3, 45, 30, 10, 5, 1, ("stanfordnlp/imdb",)),
        Entry("06_yelp_stars", "Stars: five classes that have an order",
              "two ways to train, the wrong optimizer, imbalance", "accuracy",
              180, 1.7, 8, 2, 8, 5, 2, ("Yelp/yelp_review_full",)),
        Entry("07_r1_labelling", "Labels from a reasoning model",
              "a corpus, a schema, thousands of answers kept safe", "teacher_agreement",
              30, 0.5, 60, 30, 8, 1, 18,
              ("librarian-bots/arxiv-metadata-snapshot", "encoder-workbook/arxiv-hand-labelled", "encoder-workbook/arxiv-real-labelled")),
        Entry("08_modernbert_student", "A ModernBERT student of those labels",
              "student against teacher, baseline and people", "accuracy",
              120, 1.1, 30, 40, 10, 7, 3,
              ("librarian-bots/arxiv-metadata-snapshot", "davanstrien/arxiv-new-datasets", "encoder-workbook/arxiv-hand-labelled",
               "encoder-workbook/arxiv-real-labelled")),
        Entry("09_ner_four_generations", "Four generations of NER on the same sentences",
              "CRF, Bi-LSTM-CRF, BERT and a language model: quality and speed", "encoder_entity_f1",
              180, 0.9, 40, 20, 10, 2, 16, ("klue/klue/ner",)),
    )
}  # fmt: skip
