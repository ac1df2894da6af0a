"""Plain English for the English vocabularies: common words, and sentences in which they meet."""

from random import Random

from miniature.grammar import fill, texts

TEXT = texts("english")
_WORDS, _ENDINGS = TEXT.words.split(), TEXT.endings.split()


def lines() -> list[str]:
    """A few thousand lines: every word several times, capitalised too, and the sentences filled at random."""
    random = Random("english")
    text = []
    for _ in range(6):
        shuffled = random.sample(_WORDS, len(_WORDS))
        for start in range(0, len(shuffled), 12):
            text.append(" ".join(shuffled[start : start + 12]))
    for word in sorted(set(_WORDS)):
        text.append(f"{word.capitalize()} {word}")
        if len(word) > 3:
            text.append(" ".join(f"{word}{ending}" for ending in random.sample(_ENDINGS, 3)))
    for sentence in TEXT.sentences:
        for _ in range(40):
            text.append(fill(sentence, {}, random))
    return text
