"""Headlines with a section, in the form of KLUE YNAT.

Sections share words on purpose (매출, 대표, 공개, 서울, …), and a part of the headlines comes from templates that two
sections have in common: a reader would not be sure of those either.
"""

from datetime import date, timedelta
from random import Random

from miniature.grammar import texts
from miniature.lexicon import Names
from miniature.ner import fill

TEXT = texts("ynat")
LABELS = ("IT과학", "경제", "사회", "생활문화", "세계", "스포츠", "정치")
# KLUE's sections differ in size too
_SHARES = (0.11, 0.14, 0.16, 0.14, 0.18, 0.15, 0.12)
_SHARED_TEMPLATES = 0.26
# One template of this many is kept for validation.
_KEPT_FOR_VALIDATION = 9


def headlines(count: int, held_out: bool, seed: str, taken: set[str]) -> list[tuple[str, str]]:
    """``count`` different (title, section) pairs; titles are added to ``taken``, so that splits share none."""
    random = Random(seed)
    names = Names(random, 0.4 if held_out else 0.0)
    made = []
    while len(made) < count:
        (section,) = random.choices(LABELS, _SHARES)
        if random.random() < _SHARED_TEMPLATES:
            candidates = [
                line for shared in TEXT.shared if section in shared["sections"] for line in shared["lines"]
            ]
        else:
            candidates = TEXT.templates[section]
            if not held_out:
                candidates = [
                    line for number, line in enumerate(candidates, 1) if number % _KEPT_FOR_VALIDATION
                ]
        title = fill(random.choice(candidates), names, random).text
        if title not in taken:
            taken.add(title)
            made.append((title, section))
    return made


def rows(count: int, split: str, held_out: bool, taken: set[str]) -> list[dict]:
    """Dataset rows: guid, title, label, url (a reserved domain), date."""
    random = Random(f"ynat dates {split}")
    first = date(2019, 1, 1)
    made = []
    for number, (title, section) in enumerate(headlines(count, held_out, f"ynat {split}", taken)):
        minute = random.randrange(24 * 60)
        day = first + timedelta(days=random.randrange(1461))
        made.append(
            {
                "guid": f"ynat-v1_{split}_{number:05}",
                "title": title,
                "label": LABELS.index(section),
                "url": f"https://news.example/{split}/{number:05}",
                "date": f"{day:%Y.%m.%d}. {'오전' if minute < 720 else '오후'} {(minute // 60 - 1) % 12 + 1}:{minute % 60:02}",
            }
        )
    return made
