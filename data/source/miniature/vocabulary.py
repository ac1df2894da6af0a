"""Vocabularies trained on the miniature's own text: WordPiece for the BERT family, byte-level BPE for the others."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise

from tokenizers import normalizers, pre_tokenizers

from miniature.korean import common_syllables

_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~·…‘’“”∼~♡"
_LEFT_OUT = set("㎡㎞㎜㎝㎏㎢℃")
# A syllable seen in fewer training words than this stays unknown, unless it is an ordinary one.
_RARE = 3
# Google's BERT vocabularies keep their special tokens at these ids.
_GOOGLE_SPECIAL = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]"}


def korean_wordpiece(texts: Iterable[Sequence[str]], size: int) -> list[str]:
    """Pieces without special tokens, ordinary syllables first. Rare syllables, hanja, emoji, ㎡ are not spelt.

    Each text comes cut where an entity ends and its particle starts: as in KLUE's own vocabulary, which was trained
    on morphemes, hardly a piece then crosses such an edge.
    """
    words: Counter[tuple[str, bool]] = Counter()  # (word or part of a word, whether it continues one)
    for pieces in texts:
        continues = False
        for piece in pieces:
            for number, word in enumerate(_split(piece, lowercase=False)):
                words[word, continues and number == 0 and not piece[0].isspace()] += 1
            continues = not piece[-1:].isspace()
    seen = Counter()
    for (word, _), count in words.items():
        seen.update({character: count for character in word})
    ordinary = set(common_syllables())

    def spelt(character: str) -> bool:
        if character in _LEFT_OUT or unicodedata.category(character) == "So" or "一" <= character <= "鿿":
            return False
        return character in ordinary or character.isascii() or seen[character] >= _RARE

    usable = {key: count for key, count in words.items() if all(map(spelt, key[0]))}
    alphabet = sorted(ordinary | set(_PUNCTUATION) | {character for word, _ in usable for character in word})
    return _wordpiece(usable, alphabet, size)


def english_wordpiece(texts: Iterable[str], size: int, lowercase: bool) -> list[str]:
    """A vocabulary laid out as Google's: [PAD] 0, [unused…] to 99, [UNK] 100, [CLS] 101, [SEP] 102, [MASK] 103."""
    head = [_GOOGLE_SPECIAL.get(index, f"[unused{index - 1}]") for index in range(104)]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789" + ("" if lowercase else "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    words = Counter((word, False) for text in texts for word in _split(text, lowercase))
    alphabet = sorted(set(_PUNCTUATION + letters) | {character for word, _ in words for character in word})
    return head + _wordpiece(words, alphabet, size - len(head))


def byte_level_bpe(texts: Iterable[str], size: int) -> tuple[list[str], list[str]]:
    """(pieces without special tokens, merges) of a byte-level BPE as GPT-2's and RoBERTa's."""
    split = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    counts = Counter(word for text in texts for word, _ in split.pre_tokenize_str(text))
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = _merges({tuple(word): count for word, count in counts.items()}, size - len(alphabet))
    pieces = dict.fromkeys(left + right for left, right in merges)
    return [*alphabet, *pieces], [" ".join(merge) for merge in merges]


def _split(text: str, lowercase: bool) -> list[str]:
    normalized = normalizers.BertNormalizer(lowercase=lowercase).normalize_str(text)
    return [word for word, _ in pre_tokenizers.BertPreTokenizer().pre_tokenize_str(normalized)]


def _wordpiece(words: Mapping[tuple[str, bool], int], alphabet: list[str], size: int) -> list[str]:
    # Every character both at the start of a word and inside one.
    single = alphabet + [f"##{character}" for character in alphabet if character.isalnum()]
    counts: Counter[tuple[str, ...]] = Counter()
    for (word, continues), count in words.items():
        inner = [f"##{character}" for character in word]
        counts[tuple(inner if continues else [word[0], *inner[1:]])] += count
    merges = _merges(counts, size - len(single))
    return single + list(dict.fromkeys(left + right.removeprefix("##") for left, right in merges))


def _merges(counts: Mapping[tuple[str, ...], int], wanted: int) -> list[tuple[str, str]]:
    """Merges of byte-pair encoding that make ``wanted`` pieces, most frequent pair first, ties in alphabetical order.

    The trainers of `tokenizers` break ties differently from run to run; these vocabularies are kept in git.
    """
    words = [list(word) for word in counts]
    weights = list(counts.values())
    pairs: Counter[tuple[str, str]] = Counter()
    where: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for index, word in enumerate(words):
        for pair in pairwise(word):
            pairs[pair] += weights[index]
            where[pair].add(index)
    heap = [(-count, pair) for pair, count in pairs.items()]
    heapify(heap)
    merges, made = [], set()
    while len(made) < wanted and heap:
        count, pair = heappop(heap)
        if -count != pairs[pair] or -count < 2:
            continue  # an outdated entry, or too rare
        joined = pair[0] + pair[1].removeprefix("##")
        made.add(joined)
        merges.append(pair)
        changed = set()
        for index in sorted(where.pop(pair)):
            word, weight = words[index], weights[index]
            for old in pairwise(word):
                pairs[old] -= weight
                changed.add(old)
            position = 0
            while position < len(word) - 1:
                if (word[position], word[position + 1]) == pair:
                    word[position : position + 2] = [joined]
                position += 1
            for new in pairwise(word):
                pairs[new] += weight
                where[new].add(index)
                changed.add(new)
        for touched in changed:
            if pairs[touched] > 0:
                heappush(heap, (-pairs[touched], touched))
    return merges
