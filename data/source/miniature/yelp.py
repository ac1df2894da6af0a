"""Reviews of invented businesses with one to five stars, in the form of Yelp's: several judgements, not all of one mind."""

from random import Random

from miniature.grammar import Deck, fill, sentence, texts

TEXT = texts("yelp")

LABELS = ("1 star", "2 star", "3 stars", "4 stars", "5 stars")
TRAIN, TEST = 2000, 500

# How far a single judgement lies from the review's stars, and the summary at its end.
_SPREAD, _SUMMARY_SPREAD = 1.0, 0.75
_PARAGRAPHS, _QUOTES, _SHOUTING, _LONG = 0.35, 0.12, 0.12, 0.03


def rows() -> dict[str, list[dict]]:
    """Both splits; stars drawn evenly, no review twice."""
    random, taken = Random("yelp"), set()
    made = {}
    for split, count in (("train", TRAIN), ("test", TEST)):
        made[split] = []
        while len(made[split]) < count:
            label = random.randrange(5)
            if (text := review(label, random)) not in taken:
                taken.add(text)
                made[split].append({"label": label, "text": text})
    return made


def review(label: int, random: Random) -> str:
    """One review of ``label`` + 1 stars."""
    facts = random.choice(list(TEXT.kinds.values()))
    slots = {
        "kind": random.choice(facts["kinds"]),
        "town": random.choice(TEXT.towns),
        "thing": facts["things"],
        "dish": [thing.removeprefix("the ") for thing in facts["things"]],
        "flaw": TEXT.flaws,
        "saving": TEXT.savings,
    }
    said = _said(label, facts, slots, random)
    told = _told(facts, slots, random)
    summary = [sentence(random.choice(TEXT.summaries[_near(label, _SUMMARY_SPREAD, random)]), slots, random)]
    if random.random() < 0.2:
        summary = []
    parts = summary + told + said if random.random() < 0.2 else told + said + summary
    if random.random() < _SHOUTING:
        place = random.randrange(len(parts))
        parts[place] = parts[place].upper()
    return _join(parts, random)


def _near(label: int, spread: float, random: Random) -> int:
    return min(4, max(0, round(random.gauss(label, spread))))


def _said(label: int, facts: dict, slots: dict, random: Random) -> list[str]:
    """Judgements: of things, of the staff, of the prices."""
    things, staff = Deck(facts["things"], random), Deck(facts["staff"], random)
    said = []
    for _ in range(random.choices((1, 2, 3, 4), (15, 35, 32, 18))[0]):
        kind, at = random.random(), _near(label, _SPREAD, random)
        if kind < 0.5:
            said.append(_about_thing(at, things.draw(), facts["plural"], slots, random))
        elif kind < 0.8:
            extra = {"staff": staff.draw(), "people": TEXT.people[at], "adjective": _plain(at)}
            said.append(sentence(random.choice(TEXT.judged_staff), {**slots, **extra}, random))
        else:
            said.append(sentence(random.choice(TEXT.prices[at]), slots, random))
    if random.random() < 0.3 and 0 < label < 4:
        turn = random.choice(("but", "then again,", "on the other hand,"))
        said.append(sentence(f"{turn} " + random.choice(("{flaw}.", "{saving}.")), slots, random))
    return said


def _told(facts: dict, slots: dict, random: Random) -> list[str]:
    """What happened; a few reviews tell a long story."""
    events = Deck(facts["events"] + TEXT.everywhere, random)
    count = random.choices((1, 2, 3, 4, 5, 7), (22, 28, 22, 14, 10, 4))[0]
    told = [sentence(events.draw(), slots, random) for _ in range(count)]
    if random.random() < 0.4:
        name = random.choice(TEXT.names)
        told.insert(
            0, fill(f"[{name} is a(n) {{kind}} in {{town}}|I went to {name}|We tried {name}].", slots, random)
        )
    if random.random() < _LONG:
        lines = random.sample(TEXT.long_story, random.randint(8, len(TEXT.long_story)))
        told += [sentence(line, slots, random) for line in lines]
        told += [sentence(events.draw(), slots, random) for _ in range(random.randint(3, 12))]
    return told


def _about_thing(at: int, thing: str, plural: list[str], slots: dict, random: Random) -> str:
    many, food = thing in plural, slots["kind"] in TEXT.kinds["eating"]["kinds"]
    if random.random() < _QUOTES:
        thing = f'the \\"{random.choice(TEXT.quoted)}\\" {thing.removeprefix("the ")}'
    adjective, second = random.sample(_plain(at, food), 2)
    extra = {
        "thing": thing,
        "be": "were" if many else "was",
        "adjective": adjective,
        "Adjective": adjective[:1].upper() + adjective[1:],
        "and_adjective": f"[even|maybe|almost] {second}",
        "verb": random.choice(TEXT.verbs[at]),
    }
    templates = [*TEXT.judged_thing, "I tried {thing} and {verb}."] if food else TEXT.judged_thing
    return sentence(random.choice(templates), {**slots, **extra}, random)


def _plain(at: int, food: bool = False) -> list[str]:
    return [word for word in TEXT.adjectives[at] if food or word not in ("inedible", "bland", "tasty")]


def _join(parts: list[str], random: Random) -> str:
    """One text; new lines are written as backslash and n, as in Yelp's file."""
    if len(parts) < 3 or random.random() >= _PARAGRAPHS:
        return " ".join(parts)
    text = parts[0]
    for part in parts[1:]:
        text += random.choices((" ", "\\n\\n", "\\n"), (6, 3, 1))[0] + part
    return text
