"""Sentences from templates: ``[this|that]`` is a choice, ``{slot}`` a word list's entry, ``a(n)`` fits what follows."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from types import SimpleNamespace

import yaml

WORDS = Path(__file__).resolve().parents[1] / "words"

_SLOT = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_ARTICLE = re.compile(r"\b([Aa])\(n\)(?= \W*(\w+))")
_SOUNDS_LIKE_A_CONSONANT = re.compile(r"(uni|use|usu|eu|one\b|once)", re.IGNORECASE)


def words(text: str) -> list[str]:
    """The entries of a word list written as one text, separated by a comma and a space or by line ends."""
    return [entry.strip() for entry in re.split(r",\s|\n", text) if entry.strip()]


def lines(text: str) -> list[str]:
    """The templates of a block, one to a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


class _Loader(yaml.SafeLoader):
    """YAML in which a block of text may be marked as ``!words`` or ``!lines``."""


for _mark, _parse in (("!words", words), ("!lines", lines)):
    _Loader.add_constructor(_mark, lambda loader, node, parse=_parse: parse(loader.construct_scalar(node)))


def texts(name: str) -> SimpleNamespace:
    """The word lists and templates of ``words/<name>.yaml``, by their names."""
    return SimpleNamespace(**yaml.load((WORDS / f"{name}.yaml").read_text(encoding="utf-8"), _Loader))


def fill(template: str, slots: Mapping[str, str | Sequence[str]], random: Random) -> str:
    """The template with its choices made and its slots filled; a list's entry may hold slots and choices again."""
    text = template
    while match := _CHOICE.search(text) or _SLOT.search(text):
        if match[0][0] == "[":
            chosen = random.choice(match[1].split("|"))
        else:
            entries = slots[match[1]]
            chosen = entries if isinstance(entries, str) else random.choice(entries)
        text = text[: match.start()] + chosen + text[match.end() :]
    return _ARTICLE.sub(_article, text)


def sentence(template: str, slots: Mapping[str, str | Sequence[str]], random: Random) -> str:
    """A filled template that starts with a capital letter."""
    text = fill(template, slots, random)
    return text[:1].upper() + text[1:]


class Deck:
    """Entries in random order, none twice before all have come."""

    def __init__(self, entries: Sequence, random: Random):
        self._entries, self._random, self._left = list(entries), random, []

    def draw(self):
        if not self._left:
            self._left = self._random.sample(self._entries, len(self._entries))
        return self._left.pop()


def _article(match: re.Match) -> str:
    word = match[2]
    vowel = word[0].lower() in "aeiou" and not _SOUNDS_LIKE_A_CONSONANT.match(word)
    vowel = vowel or word.lower() in ("hour", "honest", "8", "11", "18") or word.startswith(("80", "8-"))
    return match[1] + ("n" if vowel else "")
