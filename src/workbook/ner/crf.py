"""The first generation: a linear-chain CRF over features of characters, by CRFsuite (package python-crfsuite).

No gazetteer and no lexicon, only the sentence itself. The features of a character are strings; the CRF learns a
weight for each pair of feature and tag, and for each pair of successive tags.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import pycrfsuite

from workbook import paths
from workbook.errors import WorkbookError
from workbook.ner.characters import Row, with_spaces, without_spaces, word_edges
from workbook.ner.saving import read_header, write_header

_FORMAT, _VERSION = "workbook-crf", 1  # raise it with every change of character_features


def script(character: str) -> str:
    """The kind of a character: 가 Hangul syllable, ㅋ lone Hangul letter, 漢, A, a, 9; punctuation stands for itself."""
    if "가" <= character <= "힣":
        return "가"
    if "ㄱ" <= character <= "ㆎ":
        return "ㅋ"
    if "一" <= character <= "鿿":
        return "漢"
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return character


def character_features(sentence: str) -> list[list[str]]:
    """The features of each character that is not a space.

    The characters around it, alone, in pairs and in threes; scripts and word edges around it; where in its word
    it stands; what of the word lies before it and behind it; the word's first and last characters; the ends of
    the neighbouring words.
    """
    # C code cannot take half a surrogate pair.
    sentence = sentence.encode("utf-8", "replace").decode("utf-8")
    words = sentence.split()
    characters = "".join(words)
    edges = word_edges(sentence)
    scripts = [script(character) for character in characters]
    # Padding stands for what lies beyond the ends of the sentence.
    c = ["", "", *characters, "", ""]
    k = ["<", *scripts, ">"]
    e = ["<", *edges, ">"]
    # Neighbours; a pair across a word boundary is marked as such.
    pairs = [
        a + b + ("|" if edge in "ES<" else "") for (a, b), edge in zip(pairwise(c[1:-1]), e, strict=False)
    ]
    rows: list[list[str]] = []
    for number, word in enumerate(words):
        before = words[number - 1] if number else "<"
        behind = words[number + 1] if number + 1 < len(words) else ">"
        shared = [
            f"b={before[-2:]}", f"a={behind[:2]}",
            f"f2={word[:2]}", f"f3={word[:3]}", f"l2={word[-2:]}", f"l3={word[-3:]}",
        ]  # fmt: skip
        for place in range(len(word)):
            i = len(rows)
            rows.append([
                "1",
                f"-2{c[i]}", f"-1{c[i + 1]}", f"0{c[i + 2]}", f"+1{c[i + 3]}", f"+2{c[i + 4]}",
                f"p-{pairs[i]}", f"p0{pairs[i + 1]}",
                f"t-{c[i]}{c[i + 1]}{c[i + 2]}", f"t0{c[i + 1]}{c[i + 2]}{c[i + 3]}", f"t+{c[i + 2]}{c[i + 3]}{c[i + 4]}",
                f"k{k[i]}{k[i + 1]}{k[i + 2]}",
                f"e{e[i + 1]}", f"E{e[i]}{e[i + 1]}{e[i + 2]}{k[i + 1]}",
                f"n{min(place, 5)}/{min(len(word) - place, 5)}",
                f"pre={word[: place + 1]}", f"suf={word[place:]}", f"rest={word[place + 1 :]}",
                *shared,
            ])  # fmt: skip
    return rows


class Crf:
    """A trained CRF: `train`, `predict`, `save`, `load`."""

    def __init__(self, model: bytes):
        """model: the bytes of a file that CRFsuite wrote."""
        self._model = model  # the tagger reads from it for as long as it lives
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(model)

    @property
    def parameters(self) -> int:
        """How many weights are not zero."""
        info = self._tagger.info()
        return len(info.state_features) + len(info.transitions)

    @classmethod
    def train(cls, rows: Sequence[Row], iterations: int = 60, *, c1: float = 0.05, c2: float = 0.01) -> Crf:
        """Train on `rows` by L-BFGS; `c1` drives weights to zero, `c2` keeps them small.

        Raises WorkbookError for rows that are empty or do not have one tag per character.
        """
        # Transitions that the data never show get a weight as well: a low one for O → I-PS.
        settings = {"c1": c1, "c2": c2, "max_iterations": iterations, "feature.possible_transitions": True}
        trainer = pycrfsuite.Trainer("lbfgs", settings, verbose=False)
        for row in rows:
            trainer.append(character_features(row.sentence), without_spaces(row))
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            name = Path(folder, "model.crfsuite")
            if not folder.isascii():  # on Windows CRFsuite cannot open such a path
                stack.enter_context(contextlib.chdir(folder))
                name = Path(name.name)
            trainer.train(str(name))
            return cls(name.read_bytes())

    def predict(self, sentences: Sequence[str], batch_size: int = 1) -> list[list[str]]:
        """One tag a character for each sentence; an empty sentence has none. `batch_size` changes nothing."""
        return [
            with_spaces(text, self._tagger.tag(character_features(text)))
            if text.strip()
            else ["O"] * len(text)
            for text in sentences
        ]

    def save(self, folder: Path) -> None:
        """Write it to `folder`: CRFsuite's file, and a header that names the program that wrote it."""
        folder.mkdir(parents=True, exist_ok=True)
        with paths.draft_of(folder / "model.crfsuite") as draft:
            draft.write_bytes(self._model)
        digest = hashlib.sha256(self._model).hexdigest()
        write_header(
            folder, _FORMAT, _VERSION, sha256=digest, library=f"python-crfsuite {version('python-crfsuite')}"
        )

    @classmethod
    def load(cls, folder: Path) -> Crf:
        """Read it back.

        Raises WorkbookError for anything that `save` of this version did not write: CRFsuite would silently take
        another version's weights, and tag at random.
        """
        header = read_header(folder, _FORMAT, _VERSION)
        model = (folder / "model.crfsuite").read_bytes()
        if hashlib.sha256(model).hexdigest() != header["sha256"]:
            raise WorkbookError(
                f"model.crfsuite in {paths.shown(folder)} is not the file that was saved there: it is damaged or "
                "comes from elsewhere. Copy the folder again, or train again."
            )
        return cls(model)
