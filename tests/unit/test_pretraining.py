"""data/source/pretrain.py: what may not be in its text, alignment with the teacher, and going on after a stop."""

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "data" / "source"))

import pretrain  # noqa: E402
from pretraining import corpus, evaluation, student, teacher  # noqa: E402

DATA = ROOT / "data"
KLUE = DATA / "datasets/klue/klue"


@pytest.fixture(scope="module")
def korean():
    return corpus.korean(3_000, DATA)


@pytest.fixture(scope="module")
def english():
    return corpus.english(3_000, DATA)


@pytest.fixture(scope="module")
def small():
    return student.new("klue/bert-base", DATA)


# --- what may not be in the text -----------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["korean", "english"])
def test_no_validation_or_test_sentence_is_in_the_text(language, request):
    drawn = request.getfixturevalue(language)
    code = corpus.KOREAN if language == "korean" else corpus.ENGLISH
    forbidden = {corpus.plain(text) for text in corpus.held_out_texts(DATA, code)}
    assert len(drawn.kept) == len(set(drawn.kept)) == 3_000
    assert not forbidden & {corpus.plain(text) for text in drawn.kept}
    assert drawn.same_sentence > 0, "the rule has something to do"


def test_documents_hold_no_sentence_of_a_test_split():
    documents = corpus.documents(300, DATA, [DATA])
    forbidden = {corpus.plain(text) for text in corpus.held_out_texts(DATA, corpus.ENGLISH)}
    assert len(documents) > 300 and all(len(sentences) > 1 for sentences in documents)
    assert not forbidden & {corpus.plain(each) for sentences in documents for each in sentences}
    assert documents == corpus.documents(300, DATA, [DATA])


def test_what_is_held_out_is_all_that_the_notebooks_score_on():
    texts = set(corpus.held_out_texts(DATA, corpus.KOREAN))
    ner = pq.read_table(KLUE / "ner/validation-00000-of-00001.parquet", columns=["tokens"])[
        "tokens"
    ].to_pylist()
    assert {"".join(tokens) for tokens in ner} <= texts
    assert set(_titles("validation")) <= texts
    texts = set(corpus.held_out_texts(DATA, corpus.ENGLISH))
    reviews = pq.read_table(DATA / "datasets/stanfordnlp/imdb/plain_text/test-00000-of-00001.parquet")
    assert set(reviews["text"].to_pylist()) <= texts


def _titles(split: str) -> list[str]:
    file = KLUE / f"ynat/{split}-00000-of-00001.parquet"
    return pq.read_table(file, columns=["title"])["title"].to_pylist()


def test_the_slots_of_every_validation_headline_are_known():
    words = corpus.held_out_headlines(DATA)
    assert set(words) == set(_titles("validation"))
    assert sum(map(bool, words.values())) > 600, "nearly every headline has a slot"


def test_no_headline_fills_a_template_as_a_validation_headline_does(korean):
    bones = {corpus.skeleton(text, words) for text, words in corpus.held_out_headlines(DATA).items()}
    drawn = corpus._trace(lambda taken: corpus.ynat.headlines(3 * 1_500, False, "pretraining ynat", taken))
    kept = [text for text in korean.kept if text in drawn]
    assert len(kept) >= 1_400
    assert not bones & {corpus.skeleton(text, drawn[text]) for text in kept}
    assert korean.same_skeleton > 500, "the rule has something to do"


def test_no_ner_sentence_fills_a_template_as_a_validation_sentence_does(korean):
    rows = pq.read_table(KLUE / "ner/validation-00000-of-00001.parquet").to_pylist()
    forbidden = {clause for row in rows for clause in corpus._clauses(corpus._marked(row))}
    made = {each.text: each for each in corpus.ner.sentences(6_000, False, "pretraining ner", set())}
    kept = [made[text] for text in korean.kept if text in made]
    assert len(kept) >= 1_400
    assert not [each.text for each in kept if forbidden & set(corpus._clauses(each))]


def test_a_sentence_filled_with_other_names_has_the_same_skeleton():
    one = corpus.skeleton("한라 증권 수원서 12% 상승", ["한라 증권", "수원", "12%"])
    assert one == corpus.skeleton("삼화푸드 강릉서 3.5% 상승", ["삼화푸드", "강릉", "3.5%"])
    assert one != corpus.skeleton("삼화푸드 강릉서 3.5% 하락", ["삼화푸드", "강릉", "3.5%"])
    # the particle follows the name
    assert corpus.skeleton("수원은 맑다", ["수원"]) == corpus.skeleton("제주는 맑다", ["제주"])
    with pytest.raises(ValueError, match="부산"):
        corpus.skeleton("수원은 맑다", ["부산"])


def test_the_text_depends_on_the_seed_alone(english):
    assert corpus.english(500, DATA).kept == english.kept[:500]
    assert corpus.english(300, DATA, "another seed").kept != english.kept[:300]


def test_real_text_is_of_training_splits_and_may_be_missing(tmp_path):
    assert corpus.real([tmp_path], corpus.KOREAN, 10) == ([], [])
    assert all("train-" in path for sources in corpus.REAL.values() for path, _, _ in sources)
    texts, notices = corpus.real([DATA], corpus.KOREAN, 50)
    assert len(texts) == 50 and len(notices) == 2
    assert not set(texts) & set(_titles("validation"))


def test_reviews_are_cut_into_sentences():
    assert corpus.cut('Dull.<br /><br />And long! "Really\\n\\nlong."') == [
        "Dull.",
        "And long!",
        '"Really long."',
    ]
    assert corpus.cut("  ") == []


# --- the teacher's states ------------------------------------------------------------------------------------
class FakeTeacher:
    """Says something about each character, at random and the same each time."""

    name = "multilingual-e5-small"

    def __init__(self, folder=None, width=16):
        self.asked, self.width = 0, width

    def says(self, texts, batch=32):
        for text in texts:
            self.asked += 1
            random = np.random.default_rng(len(text))
            spans = np.array([[i, i + 1] for i in range(len(text))], dtype=np.int16).reshape(-1, 2)
            states = random.normal(size=(len(text), self.width)).astype(np.float16)
            yield teacher.Said(spans, states, states.mean(0))


def test_states_are_aligned_by_characters():
    states = np.arange(8, dtype=np.float16).reshape(4, 2)
    said = teacher.Said(np.array([[0, 1], [1, 2], [2, 4], [5, 6]]), states, states.mean(0))
    made = teacher.aligned([(0, 0), (0, 2), (2, 3), (4, 5), (3, 6), (0, 0)], said)
    assert np.isnan(made[[0, 3, 5]]).all(), "special tokens and uncovered characters have no target"
    assert made[[1, 2, 4]].tolist() == [[1, 2], [4, 5], [5, 6]]


def test_the_teachers_states_survive_an_interruption(tmp_path, monkeypatch):
    monkeypatch.setattr(teacher, "SHARD", 4)
    texts = [f"{'가' * (number + 1)}" for number in range(10)]
    assert teacher.cached(FakeTeacher(), texts, tmp_path, time.monotonic() - 1) == []
    whole = teacher.cached(FakeTeacher(), texts, tmp_path)
    assert [len(each.spans) for each in whole] == list(range(1, 11))
    last = sorted(tmp_path.glob("*/*.npz"))[-1]
    last.rename(last.with_suffix(".part"))  # what a killed run leaves
    again = FakeTeacher()
    assert len(teacher.cached(again, texts, tmp_path)) == 10
    assert again.asked == 2, "only the missing shard is made again"
    other = FakeTeacher()
    teacher.cached(other, [*texts[:9], "다른 글"], tmp_path)
    assert other.asked == 10, "other texts have a cache of their own"


# --- training ------------------------------------------------------------------------------------------------
TEXTS = [
    f"{city} {what} {number}% 상승"
    for city in ("서울", "부산")
    for what in ("수출", "물가")
    for number in range(4)
]
SETTINGS = student.Settings(steps=4, batch=8)


def _trained(checkpoint: Path, until=None, steps_at_once=None):
    made = student.new("klue/bert-base", DATA)
    lesson = student.lesson(made, TEXTS, list(FakeTeacher().says(TEXTS[:12])))
    return made, student.train(made, lesson, SETTINGS, checkpoint, until)


def test_the_teachers_token_states_are_those_of_its_middle_layer(tmp_path, monkeypatch):
    import torch
    import transformers

    monkeypatch.setitem(teacher.MIDDLE, "multilingual-e5-small", 1)
    config = transformers.BertConfig(
        vocab_size=99, hidden_size=8, num_hidden_layers=3, num_attention_heads=2, intermediate_size=8
    )
    model = transformers.BertModel(config, add_pooling_layer=False).eval()
    model.save_pretrained(tmp_path)
    student.new("klue/bert-base", DATA).tokenizer.save(str(tmp_path / "tokenizer.json"))
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(tmp_path / "tokenizer.json"),
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
    )
    tokenizer.save_pretrained(tmp_path)
    one = teacher.Teacher(tmp_path)
    one._loaded = tokenizer, Clipped(model)
    (said,) = one.says(["서울 날씨"])
    ids = tokenizer("서울 날씨", return_tensors="pt")["input_ids"].clamp(max=98)
    with torch.inference_mode():
        layers = model(ids, output_hidden_states=True).hidden_states
    assert np.allclose(said.states, layers[1][0, 1:-1].numpy(), atol=1e-2)
    assert np.allclose(said.pooled[:8], layers[3][0].mean(0).numpy(), atol=1e-2)
    assert np.allclose(said.pooled[8:], layers[1][0].mean(0).numpy(), atol=1e-2)


class Clipped:
    """A model of a small vocabulary that takes any ids."""

    def __init__(self, model):
        self.model = model

    def __call__(self, input_ids, **options):
        options.pop("token_type_ids", None)
        return self.model(input_ids.clamp(max=98), **options)


@pytest.mark.parametrize(("vectors", "lowest", "highest"), [("by document", 0, 0.2), ("all alike", 2.0, 2.2)])
def test_halves_of_a_document_find_each_other_by_what_they_share(vectors, lowest, highest):
    """Sub-words 50 to 53 are the first document's, 60 to 63 the second's; eight to choose from: log(8) is a guess."""
    import torch

    table = torch.eye(50).repeat_interleave(10, 0) if vectors == "by document" else torch.ones(500, 50)
    table[:5] = 0

    def body(input_ids, attention_mask):
        states = table[input_ids]
        return SimpleNamespace(
            last_hidden_state=states + states.sum(1, keepdim=True)
        )  # the first one sees all

    guesser = SimpleNamespace(
        special={"pad_token": 0, "unk_token": 1, "cls_token": 2, "sep_token": 3, "mask_token": 4},
        tokenizer=SimpleNamespace(get_vocab_size=lambda: 500),
        body=body,
        model=SimpleNamespace(lm_head=lambda states: torch.zeros(len(states), 500)),
    )
    text = student.Lesson(
        [[2, 10, 3]], documents=[[[10 * n + k] * 3 for k in range(4)] for n in range(5, 45)]
    )
    pairs = torch.nn.ModuleDict({name: torch.nn.Identity() for name in ("mean", "first")})

    class Numbers:
        """Eight different documents, and chance for the rest."""

        def __init__(self):
            self.other = np.random.default_rng(0)

        def integers(self, low, high=None, size=None):
            return np.arange(8) if size == 8 else self.other.integers(low, high, size)

        def random(self, size):
            return self.other.random(size)

    found = student.pair_losses(guesser, pairs, text, 8, Numbers())
    assert lowest <= float(found["pairs"]) <= highest
    assert float(found["pair words"]) == pytest.approx(np.log(500), abs=1e-3)


def test_a_training_goes_on_where_it_stopped(tmp_path):
    straight, done = _trained(tmp_path / "straight.pt")
    assert done["steps"] == 4 and set(done["losses"]) == {"words", "tokens", "mean", "first", "pooler"}
    for _ in range(3):
        _, stopped = _trained(tmp_path / "stopped.pt", until=time.monotonic() - 1)  # a step a call
        assert stopped is None
    resumed, done = _trained(tmp_path / "stopped.pt")
    assert done["steps"] == 4
    for name, value in straight.model.state_dict().items():
        assert (value == resumed.model.state_dict()[name]).all(), name


def test_a_checkpoint_of_other_settings_is_not_used(tmp_path, capsys):
    _trained(tmp_path / "one.pt")
    made = student.new("klue/bert-base", DATA)
    lesson = student.lesson(made, TEXTS, [])
    done = student.train(made, lesson, student.Settings(steps=1, batch=8), tmp_path / "one.pt")
    assert done["steps"] == 1 and set(done["losses"]) == {"words"}
    assert "other settings" in capsys.readouterr().out


def test_special_tokens_are_never_hidden(small):
    import torch

    special = small.special
    ids = torch.tensor(
        [[special["cls_token"], *range(200, 240), special["sep_token"], special["pad_token"]]] * 50
    )
    shown, hidden = student.hide(ids, special, 3_805, np.random.default_rng(0))
    assert not hidden[:, [0, -2, -1]].any()
    assert 0.10 < hidden[:, 1:-2].float().mean() < 0.20
    assert (shown[~hidden] == ids[~hidden]).all()
    assert 0.7 < (shown[hidden] == special["mask_token"]).float().mean() < 0.9


@pytest.mark.parametrize("repo", pretrain.PLANS)
def test_every_network_is_saved_small_and_guesses_words(repo, tmp_path):
    import torch
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    made = student.new(repo, DATA)
    student.save(made, tmp_path)
    size = (tmp_path / "model.safetensors").stat().st_size
    assert size <= 5_000_000, "six of these and a fine-tuned one fit into 30 MB"
    model, loading = AutoModelForMaskedLM.from_pretrained(tmp_path, output_loading_info=True)
    assert not loading["missing_keys"] and model.dtype == torch.float32
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    inputs = tokenizer(f"the {tokenizer.mask_token} day", return_tensors="pt")
    assert model(**inputs).logits.shape[-1] == len(tokenizer)


def test_the_korean_roberta_is_the_same_body(small):
    import torch

    other = student.new("klue/roberta-base", DATA)
    student.inherit(other, small)
    small.model.eval(), other.model.eval()
    sentence = "어제 서울 날씨는 맑았다."
    with torch.no_grad():
        mine, theirs = (
            each.body(input_ids=torch.tensor([each.tokenizer.encode(sentence).ids])).last_hidden_state
            for each in (small, other)
        )
    assert torch.allclose(mine, theirs, atol=1e-5)


def test_a_cased_vocabulary_inherits_the_vectors_of_the_pieces_that_spell_it():
    body, other = (student.new(f"google-bert/bert-base-{name}", DATA) for name in ("uncased", "cased"))
    student.inherit(other, body)

    def vectors(one, *pieces):
        weight = one.model.get_input_embeddings().weight
        return weight[[one.tokenizer.token_to_id(piece) for piece in pieces]]

    assert vectors(other, "The", "[MASK]").equal(vectors(body, "the", "[MASK]"))
    layer = "bert.encoder.layer.3.output.dense.weight"
    assert other.model.state_dict()[layer].equal(body.model.state_dict()[layer])
    english = student.new("FacebookAI/roberta-base", DATA)
    student.inherit(english, body)
    assert vectors(english, "Ġthe", "<mask>").equal(vectors(body, "the", "[MASK]"))
    assert english.model.lm_head.decoder.weight is english.model.get_input_embeddings().weight


# --- the command ---------------------------------------------------------------------------------------------
def test_the_command_names_what_is_wrong(tmp_path, capsys):
    arguments = ["--teachers", str(tmp_path), "--into", str(tmp_path / "made")]
    assert pretrain.main(["--model", "klue/bert-large", *arguments]) == 2
    assert "klue/bert-large" in capsys.readouterr().err
    assert pretrain.main(["--model", "klue/bert-base", *arguments]) == 2
    assert "--teachers" in capsys.readouterr().err


def test_a_repo_that_starts_from_another_says_so_where_that_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(teacher, "Teacher", lambda folder: FakeTeacher(folder, width=200))
    folder = tmp_path / "teachers/models/google-bert/bert-base-uncased"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    arguments = ["--teachers", str(tmp_path / "teachers"), "--into", str(tmp_path / "made")]
    arguments += ["--sentences", "60", "--taught", "30"]
    assert pretrain.main(["--model", "FacebookAI/roberta-base", *arguments]) == 2
    assert "Pretrain that one first" in capsys.readouterr().err
    assert not (tmp_path / "made").exists(), "it is said before the teacher has read anything"


def test_a_repo_that_is_a_finished_body_needs_no_teacher_of_its_own(tmp_path, monkeypatch):
    reader = FakeTeacher(width=200)
    monkeypatch.setattr(teacher, "Teacher", lambda folder: reader)
    folder = tmp_path / "teachers/models/klue/bert-base"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    arguments = ["--teachers", str(tmp_path / "teachers"), "--into", str(tmp_path / "made")]
    arguments += ["--sentences", "60", "--taught", "30", "--steps", "2"]
    assert pretrain.main(["--model", "klue/bert-base", *arguments]) == 0
    asked = reader.asked
    assert pretrain.main(["--model", "klue/roberta-base", *arguments]) == 0
    assert reader.asked == asked > 0
    made = tmp_path / "made/models/klue/roberta-base"
    assert "trained no further" in (made / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "repo", ["klue/bert-base", "google-bert/bert-base-uncased", "answerdotai/ModernBERT-base"]
)
def test_the_command_goes_on_to_a_finished_repo(repo, tmp_path, monkeypatch):
    from transformers import AutoModelForMaskedLM

    monkeypatch.setattr(teacher, "Teacher", lambda folder: FakeTeacher(folder, width=200))
    folder = tmp_path / "teachers/models" / pretrain.PLANS[repo].teacher
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    into = tmp_path / "made"
    arguments = ["--model", repo, "--teachers", str(tmp_path / "teachers"), "--into", str(into)]
    arguments += ["--sentences", "60", "--taught", "30", "--steps", "2"]
    assert pretrain.main([*arguments, "--minutes", "0"]) == 3, "time is up"
    assert not (into / "models").exists()
    assert pretrain.main(arguments) == 0
    made = into / "models" / repo
    assert "2 steps" in (made / "README.md").read_text()
    AutoModelForMaskedLM.from_pretrained(made)
    assert not list(into.glob("models/*/*.part"))


def test_a_finished_repo_is_left_alone(tmp_path, capsys):
    folder = tmp_path / "models/klue/bert-base"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"whole")
    assert pretrain.main(["--model", "klue/bert-base", "--teachers", "nowhere", "--into", str(tmp_path)]) == 0
    assert "there already" in capsys.readouterr().out
    assert (folder / "model.safetensors").read_bytes() == b"whole"


def test_the_card_tells_what_it_is_made_of():
    facts = {
        "invented": 50_000,
        "real": 40_000,
        "notices": ["KLUE YNAT, CC BY-SA 4.0"],
        "teacher": "multilingual-e5-small",
        "taught": 24_576,
        "pieces": 3_800,
        "steps": 2_400,
        "batch": 64,
        "rate": 1e-3,
        "seconds": 1_200,
        "losses": {"words": 2.5},
        "body": None,
    }
    text = pretrain.card("klue/bert-base", facts)
    for word in (
        "miniature",
        "not",
        "MIT",
        "50,000",
        "40,000",
        "CC BY-SA 4.0",
        "2,400",
        "20 minutes",
        "words 2.5",
    ):
        assert word in text
    assert json.loads(text.split("---")[1])["license"] == "mit"
    text = pretrain.card("klue/roberta-base", {**facts, "body": "klue/bert-base", "steps": 0})
    assert "miniature klue/bert-base" in text and "no further" in text


# --- the comparison ------------------------------------------------------------------------------------------
def test_a_comparison_goes_on_and_pairs_its_seeds(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "fine_tune", lambda *arguments: (arguments[-1], arguments[-2]))
    monkeypatch.setattr(evaluation, "score", lambda scratch, seed, *_: (0.4 if scratch else 0.6) + seed / 100)
    monkeypatch.setattr(evaluation, "baseline", lambda *_: 0.5)
    into = tmp_path / "results.jsonl"
    ways = ["baseline", "from scratch", "pretrained"]
    for _ in range(2):  # the second time there is nothing left to do
        evaluation.compare(tmp_path, "ynat", [100], 3, into, ways, {})
    assert len(into.read_text().splitlines()) == 9
    head, _, row = evaluation.table(into).splitlines()
    assert head.split(" | ")[-2:] == ["minus from scratch", "minus baseline |"]
    cells = row.split(" | ")
    assert cells[1:3] == ["100", "3"] and cells[3:6] == ["0.610", "0.410", "0.500"]
    assert cells[6] == "+0.200 ± 0.000"
    # differences of 0.10, 0.11 and 0.12: a deviation of 0.01, and 4.303 of Student's for two degrees of freedom
    assert cells[7] == f"+0.110 ± {4.303 * 0.01 / 3**0.5:.3f} |"


def test_each_seed_draws_other_rows():
    rows = list(range(1_000))
    assert evaluation.drawn(rows, 100, 0) == evaluation.drawn(rows, 100, 0)
    assert evaluation.drawn(rows, 100, 0) != evaluation.drawn(rows, 100, 1)
    assert sorted(evaluation.drawn(rows, 1_000, 0)) == rows
