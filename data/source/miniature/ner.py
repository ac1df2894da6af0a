"""Sentences with entities, in the form of KLUE NER: marks, characters, a tag for each character."""

import re
from dataclasses import dataclass
from random import Random

from miniature.grammar import texts
from miniature.korean import PARTICLES, particle
from miniature.lexicon import SLOTS, Names

TAGS = ("B-DT", "I-DT", "B-LC", "I-LC", "B-OG", "I-OG", "B-PS", "I-PS", "B-QT", "I-QT", "B-TI", "I-TI", "O")
OUTSIDE = TAGS.index("O")

TEXT = texts("ner")

# share of a split that each register gets
_REGISTERS = (
    (TEXT.news, 0.50),
    (TEXT.encyclopedia, 0.14),
    (TEXT.reviews, 0.17),
    (TEXT.chat, 0.06),
    (TEXT.plain, 0.06),
    (TEXT.ambiguous, 0.07),
)
_WRITTEN = (TEXT.news, TEXT.encyclopedia, TEXT.ambiguous)
_INFORMAL = (TEXT.reviews, TEXT.chat)
_HELD_OUT_TEMPLATES = 0.12
_HELD_OUT_NAMES = 0.35
_JOINED = 0.3

_CHOICE = re.compile(r"\[([^\]]*)\]")
_PIECE = re.compile(r"\{(?P<slot>[^}]+)\}|\((?P<particle>" + "|".join(PARTICLES) + r")\)|(?P<text>.[^{(]*)")
_OPENINGS = ("한편 ", "또 ", "이에 따라 ", "앞서 ", "특히 ", "반면 ", "그러나 ", "이와 함께 ")
_ENDINGS = (
    "!!",
    "...",
    " ㅋㅋ",
    " ㅋㅋㅋㅋ",
    " ㅠㅠ",
    "~",
    "♡",
    " ^^",
    "ㅎㅎ",
    " 👍",
    " 😭",
    ";;",
    "..",
    "!",
    " ㅡㅡ",
)


@dataclass(frozen=True)
class Sentence:
    """A sentence in pieces: (text, entity type or None)."""

    pieces: tuple[tuple[str, str | None], ...]

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.pieces)

    @property
    def entities(self) -> list[tuple[str, str]]:
        return [(text, kind) for text, kind in self.pieces if kind]

    def row(self) -> dict:
        """The dataset row: sentence with <text:TYPE> marks, characters, tag numbers."""
        marked, characters, tags = "", [], []
        for text, kind in self.pieces:
            marked += f"<{text}:{kind}>" if kind else text
            characters += text
            if kind:
                begin = TAGS.index(f"B-{kind}")
                tags += [begin] + [begin + 1] * (len(text) - 1)
            else:
                tags += [OUTSIDE] * len(text)
        return {"sentence": marked, "tokens": characters, "ner_tags": tags}


def fill(template: str, names: Names, random: Random) -> Sentence:
    """One sentence from a template (words/ner.yaml explains the notation)."""
    chosen = _CHOICE.sub(lambda match: random.choice(match[1].split("|")), template)
    pieces: list[tuple[str, str | None]] = []
    text = ""
    for match in _PIECE.finditer(chosen):
        if slot := match["slot"]:
            filled, kind = SLOTS[slot](names), slot[:2]
        elif match["particle"]:
            filled, kind = particle(text, match["particle"]), None
        else:
            filled, kind = match["text"], None
        text += filled
        pieces.append((filled, kind))
    return Sentence(tuple(pieces))


def _roughen(sentence: Sentence, random: Random) -> Sentence:
    """What people type: a space forgotten, a stop left out, laughter and tears at the end."""
    pieces = list(sentence.pieces)
    if random.random() < 0.3:
        spaced = [index for index, (text, kind) in enumerate(pieces) if kind is None and " " in text.strip()]
        if spaced:
            index = random.choice(spaced)
            pieces[index] = (pieces[index][0].replace(" ", "", 1), None)
    if random.random() < 0.5:
        pieces.append((random.choice(_ENDINGS), None))
    return Sentence(tuple(pieces))


def _draw(held_out: bool, names: Names, random: Random) -> Sentence:
    if held_out and random.random() < _HELD_OUT_TEMPLATES:
        return fill(random.choice(TEXT.held_out), names, random)
    (register,) = random.choices([r for r, _ in _REGISTERS], [share for _, share in _REGISTERS])
    sentence = fill(random.choice(register), names, random)
    if register in _INFORMAL:
        return _roughen(sentence, random)
    if register in _WRITTEN:
        if random.random() < _JOINED:
            more = fill(random.choice(TEXT.news), names, random)
            return Sentence((*sentence.pieces, (" " + random.choice(_OPENINGS), None), *more.pieces))
        if random.random() < 0.1:
            return Sentence(((random.choice(_OPENINGS), None), *sentence.pieces))
    return sentence


def sentences(count: int, held_out: bool, seed: str, taken: set[str]) -> list[Sentence]:
    """``count`` different sentences; their texts are added to ``taken``, so that splits share none."""
    random = Random(seed)
    names = Names(random, _HELD_OUT_NAMES if held_out else 0.0)
    made = []
    while len(made) < count:
        sentence = _draw(held_out, names, random)
        if sentence.text not in taken:
            taken.add(sentence.text)
            made.append(sentence)
    return made
