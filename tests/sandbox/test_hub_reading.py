"""The clients read: listings, cards, files, data sets, models, metrics, and what they raise."""

from __future__ import annotations

from hub_clients import in_client

# --- listings -----------------------------------------------------------------------------------------


def _ids(repos):
    return [repo.id for repo in repos]


@in_client
def test_whoami():
    from huggingface_hub import HfApi

    who = HfApi().whoami()
    assert (who["name"], who["auth"]["accessToken"]["role"]) == ("learner", "write")


@in_client
def test_list_models_filters():
    from huggingface_hub import list_models

    assert set(_ids(list_models(author="acme"))) >= {"acme/alpha", "acme/beta", "acme/gamma", "acme/gated"}
    assert _ids(list_models(search="ALPH")) == ["acme/alpha"]
    assert _ids(list_models(search="alpha", author="other")) == []
    assert _ids(list_models(filter="token-classification", author="acme")) == ["acme/alpha"]
    assert _ids(list_models(pipeline_tag="text-ranking")) == ["acme/gamma"], (
        "the card goes before the architecture"
    )
    assert set(_ids(list_models(filter=["ko", "bert"], author="acme"))) == {"acme/alpha", "acme/beta"}
    assert set(_ids(list_models(filter="language:ko", author="acme"))) == {"acme/alpha", "acme/beta"}
    assert set(_ids(list_models(filter=["license:apache-2.0", "en"], author="acme"))) == {
        "acme/beta",
        "acme/gamma",
    }
    assert _ids(list_models(filter="made-up")) == ["acme/alpha"]
    assert _ids(list_models(filter="sentence-transformers", author="other")) == ["other/delta"]
    assert "other/delta" not in _ids(list_models(filter="transformers"))
    assert _ids(list_models(author="acme", gated=True)) == ["acme/gated"]
    assert list(list_models(search="no such model")) == []


@in_client
def test_list_models_sorts_and_limits():
    from huggingface_hub import list_models

    acme = ["acme/alpha", "acme/gamma", "acme/beta", "acme/gated"]  # by downloads
    listed = [id for id in _ids(list_models(sort="downloads", author="acme")) if id in acme]
    assert listed == acme
    assert [id for id in _ids(list_models(sort="likes", author="acme")) if id in acme] == acme[::-1]
    assert [id for id in _ids(list_models(sort="last_modified", author="acme")) if id in acme] == acme
    assert _ids(list_models(sort="downloads", author="acme", limit=2)) == acme[:2]


@in_client
def test_listings_are_paged():
    from huggingface_hub import constants
    from huggingface_hub.utils import paginate

    address, query = f"{constants.ENDPOINT}/api/models", {"author": "acme", "sort": "downloads"}
    every = list(paginate(address, params=query, headers={}))
    paged = list(paginate(address, params={**query, "limit": 1}, headers={}))
    assert len(every) > 3 and paged == every


@in_client
def test_listing_details():
    from huggingface_hub import list_models

    plain = next(list_models(search="acme/alpha"))
    assert (plain.downloads, plain.likes, plain.pipeline_tag) == (30, 70, "token-classification")
    assert plain.siblings is None and plain.card_data is None
    full = next(list_models(search="acme/alpha", full=True, cardData=True, fetch_config=True))
    assert "config.json" in [file.rfilename for file in full.siblings]
    assert full.card_data.license == "mit" and full.config["model_type"] == "bert"
    narrow = next(list_models(search="acme/alpha", expand=["likes"]))
    assert narrow.likes == 70 and narrow.downloads is None and narrow.tags is None


@in_client
def test_list_datasets_and_spaces():
    from huggingface_hub import list_datasets, list_spaces

    assert _ids(list_datasets(author="acme", language="ko")) == ["acme/three"]
    assert _ids(list_datasets(author="acme", task_categories="token-classification")) == ["acme/three"]
    assert _ids(list_datasets(author="acme", filter="license:mit")) == ["acme/notes"]
    assert _ids(list_datasets(search="acme/t")) == ["acme/three"]
    assert "size_categories:n<1K" in next(list_datasets(search="acme/three")).tags
    metrics = {"accuracy", "f1", "precision", "recall", "seqeval"}
    assert {
        id.split("/")[1] for id in _ids(list_spaces(author="evaluate-metric", filter="metric"))
    } == metrics
    assert next(list_spaces(search="seqeval")).sdk == "gradio"


@in_client
def test_filter_that_the_sandbox_lacks_says_so():
    from huggingface_hub import list_models
    from huggingface_hub.errors import BadRequestError

    try:
        list(list_models(inference="warm"))
    except BadRequestError as error:
        assert "inference" in str(error) and "real Hub" in str(error)
    else:
        raise AssertionError("a filter was silently ignored")


# --- repos and files ----------------------------------------------------------------------------------


@in_client
def test_model_info(tiny_model: str):
    from huggingface_hub import model_info

    info = model_info("acme/alpha")
    assert info.tags[:3] == ["transformers", "bert", "token-classification"]
    assert {"ko", "news", "license:mit"} <= set(info.tags)
    assert len(info.sha) == 40 and info.last_modified.day == 30 and info.library_name == "transformers"
    assert info.transformers_info.auto_model == "AutoModelForTokenClassification"
    assert model_info("acme/alpha", revision=info.sha).sha == info.sha
    tiny = model_info(tiny_model, files_metadata=True)
    weights = next(file for file in tiny.siblings if file.rfilename == "model.safetensors")
    assert weights.lfs.sha256 and weights.size == weights.lfs.size
    assert tiny.safetensors.total > 1000 and "safetensors" in tiny.tags and tiny.pipeline_tag == "fill-mask"


@in_client
def test_tree_paths_and_refs():
    from huggingface_hub import HfApi
    from huggingface_hub.errors import EntryNotFoundError

    api = HfApi()
    top = {row.path: row for row in api.list_repo_tree("acme/alpha")}
    assert set(top) == {"README.md", "config.json", "extra"}
    every = {row.path for row in api.list_repo_tree("acme/alpha", recursive=True, expand=True)}
    assert every == {*top, "extra/notes.txt"}
    assert [row.path for row in api.list_repo_tree("acme/alpha", "extra")] == ["extra/notes.txt"]
    try:
        list(api.list_repo_tree("acme/alpha", "additional_chat_templates"))
    except EntryNotFoundError:
        pass
    else:
        raise AssertionError("a missing folder has to be a 404")
    rows = api.get_paths_info("acme/alpha", ["config.json", "extra", "missing"], expand=True)
    assert [row.path for row in rows] == ["config.json", "extra"]
    assert rows[0].last_commit.oid == api.model_info("acme/alpha").sha
    refs = api.list_repo_refs("acme/alpha")
    assert [branch.name for branch in refs.branches] == ["main"] and refs.tags == []
    assert len(api.list_repo_commits("acme/alpha")) == 1


@in_client
def test_existence():
    from huggingface_hub import file_exists, repo_exists, revision_exists

    assert repo_exists("acme/alpha") and repo_exists("acme/three", repo_type="dataset")
    assert not repo_exists("acme/three") and not repo_exists("nobody/nothing")
    assert file_exists("acme/alpha", "config.json") and not file_exists("acme/alpha", "weights.bin")
    assert revision_exists("acme/alpha", "main") and not revision_exists("acme/alpha", "v9")


@in_client
def test_errors_by_their_classes():
    import pytest
    from huggingface_hub import HfApi, hf_hub_download, snapshot_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    for wrong in ("nobody/nothing", "bert-base-uncased"):
        with pytest.raises(RepositoryNotFoundError):
            hf_hub_download(wrong, "config.json")
        with pytest.raises(RepositoryNotFoundError):
            HfApi().model_info(wrong)
    with pytest.raises(RevisionNotFoundError):
        hf_hub_download("acme/alpha", "config.json", revision="v9")
    with pytest.raises(RevisionNotFoundError):
        HfApi().model_info("acme/alpha", revision="0" * 40)
    with pytest.raises(EntryNotFoundError):
        hf_hub_download("acme/alpha", "no.json")
    with pytest.raises(GatedRepoError, match="not in the authorized list"):
        hf_hub_download("acme/gated", "config.json")
    with pytest.raises(GatedRepoError):
        snapshot_download("acme/gated")
    with pytest.raises(GatedRepoError):
        HfApi().auth_check("acme/gated")
    assert HfApi().model_info("acme/gated").gated == "manual"
    assert hf_hub_download("acme/gated", "README.md"), "a gated repo's card can be read"


@in_client
def test_snapshot_download_with_patterns(tmp_path):
    from huggingface_hub import snapshot_download

    def names(folder):
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    snapshot_download("acme/alpha", local_dir=tmp_path / "some", allow_patterns=["*.json", "extra/*"])
    assert {n for n in names(tmp_path / "some") if not n.startswith(".cache")} == {
        "config.json",
        "extra/notes.txt",
    }
    snapshot_download("acme/alpha", local_dir=tmp_path / "rest", ignore_patterns="extra/*")
    assert {n for n in names(tmp_path / "rest") if not n.startswith(".cache")} == {"config.json", "README.md"}


@in_client
def test_file_system():
    from huggingface_hub import HfFileSystem

    files = HfFileSystem()
    assert set(files.ls("datasets/acme/three/ner", detail=False)) == {
        "datasets/acme/three/ner/train-0.parquet",
        "datasets/acme/three/ner/validation-0.parquet",
    }
    assert files.read_text("acme/alpha/extra/notes.txt") == "first line\nsecond line\n"
    with files.open("acme/alpha/extra/notes.txt") as stream:
        stream.seek(6)
        assert stream.read(4) == b"line"
    assert files.glob("datasets/acme/three/**/train-*.parquet")
    assert not files.exists("acme/alpha/nothing")


@in_client
def test_card():
    from huggingface_hub import DatasetCard, ModelCard

    card = ModelCard.load("acme/alpha")
    assert card.data.license == "mit" and "# acme/alpha" in card.text
    assert DatasetCard.load("acme/three").data.language == ["ko"]


# --- data sets, models, metrics -----------------------------------------------------------------------


@in_client
def test_load_dataset_three_configs():
    from datasets import get_dataset_config_names, load_dataset

    assert get_dataset_config_names("acme/three") == ["ner", "ynat", "mrc"]
    ner = load_dataset("acme/three", "ner")
    assert {split: len(rows) for split, rows in ner.items()} == {"train": 6, "validation": 3}
    assert ner["train"].features["ner_tags"].feature.names == ["B-PS", "I-PS", "O"]
    assert load_dataset("acme/three", "ynat", split="train").features["label"].names == ["정치", "경제"]
    assert load_dataset("acme/three", "mrc", split="train")[0] == {"question": "누구?"}
    assert load_dataset("acme/notes", split="train")["label"] == [1, 0]


@in_client
def test_load_dataset_from_merged_layers():
    from datasets import load_dataset

    assert load_dataset("acme/merged", "ner", split="train")["sentence"] == ["real"]
    assert load_dataset("acme/merged", "extra", split="train")["x"] == [1]
    assert load_dataset("acme/merged", "mrc", split="train")[0] == {"question": "누구?"}
    assert load_dataset("acme/merged", "ynat", split="train").features["label"].names == ["정치", "경제"]


@in_client
def test_load_dataset_streaming():
    from datasets import load_dataset

    stream = load_dataset("acme/three", "ner", split="validation", streaming=True)
    assert [row["sentence"] for row in stream] == [f"validation {i}" for i in range(3)]


@in_client
def test_load_dataset_from_the_workbooks_data():
    from datasets import load_dataset

    ner = load_dataset("klue/klue", "ner")
    assert ner["train"].features["ner_tags"].feature.names[:2] == ["B-DT", "I-DT"]
    assert set(ner) == {"train", "validation"}
    ynat = load_dataset("klue/klue", "ynat", split="train")
    assert ynat.features["label"].names[0] == "IT과학" and len(ynat) > 0
    assert len(load_dataset("klue/klue", "mrc", split="validation")) > 0


@in_client
def test_from_pretrained(tiny_model: str):
    from transformers import AutoConfig, AutoModelForTokenClassification, AutoTokenizer, pipeline

    assert AutoConfig.from_pretrained(tiny_model).hidden_size == 16
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    assert tokenizer("나는 너를 본다")["input_ids"] == [2, 5, 6, 7, 8, 9, 3]
    model = AutoModelForTokenClassification.from_pretrained(tiny_model, num_labels=3)
    assert model(**tokenizer("나는", return_tensors="pt")).logits.shape == (1, 4, 3)
    assert len(pipeline("fill-mask", model=tiny_model)("나는 [MASK] 본다")) == 5


@in_client
def test_metrics():
    import evaluate
    import pytest

    tags = [["B-PS", "I-PS", "O", "B-LC"], ["B-PS", "O"]]
    guess = [["B-PS", "I-PS", "O", "O"], ["B-PS", "B-LC"]]
    seqeval = evaluate.load("seqeval")
    scores = seqeval.compute(predictions=guess, references=tags)
    assert scores["PS"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "number": 2}
    assert scores["LC"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0, "number": 1}
    assert scores["overall_precision"] == pytest.approx(2 / 3) == scores["overall_recall"]
    assert scores["overall_f1"] == pytest.approx(2 / 3) and scores["overall_accuracy"] == pytest.approx(4 / 6)
    wrong_start = [["I-PS", "O"]]
    lenient = seqeval.compute(predictions=wrong_start, references=[["B-PS", "O"]])
    strict = seqeval.compute(
        predictions=wrong_start, references=[["B-PS", "O"]], mode="strict", scheme="IOB2", zero_division=0
    )
    assert (lenient["overall_f1"], strict["overall_f1"]) == (1.0, 0.0)
    suffixed = seqeval.compute(predictions=[["PS-B", "O"]], references=[["PS-B", "O"]], suffix=True)
    assert suffixed["PS"]["number"] == 1
    with pytest.raises(ValueError, match="IOB2"):
        seqeval.compute(predictions=guess, references=tags, scheme="IOB9")

    pair = {"predictions": [0, 1, 1, 0], "references": [0, 1, 0, 0]}
    assert evaluate.load("accuracy").compute(**pair) == {"accuracy": 0.75}
    assert evaluate.load("accuracy").compute(**pair, sample_weight=[1, 1, 5, 1]) == {"accuracy": 3 / 8}
    assert evaluate.load("precision").compute(**pair) == {"precision": 0.5}
    assert evaluate.load("recall").compute(**pair) == {"recall": 1.0}
    f1 = evaluate.load("f1")
    assert f1.compute(**pair)["f1"] == pytest.approx(2 / 3)
    assert f1.compute(**pair, pos_label=0)["f1"] == pytest.approx(0.8)
    assert f1.compute(**pair, average=None)["f1"].tolist() == pytest.approx([0.8, 2 / 3])
    assert f1.compute(**pair, average="macro")["f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert f1.compute(**pair, average="macro", labels=[1])["f1"] == pytest.approx(2 / 3)
    both = evaluate.combine(["accuracy", "f1"]).compute(**pair)
    assert both["accuracy"] == 0.75


@in_client
def test_routes_that_only_the_real_hub_has_say_so():
    import pytest
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi()
    for attempt, route in (
        (api.get_model_tags, "/api/models-tags-by-type"),
        (lambda: list(api.list_daily_papers()), "/api/daily_papers"),
        (lambda: list(api.list_collections()), "/api/collections"),
        (lambda: list(api.get_repo_discussions("acme/alpha")), "/api/models/acme/alpha/discussions"),
        (lambda: api.list_repo_likers("acme/alpha").__next__(), "/api/models/acme/alpha/likers"),
    ):
        with pytest.raises(HfHubHTTPError) as failure:
            attempt()
        assert failure.value.response.status_code == 501 and f"GET {route}" in str(failure.value)
