"""Film reviews with a verdict, in the form of IMDB: every film and every person in them is invented."""

import re
from random import Random

from miniature.grammar import Deck, fill, sentence, texts

TEXT = texts("imdb")

LABELS = ("neg", "pos")
TRAIN, TEST = 2000, 600
IN_BOTH_SPLITS = 12
TWICE_IN_TRAIN = 8


# What a sentence judges: (name, is it plural?)
_ASPECTS = [(name, False) for name in TEXT.aspect] + [(name, True) for name in TEXT.aspects]
_SLOTS = {
    **TEXT.slots,
    "good": TEXT.good,
    "bad": TEXT.bad,
    "Good": [word.capitalize() for word in TEXT.good],
    "Bad": [word.capitalize() for word in TEXT.bad],
    "good_thing": TEXT.good_thing,
    "bad_thing": TEXT.bad_thing,
}

# Names that the vocabularies have to spell from pieces, as a real one does with most names.
NAMES_APART = frozenset(
    re.findall(r"\w+", " ".join(TEXT.first + TEXT.last + TEXT.title_slots["town"] + ["Karst"]))
)

_ANSWERS = {"neg": "pos", "pos": "neg"}
_BREAKS = 0.4  # reviews with HTML line breaks
_SARCASTIC = 0.03
_MIXED = 0.56  # reviews that praise and blame until the verdict
_LONG = 0.04


def rows() -> dict[str, list[dict]]:
    """Both splits, each sorted by label as on the Hub, with some reviews twice."""
    random, taken = Random("imdb"), set()
    made: dict[str, dict[str, list[str]]] = {}
    for split, count in (("train", TRAIN), ("test", TEST)):
        made[split] = {label: [_new(label, random, taken) for _ in range(count // 2)] for label in LABELS}
    for label in LABELS:
        train, test = made["train"][label], made["test"][label]
        places = random.sample(range(len(train)), 2 * (TWICE_IN_TRAIN // 2))
        for source, copy in zip(places[::2], places[1::2], strict=True):
            train[copy] = train[source]
        for copy in random.sample(range(len(test)), IN_BOTH_SPLITS // 2):
            source = random.choice([place for place in range(len(train)) if place not in places])
            places.append(source)
            test[copy] = train[source]
    return {
        split: [
            {"text": text, "label": number} for number, label in enumerate(LABELS) for text in by_label[label]
        ]
        for split, by_label in made.items()
    }


def _new(label: str, random: Random, taken: set[str]) -> str:
    while (text := review(label, random)) in taken:
        pass
    taken.add(text)
    return text


def review(label: str, random: Random) -> str:
    """One review whose verdict is ``label``."""
    writer = _Writer(label, random)
    opening = [writer.says(random.choice(TEXT.openings))] if random.random() < 0.6 else []
    if random.random() < _LONG:
        return writer.long(opening)
    if random.random() < _SARCASTIC:
        return writer.sarcastic(opening)
    return writer.usual(opening)


class _Writer:
    """Writes one review; what it has told of the film and what it has judged do not come twice."""

    def __init__(self, label: str, random: Random) -> None:
        self.label, self.other, self.random = label, _ANSWERS[label], random
        self.slots = {**_SLOTS, **_film(random)}
        self.plot, self.aspects = Deck(TEXT.plot, random), Deck(_ASPECTS, random)

    def says(self, template: str) -> str:
        return sentence(template, self.slots, self.random)

    def story(self, count: int) -> list[str]:
        return [self.says(self.plot.draw()) for _ in range(count)]

    def judged(self, *sides: str) -> list[str]:
        return [_judged(side, self.aspects, self.slots, self.random) for side in sides]

    def verdict(self, count: int = 1) -> list[str]:
        return [self.says(each) for each in _often_the_first(TEXT.verdicts[self.label], count, self.random)]

    def long(self, opening: list[str]) -> str:
        """The head of a long review tells and weighs; what counts is said at one end of it."""
        random, label, other = self.random, self.label, self.other
        mixed = self.judged(*random.choice([(label, other), (other,), (label, other, other)]))
        final = self.judged(*[label] * random.choice((2, 3))) + self.verdict(random.choice((1, 2)))
        body = self.story(random.randint(26, len(TEXT.plot)))
        for each in mixed:
            body.insert(random.randint(3, 14), each)
        body = opening + body + final if random.random() < 0.6 else final + body
        return _join(body, random, paragraphs=random.randint(2, 5))

    def sarcastic(self, opening: list[str]) -> str:
        body = self.judged(*[self.other] * self.random.choice((1, 2)))
        body.append(self.says(self.random.choice(TEXT.sarcasm[self.label])))
        return _join(opening + self.story(self.random.choice((0, 1, 2))) + body, self.random, paragraphs=2)

    def usual(self, opening: list[str]) -> str:
        random = self.random
        told = self.story(random.choices((0, 1, 2, 3, 5, 8, 13, 19), (24, 32, 20, 12, 7, 4, 2, 1))[0])
        if random.random() < _MIXED:
            weighed, final = self.mixed()
        else:
            weighed = self.judged(*[self.label] * random.choice((1, 2, 2, 3)))
            final = self.verdict() if random.random() < 0.85 else []
        if random.random() < 0.3:
            body = final + opening + told + weighed
        elif random.random() < 0.7:
            body = opening + told + weighed + final
        else:
            body = opening + weighed + told + final
        return _join(body, random, paragraphs=random.randint(1, 3))

    def mixed(self) -> tuple[list[str], list[str]]:
        """Praise and blame, and the verdict after them."""
        label, other = self.label, self.other
        both = [(label, other), (other, label), (other, label, label), (label, other, other)]
        sides = self.random.choice([*both, (other,), (other, other)])
        weighed = self.judged(*sides)
        if sides.count(other) > sides.count(label) or self.random.random() < 0.3:
            weighed.append(self.says(self.random.choice(TEXT.turns[label])))
        final = self.verdict() if len(sides) > 1 or self.random.random() < 0.85 else []
        return weighed, final


def _judged(side: str, aspects: Deck, slots: dict, random: Random) -> str:
    """A sentence that finds something good or bad, one in three by denying the opposite."""
    own, opposite = (TEXT.good, TEXT.bad) if side == "pos" else (TEXT.bad, TEXT.good)
    name, plural = aspects.draw()
    second, second_plural = aspects.draw()
    way = "turned" if random.random() < 0.34 else "plain"
    past = random.random() < 0.4
    forms = {True: ("were", "are", "turned"), False: ("was", "is", "turns")}
    template = random.choice(TEXT.judged[way])
    for adjective in _often_the_first(own, 3, random):
        template = template.replace("{a}", adjective, 1)
    return sentence(
        template,
        {
            **slots,
            "aspect": name,
            "aspect2": second,
            "is": forms[plural][0 if past else 1],
            "is2": forms[second_plural][0 if past else 1],
            "turn": "turned" if past else ("turn" if plural else "turns"),
            "be_one": "are" if plural else "is",
            "A": [word.capitalize() for word in own],
            "z": _often_the_first(opposite, 1, random),
        },
        random,
    )


def _often_the_first(entries: list[str], count: int, random: Random) -> list[str]:
    """``count`` different entries, those at the front of the list more often: some words are rare, as in real text."""
    chosen: list[str] = []
    while len(chosen) < count:
        entry = entries[int(len(entries) * random.random() ** 1.7)]
        if entry not in chosen:
            chosen.append(entry)
    return chosen


def _film(random: Random) -> dict[str, str]:
    """What stays the same in one review: the film, its people and their characters."""
    people = [
        f"{first} {last}"
        for first, last in zip(random.sample(TEXT.first, 5), random.sample(TEXT.last, 5), strict=True)
    ]
    hero, friend, third = random.sample(TEXT.names, 3)
    title = fill(random.choice(TEXT.titles), TEXT.title_slots, random)
    quoted = random.random()
    return {
        "film": f'"{title}"' if quoted < 0.25 else f"'{title}'" if quoted < 0.4 else title,
        **dict(zip(("director", "lead", "other", "writer", "composer"), people, strict=True)),
        "hero": hero,
        "friend": friend,
        "third": third,
        "genre": random.choice(_SLOTS["genre"]),
        "year": str(random.randint(1938, 2009)),
    }


def _join(sentences: list[str], random: Random, paragraphs: int) -> str:
    if len(sentences) < 2 or random.random() >= _BREAKS * 1.1:
        return " ".join(sentences)
    cuts = set(random.sample(range(1, len(sentences)), min(max(paragraphs - 1, 1), len(sentences) - 1)))
    text = sentences[0]
    for number, each in enumerate(sentences[1:], 1):
        text += ("<br /><br />" if number in cuts else " ") + each
    return text
