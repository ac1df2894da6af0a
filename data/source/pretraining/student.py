"""The miniature networks, what they start from, and the loop that trains them.

Three losses are added up, all on the same pass over a sentence of which 15 % of the sub-words are hidden:

* masked-language modelling: cross-entropy of the hidden sub-words;
* token states: a linear head on each state meets the teacher's mean state over the same characters, hidden or not;
* sentence vectors: linear heads on the mean of the states, on the first state and on BERT's pooler, each of which a
  fine-tuned classifier may read, meet the teacher's mean-pooled vector.

The last two are mean squared errors on targets of mean 0 and variance 1 by dimension; their heads are thrown away.
"""

import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from torch import nn

from pretraining.batches import like_length
from pretraining.teacher import Said, Teacher, aligned

WIDTH = 192
LENGTH = 128
HIDDEN_SHARE = 0.15
LONGEST_DOCUMENT = 12  # sentences that are halved at a time
TEMPERATURE = 0.1  # of the cosines between halves
NEIGHBOUR_LAYERS = 2  # whose attention heads start out looking to the side


@dataclass(frozen=True)
class Settings:
    """How a training goes. weights: of token states and of each sentence vector, beside 1 for masked words."""

    steps: int
    batch: int = 32
    rate: float = 1.2e-3
    warm_up: float = 0.04
    weights: tuple[float, float] = (3.0, 2.0)
    pairs: int = 16  # documents of a step on halves
    without_teacher: float = 0.5  # share of a batch's sentences that only have words to guess
    seed: int = 42


@dataclass
class Student:
    """A network to train and its tokenizer. folder: the repo's folder in ``data``, with all its files but weights."""

    repo: str
    folder: Path
    tokenizer: Tokenizer
    model: nn.Module

    @property
    def body(self) -> nn.Module:
        return self.model.base_model

    @property
    def kind(self) -> str:
        """The model type: bert, roberta or modernbert."""
        return self.model.config.model_type

    @property
    def wordpiece(self) -> bool:
        return isinstance(self.tokenizer.model, WordPiece)

    @cached_property
    def special(self) -> dict[str, int]:
        """Ids of the special tokens by role."""
        told = json.loads((self.folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        return {
            role: self.tokenizer.token_to_id(token) for role, token in told.items() if role.endswith("_token")
        }


def loaded(repo: str, folder: Path, data: Path) -> Student:
    """The network that ``save`` left in ``folder``."""
    student = new(repo, data)
    student.model = type(student.model).from_pretrained(folder).float()
    return student


def new(repo: str, data: Path, seed: int = 42) -> Student:
    """The network of ``repo`` with random weights: the configuration and the tokenizer that ``data`` holds."""
    folder = data / "models" / repo
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    config = transformers.AutoConfig.from_pretrained(folder)
    (head,) = config.architectures
    # A BERT checkpoint carries the pooler and the next-sentence head, whatever head its config names.
    head = "BertForPreTraining" if head == "BertForMaskedLM" else head
    torch.manual_seed(seed)
    model = getattr(transformers, head)(config)
    if config.model_type != "modernbert":
        _look_at_neighbours(model.base_model)
    return Student(repo, folder, tokenizer, model)


def _look_at_neighbours(body: nn.Module) -> None:
    """Positions as sine waves, and attention heads that start out looking one or two positions to the side.

    Attention learns from a few thousand sentences which words matter, but not from so few where the neighbour is.
    Everything that knows words stays random. ModernBERT's rotary positions need no such help.
    """
    offsets, sharpness, amplitude, louder = (-1, 1, -2, 2), 4.0, 0.04, 4.0
    positions = body.embeddings.position_embeddings
    count, width = positions.weight.shape
    # The waves take the second half of the embedding, in pairs of sine and cosine.
    half, pairs = width // 2, width // 4
    frequency = 2.0 * 0.02 ** (torch.arange(pairs) / pairs)
    angle = torch.arange(count)[:, None] * frequency
    with torch.no_grad():
        positions.weight.zero_()
        positions.weight[:, half::2] = amplitude * torch.sin(angle)
        positions.weight[:, half + 1 :: 2] = amplitude * torch.cos(angle)
        if positions.padding_idx is not None:
            positions.weight[positions.padding_idx].zero_()
        for layer in body.encoder.layer[:NEIGHBOUR_LAYERS]:
            attention = layer.attention.self
            size = attention.attention_head_size
            # what a neighbour says is still random, but loud enough to be heard beside the word's own vector
            attention.value.weight *= louder
            layer.attention.output.dense.weight *= louder
            for head, offset in enumerate(offsets):
                mine = list(range(head % 2, pairs, 2))[: size // 2]
                scale = (sharpness * size**0.5 / len(mine)) ** 0.5
                for number, pair in enumerate(mine):
                    row, column = head * size + 2 * number, half + 2 * pair
                    cosine = scale * torch.cos(frequency[pair] * offset)
                    sine = scale * torch.sin(frequency[pair] * offset)
                    # the query is turned by the offset, so that it meets the key that stands there
                    attention.query.weight[row, column] += cosine
                    attention.query.weight[row, column + 1] += sine
                    attention.query.weight[row + 1, column] -= sine
                    attention.query.weight[row + 1, column + 1] += cosine
                    attention.key.weight[row, column] += scale
                    attention.key.weight[row + 1, column + 1] += scale


def start_from(student: Student, teacher: Teacher) -> int:
    """Give every piece of the vocabulary the teacher's mean state for it, in as many dimensions as there are.

    The dimensions are the principal components over the vocabulary, so the first ones carry most. Returns how
    many pieces got one; special tokens and lone bytes keep their random vectors. A piece of which the teacher keeps no
    token, such as a space, gets the mean over the teacher's special tokens.
    """
    vocabulary = student.tokenizer.get_vocab(with_added_tokens=True)
    special = set(student.special.values())
    texts = {number: _spelt(student, piece) for piece, number in vocabulary.items() if number not in special}
    texts = {number: text for number, text in texts.items() if text}
    said = list(teacher.says(list(texts.values()), batch=256))
    width = said[0].states.shape[1]
    states = np.stack(
        [
            (each.states if len(each.states) else each.pooled[None, -width:]).mean(0, np.float32)
            for each in said
        ]
    )
    states -= states.mean(0)
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    _, _, axes = np.linalg.svd(states, full_matrices=False)
    vectors = states @ axes[:WIDTH].T
    vectors *= 0.02 / vectors.std()
    weight = student.model.get_input_embeddings().weight
    with torch.no_grad():
        weight[list(texts)] = torch.from_numpy(vectors).to(weight) + 0.3 * weight[list(texts)]
    return len(texts)


def _spelt(student: Student, piece: str) -> str:
    """The text of a vocabulary's piece; empty where it is none."""
    if student.wordpiece:
        return "" if piece.startswith("[unused") else piece.removeprefix("##")
    text = student.tokenizer.decoder.decode([piece]).strip()
    return "" if "\ufffd" in text else text


# --- sentences and targets -----------------------------------------------------------------------------------
@dataclass
class Lesson:
    """Sentences as ids and, for the first of them, what the teacher says.

    ids: one list a sentence; tokens: one (sub-words, teacher's width) array, NaN at sub-words without a target;
    vectors: (sentences with a teacher, teacher's width); documents: longer texts, each as its sentences' ids without
    special tokens.
    """

    ids: list[list[int]]
    tokens: list[np.ndarray] = field(default_factory=list)
    vectors: np.ndarray | None = None
    documents: list[list[list[int]]] = field(default_factory=list)


def lesson(
    student: Student, texts: Sequence[str], said: Sequence[Said], documents: Sequence[Sequence[str]] = ()
) -> Lesson:
    """Tokenize everything and standardise the targets of the first ``len(said)`` texts."""
    student.tokenizer.enable_truncation(LENGTH)
    encoded = student.tokenizer.encode_batch(list(texts))
    tokens = [aligned(each.offsets, one) for each, one in zip(encoded, said, strict=False)]
    vectors = np.stack([one.pooled for one in said]).astype(np.float32) if len(said) else None
    if tokens:
        sample = np.concatenate(tokens[:4000])
        mean, scale = np.nanmean(sample, 0), np.nanstd(sample, 0) + 1e-6
        tokens = [((each - mean) / scale).astype(np.float16) for each in tokens]
        vectors = (vectors - vectors.mean(0)) / (vectors.std(0) + 1e-6)
    cut = [
        [each.ids for each in student.tokenizer.encode_batch(list(sentences), add_special_tokens=False)]
        for sentences in documents
    ]
    return Lesson([each.ids for each in encoded], tokens, vectors, cut)


def batches(lesson: Lesson, settings: Settings):
    """Row numbers of one batch after another, for ever; the same for the same seed."""
    lengths = np.array([len(ids) for ids in lesson.ids])
    taught, rest = len(lesson.tokens), np.arange(len(lesson.tokens), len(lesson.ids))
    epoch = 0
    while True:
        random = np.random.default_rng([settings.seed, epoch])
        wanted = (
            round(taught * settings.without_teacher / (1 - settings.without_teacher)) if taught else len(rest)
        )
        chosen = np.concatenate([np.arange(taught), random.permutation(rest)[:wanted]])
        for rows in like_length(lengths[chosen], settings.batch, random):
            yield chosen[rows]
        epoch += 1


def hide(ids: torch.Tensor, special: dict[str, int], size: int, random: np.random.Generator):
    """(ids with 15 % hidden as BERT does, mask of those): of ten, eight become the mask and one another piece."""
    ordinary = ~torch.isin(ids, torch.tensor(sorted(set(special.values()))))
    dice, kind = random.random(tuple(ids.shape)), random.random(tuple(ids.shape))
    hidden = torch.from_numpy(dice < HIDDEN_SHARE) & ordinary
    other = torch.from_numpy(random.integers(0, size, tuple(ids.shape)))
    shown = torch.where(hidden & torch.from_numpy(kind < 0.8), special["mask_token"], ids)
    return torch.where(hidden & torch.from_numpy(kind >= 0.9), other, shown), hidden


# --- training ------------------------------------------------------------------------------------------------
def _words(model: nn.Module, states: torch.Tensor) -> torch.Tensor:
    """Scores of every piece for each state: the masked-language-model head alone."""
    if hasattr(model, "cls"):
        return model.cls.predictions(states)
    if hasattr(model, "lm_head"):
        return model.lm_head(states)
    return model.decoder(model.head(states))


class Heads(nn.Module):
    """The linear heads that meet the teacher."""

    def __init__(self, token: int, width: int, pooler: bool):
        super().__init__()
        self.token = nn.Linear(WIDTH, token)
        self.mean = nn.Linear(WIDTH, width)
        self.first = nn.Linear(WIDTH, width)
        self.pooler = nn.Linear(WIDTH, width) if pooler else None


def losses(student: Student, heads: Heads | None, lesson: Lesson, rows: np.ndarray, random) -> dict:
    """The losses of one batch by name."""
    ids, mask = _padded([lesson.ids[row] for row in rows], student.special["pad_token"])
    answer, words = _guess(student, ids, mask, random)
    states, found = answer.last_hidden_state, {"words": words}
    taught = [(place, row) for place, row in enumerate(rows) if row < len(lesson.tokens)]
    if not taught or heads is None:
        return found
    places = torch.tensor([place for place, _ in taught])
    targets = torch.from_numpy(np.concatenate([lesson.tokens[row] for _, row in taught]).astype(np.float32))
    mine = states[places][mask[places].bool()]
    known = ~targets[:, 0].isnan()
    found["tokens"] = nn.functional.mse_loss(heads.token(mine[known]), targets[known])
    vectors = torch.from_numpy(lesson.vectors[[row for _, row in taught]])
    found["mean"] = nn.functional.mse_loss(heads.mean(_mean_state(states[places], mask[places])), vectors)
    found["first"] = nn.functional.mse_loss(heads.first(states[places, 0]), vectors)
    if heads.pooler is not None:
        found["pooler"] = nn.functional.mse_loss(heads.pooler(answer.pooler_output[places]), vectors)
    return found


def _padded(rows: Sequence[Sequence[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(ids, attention mask) of a batch."""
    ids = torch.full((len(rows), max(map(len, rows))), pad)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = torch.tensor(row)
    return ids, (ids != pad).long()


def _guess(student: Student, ids: torch.Tensor, mask: torch.Tensor, random):
    """(the body's answer, the loss of the hidden sub-words)"""
    shown, hidden = hide(ids, student.special, student.tokenizer.get_vocab_size(), random)
    answer = student.body(input_ids=shown, attention_mask=mask)
    scores = _words(student.model, answer.last_hidden_state[hidden])
    return answer, nn.functional.cross_entropy(scores, ids[hidden])


def _mean_state(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(texts, width): the mean over each text's sub-words."""
    weight = mask.unsqueeze(-1)
    return (states * weight).sum(1) / weight.sum(1)


def pair_losses(student: Student, pairs: nn.ModuleDict, lesson: Lesson, batch: int, random) -> dict:
    """The losses of masked words and of halves of documents that have to find each other.

    The sentences of each of ``batch`` documents are split at random into two halves. A half has to tell its other half
    from those of the other documents by the cosine of their vectors (InfoNCE, van den Oord et al. 2018; for texts
    DeCLUTR, Giorgi et al. 2021). So the vector has to hold what runs through a whole text: its subject, its verdict.
    """
    special = student.special
    halves: tuple[list, list] = ([], [])
    for number in random.integers(0, len(lesson.documents), batch):
        sentences = lesson.documents[number]
        first = int(random.integers(0, max(1, len(sentences) - LONGEST_DOCUMENT + 1)))
        sentences = sentences[first : first + LONGEST_DOCUMENT]
        side = random.random(len(sentences)) < 0.5
        if side.all() or not side.any():
            side[int(random.integers(len(side)))] ^= True
        for half, chosen in zip(halves, (side, ~side), strict=True):
            ids = [i for sentence, taken in zip(sentences, chosen, strict=True) if taken for i in sentence]
            half.append([special["cls_token"], *ids[: LENGTH - 2], special["sep_token"]])
    ids, mask = _padded([*halves[0], *halves[1]], special["pad_token"])
    answer, words = _guess(student, ids, mask, random)
    states = answer.last_hidden_state
    vectors = {"mean": _mean_state(states, mask), "first": states[:, 0]}
    if "pooler" in pairs:
        vectors["pooler"] = answer.pooler_output
    right = torch.arange(batch)
    total = torch.zeros(())
    for name, vector in vectors.items():
        unit = nn.functional.normalize(pairs[name](vector), dim=-1)
        alike = unit[:batch] @ unit[batch:].T / TEMPERATURE
        total = (
            total + nn.functional.cross_entropy(alike, right) + nn.functional.cross_entropy(alike.T, right)
        )
    return {"pair words": words, "pairs": total / (2 * len(vectors))}


def train(
    student: Student, lesson: Lesson, settings: Settings, checkpoint: Path, until: float | None = None
) -> dict | None:
    """Train ``student`` to the last step, or until ``until`` (a time of ``time.monotonic``).

    The state of the training is kept in ``checkpoint``, so that another call goes on. Returns seconds, steps and
    the mean losses of the last hundred steps; None where the time was up before the end.
    """
    torch.manual_seed(settings.seed)
    has_pooler = student.kind == "bert"
    heads = pairs = None
    if lesson.tokens:
        heads = Heads(lesson.tokens[0].shape[1], lesson.vectors.shape[1], has_pooler)
    if lesson.documents:
        names = ["mean", "first", *(["pooler"] if has_pooler else [])]
        pairs = nn.ModuleDict({name: nn.Linear(WIDTH, 128) for name in names})
    parameters = [each for part in (student.model, heads, pairs) if part for each in part.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=settings.rate, weight_decay=0.01, fused=True)
    warm = max(1, round(settings.warm_up * settings.steps))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: min((step + 1) / warm, max(0.02, (settings.steps - step) / settings.steps)),
    )
    parts = {"model": student.model, "optimizer": optimizer, "schedule": schedule}
    parts |= {name: part for name, part in {"heads": heads, "pairs": pairs}.items() if part}
    step, seconds = _restore(parts, checkpoint, settings)
    dropout = [module for module in student.model.modules() if isinstance(module, nn.Dropout)]
    shares = {module: module.p for module in dropout}
    for module in dropout:
        module.p = 0.0  # the text never repeats itself hidden alike: nothing to guard against
    _attention_dropout(student.model, 0.0)
    student.model.train()
    source = batches(lesson, settings)
    for done in range(step):
        if not _is_pairs(lesson, done):
            next(source)
    recent: list[dict] = []
    began = saved = time.monotonic()
    while step < settings.steps:
        random = np.random.default_rng([settings.seed, 1, step])
        if _is_pairs(lesson, step):
            found = pair_losses(student, pairs, lesson, settings.pairs, random)
            total = sum(found.values())
        else:
            found = losses(student, heads, lesson, next(source), random)
            total = found["words"] + settings.weights[0] * found.get("tokens", 0.0)
            total = total + settings.weights[1] * sum(
                found.get(name, 0.0) for name in ("mean", "first", "pooler")
            )
        total.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        step += 1
        recent = [*recent[-99:], {name: value.item() for name, value in found.items()}]
        now = time.monotonic()
        if step % 50 == 0:
            print(f"{student.repo}: step {step}, {seconds + now - began:.0f} s, {_mean(recent)}", flush=True)
        stop = until is not None and now > until
        if stop or step == settings.steps or now - saved > 60:
            _keep(parts, checkpoint, settings, step, seconds + now - began)
            saved = now
        if stop and step < settings.steps:
            return None
    for module, share in shares.items():
        module.p = share
    return {"steps": step, "seconds": round(seconds + time.monotonic() - began), "losses": _mean(recent)}


def _is_pairs(lesson: Lesson, step: int) -> bool:
    """Whether a step is one on halves of documents: each third, where there are documents."""
    return bool(lesson.documents) and step % 3 == 2


def _attention_dropout(model: nn.Module, share: float) -> None:
    for module in model.modules():
        if isinstance(getattr(module, "attention_dropout", None), float):
            module.attention_dropout = share


def _mean(found: Sequence[dict]) -> dict[str, float]:
    names = dict.fromkeys(name for each in found for name in each)
    return {name: round(float(np.mean([each[name] for each in found if name in each])), 3) for name in names}


def _keep(parts: dict, file: Path, settings: Settings, step: int, seconds: float) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    state = {name: thing.state_dict() for name, thing in parts.items()}
    torch.save({**state, "step": step, "seconds": seconds, "settings": repr(settings)}, part)
    os.replace(part, file)


def _restore(parts: dict, file: Path, settings: Settings) -> tuple[int, float]:
    """(steps done, seconds they took) of a training with the same settings; (0, 0.0) where there is none."""
    if not file.is_file():
        return 0, 0.0
    kept = torch.load(file, weights_only=True)
    if kept["settings"] != repr(settings):
        print(f"{file.name} is of a training with other settings; starting from the beginning")
        return 0, 0.0
    for name, thing in parts.items():
        thing.load_state_dict(kept[name])
    return kept["step"], kept["seconds"]


# --- saving --------------------------------------------------------------------------------------------------
def inherit(student: Student, source: Student) -> None:
    """Give ``student`` the layers of ``source``, a BERT, and to each piece the vector of the pieces that spell it.

    A RoBERTa has the same layers under other names, positions from 2 and one token type. Where both vocabularies hold
    the same pieces, both networks then compute the same.
    """
    theirs, mine = source.model.state_dict(), student.model.state_dict()
    spelling, same = _pieces_of(student, source)
    for name, value in theirs.items():
        if student.kind == "roberta":
            name = _roberta_name(name)
        if name.endswith("word_embeddings.weight"):
            value = torch.stack([value[pieces].mean(0) for pieces in spelling])
        elif name.endswith(("lm_head.bias", "predictions.bias")):
            value = torch.where(same, value[[pieces[0] for pieces in spelling]], torch.zeros(()))
        elif student.kind == "roberta" and name.endswith("position_embeddings.weight"):
            value = torch.cat([torch.zeros(2, WIDTH), value])
        elif student.kind == "roberta" and name.endswith("token_type_embeddings.weight"):
            value = value[:1]
        if name in mine and mine[name].shape == value.shape:
            mine[name].copy_(value)
    student.model.load_state_dict(mine)
    student.model.tie_weights()


def _roberta_name(name: str) -> str:
    """The name of a BERT's parameter in a RoBERTa."""
    for old, new_ in {
        "bert.": "roberta.",
        "cls.predictions.transform.dense": "lm_head.dense",
        "cls.predictions.transform.LayerNorm": "lm_head.layer_norm",
        "cls.predictions.bias": "lm_head.bias",
    }.items():
        if name.startswith(old):
            return new_ + name.removeprefix(old)
    return name


def _pieces_of(student: Student, source: Student) -> tuple[list[list[int]], torch.Tensor]:
    """For each id of ``student`` the ids of ``source`` that spell it, and whether that is one piece alike."""
    theirs = source.tokenizer.get_vocab(with_added_tokens=True)
    vocabulary = student.tokenizer.get_vocab(with_added_tokens=True)
    roles = {
        number: source.special[role] for role, number in student.special.items() if role in source.special
    }
    unknown = source.special["unk_token"]
    spelling: list[list[int]] = [[unknown]] * len(vocabulary)
    same = torch.zeros(len(vocabulary), dtype=torch.bool)
    wordpiece = student.wordpiece
    for piece, number in vocabulary.items():
        if number in roles:
            spelling[number], same[number] = [roles[number]], True
            continue
        text = _spelt(student, piece)
        inside = piece.startswith("##") if wordpiece else not piece.startswith("Ġ") and text.isalpha()
        if source.tokenizer.normalizer.lowercase:
            text = text.lower()
        if (alike := f"##{text}" if inside else text) in theirs:
            spelling[number], same[number] = [theirs[alike]], True
        elif text:
            spelling[number] = source.tokenizer.encode(text, add_special_tokens=False).ids or [unknown]
    return spelling, same


def save(student: Student, folder: Path) -> None:
    """The repo as the Hub holds it: the files of ``data`` and float16 weights, which load as float32."""
    folder.mkdir(parents=True, exist_ok=True)
    student.model.half().save_pretrained(folder)
    student.model.float()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(student.folder / name, folder / name)
    for file in folder.iterdir():
        file.chmod(0o644)
