"""Papers of an invented arXiv: some of them introduce a dataset, more of them only use one.

What decides is said in one or two sentences of the abstract. The words around it (collect, annotate, release, new,
dataset) stand in the other papers as well.
"""

import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random

from miniature.grammar import fill, sentence, texts

TEXT = texts("arxiv")

LABELS = ("new_dataset", "no_new_dataset")  # in the order of davanstrien/arxiv-new-datasets
SHARDS = 3
ROWS = 3000
WITH_DATASET = 900  # papers with a cs.* category and "dataset" in title or abstract
NEW = 216  # of these, the papers that introduce one
CS_WITHOUT = 750  # cs.* papers that never say "dataset"
PUBLISHED_ERRORS = 0.05


_TELLING_TITLE = 0.45  # papers with a new dataset whose title may say so
_WIDTH = 76
# arXiv has never given numbers as high as these, so that no id belongs to a real paper.
_FIRST_NUMBER, _MONTHLY = 70000, 18000


@dataclass(frozen=True)
class Paper:
    """A row of the snapshot and, where it passes the filter, whether it introduces a dataset."""

    row: dict
    new: bool | None
    reason: str = ""


def papers() -> list[Paper]:
    """All papers in the order of their ids."""
    random = Random("arxiv")
    makers = [(_introduces, True)] * NEW + [(_uses, False)] * (WITH_DATASET - NEW)
    makers += [(_quiet, None)] * CS_WITHOUT
    makers += [(_elsewhere, None)] * (ROWS - len(makers))
    random.shuffle(makers)
    made, taken = [], set()
    numbers = sorted(random.sample(range(30 * _MONTHLY), ROWS))
    for number, (make, new) in zip(numbers, makers, strict=True):
        while True:
            categories, title, abstract, reason = make(random)
            if abstract not in taken:
                break
        taken.add(abstract)
        months, running = divmod(number, _MONTHLY)
        year, month = 2023 + months // 12, months % 12 + 1
        row = _row(year, month, _FIRST_NUMBER + running, categories, title, abstract, random)
        made.append(Paper(row, new, reason))
    return made


def passes(row: dict) -> bool:
    """The filter of the tutorial: a cs.* category, and "dataset" in title or abstract."""
    in_cs = any(category.startswith("cs.") for category in row["categories"].split())
    return in_cs and "dataset" in f"{row['title']} {row['abstract']}".lower()


def published(made: list[Paper]) -> list[dict]:
    """Rows of the miniature arxiv-new-datasets: labels from the truth, one in twenty wrong."""
    random = Random("arxiv labels")
    rows = []
    for paper in made:
        if paper.new is None:
            continue
        said = paper.new != (random.random() < PUBLISHED_ERRORS)
        why = paper.reason if said == paper.new else TEXT.wrong[said]
        kind = "introduces a new dataset" if said else "does not introduce a new dataset"
        rows.append(
            {
                **{name: paper.row[name] for name in ("id", "title", "abstract")},
                "labels": LABELS.index("new_dataset" if said else "no_new_dataset"),
                "explanations": f"The paper {kind}: {why}",
            }
        )
    return rows


def _topic(random: Random) -> tuple[str, dict]:
    categories, items, annot, task, domain, source = (
        part.strip() for part in random.choice(TEXT.topics).split("|")
    )
    start = random.choice(TEXT.name_starts)
    existing, existing2 = random.sample(TEXT.slots["existing"], 2)
    slots = {
        **TEXT.slots,
        "items": items,
        "annot": annot,
        "task": task,
        "domain": domain,
        "source": source,
        "Task": _upper(task),
        "TaskT": _heading(task),
        "Items": _heading(items),
        "Domain": _heading(domain),
        "Trick": [_heading(trick) for trick in TEXT.slots["trick"]],
        "name": start + random.choice(TEXT.data_ends),
        "method": start + random.choice(TEXT.method_ends),
        "slug": start.lower(),
        "existing": existing,
        "existing2": existing2,
        "reference": f"{random.choice(TEXT.family)} et al. ({random.randint(2014, 2023)})",
        "tens": str(random.randint(21, 96)),
        "many_tens": str(random.randint(41, 88)),
    }
    return categories, slots


def _introduces(random: Random) -> tuple[str, str, str, str]:
    categories, slots = _topic(random)
    hard = random.random() < 0.11
    said = sentence(random.choice(TEXT.positive_hard if hard else TEXT.positive_plain), slots, random)
    before = _some(TEXT.background, (1, 2, 3), slots, random)
    if random.random() < 0.22:  # a method paper that brings its data along
        before += _some(TEXT.negative_contribution, (1,), slots, random)
    after = _some(TEXT.dataset_facts, (0, 1, 2), slots, random) + _some(
        TEXT.positive_after, (0, 1), slots, random
    )
    after += _some(TEXT.common, (1, 2), slots, random)
    if random.random() < 0.4:
        after += _some(TEXT.negative_plain, (1,), slots, random)
    title = fill(
        random.choice(TEXT.titles_new if random.random() < _TELLING_TITLE else TEXT.titles_old), slots, random
    )
    sentences = [*before, said, *after]
    if random.random() < 0.04:  # the filter finds it by its title alone
        said = sentence(random.choice(TEXT.called_otherwise), slots, random)
        title = fill("{name}: A [Large-Scale|New|Public] Dataset for {TaskT}", slots, random)
        sentences = [each for each in (*before, said, *after) if "dataset" not in each.lower()]
    reason = f'its abstract says "{said.rstrip(".")}".'
    return categories, title, _with_dataset(sentences, title, slots, random), reason


def _uses(random: Random) -> tuple[str, str, str, str]:
    categories, slots = _topic(random)
    before = _some(TEXT.background, (1, 2, 3), slots, random)
    common = _some(TEXT.common, (1, 2), slots, random)
    draw = random.random()
    if draw < 0.30:
        kind = random.choice(list(TEXT.negative_kinds))
        told = TEXT.negative_kinds[kind]
        order = sorted(random.sample(range(len(told)), random.choice((2, 3))))
        said = [sentence(told[number], slots, random) for number in order]
        said += _some(TEXT.negative_contribution, (0, 1), slots, random)
        title = fill(random.choice([TEXT.titles_kinds[kind], random.choice(TEXT.titles_old)]), slots, random)
        reason = f'it is about datasets that exist already ("{said[0].rstrip(".")}").'
    elif draw < 0.345:
        said = _some(TEXT.negative_hard, (1,), slots, random) + _some(
            TEXT.negative_plain, (1,), slots, random
        )
        said += _some(TEXT.negative_contribution, (0, 1), slots, random)
        title = fill(random.choice(TEXT.titles_old), slots, random)
        reason = f'"{said[0].rstrip(".")}" is about something that exists already.'
    else:
        said = _some(TEXT.negative_contribution, (1, 2), slots, random)
        reason = f'its contribution is something else ("{said[0].rstrip(".")}").'
        said += _some(TEXT.negative_plain, (1, 2), slots, random)
        if random.random() < 0.5:
            said += _some(TEXT.dataset_facts, (1, 2), slots, random)
        title = fill(random.choice(TEXT.titles_old), slots, random)
    sentences = before + said + common
    if draw > 0.96:  # the filter finds it by its title alone
        title = fill(random.choice(TEXT.titles_alone), slots, random)
        sentences = [each for each in sentences if "dataset" not in each.lower()]
    return categories, title, _with_dataset(sentences, title, slots, random), reason


def _with_dataset(sentences: list[str], title: str, slots: dict, random: Random) -> str:
    """One text in which, or in whose title, the word stands that the filter looks for."""
    text = " ".join(sentences)
    if "dataset" not in f"{title} {text}".lower():
        text += " " + sentence(
            "[Datasets and seeds|Datasets, seeds and settings] are listed in the appendix.", slots, random
        )
    return text


def _quiet(random: Random) -> tuple[str, str, str, str]:
    categories, slots = _topic(random)
    pool = [line for line in TEXT.background + TEXT.common if "dataset" not in line]
    sentences = _some(pool, (2, 3), slots, random) + _some(TEXT.quiet, (2, 3), slots, random)
    title = fill(random.choice([line for line in TEXT.titles_old if "ataset" not in line]), slots, random)
    return categories, title, " ".join(sentences), ""


def _elsewhere(random: Random) -> tuple[str, str, str, str]:
    categories, thing, quantity, instrument = (
        part.strip() for part in random.choice(TEXT.other_fields).split("|")
    )
    slots = {
        **TEXT.slots,
        "object": thing,
        "quantity": quantity,
        "instrument": instrument,
        "Object": _heading(thing),
        "Quantity": _heading(quantity),
        "reference": f"{random.choice(TEXT.family)} et al. ({random.randint(2014, 2023)})",
    }
    sentences = _some(TEXT.other, (4, 5, 6), slots, random)
    if random.random() < 0.2:
        sentences.insert(random.randint(1, 3), sentence(random.choice(TEXT.other_dataset), slots, random))
    return categories, fill(random.choice(TEXT.other_titles), slots, random), " ".join(sentences), ""


def _some(pool: list[str], counts: tuple[int, ...], slots: dict, random: Random) -> list[str]:
    return [sentence(line, slots, random) for line in random.sample(pool, random.choice(counts))]


def _row(
    year: int, month: int, running: int, categories: str, title: str, abstract: str, random: Random
) -> dict:
    people = [
        (family, random.choice(TEXT.first)) for family in random.sample(TEXT.family, random.randint(1, 5))
    ]
    dates = [
        datetime(year, month, 1 + 9 * number + random.randrange(9), random.randrange(24), tzinfo=UTC)
        for number in range(random.choice((1, 1, 1, 2, 3)))
    ]
    versions = [
        {"version": f"v{number}", "created": format_datetime(date, usegmt=True)}
        for number, date in enumerate(dates, 1)
    ]
    pages = random.randint(4, 24)
    identifier = f"{year % 100:02}{month:02}.{running:05}"
    return {
        "id": identifier,
        "submitter": f"{people[0][1]} {people[0][0]}",
        "authors": ", ".join(f"{first} {family}" for family, first in people),
        "title": _wrapped(title, "\n  "),
        "comments": random.choice((f"{pages} pages", f"{pages} pages, {random.randint(1, 9)} figures", None)),
        "journal-ref": None,
        "doi": None,
        "report-no": None,
        "categories": categories,
        "license": "http://creativecommons.org/publicdomain/zero/1.0/",
        "abstract": f"  {_wrapped(abstract, chr(10))}\n",
        "versions": versions,
        "update_date": f"{dates[-1]:%Y-%m-%d}",
        "authors_parsed": [[family, first, ""] for family, first in people],
    }


def _wrapped(text: str, joint: str) -> str:
    return joint.join(textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False))


def _heading(text: str) -> str:
    """Title case, small words left small."""
    small = ("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "the", "to", "with")
    return " ".join(word if word in small else _upper(word) for word in text.split())


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
