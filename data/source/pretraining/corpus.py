"""Unlabelled text for pretraining: the generators with other seeds, and real text where a Hub root holds some.

Two rules keep it apart from what the notebooks score on.

* No sentence of a validation or test split is in it. Sentences are compared without case, spacing and digits.
* Korean: nor is any sentence that fills a template as a validation sentence does: the same template, the same
  choices, other names. The generators tell which words fill a slot, so that both can be compared with a mark in
  place of each (``skeleton``). Templates and names that data/ keeps for validation never occur at all.

English templates are few and the test reviews go through all of them, so there the second rule masks only names
and numbers (``_without_names``): a sentence whose wording is fixed is left out, one with other slot words stays.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from unittest.mock import patch

import pyarrow.parquet as pq
from miniature import arxiv, imdb, lexicon, ner, yelp, ynat

KOREAN, ENGLISH = "ko", "en"
SLOT = "◻"
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")
# folder of a Hub root, column, licence; training splits alone. Yelp's terms forbid derived works: not here.
REAL = {
    KOREAN: (
        ("klue/klue/ynat/train-00000-of-00001.parquet", "title", "KLUE YNAT, CC BY-SA 4.0"),
        ("klue/klue/ner/train-00000-of-00001.parquet", "tokens", "KLUE NER, CC BY-SA 4.0"),
    ),
    ENGLISH: (
        ("stanfordnlp/imdb/plain_text/train-00000-of-00001.parquet", "text", "IMDB, Maas et al. 2011"),
        (
            "librarian-bots/arxiv-metadata-snapshot/data/train-00000-of-00003.parquet",
            "abstract",
            "arXiv metadata, CC0-1.0",
        ),
    ),
}


@dataclass(frozen=True)
class Drawn:
    """What was kept of ``made`` generated sentences, and how many each rule left out."""

    kept: tuple[str, ...]
    made: int
    same_sentence: int
    same_skeleton: int


# --- what may not be in the text -----------------------------------------------------------------------------
def plain(text: str) -> str:
    """The text as sentences are compared: lower case, no spaces, every digit a zero."""
    return re.sub(r"\d", "0", re.sub(r"\s+", "", text)).lower()


def skeleton(text: str, words: Iterable[str]) -> str:
    """The text with a mark in place of each of ``words``, which stand in it in this order; particles agree no more."""
    done, rest = "", text
    for word in words:
        before, found, rest = rest.partition(word)
        done += before + SLOT
        if not found:
            raise ValueError(f"{word!r} does not stand in {text!r} where it should")
    return _bare(done + rest)


_PARTICLES = "|".join("은 는 이 가 을 를 과 와 으로 로 이랑 랑 아 야 이다 다 이며 며".split())


def _bare(marked: str) -> str:
    """A text with marks, plain and without the particles that agree with what the marks stand for."""
    return plain(re.sub(f"{SLOT}(?:{_PARTICLES})(?=\\W|$)", SLOT, marked))


class _Traced(set):
    """A generator's ``taken`` that notes which words filled the slots of each text it is asked about."""

    def __init__(self, log: list[str]):
        super().__init__()
        self.log, self.words = log, {}

    def __contains__(self, text: object) -> bool:
        known = super().__contains__(text)
        if not known:
            self.words[text] = tuple(self.log)
        self.log.clear()
        return known


def _trace(draw) -> dict[str, tuple[str, ...]]:
    """The slot words of every headline that ``draw(taken)`` makes."""
    log: list[str] = []

    def noted(function):
        def call(names):
            log.append(function(names))
            return log[-1]

        return call

    taken = _Traced(log)
    with patch.dict(lexicon.SLOTS, {slot: noted(function) for slot, function in lexicon.SLOTS.items()}):
        draw(taken)
    return taken.words


def _clauses(sentence: ner.Sentence) -> Iterator[str]:
    """The skeletons of a sentence's parts: two templates are often joined into one text."""
    marked = "".join(SLOT if kind else text for text, kind in sentence.pieces)
    for part in _SENTENCE_END.split(marked):
        part = re.sub(r"^(한편|또|이에 따라|앞서|특히|반면|그러나|이와 함께) ", "", part)
        part = _bare(part)
        yield re.sub(r"([!.~♡^;ㅋㅎㅠㅡ]|👍|😭)+$", "", part)


def _marked(row: dict) -> ner.Sentence:
    """A row of the data as pieces: text with marks such as <서울:LC>."""
    pieces = []
    for part in re.split(r"(<[^<>]+:[A-Z]{2}>)", row["sentence"]):
        entity = re.fullmatch(r"<([^<>]+):([A-Z]{2})>", part)
        pieces.append((entity[1], entity[2]) if entity else (part, None))
    return ner.Sentence(tuple(pieces))


def held_out_headlines(data: Path) -> dict[str, tuple[str, ...]]:
    """Validation headlines of ``data``, generated again, and the words in their slots."""
    train, validation = (
        pq.read_metadata(data / f"datasets/klue/klue/ynat/{split}-00000-of-00001.parquet").num_rows
        for split in ("train", "validation")
    )

    def draw(taken):
        ynat.rows(train, "train", False, taken)
        taken.words.clear()
        ynat.rows(validation, "dev", True, taken)

    return _trace(draw)


def held_out_texts(data: Path, language: str) -> list[str]:
    """Sentences of every validation and test split of ``data``, and of the papers whose labels 08 learns from."""
    datasets = data / "datasets"
    if language == KOREAN:
        titles = pq.read_table(
            datasets / "klue/klue/ynat/validation-00000-of-00001.parquet", columns=["title"]
        )
        rows = pq.read_table(datasets / "klue/klue/ner/validation-00000-of-00001.parquet").to_pylist()
        mrc = pq.read_table(datasets / "klue/klue/mrc/validation-00000-of-00001.parquet", columns=["context"])
        texts = titles["title"].to_pylist() + [_marked(row).text for row in rows] + mrc["context"].to_pylist()
    else:
        texts = []
        for name in ("stanfordnlp/imdb/plain_text", "Yelp/yelp_review_full/yelp_review_full"):
            texts += pq.read_table(datasets / name / "test-00000-of-00001.parquet", columns=["text"])[
                "text"
            ].to_pylist()
        for row in pq.read_table(
            datasets / "davanstrien/arxiv-new-datasets/data/train-00000-of-00001.parquet"
        ).to_pylist():
            texts += [row["title"], row["abstract"]]
        hand = datasets / "encoder-workbook/arxiv-hand-labelled/data/test.jsonl"
        for line in hand.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            texts += [row["title"], row["abstract"]]
    return [part for text in texts for part in cut(text)] + texts


def cut(text: str) -> list[str]:
    """A text cut into sentences, line breaks of any kind taken for spaces."""
    text = re.sub(r"(?:<br />|\\n|\s)+", " ", text).strip()
    return [part for part in _SENTENCE_END.split(text) if part.strip()]


def _without_names(text: str) -> str:
    """An English sentence without capitalised words (but the first) and numbers."""
    head, *rest = text.split()
    return plain(" ".join([head, *(SLOT if word[:1].isupper() and word != "I" else word for word in rest)]))


@cache
def _held_out_english(data: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Held-out English texts as they are compared: plain, and plain without names."""
    texts = held_out_texts(data, ENGLISH)
    return frozenset(map(plain, texts)), frozenset(map(_without_names, texts))


# --- the text ------------------------------------------------------------------------------------------------
def korean(count: int, data: Path, seed: str = "pretraining") -> Drawn:
    """``count`` sentences, headlines and NER sentences in turn, with training's templates and names.

    Each generator is asked for a fixed share more than is wanted, because the rules leave some out.
    """
    forbidden = {plain(text) for text in held_out_texts(data, KOREAN)}
    bones = {skeleton(text, words) for text, words in held_out_headlines(data).items()}
    rows = pq.read_table(data / "datasets/klue/klue/ner/validation-00000-of-00001.parquet").to_pylist()
    clauses = {clause for row in rows for clause in _clauses(_marked(row))}

    half = count // 2
    made = same = alike = 0
    headlines: list[str] = []
    for text, words in _trace(lambda taken: ynat.headlines(3 * half, False, f"{seed} ynat", taken)).items():
        if len(headlines) == half:
            break
        made += 1
        if plain(text) in forbidden:
            same += 1
        elif skeleton(text, words) in bones:
            alike += 1
        else:
            headlines.append(text)
    sentences: list[str] = []
    for sentence in ner.sentences(4 * (count - half), False, f"{seed} ner", set()):
        if len(sentences) == count - half:
            break
        made += 1
        if plain(sentence.text) in forbidden:
            same += 1
        elif clauses.intersection(_clauses(sentence)):
            alike += 1
        else:
            sentences.append(sentence.text)
    mixed = Random(seed).sample(headlines + sentences, len(headlines) + len(sentences))
    return Drawn(tuple(mixed), made, same, alike)


def english(count: int, data: Path, seed: str = "pretraining") -> Drawn:
    """``count`` passages of invented reviews and abstracts, none twice: one to five sentences that follow each other.

    A sentence that a rule leaves out is left out of its passage.
    """
    forbidden, names = _held_out_english(data)
    random = Random(seed)
    kept: dict[str, None] = {}
    made = same = alike = 0
    quiet = 0
    while len(kept) < count and quiet < 20_000:
        for write in _WRITERS:
            parts = []
            for part in cut(write(random)):
                made += 1
                if plain(part) in forbidden:
                    same += 1
                elif _without_names(part) in names:
                    alike += 1
                else:
                    parts.append(part)
            fresh = [passage for passage in passages(parts, random) if passage not in kept]
            kept.update(dict.fromkeys(fresh[: count - len(kept)]))
            quiet = 0 if fresh else quiet + 1
    return Drawn(tuple(kept), made, same, alike)


def documents(count: int, data: Path, roots: Iterable[Path], seed: str = "documents") -> list[list[str]]:
    """At least ``count`` invented reviews and abstracts and, of each kind that a root holds, up to a quarter as many
    real ones.

    Each is cut into sentences, without those that a rule leaves out; texts of one sentence are no documents.
    """
    forbidden, names = _held_out_english(data)

    def kept(text: str) -> list[str]:
        return [p for p in cut(text) if plain(p) not in forbidden and _without_names(p) not in names]

    random = Random(seed)
    made: list[list[str]] = []
    while len(made) < count:
        made += [parts for write in _WRITERS if len(parts := kept(write(random))) > 1]
    for _, values, _ in _real_rows(roots, ENGLISH):
        for value in random.sample(values, min(count // 4, len(values))):
            if len(parts := kept(value)) > 1:
                made.append(parts)
    return random.sample(made, len(made))


def passages(sentences: list[str], random: Random) -> list[str]:
    """The sentences joined by ones to fives, half of them left alone."""
    made, place = [], 0
    while place < len(sentences):
        size = random.choice((1, 1, 1, 2, 3, 5))
        made.append(" ".join(sentences[place : place + size]))
        place += size
    return made


def _paper(random: Random) -> str:
    """Title and abstract of an invented paper of any kind."""
    make = random.choice((arxiv._introduces, arxiv._uses, arxiv._quiet, arxiv._elsewhere))
    _, title, abstract, _ = make(random)
    return f"{title}. {abstract}"


# What writes one invented English text: a film review, a review of a place, a paper.
_WRITERS = (
    lambda random: imdb.review(random.choice(imdb.LABELS), random),
    lambda random: yelp.review(random.randrange(5), random),
    _paper,
)


def _real_rows(roots: Iterable[Path], language: str) -> Iterator[tuple[str, list, str]]:
    """(path, the column's values, notice) of every file of REAL that a root holds."""
    for root in roots:
        for path, column, notice in REAL[language]:
            if (file := root / "datasets" / path).is_file():
                yield path, pq.read_table(file, columns=[column])[column].to_pylist(), notice


def real(
    roots: Iterable[Path], language: str, count: int, seed: str = "pretraining"
) -> tuple[list[str], list[str]]:
    """(up to ``count`` real texts, the notices of the data that they come from); empty without such roots."""
    texts: list[str] = []
    notices = []
    longest = 300 if language == KOREAN else 600
    for path, values, notice in _real_rows(roots, language):
        notices.append(notice)
        random = Random(f"{seed} {path}")
        for value in random.sample(values, min(count, len(values))):
            parts = cut(value if isinstance(value, str) else "".join(value))
            texts += parts if language == KOREAN else passages(parts, random)
    texts = [text for text in dict.fromkeys(texts) if 8 <= len(text) <= longest]
    return Random(seed).sample(texts, min(count, len(texts))), notices
