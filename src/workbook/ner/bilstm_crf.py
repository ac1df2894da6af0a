"""The second generation: a Bi-LSTM reads the characters, and a CRF on top of it chooses the whole tag sequence.

The CRF layer is written out here: the packages that offered one have not been maintained since 2020. Notation of
Lample et al. 2016 (https://arxiv.org/abs/1603.01360): a sequence's score is the sum of its emissions (how well each
tag suits each character) and its transitions (how well each tag follows the one before); its probability is exp(score) over the sum of
exp(score) of all sequences.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from workbook import paths
from workbook.metrics import KLUE_TAGS
from workbook.ner.characters import Row, with_spaces, without_spaces, word_edges
from workbook.ner.saving import read_header, write_header

FORBIDDEN = -1e4  # the score of a transition that IOB2 does not allow


class ConditionalRandomField(nn.Module):
    """A linear-chain CRF over `tags`, for batches padded at the end.

    Shapes: emissions (sentences, characters, tags); tags and mask (sentences, characters), the mask True for
    characters and False for padding. Every sentence has at least one character.
    Transitions that IOB2 does not allow (`O` → `I-PS`, `B-LC` → `I-PS`) are forbidden, in training and after it.
    """

    def __init__(self, tags: Sequence[str]):
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(len(tags), len(tags)))
        self.start = nn.Parameter(torch.zeros(len(tags)))
        self.end = nn.Parameter(torch.zeros(len(tags)))
        allowed = [
            [after[:2] != "I-" or before[1:] == after[1:] for after in tags] for before in ["O", *tags]
        ]
        forbidden = torch.where(torch.tensor(allowed), 0.0, FORBIDDEN)
        self.register_buffer("forbidden_start", forbidden[0], persistent=False)
        self.register_buffer("forbidden", forbidden[1:], persistent=False)

    def forward(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """−log p(tags | sentence), the loss, for each sentence: shape (sentences,)."""
        return self.log_partition(emissions, mask) - self.score(emissions, tags, mask)

    def score(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """The score of one tag sequence for each sentence: shape (sentences,)."""
        emitted = emissions.gather(2, tags.unsqueeze(2)).squeeze(2) * mask
        moved = (self.transitions + self.forbidden)[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]
        last = tags.gather(1, mask.sum(1, keepdim=True) - 1).squeeze(1)
        first = (self.start + self.forbidden_start)[tags[:, 0]]
        return first + emitted.sum(1) + moved.sum(1) + self.end[last]

    def log_partition(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """The forward algorithm: log of the sum of exp(score) over all tag sequences, shape (sentences,)."""
        transitions = self.transitions + self.forbidden
        # alpha[s, j]: log of the sum over all sequences that end in tag j at this character
        alpha = self.start + self.forbidden_start + emissions[:, 0]
        for t in range(1, emissions.shape[1]):
            reached = torch.logsumexp(alpha.unsqueeze(2) + transitions, dim=1) + emissions[:, t]
            alpha = torch.where(mask[:, t, None], reached, alpha)
        return torch.logsumexp(alpha + self.end, dim=1)

    @torch.no_grad()
    def decode(self, emissions: Tensor, mask: Tensor) -> list[list[int]]:
        """Viterbi: the tag sequence with the highest score, for each sentence."""
        transitions = self.transitions + self.forbidden
        best = self.start + self.forbidden_start + emissions[:, 0]
        came_from = []
        for t in range(1, emissions.shape[1]):
            reached, before = (best.unsqueeze(2) + transitions).max(dim=1)
            best = torch.where(mask[:, t, None], reached + emissions[:, t], best)
            came_from.append(before)
        tag = (best + self.end).argmax(1)
        lengths = mask.sum(1)
        path = [tag]
        for t in range(emissions.shape[1] - 1, 0, -1):
            before = came_from[t - 1].gather(1, tag.unsqueeze(1)).squeeze(1)
            tag = torch.where(t < lengths, before, tag)  # padding repeats the last tag
            path.append(tag)
        rows = torch.stack(path[::-1], dim=1).tolist()
        return [row[:length] for row, length in zip(rows, lengths.tolist(), strict=True)]


class _Network(nn.Module):
    """Characters, pairs of characters and word edges → Bi-LSTM → CRF."""

    def __init__(self, characters: int, pairs: int, tags: Sequence[str], width: int, dropout: float):
        super().__init__()
        self.character = nn.Embedding(characters, width, padding_idx=0)
        self.pair = nn.Embedding(pairs, width // 2, padding_idx=0)
        self.edge = nn.Embedding(len(_EDGES), 8)
        self.dropout = nn.Dropout(dropout)
        seen = width + 2 * (width // 2) + 8
        self.forwards, self.backwards = (nn.LSTM(seen, width, batch_first=True) for _ in range(2))
        self.emit = nn.Linear(2 * width, len(tags))
        self.crf = ConditionalRandomField(tags)

    def emissions(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """inputs: ids, shape (sentences, characters, 4): character, pair with the one before it, with the one after it, edge.

        Returns shape (sentences, characters, tags).
        """
        character, before, behind, edge = inputs.unbind(2)
        seen = torch.cat(
            [self.character(character), self.pair(before), self.pair(behind), self.edge(edge)], dim=2
        )
        seen = self.dropout(seen)
        # Each sentence is reversed by itself, so that the backward direction does not start in the padding.
        # (One bidirectional LSTM over packed sequences does the same, and takes half as long again on a CPU.)
        from_the_end = _turned_round(self.backwards(_turned_round(seen, lengths))[0], lengths)
        read = torch.cat([self.forwards(seen)[0], from_the_end], dim=2)
        return self.emit(self.dropout(read))


def _turned_round(values: Tensor, lengths: Tensor) -> Tensor:
    """values, shape (sentences, characters, width), with the characters of each sentence in reverse order."""
    places = torch.arange(values.shape[1], device=values.device)
    source = torch.where(places < lengths[:, None], lengths[:, None] - 1 - places, places)
    return values.gather(1, source.unsqueeze(2).expand_as(values))


_EDGES = "BIES"
_RARE = 1  # the id of anything seen fewer than twice in training; 0 is padding
_FORMAT, _VERSION = "workbook-bilstm-crf", 1


class BiLstmCrf:
    """A trained Bi-LSTM-CRF: `train`, `predict`, `save`, `load`."""

    def __init__(
        self, settings: dict, characters: dict[str, int], pairs: dict[str, int], device: str = "cpu"
    ):
        self.settings, self.characters, self.pairs = settings, characters, pairs
        self.network = _Network(len(characters) + 2, len(pairs) + 2, KLUE_TAGS, **settings).to(device)
        self.device = device

    @property
    def parameters(self) -> int:
        """How many weights it has."""
        return sum(weight.numel() for weight in self.network.parameters())

    @classmethod
    def train(
        cls,
        rows: Sequence[Row],
        epochs: int,
        *,
        width: int = 64,
        dropout: float = 0.3,
        learning_rate: float = 6e-3,
        batch_size: int = 32,
        seed: int = 42,
        device: str = "cpu",
        watch: Callable[[int, float], None] = lambda epoch, loss: None,
    ) -> BiLstmCrf:
        """Train on `rows` from scratch; `watch` gets each epoch's number and its mean loss per sentence.

        Raises WorkbookError for rows that are empty or do not have one tag per character.
        """
        torch.manual_seed(seed)
        shuffle = random.Random(seed)
        gold = [[KLUE_TAGS.index(tag) for tag in without_spaces(row)] for row in rows]
        texts = ["".join(row.sentence.split()) for row in rows]
        characters = _seen_twice(character for text in texts for character in text)
        pairs = _seen_twice(pair for text in texts for pair in _pairs(text))
        tagger = cls({"width": width, "dropout": dropout}, characters, pairs, device)
        encoded = [tagger._encode(row.sentence) for row in rows]

        network = tagger.network.train()
        optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=1e-3)
        steps = epochs * -(-len(rows) // batch_size)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, learning_rate, total_steps=steps, pct_start=0.15
        )
        for epoch in range(1, epochs + 1):
            total = 0.0
            for chosen in _batches_of_like_length([len(tags) for tags in gold], batch_size, shuffle):
                inputs, lengths, mask = _padded([encoded[i] for i in chosen], device)
                tags = pad_sequence([torch.tensor(gold[i]) for i in chosen], batch_first=True).to(device)
                loss = network.crf(network.emissions(inputs, lengths), tags, mask).sum()
                optimizer.zero_grad()
                (loss / lengths.sum()).backward()
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                total += loss.item()
            watch(epoch, total / len(rows))
        network.eval()
        return tagger

    @torch.inference_mode()
    def predict(self, sentences: Sequence[str], batch_size: int = 64) -> list[list[str]]:
        """One tag a character for each sentence; an empty sentence has none."""
        self.network.eval()
        found: dict[int, list[str]] = {}
        order = sorted(
            (i for i, text in enumerate(sentences) if text.strip()), key=lambda i: -len(sentences[i])
        )
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            inputs, lengths, mask = _padded([self._encode(sentences[i]) for i in chosen], self.device)
            for i, tags in zip(
                chosen, self.network.crf.decode(self.network.emissions(inputs, lengths), mask), strict=True
            ):
                found[i] = with_spaces(sentences[i], [KLUE_TAGS[tag] for tag in tags])
        return [found.get(i, ["O"] * len(text)) for i, text in enumerate(sentences)]

    def _encode(self, sentence: str) -> Tensor:
        """ids of shape (characters, 4), as the network wants them."""
        text = "".join(sentence.split())
        pairs = [self.pairs.get(pair, _RARE) for pair in _pairs(text)]
        columns = (
            [self.characters.get(character, _RARE) for character in text],
            pairs[:-1],
            pairs[1:],
            [_EDGES.index(edge) for edge in word_edges(sentence)],
        )
        return torch.tensor(columns).T

    def save(self, folder: Path) -> None:
        """Write it to `folder`: the weights, and a header with the vocabulary."""
        from safetensors.torch import save

        folder.mkdir(parents=True, exist_ok=True)
        with paths.draft_of(folder / "model.safetensors") as draft:
            draft.write_bytes(save(self.network.state_dict()))
        characters, pairs = list(self.characters), list(self.pairs)
        write_header(folder, _FORMAT, _VERSION, settings=self.settings, characters=characters, pairs=pairs)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> BiLstmCrf:
        """Read it back. Raises WorkbookError for anything that `save` of this version did not write."""
        from safetensors.torch import load

        header = read_header(folder, _FORMAT, _VERSION)
        characters, pairs = _numbered(header["characters"]), _numbered(header["pairs"])
        tagger = cls(header["settings"], characters, pairs, device)
        tagger.network.load_state_dict(load((folder / "model.safetensors").read_bytes()))
        tagger.network.eval()
        return tagger


def _pairs(text: str) -> list[str]:
    """Neighbouring characters, the edges of the sentence included: one pair more than there are characters."""
    return [a + b for a, b in pairwise(f"\n{text}\n")]


def _seen_twice(things: Sequence[str]) -> dict[str, int]:
    return _numbered(sorted(thing for thing, count in Counter(things).items() if count > 1))


def _numbered(things: Sequence[str]) -> dict[str, int]:
    return {thing: number for number, thing in enumerate(things, _RARE + 1)}


def _padded(encoded: Sequence[Tensor], device: str) -> tuple[Tensor, Tensor, Tensor]:
    """ids, lengths and mask of a batch."""
    lengths = torch.tensor([len(ids) for ids in encoded], device=device)
    inputs = pad_sequence(list(encoded), batch_first=True).to(device)
    return inputs, lengths, torch.arange(inputs.shape[1], device=device) < lengths[:, None]


def _batches_of_like_length(
    lengths: Sequence[int], batch_size: int, shuffle: random.Random
) -> list[list[int]]:
    """Row numbers in batches of similar length, in random order.

    `training.BucketSampler` does this for the Trainer. It is not used here: it would load transformers, and its other
    order would give this tagger other weights.
    """
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] + shuffle.random() * 8)
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    shuffle.shuffle(batches)
    return batches
