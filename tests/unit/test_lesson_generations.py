"""Notebook 09: what its cells build agrees with what it imports; each exercise's check names the usual mistakes."""

import json
import re
from itertools import pairwise, product

import numpy as np
import pytest
import torch

from workbook.alignment import entities, tagged_sentence
from workbook.ner import llm
from workbook.ner.bilstm_crf import ConditionalRandomField
from workbook.ner.characters import word_edges
from workbook.ner.crf import character_features
from workbook.paths import resource

DOCUMENT = json.loads((resource("notebooks") / "09_ner_four_generations.ipynb").read_text(encoding="utf-8"))
GIVEN = {
    "BANNED": -1e4, "entities": entities, "np": np, "pairwise": pairwise, "product": product, "re": re,
    "tagged_sentence": tagged_sentence, "torch": torch, "word_edges": word_edges,
}  # fmt: skip


def functions(*names):
    """These functions of the notebook, in a namespace of their own with what they are given."""
    found = dict(GIVEN)
    for cell in DOCUMENT["cells"]:
        source = "".join(cell["source"])
        for name in names:
            if cell["cell_type"] == "code" and (
                text := re.search(rf"^def {name}\(.*?(?=^\S|\Z)", source, re.M | re.S)
            ):
                exec(_whole(source, text.start()), found)
    assert set(names) <= set(found)
    return found


def _whole(source, start):
    """The definition that begins at `start`: its first line, and all that is indented below it."""
    lines = source[start:].splitlines()
    end = next(
        (n for n, line in enumerate(lines[1:], 1) if line and line[0] not in " )"), len(lines)
    )  # a signature may end in a line of its own
    return "\n".join(lines[:end])


def function(name):
    return functions(name)[name]


# --- built in cells ----------------------------------------------------------------------------------


def test_the_window_is_a_part_of_the_features():
    window = function("window_features")
    for text in ("이순신은 1592년에", "가", "서울 to 부산, ㅋㅋ!"):
        rows = zip(window(text), character_features(text), strict=True)
        assert all(set(ours) <= set(theirs) for ours, theirs in rows)


def test_forward_and_viterbi_agree_with_the_layer_on_sentences_of_any_length():
    found = functions("forward", "viterbi", "one_by_one")
    torch.manual_seed(1)
    layer = ConditionalRandomField(["B-PS", "I-PS", "B-LC", "I-LC", "O"])
    for weights in layer.parameters():
        torch.nn.init.normal_(weights)
    lengths = [7, 1, 4]
    batch, mask = torch.randn(3, 7, 5), torch.arange(7) < torch.tensor(lengths)[:, None]
    with torch.no_grad():
        for name, theirs in (("forward", layer.log_partition), ("viterbi", layer.decode)):
            ours = [found["one_by_one"](found[name], batch[i], n, layer) for i, n in enumerate(lengths)]
            if name == "viterbi":
                assert ours == theirs(batch, mask)
            else:
                assert torch.allclose(torch.stack(ours), theirs(batch, mask), atol=1e-3)


@pytest.mark.parametrize("name", ["forward", "viterbi"])
def test_the_algorithms_are_short_enough_to_read(name):
    source = next(text for cell in DOCUMENT["cells"] if f"def {name}(em" in (text := "".join(cell["source"])))
    assert len(_whole(source, source.index(f"def {name}(")).strip().splitlines()) <= 15


@pytest.mark.parametrize(
    "answer",
    [
        "<이순신:PS>은 <서울 시청:OG>에 갔다.",
        "이순신은 서울 시청에 갔다.",
        " <이순신:PS>은 서울 <시청:LC>에 갔다.\n",
    ],
)
def test_a_marked_answer_is_read_as_the_helper_reads_it(answer):
    sentence = "이순신은 서울 시청에 갔다."
    assert function("read_marked")(answer, sentence) == llm.read_answer(answer, sentence, "tagged").tags


@pytest.mark.parametrize("answer", ["<이순신:PS>은 <시청:OG>에 갔다.", "", "<이순신:PX>은 서울 시청에 갔다."])
def test_a_changed_answer_is_refused(answer):
    assert function("read_marked")(answer, "이순신은 서울 시청에 갔다.") is None


def test_a_gap_between_seen_and_unseen_is_taken_within_types():
    """Two types of which neither knows anything by heart: together they seem to."""
    table = np.array([[[90, 100], [9, 10]], [[5, 10], [50, 100]]])  # type, seen or unseen, found and there
    bare, within = function("gaps")(table)
    assert bare == pytest.approx(95 / 110 - 59 / 110)
    assert within == pytest.approx(0)
    with_a_third = np.concatenate([table, [[[0, 0], [3, 3]]]])  # never seen: it cannot be compared
    assert function("gaps")(with_a_third)[1] == pytest.approx(0)


def test_the_fate_of_an_entity():
    from workbook.alignment import Entity

    fate, entity = function("fate"), Entity(2, 5, "PS")
    assert fate(entity, {entity}) == "right"
    assert fate(entity, {Entity(2, 5, "LC")}) == "wrong type"
    assert fate(entity, {Entity(2, 4, "PS")}) == "wrong end"
    assert fate(entity, {Entity(0, 2, "PS"), Entity(5, 6, "PS")}) == "missed"


# --- exercises -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", ["strongest", "legal", "rescued"])
def test_each_solution_passes_its_check_and_an_empty_stub_is_told_so(check):
    found = functions(f"check_{check}", f"{check}_solution", "viterbi")
    assert ": right." in found[f"check_{check}"](found[f"{check}_solution"])
    assert "not answered yet" in found[f"check_{check}"](lambda *_: None)


@pytest.mark.parametrize(
    "function_, said",
    [
        (lambda w, tag, n: sorted((k for k in w if k[1] == tag), key=w.get)[-n:], "without their tags"),
        (lambda w, tag, n: [k[0] for k in sorted(w, key=w.get, reverse=True)][:n], "one tag only"),
        (lambda w, tag, n: ["d", "c"], "speaks *against*"),
        (lambda w, tag, n: ["b", "e"], "highest first"),
        (lambda w, tag, n: ["c"], "instead of"),
    ],
)
def test_wrong_features_are_named(function_, said):
    assert said in function("check_strongest")(function_)


def greedy(logits, tags):
    """Left to right, each time the best that is allowed."""
    path = []
    for row in logits:
        before = tags[path[-1]] if path else "O"
        path.append(max(
            (n for n, tag in enumerate(tags) if tag[0] != "I" or before[1:] == tag[1:]), key=lambda n: row[n]
        ))  # fmt: skip
    return path


def without_a_start(logits, tags):
    path = [int(logits[0].argmax())]
    return path + greedy(torch.cat([torch.tensor([[0, 0, 0, 0, 9.0]]), logits[1:]]), tags)[1:]


@pytest.mark.parametrize(
    "function_, said",
    [
        (lambda logits, tags: logits.argmax(-1).tolist(), "one by one"),
        (without_a_start, "nothing stands before"),
        (lambda logits, tags: [4, 3, 3], "not of its type"),
        (greedy, "has a higher sum"),
    ],
)
def test_wrong_sequences_are_named(function_, said):
    assert said in function("check_legal")(function_)


def always_the_first(answer, sentence):
    tags = ["O"] * len(sentence)
    for text, kind in re.findall(r"<([^<>]+):([A-Z]+)>", answer):
        if (place := sentence.find(text)) >= 0:
            tags[place : place + len(text)] = [f"B-{kind}", *[f"I-{kind}"] * (len(text) - 1)]
    return tags


@pytest.mark.parametrize(
    "function_, said",
    [
        (lambda answer, sentence: ["O"] * len(answer), "tags for"),
        (lambda answer, sentence: ["O"] * len(sentence), "Look the marked texts up"),
        (always_the_first, "second 이순신"),
    ],
)
def test_wrong_rescues_are_named(function_, said):
    assert said in function("check_rescued")(function_)
