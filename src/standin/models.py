"""Miniature models: real architectures, small, untrained, built from a config and a seed.

`ensure_models` is what `standin.serve` calls; it builds in a process of its own (``python -m standin.models``),
because building imports transformers and the caller's process must not have done that yet.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from filelock import FileLock, Timeout

from standin.errors import StandinError

# Part of the folder's name: raise it when what is built changes.
BUILDER = 3
_SEED = 42
_PATIENCE = 180  # seconds that a second process waits for the first one's build

_BERT_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ROBERTA_SPECIAL = ("<pad>", "<unk>", "<s>", "</s>", "<mask>")
_EMOTIONS = (
    "admiration amusement anger annoyance approval caring confusion curiosity desire disappointment disapproval "
    "disgust embarrassment excitement fear gratitude grief joy love nervousness optimism pride realization relief "
    "remorse sadness surprise neutral"
).split()

# `kind`: which classes build it. `vocabulary`: the repo whose vocabulary files it takes. `types`: its token types for
# the second sentence of a pair (None: it returns none). `head`: the architecture its config names.
SPECS: dict[str, dict] = {
    "klue/bert-base": {"kind": "bert", "head": "BertForMaskedLM", "types": 1},
    "klue/roberta-base": {"kind": "roberta", "head": "RobertaForMaskedLM", "types": 0, "wordpiece": True},
    "google-bert/bert-base-uncased": {
        "kind": "bert",
        "head": "BertForMaskedLM",
        "types": 1,
        "lowercase": True,
    },
    "google-bert/bert-base-cased": {"kind": "bert", "head": "BertForMaskedLM", "types": 1},
    "FacebookAI/roberta-base": {"kind": "roberta", "head": "RobertaForMaskedLM", "types": None},
    "answerdotai/ModernBERT-base": {"kind": "modernbert", "head": "ModernBertForMaskedLM", "types": None},
    "SamLowe/roberta-base-go_emotions": {
        "kind": "roberta",
        "head": "RobertaForSequenceClassification",
        "types": None,
        "labels": _EMOTIONS,
        "vocabulary": "FacebookAI/roberta-base",
    },
}


def ensure_models(
    cache: Path, roots: Sequence[Path], data: Path, progress: Callable[[str], object] = print
) -> Path:
    """The folder that holds every miniature model, laid out as a Hub root; built on the first call.

    A vocabulary in an overlay (``roots``, highest first) replaces the miniature's own in ``data``; a model whose
    config.json is in an overlay is left out. Raises StandinError: a vocabulary that cannot be used, a build that
    failed, a cache that cannot be written, another build that does not end.
    """
    plan = _plan(roots, data)
    folder = Path(cache) / _name(plan)
    if folder.is_dir():
        return folder
    for entry in plan.values():
        _check(entry)
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
            _build_apart(plan, folder, progress)
    return folder


def kinds(roots: Sequence[Path], data: Path) -> dict[str, str]:
    """See `standin.kinds_of_models`."""
    from standin import cards, weights
    from standin.layers import Layers

    found = dict.fromkeys(_plan(roots, data), "untrained miniature")
    for layer in (Layers([root]) for root in (*roots, data)):
        for repo_id in layer.ids("models") - found.keys():
            repo = layer.get("models", repo_id)
            if repo and weights.is_whole(repo.main):
                ours = "miniature" in cards.tags("models", repo.main)
                found[repo_id] = "pretrained miniature" if ours else "real"
    return dict(sorted(found.items()))


def _plan(roots: Sequence[Path], data: Path) -> dict[str, dict]:
    """What to build: spec and vocabulary files by repo."""
    plan = {}
    for repo, spec in SPECS.items():
        if any((root / "models" / repo / "config.json").is_file() for root in roots):
            continue
        source = spec.get("vocabulary", repo)
        names = ("vocab.txt",) if _is_wordpiece(spec) else ("vocab.json", "merges.txt")
        folders = [root / "models" / source for root in (*roots, data)]
        folder = next((f for f in folders if all((f / name).is_file() for name in names)), None)
        if folder is None:
            raise StandinError(
                f"There is no vocabulary for {repo}: {' and '.join(names)} should be in {folders[-1]}. "
                "Get the data folder of the project again."
            )
        plan[repo] = {**spec, "files": [str(folder / name) for name in names]}
    return plan


def _is_wordpiece(spec: dict) -> bool:
    return spec["kind"] == "bert" or spec.get("wordpiece", False)


def _name(plan: dict[str, dict]) -> str:
    """A name for the folder that changes with the specs, the vocabularies and the libraries that write the files."""
    digest = hashlib.sha256(f"{BUILDER} {_SEED} {_version('transformers')} {_version('tokenizers')}".encode())
    for repo, entry in sorted(plan.items()):
        spec = {key: value for key, value in entry.items() if key != "files"}
        digest.update(json.dumps([repo, spec], sort_keys=True).encode())
        for file in entry["files"]:
            digest.update(hashlib.sha256(Path(file).read_bytes()).digest())
    return digest.hexdigest()[:16]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        raise StandinError(
            f"{package} is not installed. Install this project with its dependencies."
        ) from None


def _check(entry: dict) -> None:
    """Refuse a vocabulary that is empty, holds a piece twice or lacks a special token."""
    file = entry["files"][0]
    pieces = _pieces(Path(file))
    special = _BERT_SPECIAL if _is_wordpiece(entry) or entry["kind"] == "modernbert" else _ROBERTA_SPECIAL
    cure = "Download the file from the model's own repo again."
    if not pieces:
        raise StandinError(f"The vocabulary {file} is empty. {cure}")
    if doubled := [piece for piece, count in Counter(pieces).items() if count > 1]:
        raise StandinError(f"The vocabulary {file} holds {doubled[0]!r} more than once. {cure}")
    if missing := [token for token in special if token not in pieces]:
        raise StandinError(f"The vocabulary {file} lacks {', '.join(missing)}. {cure}")


def _pieces(file: Path) -> list[str]:
    """The pieces of a vocabulary file in the order of their ids. Raises StandinError where it cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".json":
            ids = json.loads(text)
            return sorted(ids, key=ids.get)
    except (ValueError, AttributeError, TypeError, OSError) as error:
        raise StandinError(
            f"The vocabulary {file} cannot be read: {error}. Download the file from the model's own repo again."
        ) from error
    return text.removesuffix("\n").split("\n") if text.strip() else []


def _build_apart(plan: dict[str, dict], folder: Path, progress: Callable[[str], object]) -> None:
    """Run the build in a process of its own; ``folder`` appears when everything is in it."""
    for left_over in folder.parent.glob("*.part"):  # of builds that were interrupted: the lock is ours
        shutil.rmtree(left_over, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        _run_builder(plan, part, progress)
        os.replace(part, folder)
    except OSError as error:
        raise StandinError(
            f"Building the miniature models in {folder.parent} failed: {error}. Make room on the disk and run again."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _run_builder(plan: dict[str, dict], part: Path, progress: Callable[[str], object]) -> None:
    own = str(Path(__file__).resolve().parents[1])
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "PYTHONIOENCODING": "utf-8",
        "PYTHONPATH": os.pathsep.join(filter(None, (own, os.environ.get("PYTHONPATH")))),
        "TOKENIZERS_PARALLELISM": "false",
        "TRANSFORMERS_VERBOSITY": "error",
    }
    # -P: a file of the person's that is called like a package must not be imported in its place
    command = [sys.executable, "-P", "-m", "standin.models", str(part)]
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment, text=True,
            encoding="utf-8",
        ) as process:  # fmt: skip
            try:
                process.stdin.write(json.dumps(plan))
                process.stdin.close()
                for line in process.stdout:
                    progress(line.rstrip())
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace").strip()[-2000:]
            raise StandinError(
                f"Building the miniature models failed (exit {process.returncode}). Its last words:\n{said}\n"
                "Check free memory and disk, and that torch and transformers can be imported; then run again."
            )


# --- inside the building process ----------------------------------------------------------------------------
def _main() -> None:
    root = Path(sys.argv[1])
    plan = json.loads(sys.stdin.read())
    for number, (repo, entry) in enumerate(plan.items(), 1):
        print(f"building the miniature models {number}/{len(plan)}: {repo}", flush=True)
        _build(entry, root / "models" / repo)


def _build(entry: dict, folder: Path) -> None:
    """Write config, weights and tokenizer of one model into ``folder``."""
    import torch

    folder.mkdir(parents=True)
    tokenizer = _tokenizer(entry)
    tokenizer.save(str(folder / "tokenizer.json"))
    _write_json(folder / "tokenizer_config.json", _tokenizer_config(entry))
    torch.manual_seed(_SEED)
    model = _model(entry, tokenizer)
    model.save_pretrained(folder)
    written = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    _write_json(folder / "config.json", {**written, "architectures": [entry["head"]]})


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _special(entry: dict) -> dict[str, str]:
    """The special tokens by their role."""
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    if _is_wordpiece(entry) or entry["kind"] == "modernbert":
        return dict(zip(names, _BERT_SPECIAL, strict=True))
    special = dict(zip(names, _ROBERTA_SPECIAL, strict=True))
    return {**special, "bos_token": special["cls_token"], "eos_token": special["sep_token"]}


def _tokenizer(entry: dict):
    """A `tokenizers.Tokenizer` that splits and frames text as the model it stands for does."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    special = _special(entry)
    ids = {piece: number for number, piece in enumerate(_pieces(Path(entry["files"][0])))}
    cls, sep = special["cls_token"], special["sep_token"]
    if _is_wordpiece(entry):
        tokenizer = Tokenizer(models.WordPiece(ids, unk_token=special["unk_token"]))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=entry.get("lowercase", False))
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
    else:
        lines = Path(entry["files"][1]).read_text(encoding="utf-8").splitlines()
        merges = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
        tokenizer = Tokenizer(models.BPE(ids, merges))
        if entry["kind"] == "modernbert":
            tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
    if entry["kind"] == "roberta" and not _is_wordpiece(entry):
        tokenizer.post_processor = processors.RobertaProcessing(
            (sep, ids[sep]), (cls, ids[cls]), trim_offsets=True, add_prefix_space=False
        )
    else:
        second = entry["types"] or 0
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{cls}:0 $A:0 {sep}:0",
            pair=f"{cls}:0 $A:0 {sep}:0 $B:{second} {sep}:{second}",
            special_tokens=[(cls, ids[cls]), (sep, ids[sep])],
        )
    tokenizer.add_special_tokens(
        [
            # in byte-level vocabularies the mask takes the space before it
            AddedToken(token, lstrip=role == "mask_token" and not _is_wordpiece(entry), normalized=False)
            for role, token in special.items()
            if role not in ("bos_token", "eos_token")
        ]
    )
    return tokenizer


def _tokenizer_config(entry: dict) -> dict:
    shared = {**_special(entry), "model_max_length": 8192 if entry["kind"] == "modernbert" else 512}
    if entry["kind"] == "bert":
        lowercase = entry.get("lowercase", False)
        return {"tokenizer_class": "BertTokenizer", "do_lower_case": lowercase, **shared}
    if _is_wordpiece(entry):
        # BertTokenizer of transformers 5 gives 1 to a pair's second sentence whatever tokenizer.json says, and a
        # RoBERTa has no such embedding: the class that reads tokenizer.json as it stands keeps the zeros.
        names = ["input_ids", "token_type_ids", "attention_mask"]
        return {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "do_lower_case": False,
            "model_input_names": names,
            **shared,
        }
    if entry["kind"] == "modernbert":
        return {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_input_names": ["input_ids", "attention_mask"],
            **shared,
        }
    return {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": False, **shared}


def _model(entry: dict, tokenizer):
    """The model with random weights from torch's current seed."""
    import transformers

    special = _special(entry)
    ids = {role: tokenizer.token_to_id(token) for role, token in special.items()}
    size = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 512,
        "pad_token_id": ids["pad_token"],
    }
    if entry["kind"] == "bert":
        config = transformers.BertConfig(**size, max_position_embeddings=512, type_vocab_size=2)
        # Checkpoints of BERT carry the pooler and the next-sentence head, whatever head the config names.
        model = transformers.BertForPreTraining(config)
        _look_at_neighbours(model.bert)
        return model
    if entry["kind"] == "roberta":
        labels = entry.get("labels")
        named = (
            {
                "id2label": dict(enumerate(labels)),
                "label2id": {label: number for number, label in enumerate(labels)},
                "problem_type": "multi_label_classification",
            }
            if labels
            else {}
        )
        config = transformers.RobertaConfig(
            **size,
            **named,
            max_position_embeddings=514,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
            bos_token_id=ids["cls_token"],
            eos_token_id=ids["sep_token"],
            tokenizer_class="BertTokenizer" if _is_wordpiece(entry) else None,
        )
        model = getattr(transformers, entry["head"])(config)
        _look_at_neighbours(model.roberta)
        return model
    size |= {"num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 192}
    config = transformers.ModernBertConfig(
        **size,
        max_position_embeddings=8192,
        global_attn_every_n_layers=3,
        local_attention=128,
        bos_token_id=ids["cls_token"],
        eos_token_id=ids["sep_token"],
        cls_token_id=ids["cls_token"],
        sep_token_id=ids["sep_token"],
    )
    return transformers.ModernBertForMaskedLM(config)


def _look_at_neighbours(body) -> None:
    """Positions as sine waves, and attention heads that start out looking one or two positions to the side.

    Attention learns from a few thousand sentences which words matter, but not from so few where the neighbour is:
    with random positions the miniature's F1 on its NER stays near 0.5. Everything that knows words stays random.
    """
    import torch

    offsets, sharpness, amplitude, louder = (-1, 1, -2, 2), 4.0, 0.04, 4.0
    positions = body.embeddings.position_embeddings
    count, width = positions.weight.shape
    # The waves take the second half of the embedding, in pairs of sine and cosine.
    half, pairs = width // 2, width // 4
    frequency = 2.0 * 0.02 ** (torch.arange(pairs) / pairs)
    angle = torch.arange(count)[:, None] * frequency
    with torch.no_grad():
        positions.weight.zero_()
        positions.weight[:, half::2] = amplitude * torch.sin(angle)
        positions.weight[:, half + 1 :: 2] = amplitude * torch.cos(angle)
        if positions.padding_idx is not None:
            positions.weight[positions.padding_idx].zero_()
        for layer in body.encoder.layer:
            attention = layer.attention.self
            size = attention.attention_head_size
            # what a neighbour says is still random, but loud enough to be heard beside the word's own vector
            attention.value.weight *= louder
            layer.attention.output.dense.weight *= louder
            for head, offset in enumerate(offsets):
                mine = list(range(head % 2, pairs, 2))[: size // 2]
                scale = (sharpness * size**0.5 / len(mine)) ** 0.5
                for number, pair in enumerate(mine):
                    row, column = head * size + 2 * number, half + 2 * pair
                    cosine = scale * torch.cos(frequency[pair] * offset)
                    sine = scale * torch.sin(frequency[pair] * offset)
                    # the query is turned by the offset, so that it meets the key that stands there
                    attention.query.weight[row, column] += cosine
                    attention.query.weight[row, column + 1] += sine
                    attention.query.weight[row + 1, column] -= sine
                    attention.query.weight[row + 1, column + 1] += cosine
                    attention.key.weight[row, column] += scale
                    attention.key.weight[row + 1, column + 1] += scale


if __name__ == "__main__":
    _main()
