"""The CRF layer against every sequence there is, its gradient against differences; the tagger on odd sentences."""

import itertools
import json

import pytest
import torch

from workbook.errors import WorkbookError
from workbook.ner.bilstm_crf import FORBIDDEN, BiLstmCrf, ConditionalRandomField
from workbook.ner.characters import Row, with_spaces, without_spaces, word_edges

TAGS = ["B-PS", "I-PS", "B-LC", "I-LC", "O"]


@pytest.fixture
def crf():
    torch.manual_seed(0)
    layer = ConditionalRandomField(TAGS).double()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    return layer


def batch_of(*lengths):
    """Random emissions for sentences of these lengths, padded with noise, and their mask."""
    generator = torch.Generator().manual_seed(sum(lengths))
    emissions = torch.randn(
        len(lengths), max(lengths), len(TAGS), dtype=torch.float64, generator=generator, requires_grad=True
    )
    return emissions, torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


def by_hand(layer, emissions, tags):
    """The score of one sequence as the definition has it."""
    score = layer.start[tags[0]] + layer.end[tags[-1]]
    if TAGS[tags[0]].startswith("I"):
        score = score + FORBIDDEN
    for position, tag in enumerate(tags):
        score = score + emissions[position, tag]
    for before, after in itertools.pairwise(tags):
        score = score + layer.transitions[before, after]
        if TAGS[after][0] == "I" and TAGS[before][1:] != TAGS[after][1:]:
            score = score + FORBIDDEN
    return score


def every_sequence(length):
    return list(itertools.product(range(len(TAGS)), repeat=length))


@pytest.mark.parametrize("lengths", [(1,), (4,), (4, 1, 3), (2, 5)])
def test_the_forward_algorithm_sums_over_every_sequence(crf, lengths):
    emissions, mask = batch_of(*lengths)
    found = crf.log_partition(emissions, mask)
    for row, length in enumerate(lengths):
        scores = [by_hand(crf, emissions[row], tags) for tags in every_sequence(length)]
        assert torch.allclose(found[row], torch.logsumexp(torch.stack(scores), 0), atol=1e-9)


@pytest.mark.parametrize("lengths", [(1,), (4,), (4, 1, 3), (2, 5)])
def test_viterbi_finds_the_best_of_every_sequence(crf, lengths):
    emissions, mask = batch_of(*lengths)
    for row, found in enumerate(crf.decode(emissions, mask)):
        best = max(every_sequence(lengths[row]), key=lambda tags: by_hand(crf, emissions[row], tags).item())
        assert tuple(found) == best


def test_the_score_of_given_tags(crf):
    emissions, mask = batch_of(4, 2)
    tags = torch.tensor([[0, 1, 4, 2], [2, 3, 0, 0]])
    found = crf.score(emissions, tags, mask)
    assert torch.allclose(found[0], by_hand(crf, emissions[0], [0, 1, 4, 2]))
    assert torch.allclose(found[1], by_hand(crf, emissions[1], [2, 3]))


def test_probabilities_add_up_to_one(crf):
    emissions, mask = batch_of(3)
    losses = [crf(emissions, torch.tensor([tags]), mask) for tags in every_sequence(3)]
    assert torch.exp(-torch.cat(losses)).sum().item() == pytest.approx(1)


def test_the_gradient(crf):
    emissions, mask = batch_of(4, 1, 3)
    tags = torch.tensor([[0, 1, 4, 2], [4, 4, 4, 4], [2, 3, 3, 4]])
    names = ["transitions", "start", "end"]
    values = [getattr(crf, name).detach().clone().requires_grad_() for name in names]

    def loss(emissions, *values):
        return torch.func.functional_call(crf, dict(zip(names, values, strict=True)), (emissions, tags, mask))

    assert torch.autograd.gradcheck(loss, (emissions, *values))


def test_the_gradient_of_the_partition_is_how_likely_each_tag_is(crf):
    emissions, mask = batch_of(3)
    crf.log_partition(emissions, mask).sum().backward()
    likely = torch.zeros(3, len(TAGS), dtype=torch.float64)
    total = crf.log_partition(emissions, mask)[0]
    for tags in every_sequence(3):
        for position, tag in enumerate(tags):
            likely[position, tag] += torch.exp(by_hand(crf, emissions[0], tags) - total).detach()
    assert torch.allclose(emissions.grad[0], likely, atol=1e-9)


def test_what_is_padded_changes_nothing(crf):
    emissions, mask = batch_of(3, 6, 1)
    tags = torch.randint(0, len(TAGS), (3, 6), generator=torch.Generator().manual_seed(1))
    together = crf(emissions, tags, mask)
    for row, length in enumerate((3, 6, 1)):
        alone = emissions[row : row + 1, :length], mask[row : row + 1, :length]
        assert torch.allclose(together[row], crf(alone[0], tags[row : row + 1, :length], alone[1]))
        assert crf.decode(emissions, mask)[row] == crf.decode(*alone)[0]


def test_only_iob2_comes_out(crf):
    torch.nn.init.constant_(crf.transitions, 0.0)
    emissions = torch.zeros(1, 6, len(TAGS), dtype=torch.float64)
    emissions[:, :, TAGS.index("I-LC")] = 5  # nothing speaks for a beginning
    (found,) = crf.decode(emissions, torch.ones(1, 6, dtype=torch.bool))
    assert [TAGS[tag] for tag in found] == ["B-LC", *["I-LC"] * 5]


# --- characters ----------------------------------------------------------------------------------------------


def test_word_edges_are_of_the_characters_that_are_no_spaces():
    assert word_edges(" 가 나다  라마바 ") == ["S", "B", "E", "B", "I", "E"]
    assert word_edges("") == word_edges("  \t") == []


def test_tags_lose_their_spaces_and_get_them_back():
    row = Row("이 순신 옴", ["B-PS", "I-PS", "I-PS", "I-PS", "O", "O"])
    assert without_spaces(row) == ["B-PS", "I-PS", "I-PS", "O"]
    assert with_spaces(row.sentence, without_spaces(row)) == row.tags


def test_an_entity_that_begins_on_a_space_begins_with_its_first_character():
    assert without_spaces(Row("가 나다", ["O", "B-PS", "I-PS", "I-PS"])) == ["O", "B-PS", "I-PS"]
    # An I- of another type begins one as well.
    assert without_spaces(Row("가나다", ["B-PS", "I-LC", "I-LC"])) == ["B-PS", "B-LC", "I-LC"]


# --- the tagger ----------------------------------------------------------------------------------------------


def rows():
    """Twenty sentences in which 서울 is a place and 민수 a person."""
    return [
        Row(text, tags)
        for text, tags in (
            ("서울에 갔다", ["B-LC", "I-LC", "O", "O", "O", "O"]),
            ("민수가 왔다", ["B-PS", "I-PS", "O", "O", "O", "O"]),
            ("민수는 서울로", ["B-PS", "I-PS", "O", "O", "B-LC", "I-LC", "O"]),
            ("아무도 없다", ["O"] * 6),
        )
    ] * 5


@pytest.fixture(scope="module")
def tagger():
    losses = []
    trained = BiLstmCrf.train(
        rows(), 12, width=16, dropout=0.1, batch_size=4, watch=lambda epoch, loss: losses.append(loss)
    )
    assert losses[-1] < losses[0] / 4, "the loss falls"
    return trained


def test_it_learns_what_it_is_shown(tagger):
    for sentence, tags in rows()[:4]:
        assert tagger.predict([sentence]) == [list(tags)]


def test_a_sentence_gets_the_same_tags_alone_and_in_a_batch(tagger):
    sentences = [row.sentence for row in rows()[:4]] + ["민수와 민수와 서울 사람", "?"]
    assert tagger.predict(sentences, batch_size=3) == [tagger.predict([text], 1)[0] for text in sentences]


def test_a_sentence_s_emissions_do_not_hang_on_its_neighbours(tagger):
    from workbook.ner.bilstm_crf import _padded

    encoded = [tagger._encode(text) for text in ("민수는 서울로", "가")]
    together = tagger.network.emissions(*_padded(encoded, "cpu")[:2])
    alone = tagger.network.emissions(*_padded(encoded[1:], "cpu")[:2])
    assert torch.allclose(together[1, :1], alone[0], atol=1e-6)


@pytest.mark.parametrize(
    "sentence", ["", " ", "   \t ", "가", " 가", "漢", "😀", "서울에 " * 1250, "가" * 5000]
)
def test_odd_sentences_get_one_tag_a_character(tagger, sentence):
    (tags,) = tagger.predict([sentence])
    assert len(tags) == len(sentence)
    if not sentence.strip():
        assert set(tags) <= {"O"}


def test_nothing_to_predict(tagger):
    assert tagger.predict([]) == []


@pytest.mark.parametrize("row", [Row("", []), Row("  ", ["O", "O"]), Row("가나", ["O"])])
def test_bad_rows_are_refused(row):
    with pytest.raises(WorkbookError, match=r"empty sentence|2 characters and 1 tags"):
        BiLstmCrf.train([row], 1)


def test_the_same_seed_gives_the_same_model():
    a, b = (BiLstmCrf.train(rows()[:4], 1, width=8) for _ in range(2))
    assert all(torch.equal(x, y) for x, y in zip(a.network.parameters(), b.network.parameters(), strict=True))


def test_saved_and_loaded_it_says_the_same(tagger, tmp_path):
    tagger.save(tmp_path / "model")
    loaded = BiLstmCrf.load(tmp_path / "model")
    sentences = [row.sentence for row in rows()]
    assert loaded.predict(sentences) == tagger.predict(sentences)
    assert loaded.parameters == tagger.parameters


def test_another_version_or_kind_is_refused(tagger, tmp_path):
    tagger.save(tmp_path)
    config = tmp_path / "config.json"
    header = json.loads(config.read_text(encoding="utf-8"))
    for change, cause in (
        ({"version": 99}, "version 99"),
        ({"format": "workbook-crf"}, "holds a workbook-crf"),
    ):
        config.write_text(json.dumps(header | change), encoding="utf-8")
        with pytest.raises(WorkbookError, match=cause) as caught:
            BiLstmCrf.load(tmp_path)
        assert "Train it again" in str(caught.value)
    config.unlink()
    with pytest.raises(WorkbookError, match="no saved workbook-bilstm-crf"):
        BiLstmCrf.load(tmp_path)


def test_both_directions_are_those_of_torchs_bidirectional_lstm():
    from workbook.ner.bilstm_crf import _turned_round

    one = torch.nn.LSTM(8, 5, bidirectional=True, batch_first=True)
    forwards, backwards = (torch.nn.LSTM(8, 5, batch_first=True) for _ in range(2))
    for name, weight in one.named_parameters():
        target = backwards if name.endswith("_reverse") else forwards
        getattr(target, name.removesuffix("_reverse")).data.copy_(weight)
    values, lengths = torch.randn(3, 6, 8), torch.tensor([6, 1, 4])
    packed = torch.nn.utils.rnn.pack_padded_sequence(values, lengths, batch_first=True, enforce_sorted=False)
    theirs, _ = torch.nn.utils.rnn.pad_packed_sequence(one(packed)[0], batch_first=True)
    ours = torch.cat(
        [forwards(values)[0], _turned_round(backwards(_turned_round(values, lengths))[0], lengths)], dim=2
    )
    for row, length in enumerate(lengths):
        assert torch.allclose(ours[row, :length], theirs[row, :length], atol=1e-6)
