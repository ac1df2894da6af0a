"""How the scripted teacher decides whether a paper introduces a dataset: rules over title and abstract.

They stand for no model. They read a sentence for who does what to which data, give points, and remember the
sentence that decided; where a paper's wording is new to them, they are wrong.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LABELS = ("new_dataset", "no_new_dataset")


class Decision(NamedTuple):
    """A label and the sentence it was read from ('' where the text has none)."""

    label: str
    sentence: str


_WORD = r"[^\s.;:!?]+"
_DATA = (
    r"(?:(?:meta)?data[ -]?sets?|(?:micro|meta)?corp(?:us|ora)|benchmarks?|\w+bench|test[ -]?(?:set|suite|bed)s?"
    r"|(?:test|data|image|text|question) collections?|collections? of|treebanks?|challenge sets?|gold standards?"
    r"|databases?|data banks?|speech data|annotated data|lexicons?|knowledge (?:graph|base)s?|question sets?"
    r"|evaluation suites?)"
)
# "dataset distillation method": there the data are only what the method is about.
_HEAD = (
    r"(?![ -](?:(?:distillation|pruning|condensation|selection|shifts?|bias(?:es)?|size|level|scale|specific|agnostic"
    r"|driven|aware|based|free|centric|search|cartography|profiling|augmentation|licens\w+|ownership|inference"
    r"|copyright|queries|compression|quantization|mixtures?|mixing|refinement|reduction|curation|discovery|retrieval"
    r"|contamination|results?|scores?|performance|systems?|management|evaluations?|splits?|documentation|creation"
    r"|construction|generation|annotation|tasks?|problems?|models?|methods?|approach(?:es)?|framework|pipelines?"
    r"|tools?|platforms?|comparison|colou?r|utility|quality|difficulty|diversity|imbalance|scarcity|dependen\w+)\b))"
)
_OTHERS = r"existing|established|popular|widely|well-known|standard|prior|previous|single"
_NOT_IN_A_NAME = (
    r"on|using|for|from|with|across|over|in|at|to|by|via|under|that|which|where|when|while|how|why|whether|through|beyond"
    r"|against|into|between|than|no|not|without|neither|results?|experiments?|analys[ie]s|stud(?:y|ies)|survey|review"
    rf"|overview|comparisons?|evaluations?|is|are|was|were|be|can|both|{_OTHERS}"
)
_NAME = rf"(?:(?!(?:{_NOT_IN_A_NAME})\b){_WORD}\s+){{0,14}}?"  # the rest of what a verb's object is called
_MAKES = (
    r"(?:introduc|present|releas|publish|propos|contribut|construct|creat|collect|curat|annotat|compil|assembl"
    r"|develop|establish|gather|record|crawl|generat|design|open-?sourc|shar|unveil|offer|provid|scrap|digiti[sz]"
    r"|deriv|synthesi[sz]|transcrib)(?:e|es|ed|ing|s|)|buil[dt]s?|building|put together|made|make|describes?"
)
_WHO = (
    r"(?:we|i|authors|team|(?:this|the|our|present) (?:paper|work|study|article|report|thesis|project|contribution)"
    r"|paper|which|to (?:address|fill|bridge|close|tackle|support|enable|facilitate|this end)[^,]{0,120},)"
)
_NEGATED = r"(?<!not )(?<!n't )(?<!never )(?<!without )(?<!neither )(?<!than )(?<!instead of )(?<!no )"
_OURS = (
    r"(?:new|novel|newly|first|own|proposed|released|collected|curated|annotated|constructed|introduced|custom"
    r"|self-\w+|in-house|large-scale|dedicated|accompanying|resulting|comprehensive|original|manually|hand-\w+)"
)


def _rule(points: int, pattern: str) -> tuple[int, re.Pattern[str]]:
    return points, re.compile(pattern, re.IGNORECASE)


_SENTENCES = [
    # We introduce X, a dataset …; this paper presents the first corpus …
    _rule(3, rf"\b{_WHO}\s+(?:{_WORD}\s+){{0,4}}?{_NEGATED}(?:{_MAKES})\s+{_NAME}{_DATA}\b{_HEAD}"),
    # We propose a method … and release a new dataset; by introducing X, the first corpus of …
    _rule(3, rf"(?:\b(?:and|also|then|further|additionally|by|to)|[,:)])\s+(?:first\s+|finally\s+)?{_NEGATED}(?:{_MAKES})\s+(?=(?:{_WORD}\s+){{0,3}}?(?:an?|our|the (?:first|largest)|new|novel|two|three|\d+)\s){_NAME}{_DATA}\b{_HEAD}"),
    # along with a new benchmark; contributions: (2) a dataset
    _rule(2, rf"\b(?:along with|together with|alongside|as well as|accompanied by|contributions? [^.]{{0,120}})\s+(?:a|an|our)\s+{_NAME}{_DATA}\b{_HEAD}"),
    # X is a new corpus; the resource is the first dataset
    _rule(2, rf"\b(?:is|as|called|named)\s+(?:the|a|an)\s+(?:{_WORD}\s+){{0,2}}?{_OURS}\s+{_NAME}{_DATA}\b{_HEAD}"),
    # our newly collected dataset
    _rule(2, rf"\bour\s+(?:{_WORD}\s+){{0,2}}?{_OURS}\s+{_NAME}{_DATA}\b{_HEAD}"),
    _rule(1, rf"\bour\s+{_NAME}(?:dataset|data set|corpus|benchmark)\b{_HEAD}"),
    # The dataset is released; our corpus will be available
    _rule(2, r"\b(?:the|our|this)\s+(?:(?!code|model|and)\w+\s+){0,3}?(?:dataset|data set|corpus|benchmark|test set|treebank)\b[^.]{0,50}?\b(?:is|are|will be|has been|have been)\s+(?:\w+\s+){0,3}?(?:available|released|open-sourced|published|shared|accessible)"),
    _rule(1, r"\b(?:the|our|all|and)\s+(?:\w+\s+){0,3}?(?:datasets?|data sets?|corpus|corpora|benchmarks?|annotations|data)\b[^.]{0,50}?\b(?:is|are|will be|has been|have been)\s+(?:\w+\s+){0,3}?(?:available|released|open-sourced|published|shared)"),
    _rule(2, rf"\b(?:release|publish|open-?source|share)\s+{_NAME}(?:our|the|this)\s+{_NAME}(?:datasets?|data sets?|corpus|benchmarks?|annotations)\b{_HEAD}"),
    # The dataset contains 4,000 …; it comprises, totalling …
    _rule(2, r"\b(?:our|this|(?:the|a) (?:new|final|full|resulting|released|proposed|annotated|finished))\s+(?:\w+\s+){0,3}?(?:dataset|data set|corpus|benchmark|collection|test set)\s+(?:\w+\s+){0,2}?(?:contains|comprises|consists|covers|includes|spans|features|encompasses|provides|comprising|containing|consisting|totalling|totaling)\b"),
    _rule(1, r"\bthe\s+(?:dataset|data set|corpus|benchmark|collection|test set)\s+(?:contains|comprises|consists|covers|includes|spans|features|encompasses)\b"),
    # A new dataset of … is presented
    _rule(3, rf"\b(?:a|an|the first|our)\s+{_NAME}{_DATA}\b{_HEAD}[^.]{{0,90}}?\b(?:is|was|were|has been|are|have been)\s+(?:\w+\s+){{0,2}}?(?:introduced|presented|released|created|collected|constructed|built|compiled|curated|proposed|developed|made public)"),
    # Released with this paper: 3,000 …; Rivers contains 3,000 …
    _rule(2, r"^(?:released|published|made available) (?:together |along |alongside )?with this (?:paper|work|article|study)\b"),
    _rule(2, r"^(?-i:[A-Z])\S+ (?:contains|comprises|consists of|includes|covers|spans) (?:over |more than |about |around |approximately )?\d[\d,.]*\s+(?!years|languages|percent|%)"),
    # We annotated 3,000 sentences; recorded 40 hours
    _rule(1, rf"\b{_WHO}\s+(?:{_WORD}\s+){{0,3}}?{_NEGATED}(?:collect|annotate|curate|record|gather|crawl|compile|label|transcribe|assemble|scrape|digitise|digitize)(?:e?d)?\s+(?:{_WORD}\s+){{0,5}}?\d[\d,]*"),
]  # fmt: skip
_TITLES = [
    _rule(3, rf"(?:^|: |- |– |— )(?:(?:a|an|the|introducing|building|creating|towards an?)\s+)?(?!\w+ing\s){_NAME}(?:datasets?|data sets?|corpus|corpora|benchmark|test (?:set|suite)|treebank|test collection|database)(?=\s*$|\s+(?:for|of|from|with|in|to|on|towards?|and|based|collected|annotated|covering|featuring)\b)"),
    _rule(1, r"^\S*(?:bench|corpus|bank|set|\dk|\dm)\b(?=:| )"),
]  # fmt: skip
_TITLES_AGAINST = [_rule(3, r"\b(?:survey|review|overview)\b")]
_AGAINST = [
    _rule(2, rf"\b(?:no|not|n't|never|without|neither|rather than|instead of)\s+(?:\w+\s+){{0,3}}?(?:{_MAKES}|new)\s+(?:\w+\s+){{0,3}}?(?:{_DATA}|data)\b"),
    _rule(1, r"\b(?:we|this) survey|\b(?:systematic|literature) review\b|\bmeta-analysis"),
]  # fmt: skip
_USED = re.compile(
    rf"\b(?:experiment|evaluat|outperform|tested|validat|achiev|result|train|existing|benchmarks?\b|{_DATA})",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"\b(?:{_DATA})", re.IGNORECASE)
_ENOUGH = 2
_LONGEST_ABSTRACT, _LONGEST_SENTENCE = 8_000, 1_000  # characters that are read


def decide(title: str, abstract: str) -> Decision:
    """What the rules make of a paper: one of `LABELS`, and the sentence that decided."""
    title = " ".join(title.split())[:_LONGEST_SENTENCE]
    sentences = split_sentences(abstract[:_LONGEST_ABSTRACT])
    plain = [re.sub(r" ?\([^()]{0,200}\)", "", sentence[:_LONGEST_SENTENCE]) for sentence in sentences]
    found = [_points(_SENTENCES, sentence) for sentence in plain]
    against = _points(_TITLES_AGAINST, title) + sum(_points(_AGAINST, sentence) for sentence in plain)
    total = _points(_TITLES, title) + sum(found) - against
    if total >= _ENOUGH:
        best = max(found, default=0)
        return Decision("new_dataset", sentences[found.index(best)] if best else title)
    for pattern in (_USED, _NAMED):
        for sentence in sentences:
            if pattern.search(sentence) and _NAMED.search(sentence):
                return Decision("no_new_dataset", sentence)
    return Decision("no_new_dataset", sentences[-1] if sentences else title)


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, without line breaks."""
    return [s for s in re.split(r"(?<=[.!?])\s+(?=[^\sa-z])", " ".join(text.split())) if s]


def _points(rules: list[tuple[int, re.Pattern[str]]], sentence: str) -> int:
    return max((points for points, pattern in rules if pattern.search(sentence)), default=0)
