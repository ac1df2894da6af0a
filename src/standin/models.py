"""Untrained miniatures: where a root brings a vocabulary and no weights, a model of the shape that `data` gives it.

Weights are made in a process of its own (``python -m standin.models``): that imports transformers, and the caller's
process must not have done so yet.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from filelock import FileLock, Timeout

from standin import cards, weights
from standin.errors import StandinError
from standin.files import File
from standin.layers import Layers
from standin.repo import Repo

# Part of the folder's name: raise it when other weights are made of the same files.
BUILDER = 4
_SEED = 42
_PATIENCE = 180  # seconds that a second process waits for the first one's build
_VOCABULARIES = ("vocab.txt", "vocab.json", "merges.txt")
_SHAPE = {"config.json", "tokenizer.json", "tokenizer_config.json"}
_AGAIN = "Download the file from the model's own repo again."

_CARD = """\
---
{front}
---
# {name}, an untrained miniature

This is **not** [{repo}](https://huggingface.co/{repo}). It is a miniature with the same architecture that stands in its
place. {why}, so nothing was pretrained: the weights are made from `config.json` and a fixed seed, and know no word.

- **Good for** running every step (loading, fine-tuning, publishing) in seconds on a laptop's processor.
- **Not good for** any conclusion about the real model, or about what pretraining is worth.
"""


def ensure_models(
    cache: Path, roots: Sequence[Path], data: Path, progress: Callable[[str], object] = print
) -> list[Path]:
    """The roots to serve, highest first: a folder of untrained miniatures, where any are needed, `roots` and `data`.

    The folder lies in `cache` and is filled on the first call. A miniature is needed for a repo of `data` where the
    uppermost root that has its files brings a vocabulary and no config.json, and where `data` itself lacks weights.
    Raises StandinError: a vocabulary that cannot be used, a build that failed, a cache that cannot be written,
    another build that does not end.
    """
    sources = _sources(roots, data)
    if not sources:
        return [*roots, data]
    folder = Path(cache) / _name(sources, data)
    if folder.is_dir():
        return [folder, *roots, data]
    made = {repo: _files(repo, source, data) for repo, source in sources.items()}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.parent / ".lock")
        try:
            lock.acquire(timeout=0.1)
        except Timeout:
            progress("another process is building the miniature models; waiting for it")
            lock.acquire(timeout=_PATIENCE)
    except Timeout:
        raise StandinError(
            f"Another process has been building the miniature models for {_PATIENCE} s. "
            f"If there is none, delete {folder.parent / '.lock'} and run again."
        ) from None
    except OSError as error:
        raise StandinError(
            f"The miniature models cannot be kept in {folder.parent}: {error}. "
            "Choose an outputs folder that can be written."
        ) from error
    with lock:
        if not folder.is_dir():
            for repo, source in sources.items():
                progress(f"building an untrained miniature of {repo}: {_why(source, data)}")
            _build(made, folder)
    return [folder, *roots, data]


def kinds(roots: Sequence[Path], data: Path) -> dict[str, str]:
    """See `standin.kinds_of_models`."""
    found = dict.fromkeys(_sources(roots, data), "untrained miniature")
    layers = Layers([*roots, data])
    for repo_id in layers.ids("models") - found.keys():
        repo = layers.get("models", repo_id)
        if repo and weights.is_whole(repo.main.files):
            found[repo_id] = "pretrained miniature" if _is_miniature(repo) else "real"
    return dict(sorted(found.items()))


def _sources(roots: Sequence[Path], data: Path) -> dict[str, list[Path]]:
    """What must be built: the vocabulary's files by repo. Only what its card in `data` calls a miniature is."""
    sources = {}
    every, below = Layers([*roots, data]), Layers([data])
    for repo_id in sorted(below.ids("models")):
        shape, served = below.get("models", repo_id), every.get("models", repo_id)
        if not shape or not served or not _is_miniature(shape) or not shape.main.files.keys() >= _SHAPE:
            continue
        files, own = served.main.files, shape.main.files
        config = files.get("config.json", own["config.json"])
        if config.source == own["config.json"].source and not weights.is_whole(files):
            sources[repo_id] = _vocabulary(files, own)
    return sources


def _is_miniature(repo: Repo) -> bool:
    return "miniature" in cards.tags("models", repo.main)


def _vocabulary(files: dict[str, File], shape: dict[str, File]) -> list[Path]:
    """The files that make up the vocabulary among `files`. Raises StandinError where one is missing."""
    wanted = ["tokenizer.json"] if "tokenizer.json" in files else [n for n in _VOCABULARIES if n in shape]
    missing = [name for name in wanted if name not in files]
    if missing or ("config.json" not in files and weights.are_there(files)):
        folder = next(iter(files.values())).source.parent
        raise StandinError(
            f"'{folder}' holds a part of a model, without {' and '.join(['config.json', *missing])}. Add what is "
            "missing (a vocabulary may stand alone, weights need everything) or remove the folder.", "root",
        )  # fmt: skip
    return [files[name].source for name in wanted]


def _why(source: list[Path], data: Path) -> str:
    root = source[0].parents[3]
    if root.samefile(data):
        return "its pretrained weights are missing"
    return f"'{root.name}' brings a vocabulary and no weights"


def _files(repo: str, source: list[Path], data: Path) -> dict[str, bytes]:
    """All files of a miniature but its weights, contents by name: the shape of `data` with another vocabulary."""
    shape = Layers([data]).get("models", repo).main
    config, tokenizer, settings = (
        json.loads(shape.text(name)) for name in ("config.json", "tokenizer.json", "tokenizer_config.json")
    )
    old = {number: piece for piece, number in weights.pieces(tokenizer).items()}
    special = {piece for role, piece in settings.items() if role.endswith("_token")}
    tokenizer, ids = _tokenizer(tokenizer, source, special)
    config |= {role: ids[old[n]] for role, n in config.items() if role.endswith("_token_id") and n in old}
    config["vocab_size"] = max(ids.values()) + 1
    kept = ("language", "library_name", "pipeline_tag", "tags")
    front = {name: value for name, value in cards.metadata_of(shape).items() if name in kept}
    why = _why(source, data)
    title = {"front": json.dumps(front, ensure_ascii=False), "name": repo.split("/")[1], "repo": repo}
    beside = [source[0].with_name(name) for name in _VOCABULARIES]
    return {
        **{file.name: file.read_bytes() for file in beside if file.is_file()},
        "README.md": _CARD.format(**title, why=why[0].upper() + why[1:]).encode(),
        "config.json": _json(config),
        "tokenizer.json": _json(tokenizer),
        "tokenizer_config.json": _json(settings),
    }


def _json(content: dict) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _tokenizer(shape: dict, source: list[Path], special: set[str]) -> tuple[dict, dict[str, int]]:
    """`shape`, a tokenizer.json, with the vocabulary of `source`; and its pieces' ids.

    Raises StandinError: a vocabulary that cannot be read, is empty, holds a piece twice, skips an id or lacks a
    special token.
    """
    file = source[0]
    whole = file.name == "tokenizer.json"
    try:
        texts = [each.read_text(encoding="utf-8") for each in source]
        made = json.loads(texts[0]) if whole else shape
        ids = weights.pieces(made) if whole else _pieces(file, texts[0])
        numbers = sorted(set(ids.values()))
    except (ValueError, AttributeError, TypeError, KeyError, OSError) as error:
        raise StandinError(f"The vocabulary {file} cannot be read: {error}. {_AGAIN}") from error
    if not ids:
        raise StandinError(f"The vocabulary {file} is empty. {_AGAIN}")
    if missing := sorted(special - ids.keys()):
        raise StandinError(f"The vocabulary {file} lacks {', '.join(missing)}. {_AGAIN}")
    if numbers != list(range(len(numbers))):
        raise StandinError(f"The vocabulary {file} does not number its pieces from 0 without a gap. {_AGAIN}")
    if whole:
        return made, ids
    model = made["model"] | {"vocab": ids}
    if len(texts) > 1:
        lines = [line for line in texts[1].splitlines() if line and not line.startswith("#version")]
        model["merges"] = [line.split(" ") for line in lines]
    added = [token | {"id": ids[token["content"]]} for token in made["added_tokens"]]
    changed = {
        "model": model,
        "added_tokens": sorted(added, key=lambda token: token["id"]),
        "post_processor": _renumbered(made["post_processor"], ids),
    }
    return made | changed, ids


def _pieces(file: Path, text: str) -> dict[str, int]:
    """Ids by piece of a vocab.txt or vocab.json."""
    if file.suffix == ".json":
        return json.loads(text)
    ids: dict[str, int] = {}
    for number, piece in enumerate(text.removesuffix("\n").split("\n") if text.strip() else []):
        if ids.setdefault(piece, number) != number:
            raise StandinError(f"The vocabulary {file} holds {piece!r} more than once. {_AGAIN}")
    return ids


def _renumbered(processor: dict, ids: dict[str, int]) -> dict:
    """A post-processor of tokenizer.json with the ids of another vocabulary."""
    if processor["type"] == "TemplateProcessing":
        tokens = {
            name: token | {"ids": [ids[piece] for piece in token["tokens"]]}
            for name, token in processor["special_tokens"].items()
        }
        return processor | {"special_tokens": tokens}
    return processor | {role: [processor[role][0], ids[processor[role][0]]] for role in ("sep", "cls")}


def _name(sources: dict[str, list[Path]], data: Path) -> str:
    """A name for the folder that changes with what it is made of, how, and with the libraries that do it."""
    digest = hashlib.sha256(f"{BUILDER} {_SEED} {_version('transformers')} {_version('torch')}".encode())
    for repo, source in sources.items():
        digest.update(f"{repo} {_why(source, data)}".encode())
        for file in [*source, *(data / "models" / repo / name for name in (*sorted(_SHAPE), "README.md"))]:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        raise StandinError(
            f"{package} is not installed. Install this project with its dependencies."
        ) from None


def _build(made: dict[str, dict[str, bytes]], folder: Path) -> None:
    """`folder` appears when everything is in it."""
    for left_over in folder.parent.glob("*.part"):  # of builds that were interrupted: the lock is ours
        shutil.rmtree(left_over, ignore_errors=True)
    part = None
    try:
        part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".part", dir=folder.parent))
        for repo, files in made.items():
            target = part / "models" / repo
            target.mkdir(parents=True)
            for name, content in files.items():
                (target / name).write_bytes(content)
        _make_weights(part)
        os.replace(part, folder)
    except OSError as error:
        raise StandinError(
            f"Building the miniature models in {folder.parent} failed: {error}. Make room on the disk and run again."
        ) from error
    finally:
        if part:
            shutil.rmtree(part, ignore_errors=True)


def _make_weights(root: Path) -> None:
    own = str(Path(__file__).resolve().parents[1])
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONPATH": os.pathsep.join(filter(None, (own, os.environ.get("PYTHONPATH")))),
        "TRANSFORMERS_VERBOSITY": "error",
    }
    # -P: a file of the person's that is called like a package must not be imported in its place
    command = [sys.executable, "-P", "-m", "standin.models", str(root)]
    done = subprocess.run(command, capture_output=True, env=environment, text=True, encoding="utf-8")
    if done.returncode:
        said = done.stderr.strip() or f"exit {done.returncode}"
        raise StandinError(
            f"Building the miniature models failed: {said.splitlines()[-1]}. Check free memory and disk, and that "
            f"torch and transformers can be imported; then run again. Its last words:\n{said[-2000:]}"
        )


def _main(root: Path) -> None:
    """Inside the building process: weights for every config below `root`."""
    import torch
    import transformers
    from tokenizers import Tokenizer

    transformers.utils.logging.disable_progress_bar()
    for file in sorted(root.glob("models/*/*/config.json")):
        Tokenizer.from_file(str(file.with_name("tokenizer.json")))  # raises where merges do not fit
        config = transformers.AutoConfig.from_pretrained(file.parent)
        (head,) = config.architectures
        # A BERT checkpoint carries the pooler and the next-sentence head, whatever head its config names.
        head = "BertForPreTraining" if head == "BertForMaskedLM" else head
        torch.manual_seed(_SEED)
        told = file.read_text(encoding="utf-8")
        getattr(transformers, head)(config).save_pretrained(file.parent)
        file.write_text(told, encoding="utf-8")  # as it was, not as the class above would have it


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
