"""The clients write: repos, files, revisions, models from a Trainer, data sets, cards."""

from __future__ import annotations

import os
import subprocess
import sys

from hub_clients import TOKEN, ask, in_client


def _files(repo_id, **arguments):
    from huggingface_hub import list_repo_files

    return set(list_repo_files(repo_id, **arguments)) - {".gitattributes"}


@in_client
def test_create_repo():
    import pytest
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    api = HfApi()
    made = api.create_repo("created", private=True)
    assert made.repo_id == "learner/created" and made == f"{api.endpoint}/learner/created"
    assert api.create_repo("learner/created", exist_ok=True).repo_id == "learner/created"
    with pytest.raises(HfHubHTTPError) as failure:
        api.create_repo("learner/created")
    assert failure.value.response.status_code == 409
    assert api.model_info("learner/created").private
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("learner/created", token=False)
    assert "learner/created" in [model.id for model in api.list_models(author="learner")]
    assert list(api.list_models(author="learner", search="created", token=False)) == []
    api.update_repo_settings("learner/created", private=False)
    assert not api.model_info("learner/created", token=False).private
    api.move_repo("learner/created", "learner/moved")
    assert api.model_info("learner/created").id == "learner/moved", "the old name leads to the new one"
    assert "learner/created" not in [model.id for model in api.list_models(author="learner")]
    api.delete_repo("learner/moved")
    assert not api.repo_exists("learner/moved")
    api.delete_repo("learner/moved", missing_ok=True)

    assert api.create_repo("created", repo_type="dataset").repo_type == "dataset"
    space = api.create_repo("created", repo_type="space", space_sdk="gradio")
    assert space.repo_type == "space" and api.space_info("learner/created").sdk == "gradio"


@in_client
def test_others_repos_are_read_only():
    import pytest
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi()
    for attempt in (
        lambda: api.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id="acme/alpha"),
        lambda: api.create_repo("acme/new"),
        lambda: api.delete_repo("acme/alpha"),
        lambda: api.create_tag("acme/alpha", tag="v1"),
    ):
        with pytest.raises(HfHubHTTPError, match="'learner'") as failure:
            attempt()
        assert failure.value.response.status_code == 403
    assert api.create_repo("acme/alpha", exist_ok=True) == f"{api.endpoint}/acme/alpha"
    with pytest.raises(HfHubHTTPError, match="token"):
        api.create_repo("nameless", token=False)


@in_client
def test_files_and_their_revisions(tmp_path):
    import pytest
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError

    api, repo = HfApi(), "learner/revisions"
    api.create_repo(repo)
    first = api.upload_file(path_or_fileobj=b"one", path_in_repo="deep/er/a.txt", repo_id=repo)
    assert first.commit_url == f"{api.endpoint}/{repo}/commit/{first.oid}"
    api.create_tag(repo, tag="v1")
    second = api.upload_file(
        path_or_fileobj=b"two", path_in_repo="deep/er/a.txt", repo_id=repo, commit_message="Two"
    )

    def read(revision):
        with open(hf_hub_download(repo, "deep/er/a.txt", revision=revision)) as file:
            return file.read()

    assert [read(at) for at in ("main", second.oid, first.oid, "v1")] == ["two", "two", "one", "one"]
    log = api.list_repo_commits(repo)
    assert log[0].title == "Two" and len(log) == 3 and log[0].authors == ["learner"]
    assert [commit.commit_id for commit in api.list_repo_commits(repo, revision="v1")] == [
        first.oid, log[2].commit_id,
    ]  # fmt: skip
    assert (
        api.upload_file(path_or_fileobj=b"two", path_in_repo="deep/er/a.txt", repo_id=repo).oid == second.oid
    )

    api.create_branch(repo, branch="side/track", revision=first.oid)
    on_side = api.upload_file(
        path_or_fileobj=b"three", path_in_repo="b.txt", repo_id=repo, revision="side/track"
    )
    assert read("side/track") == "one" and _files(repo, revision="side/track") == {"deep/er/a.txt", "b.txt"}
    assert _files(repo) == {"deep/er/a.txt"}
    refs = api.list_repo_refs(repo)
    assert {b.name: b.target_commit for b in refs.branches} == {"main": second.oid, "side/track": on_side.oid}
    assert {t.name: t.target_commit for t in refs.tags} == {"v1": first.oid}
    with pytest.raises(HfHubHTTPError):
        api.create_tag(repo, tag="v1")
    api.create_tag(repo, tag="v1", exist_ok=True)
    api.delete_tag(repo, tag="v1")
    api.delete_branch(repo, branch="side/track")
    assert not api.revision_exists(repo, "v1") and not api.revision_exists(repo, "side/track")
    with pytest.raises(HfHubHTTPError, match="Cannot delete refs/heads/main"):
        api.delete_branch(repo, branch="main")
    with pytest.raises(HfHubHTTPError, match="Reference refs/heads/main already exists"):
        api.create_branch(repo, branch="main")

    with pytest.raises(HfHubHTTPError, match="The branch was updated since") as failure:
        api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo, parent_commit=first.oid)
    assert failure.value.response.status_code == 412
    last = {row.path: row.last_commit.title for row in api.list_repo_tree(repo, recursive=True, expand=True)}
    assert last[".gitattributes"] == "initial commit" and last["deep/er/a.txt"] == last["deep"] == "Two"
    api.delete_file("deep/er/a.txt", repo)
    assert _files(repo) == set() and read(second.oid) == "two"
    with pytest.raises(EntryNotFoundError):
        api.delete_file("deep/er/a.txt", repo)
    with pytest.raises(HfHubHTTPError, match="pull requests"):
        api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo, create_pr=True)


@in_client
def test_upload_folder_with_deletions(tmp_path):
    from huggingface_hub import HfApi

    api, repo = HfApi(), "learner/folder"
    api.create_repo(repo)
    for name in ("keep.txt", "logs/old.log", "logs/new.log", "weights.bin"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    api.upload_folder(repo_id=repo, folder_path=tmp_path, ignore_patterns="*/new.log")
    assert _files(repo) == {"keep.txt", "logs/old.log", "weights.bin"}
    (tmp_path / "logs/old.log").unlink()
    api.upload_folder(repo_id=repo, folder_path=tmp_path, delete_patterns="*.log")
    assert _files(repo) == {"keep.txt", "logs/new.log", "weights.bin"}
    api.delete_folder("logs", repo)
    assert _files(repo) == {"keep.txt", "weights.bin"}


@in_client
def test_large_file(tmp_path):
    import hashlib
    import os

    from huggingface_hub import (
        CommitOperationAdd,
        CommitOperationCopy,
        CommitOperationDelete,
        HfApi,
        hf_hub_download,
    )

    content = os.urandom(25 << 20)
    (tmp_path / "big").write_bytes(content)
    api, repo = HfApi(), "learner/large"
    api.create_repo(repo)
    api.upload_file(path_or_fileobj=tmp_path / "big", path_in_repo="big.txt", repo_id=repo)
    (info,) = api.get_paths_info(repo, "big.txt")
    assert info.lfs.sha256 == hashlib.sha256(content).hexdigest() and info.size == len(content)
    with open(hf_hub_download(repo, "big.txt"), "rb") as file:
        assert file.read() == content
    api.create_commit(
        repo,
        [
            CommitOperationCopy("big.txt", "copy.txt"),
            CommitOperationDelete("big.txt"),
            CommitOperationAdd("small.txt", b"small"),
        ],
        commit_message="Copy",
    )
    assert _files(repo) == {"copy.txt", "small.txt"}
    assert api.get_paths_info(repo, "copy.txt")[0].lfs.sha256 == info.lfs.sha256


@in_client
def test_trainer_pushes_and_pipeline_loads(tmp_path, tiny_model: str):
    from datasets import Dataset
    from huggingface_hub import HfApi, ModelCard
    from transformers import (
        AutoModelForTokenClassification,
        AutoTokenizer,
        DataCollatorForTokenClassification,
        Trainer,
        TrainingArguments,
        pipeline,
    )

    labels = ["B-PS", "I-PS", "O"]
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model = AutoModelForTokenClassification.from_pretrained(
        tiny_model, id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)}
    )
    rows = Dataset.from_list([{**tokenizer("나는 너를 본다"), "labels": [-100, 0, 1, 2, 2, 2, -100]}] * 8)
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            str(tmp_path / "ner-model"), max_steps=2, save_steps=1, use_cpu=True, push_to_hub=True,
            hub_private_repo=True, report_to="none", disable_tqdm=True,
        ),
        train_dataset=rows,
        processing_class=tokenizer,
        data_collator=DataCollatorForTokenClassification(tokenizer),
    )  # fmt: skip
    trainer.train()
    trainer.push_to_hub(language="ko", dataset="KLUE", tags="made-up")

    repo = "learner/ner-model"
    info = HfApi().model_info(repo)
    assert {"model.safetensors", "config.json", "tokenizer.json", "README.md"} <= _files(repo)
    assert (
        info.private and info.pipeline_tag == "token-classification" and {"ko", "made-up"} <= set(info.tags)
    )
    assert ModelCard.load(repo).data.language == ["ko"]
    tagger = pipeline("token-classification", model=repo)
    assert {entity["entity"] for entity in tagger("나는 너를 본다")} <= set(labels)
    again = AutoModelForTokenClassification.from_pretrained(repo)
    assert again.config.id2label == dict(enumerate(labels))
    assert (again.classifier.weight == trainer.model.classifier.weight).all()


@in_client
def test_cards_are_checked():
    import pytest
    from huggingface_hub import HfApi, ModelCard

    api, repo = HfApi(), "learner/card"
    api.create_repo(repo)
    ModelCard("---\nlicense: mit\nlanguage: ko\n---\n# Mine\n").push_to_hub(repo)
    assert ModelCard.load(repo).data.license == "mit" and "ko" in api.model_info(repo).tags
    broken = b"---\nlicense: [mit\n---\n# Broken\n"
    with pytest.raises(ValueError, match="Invalid metadata"):
        api.upload_file(path_or_fileobj=broken, path_in_repo="README.md", repo_id=repo)
    with pytest.raises(ValueError, match='"language"'):
        ModelCard("---\nlanguage: [no, en]\n---\n").validate()
    with pytest.warns(UserWarning, match="empty or missing yaml"):
        api.upload_file(path_or_fileobj=b"# Bare", path_in_repo="README.md", repo_id=repo)


@in_client
def test_dataset_push_to_hub():
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Value, load_dataset

    features = Features({"title": Value("string"), "label": ClassLabel(names=["정치", "경제"])})
    rows = Dataset.from_dict({"title": ["가", "나"], "label": [0, 1]}, features=features)
    DatasetDict({"train": rows, "test": rows}).push_to_hub("learner/news")
    loaded = load_dataset("learner/news")
    assert loaded["test"].features == features and loaded["train"]["title"] == ["가", "나"]
    pinned = load_dataset("learner/news", revision="main", split="train")
    rows.select([0]).push_to_hub("learner/news", split="train")
    assert len(load_dataset("learner/news", split="train")) == 1 and len(pinned) == 2


@in_client
def test_load_dataset_at_a_pinned_revision():
    from datasets import load_dataset
    from huggingface_hub import HfApi

    api, repo = HfApi(), "learner/pinned"
    api.create_repo(repo, repo_type="dataset")

    def upload(text):
        return api.upload_file(
            path_or_fileobj=text.encode(), path_in_repo="train.csv", repo_id=repo, repo_type="dataset"
        )

    first, second = upload("a\n1\n"), upload("a\n1\n2\n")
    assert load_dataset(repo, revision=first.oid, split="train")["a"] == [1]
    assert load_dataset(repo, revision=second.oid, split="train")["a"] == [1, 2]
    assert load_dataset(repo, split="train")["a"] == [1, 2]


@in_client
def test_file_system_writes():
    from huggingface_hub import HfApi, HfFileSystem

    HfApi().create_repo("learner/files")
    files = HfFileSystem()
    with files.open("learner/files/notes.txt", "w") as stream:
        stream.write("written")
    assert files.read_text("learner/files/notes.txt") == "written"
    files.rm("learner/files/notes.txt")
    assert not files.exists("learner/files/notes.txt")


@in_client
def test_deleting_a_folder_as_if_it_were_a_file():
    import pytest
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
    from huggingface_hub.errors import EntryNotFoundError

    api, repo = HfApi(), "learner/folders"
    api.create_repo(repo)
    added = [CommitOperationAdd(path, b"x") for path in ("1/a.md", "1/b/c.md", "1.md", "2/a.md")]
    api.create_commit(repo, added, commit_message="Add")
    api.create_commit(repo, [CommitOperationDelete("1")], commit_message="Delete")
    assert _files(repo) == {"1.md", "2/a.md"}
    with pytest.raises(EntryNotFoundError, match='"3" does not exist'):
        api.create_commit(repo, [CommitOperationDelete("3")], commit_message="Delete")


@in_client
def test_names_that_not_every_file_system_takes(tmp_path):
    from huggingface_hub import HfApi, HfFileSystem

    api, repo = HfApi(), "learner/odd-names"
    names = {"a:b.txt", "what?.txt", "*.txt", 'quo"te<d>|.txt', "ein Ordner/ä & b#%41.txt"}
    api.create_repo(repo)
    for name in names:
        api.upload_file(path_or_fileobj=name.encode(), path_in_repo=name, repo_id=repo)
    assert _files(repo) == names
    assert {path.removeprefix(f"{repo}/") for path in HfFileSystem().find(repo)} == names | {".gitattributes"}
    assert all(api.file_exists(repo, name) for name in names)


@in_client
def test_gitignore(tmp_path):
    from huggingface_hub import HfApi

    for name in ("keep.txt", "a.log", "keep.log", "nested/a.txt", "deep/build/x.txt", "deep/x.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    api = HfApi()
    kept = {"keep.txt", "keep.log", "deep/x.txt", ".gitignore"}
    rules = "# a comment\n*.log\n!keep.log\nnested/*\nbuild/\n"
    api.create_repo("learner/ignoring")
    api.upload_file(path_or_fileobj=rules.encode(), path_in_repo=".gitignore", repo_id="learner/ignoring")
    api.upload_folder(repo_id="learner/ignoring", folder_path=tmp_path)
    assert _files("learner/ignoring") == kept, "the .gitignore of the repo"
    (tmp_path / ".gitignore").write_text(rules)
    api.create_repo("learner/ignoring-too")
    api.upload_folder(repo_id="learner/ignoring-too", folder_path=tmp_path)
    assert _files("learner/ignoring-too") == kept, "the .gitignore of the commit"


@in_client
def test_a_moved_repo_is_found_under_its_old_name(tmp_path):
    import pytest
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import RepositoryNotFoundError

    api = HfApi()
    api.create_repo("old-name", private=True)
    api.upload_file(path_or_fileobj=b"one", path_in_repo="a.txt", repo_id="learner/old-name")
    api.move_repo("learner/old-name", "learner/middle-name")
    api.move_repo("learner/middle-name", "learner/new-name")
    for name in ("learner/old-name", "learner/middle-name", "Learner/NEW-name"):
        assert api.model_info(name).id == "learner/new-name"
        with open(hf_hub_download(name, "a.txt", cache_dir=tmp_path)) as file:
            assert file.read() == "one"
        with pytest.raises(RepositoryNotFoundError):
            api.model_info(name, token=False)
    api.upload_file(path_or_fileobj=b"two", path_in_repo="b.txt", repo_id="learner/old-name")
    assert _files("learner/new-name") == {"a.txt", "b.txt"}
    api.create_repo("old-name")
    assert api.model_info("learner/old-name").id == "learner/old-name", (
        "a name that is taken anew is no other's"
    )
    assert "learner/middle-name" not in [model.id for model in api.list_models(author="learner")]


@in_client
def test_formatted_commits():
    from huggingface_hub import HfApi

    api, repo = HfApi(), "learner/formatted"
    api.create_repo(repo)
    api.upload_file(
        path_or_fileobj=b"x",
        path_in_repo="x",
        repo_id=repo,
        commit_message="a < b",
        commit_description="c & d",
    )
    newest = api.list_repo_commits(repo, formatted=True)[0]
    assert (newest.formatted_title, newest.formatted_message) == ("a &lt; b", "c &amp; d")
    assert api.list_repo_commits(repo)[0].formatted_title is None


def test_a_client_with_xet_is_told_what_to_set(hub):
    """Newer clients upload large files by Xet alone: nothing that a server answers makes them take LFS."""
    program = (
        "from huggingface_hub import HfApi\n"
        "HfApi().create_repo('xet')\n"
        "HfApi().upload_file(path_or_fileobj=b'x' * 100, path_in_repo='small.txt', repo_id='learner/xet')\n"
        "HfApi().upload_file(path_or_fileobj=b'x' * 100, path_in_repo='x.bin', repo_id='learner/xet')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120,
        env={**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_any", "HF_HUB_DISABLE_XET": "0"},
    )  # fmt: skip
    assert done.returncode != 0 and "501" in done.stderr, done.stderr
    status, _, body = ask(hub.url, "/api/models/learner/xet/xet-write-token/main", **TOKEN)
    assert status == 501 and b"HF_HUB_DISABLE_XET=1" in body
    assert ask(hub.url, "/learner/xet/resolve/main/small.txt")[2] == b"x" * 100
