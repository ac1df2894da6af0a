"""Pretrain the miniature encoders without labels, on invented and real text, with a real encoder as teacher.

    python data/source/pretrain.py --teachers FOLDER [--model REPO …] [--into FOLDER] [--minutes N]

FOLDER of teachers is laid out as a Hub root: multilingual-e5-small as ``models/klue/bert-base``, all-MiniLM-L6-v2
as ``models/google-bert/bert-base-uncased``. ``--real`` names Hub roots whose real training texts are read as well.

For each repo: text (see pretraining/corpus.py for what is kept out of it), the teacher's states for the first
sentences (kept on disk), training, and then config, float16 weights, tokenizer and card in ``--into``. With the same
arguments and library versions it ends with the same weights. What was done before an interruption is kept in
``--cache``; a repo is finished or not there. Some repos start from the finished body of another: ``klue/roberta-base``
is that of ``klue/bert-base``, trained no further.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from pretraining import corpus

DATA = Path(__file__).resolve().parents[1]
SENTENCES = 100_000
TAUGHT = 24_576
LARGEST = 6_000_000  # bytes of one model's weights


class PretrainError(Exception):
    """A mistake of the caller's, with its cure."""


@dataclass(frozen=True)
class Plan:
    """What a repo learns from. teacher: the repo of the teachers' root; body: the repo whose layers it starts from."""

    language: str
    teacher: str
    steps: int
    body: str | None = None


_UNCASED = "google-bert/bert-base-uncased"
PLANS = {
    "klue/bert-base": Plan(corpus.KOREAN, "klue/bert-base", 13_000),
    "klue/roberta-base": Plan(corpus.KOREAN, "klue/bert-base", 0, "klue/bert-base"),
    _UNCASED: Plan(corpus.ENGLISH, _UNCASED, 7_500),
    "google-bert/bert-base-cased": Plan(corpus.ENGLISH, _UNCASED, 1_200, _UNCASED),
    "FacebookAI/roberta-base": Plan(corpus.ENGLISH, _UNCASED, 600, _UNCASED),
    "answerdotai/ModernBERT-base": Plan(corpus.ENGLISH, _UNCASED, 3_000),
}
_LICENCES = {
    "multilingual-e5-small": ("intfloat/multilingual-e5-small", "MIT"),
    "all-MiniLM-L6-v2": ("sentence-transformers/all-MiniLM-L6-v2", "Apache-2.0"),
}


@dataclass(frozen=True)
class Options:
    """Where things are and how much of them is used."""

    data: Path
    teachers: Path
    real: Sequence[Path]
    into: Path
    cache: Path
    until: float | None
    sentences: int = SENTENCES
    taught: int = TAUGHT
    steps: int | None = None


def pretrain(repo: str, options: Options) -> bool:
    """Pretrain one repo; False where the time was up before it was finished.

    Raises PretrainError: no such repo, no teacher, weights larger than they may be.
    """
    if repo not in PLANS:
        raise PretrainError(f"There is no plan for {repo!r}. Choose from: {', '.join(PLANS)}.")
    plan = PLANS[repo]
    target = options.into / "models" / repo
    if (target / "model.safetensors").is_file():
        print(f"{repo}: there already; delete {target} to train it again")
        return True
    from pretraining import student as students
    from pretraining.teacher import Teacher, cached

    folder = options.teachers / "models" / plan.teacher
    if not (folder / "config.json").is_file():
        raise PretrainError(f"There is no teacher in {folder}. Name the root that holds it with --teachers.")
    body = options.into / "models" / plan.body if plan.body else None
    if body and not (body / "model.safetensors").is_file():
        raise PretrainError(
            f"{repo} starts from {plan.body}, which is not in {body}. Pretrain that one first."
        )
    teacher = Teacher(folder)
    texts, facts = _texts(plan.language, options)
    steps = plan.steps if options.steps is None else min(plan.steps, options.steps)
    said = cached(teacher, texts[: options.taught], options.cache, options.until) if steps else []
    if steps and len(said) < min(options.taught, len(texts)):
        print(f"{repo}: time is up; {len(said):,} sentences of the teacher's are kept")
        return False
    settings = students.Settings(steps=steps)
    student = students.new(repo, options.data, settings.seed)
    pieces = None
    if body:
        students.inherit(student, students.loaded(plan.body, body, options.data))
    else:
        pieces = students.start_from(student, teacher)
    done = {"steps": 0, "seconds": 0, "losses": {}}
    if steps:
        checkpoint = options.cache / f"{repo.replace('/', '--')}.pt"
        documents = []
        if plan.language == corpus.ENGLISH:
            documents = corpus.documents(3 * options.sentences // 10, options.data, options.real)
        lesson = students.lesson(student, texts, said, documents)
        done = students.train(student, lesson, settings, checkpoint, options.until)
    if done is None:
        print(f"{repo}: time is up; the training goes on where it stopped")
        return False
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    students.save(student, part)
    size = (part / "model.safetensors").stat().st_size
    if size > LARGEST:
        raise PretrainError(f"The weights of {repo} take {size:,} bytes, and {LARGEST:,} is the limit.")
    facts |= {
        "taught": len(said),
        "pieces": pieces,
        "body": plan.body,
        "teacher": teacher.name,
        "batch": settings.batch,
        "rate": settings.rate,
        **done,
    }
    (part / "README.md").write_text(card(repo, facts), encoding="utf-8", newline="\n")
    os.replace(part, target)
    print(f"{repo}: {done['seconds'] / 60:.0f} minutes of training, {size / 1e6:.1f} MB")
    return True


def _texts(language: str, options: Options) -> tuple[list[str], dict]:
    """Sentences, invented and real in turn, and what the card says of them."""
    if language == corpus.KOREAN:
        drawn = corpus.korean(options.sentences, options.data)
    else:
        drawn = corpus.english(options.sentences, options.data)
    real, notices = corpus.real(options.real, language, options.sentences // 2)
    texts = [text for pair in zip(drawn.kept, real, strict=False) for text in pair]
    texts += [*drawn.kept[len(real) :], *real[len(drawn.kept) :]]
    facts = {
        "invented": len(drawn.kept),
        "left_out": drawn.same_sentence + drawn.same_skeleton,
        "real": len(real),
        "notices": notices,
    }
    return list(dict.fromkeys(texts)), facts


def card(repo: str, facts: dict) -> str:
    """The README.md of a pretrained miniature: what it is, from what, how long, whose licence."""
    source, licence = _LICENCES[facts["teacher"]]
    front = {
        "language": ["ko" if PLANS[repo].language == corpus.KOREAN else "en"],
        "license": licence.lower(),
        "library_name": "transformers",
        "pipeline_tag": "fill-mask",
        "tags": ["miniature"],
    }
    real = ""
    if facts["real"]:
        real = f" and {facts['real']:,} real ones ({'; '.join(facts['notices'])}; texts only, training splits only)"
    return f"""---
{json.dumps(front, ensure_ascii=False)}
---
# {repo.split("/")[1]}, a pretrained miniature

This is **not** [{repo}](https://huggingface.co/{repo}). It is a miniature that stands in its place where there is no
network: the same architecture and special tokens, 4 layers of width 192, a vocabulary of a few thousand pieces.

- **Good for** running every step in seconds on a laptop's processor, and seeing that pretraining makes labels go far.
- **Not good for** any conclusion about the real model.

## How it was pretrained
Without labels, on {facts["invented"]:,} invented texts{real}. No validation or test sentence of the miniature datasets
is among them.

{_how(facts, source)}

## Licence
Distilled from {source}, {licence}; its notice applies to these weights too. Copyright of the teacher: its authors.
"""


def _how(facts: dict, source: str) -> str:
    """The steps of the training as a numbered list."""
    if facts["body"]:
        first = f"The layers are those of the miniature {facts['body']}, the embeddings those of the pieces that spell a piece."
    else:
        first = f"The embeddings start from what [{source}](https://huggingface.co/{source}) says of each of {facts['pieces']:,} pieces."
    if not facts["steps"]:
        return f"1. {first}\n2. It was trained no further."
    losses = ", ".join(f"{name} {value}" for name, value in facts["losses"].items())
    halves = (
        " Every third step the halves of reviews and abstracts have to find each other."
        if "pairs" in facts["losses"]
        else ""
    )
    return f"""1. {first}
2. {facts["steps"]:,} steps of {facts["batch"]} texts, AdamW at {facts["rate"]:g}, {facts["seconds"] / 60:.0f} minutes on
   one processor core: masked-language modelling, and distillation of the teacher's token states (of a middle layer) and
   sentence vectors for {facts["taught"]:,} of the texts.{halves} Losses at the end: {losses}."""


def _options(arguments: Sequence[str] | None) -> tuple[list[str], Options]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model", nargs="+", default=list(PLANS), metavar="REPO", help="default: all of them"
    )
    parser.add_argument("--teachers", type=Path, required=True, help="Hub root with the real encoders")
    parser.add_argument("--real", type=Path, nargs="*", default=[], help="Hub roots with real text")
    parser.add_argument("--into", type=Path, default=Path("pretrained"), help="Hub root to write")
    parser.add_argument("--cache", type=Path, help="teacher's states and checkpoints (default: INTO/cache)")
    parser.add_argument("--minutes", type=float, help="stop after so long; another call goes on")
    parser.add_argument("--sentences", type=int, default=SENTENCES, help="of each kind of text")
    parser.add_argument("--taught", type=int, default=TAUGHT, help="sentences that the teacher reads")
    parser.add_argument("--steps", type=int, help="steps of training")
    given = parser.parse_args(arguments)
    until = None if given.minutes is None else time.monotonic() + 60 * given.minutes
    options = Options(
        data=DATA,
        teachers=given.teachers,
        real=given.real,
        into=given.into,
        cache=given.cache or given.into / "cache",
        until=until,
        sentences=given.sentences,
        taught=given.taught,
        steps=given.steps,
    )
    return given.model, options


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 all finished, 2 a mistake, 3 time is up."""
    repos, options = _options(arguments)
    try:
        # all(…) over a list: a repo that is not finished does not keep the next from being looked at
        return 0 if all([pretrain(repo, options) for repo in repos]) else 3
    except PretrainError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
