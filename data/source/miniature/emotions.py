"""Short English comments with the feelings they express, in the form of GoEmotions: all of them invented.

A template is used for training or held out, never both, and so is every entry of a word list: what scores a model is
neither worded nor about the same as what it learned from. A comment carries one label, or two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from miniature.grammar import Deck, sentence, texts

TEXT = texts("emotions")
_EVERY = 4  # of these entries of a word list, the last is held out

# In GoEmotions' order, which is that of the ids.
LABELS = (
    "admiration amusement anger annoyance approval caring confusion curiosity desire disappointment disapproval "
    "disgust embarrassment excitement fear gratitude grief joy love nervousness optimism pride realization relief "
    "remorse sadness surprise neutral"
).split()
SPLITS = {"train": 180, "held_out": 40}  # comments of each label alone
_NEUTRAL = 3  # as in GoEmotions, neutral comments are the most frequent
_MIXED, _PAIRS = 0.5, 0.25  # comments of each mixture and of each pair, as a share of those of a label
_AFTER_A_FACT = 0.12  # comments that state something before they feel something
_LOWER_CASE, _NO_STOP, _LOUD = 0.1, 0.1, 0.05
_ATTEMPTS = 400


@dataclass(frozen=True)
class Comment:
    """A comment, its labels in LABELS' order, and the templates it was filled from."""

    text: str
    labels: tuple[str, ...]
    templates: tuple[str, ...]


def slots(split: str) -> dict[str, list[str]]:
    """The word lists of ``split``."""
    return {
        name: [
            entry for place, entry in enumerate(entries, 1) if (place % _EVERY == 0) == (split == "held_out")
        ]
        for name, entries in TEXT.slots.items()
    }


def comments(split: str, seed: str = "emotions", share: float = 1.0) -> list[Comment]:
    """The comments of ``split`` ("train" or "held_out") in random order, no text twice.

    ``share`` of the usual number of them. Raises KeyError: no such split; ValueError: templates that do not give
    that many different comments.
    """
    size, words = SPLITS[split] * share, slots(split)
    random = Random(f"{seed} {split}")
    decks = {label: Deck(TEXT.labels[label][split], random) for label in LABELS}
    # "I am not afraid of …" is neutral, but hardly what somebody would say first
    facts = Deck([each for each in TEXT.labels["neutral"][split] if not each.startswith("I ")], random)
    made: dict[str, Comment] = {}

    def add(count: float, labels: Sequence[str], sources: Sequence[Deck]) -> None:
        wanted = len(made) + max(1, round(count))
        for _ in range(_ATTEMPTS * max(1, round(count))):
            if len(made) == wanted:
                return
            templates = [source.draw() for source in sources]
            if len(templates) == 1 and "neutral" not in labels and random.random() < _AFTER_A_FACT:
                templates.insert(0, facts.draw())
            text = _styled(" ".join(sentence(each, words, random) for each in templates), random)
            made.setdefault(text, Comment(text, tuple(sorted(labels, key=LABELS.index)), tuple(templates)))
        raise ValueError(f"The templates of {' and '.join(labels)} give fewer than {count:.0f} comments.")

    for label in LABELS:
        add(size * (_NEUTRAL if label == "neutral" else 1), [label], [decks[label]])
    for mixture in TEXT.mixed:
        add(size * _MIXED, mixture["labels"], [Deck(mixture[split], random)])
    for pair in TEXT.together:
        labels = pair.split()
        add(size * _PAIRS, labels, [decks[label] for label in random.sample(labels, 2)])
    return random.sample(list(made.values()), len(made))


def by_hand() -> list[Comment]:
    """The comments that were written one by one: nearer to what people write, and never for training."""
    return [Comment(text, (label,), ()) for label in LABELS for text in TEXT.by_hand[label]]


def _styled(text: str, random: Random) -> str:
    """The comment as somebody in a hurry types it, now and then."""
    if random.random() < _NO_STOP:
        text = text.removesuffix(".")
    if random.random() < _LOUD:
        text = text.removesuffix(".").removesuffix("!") + "!!"
    return text.lower() if random.random() < _LOWER_CASE else text
