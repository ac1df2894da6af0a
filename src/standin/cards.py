"""Cards (README.md with YAML on top): reading, checking, merging, and the tags the Hub derives from them."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import yaml

from standin.repo import Commit

_FRONT_MATTER = re.compile(r"\A\ufeff?\s*---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The endings of transformers' class names, and the task the Hub files such a model under.
_TASK_OF_HEAD = {
    "ForTokenClassification": "token-classification",
    "ForSequenceClassification": "text-classification",
    "ForMaskedLM": "fill-mask",
    "ForQuestionAnswering": "question-answering",
    "ForCausalLM": "text-generation",
    "Model": "feature-extraction",
}
_DATASET_FACETS = (
    "task_categories", "task_ids", "annotations_creators", "language_creators", "multilinguality",
    "source_datasets", "language", "license", "size_categories",
)  # fmt: skip


@lru_cache(maxsize=512)
def parse(text: str) -> tuple[dict[str, Any], str]:
    """A card's metadata as JSON has it (not to be changed) and its body. Raises ValueError."""
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, text
    try:
        loaded = yaml.load(found[1], _LOADER)
        # Dates and NaN become strings; what refers to itself or is nested without end is refused.
        metadata = json.loads(json.dumps(loaded, default=str), parse_constant=str)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if metadata is not None and not isinstance(metadata, dict):
        raise ValueError(f"the metadata must be 'name: value' lines, not a {type(metadata).__name__}")
    return metadata or {}, text[found.end() :]


def metadata_of(commit: Commit) -> dict[str, Any]:
    """A repo's metadata; empty where it has no card or one that does not parse."""
    try:
        return parse(commit.text("README.md") or "")[0]
    except ValueError:
        return {}


def problems(text: str, kind: str) -> tuple[list[str], list[str]]:
    """What the Hub would object to in a card: errors, warnings."""
    try:
        metadata, _ = parse(text)
    except ValueError as error:
        return [f"The YAML at the top of README.md cannot be read: {error}"], []
    if not metadata:
        return [], ["empty or missing yaml metadata in repo card"]
    errors = []
    for name in ("license", "pipeline_tag", "library_name", "sdk"):
        allowed = (str, list) if name == "license" else str
        if metadata.get(name) is not None and not isinstance(metadata[name], allowed):
            errors.append(f'"{name}" must be a string')
    for name in ("tags", "language", "datasets", "metrics"):
        value = metadata.get(name)
        if value is not None and not all(isinstance(item, str) for item in _listed(value)):
            errors.append(
                f'"{name}" must be a string or a list of strings (in YAML, quote words like no: "no")'
            )
    if not isinstance(metadata.get("model-index", []), list):
        errors.append('"model-index" must be a list')
    if kind == "space" and "sdk" not in metadata:
        errors.append('"sdk" is required: gradio, docker or static')
    return errors, []


# --- what the Hub derives ---------------------------------------------------------------------------


def config_of(commit: Commit) -> dict[str, Any]:
    """A model's config.json, or {}."""
    return _json(commit.text("config.json"))


def pipeline_tag(metadata: dict[str, Any], config: dict[str, Any]) -> str | None:
    """The task of a model: as its card says, else by its architecture."""
    if metadata.get("pipeline_tag"):
        return str(metadata["pipeline_tag"])
    return next((_TASK_OF_HEAD[head] for head in _heads(config)), None)


def _heads(config: dict[str, Any]) -> list[str]:
    """The endings of its architectures that a task is known for."""
    return [
        head
        for architecture in _listed(config.get("architectures"))
        for head in _TASK_OF_HEAD
        if str(architecture).endswith(head)
    ][:1]


def library_name(metadata: dict[str, Any], config: dict[str, Any]) -> str | None:
    """The library that loads a model."""
    return metadata.get("library_name") or ("transformers" if config.get("model_type") else None)


def tags(kind: str, commit: Commit) -> list[str]:
    """The tags that listings are filtered by."""
    metadata = metadata_of(commit)
    names = [name.lower() for name in commit.files]
    found: list[str | None] = []
    if kind == "models":
        config = config_of(commit)
        found += [library_name(metadata, config)]
        found += ["safetensors"] if any(name.endswith(".safetensors") for name in names) else []
        found += ["pytorch"] if any(name.endswith("pytorch_model.bin") for name in names) else []
        found += [config.get("model_type"), pipeline_tag(metadata, config)]
        found += _listed(metadata.get("tags")) + _listed(metadata.get("language"))
        found += [f"dataset:{name}" for name in _listed(metadata.get("datasets"))]
        found += [f"arxiv:{number}" for number in _arxiv(commit)]
        found += [f"base_model:{name}" for name in _listed(metadata.get("base_model"))]
        found += [f"license:{name}" for name in _listed(metadata.get("license"))]
    elif kind == "datasets":
        for facet in _DATASET_FACETS:
            found += [f"{facet}:{value}" for value in _listed(metadata.get(facet))]
        found += [
            f"format:{end}" for end in ("parquet", "json", "csv") if any(n.endswith(end) for n in names)
        ]
        found += ["library:datasets"] + [f"arxiv:{number}" for number in _arxiv(commit)]
        found += _listed(metadata.get("tags"))
    else:
        found += [metadata.get("sdk"), *_listed(metadata.get("tags"))]
    return list(dict.fromkeys([str(tag) for tag in found if tag] + ["region:us"]))


def model_details(commit: Commit) -> dict[str, Any]:
    """What the Hub reads out of a model's files: config, transformersInfo, mask_token."""
    config = config_of(commit)
    if not config:
        return {}
    tokenizer = _json(commit.text("tokenizer_config.json"))
    kept = {name: config[name] for name in ("architectures", "model_type") if name in config}
    special = {name: value for name, value in tokenizer.items() if name.endswith("_token")}
    details: dict[str, Any] = {"config": {**kept, "tokenizer_config": special} if special else kept}
    for head in _heads(config):
        details["transformersInfo"] = {
            "auto_model": f"Auto{head}" if head == "Model" else f"AutoModel{head}",
            "pipeline_tag": _TASK_OF_HEAD[head],
            "processor": "AutoTokenizer",
        }
    mask = special.get("mask_token")
    details["mask_token"] = mask.get("content") if isinstance(mask, dict) else mask
    return details


# --- one dataset in several layers ------------------------------------------------------------------


def configs(metadata: dict[str, Any]) -> list[dict[str, Any]]:
    """The configs that a dataset's card names."""
    return [config for config in _listed(metadata.get("configs")) if isinstance(config, dict)]


def data_files(config: dict[str, Any]) -> list[str]:
    """The patterns a config's files are found by."""
    found: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list):
            for item in value:
                collect(item)
        elif isinstance(value, dict):
            for item in [value["path"]] if "path" in value else value.values():
                collect(item)

    collect(config.get("data_files"))
    folder = str(config.get("data_dir") or "").strip("/")
    return [f"{folder}/{pattern}" if folder else pattern for pattern in found] or (
        [f"{folder}/*"] if folder else []
    )


def merge(higher: str, lower: str, hidden: set[str], owner: str) -> str:
    """A dataset's card where two layers have one: the higher, with the lower's configs that still have files.

    hidden: the top-level names of the lower layer that a higher one replaces; owner: whose the lower one is.
    """
    upper, body = parse(higher)
    under, _ = parse(lower)
    upper_configs, under_configs = _by_name(upper.get("configs")), _by_name(under.get("configs"))
    upper_infos, under_infos = _by_name(upper.get("dataset_info")), _by_name(under.get("dataset_info"))

    def survives(name: str) -> bool:
        patterns = data_files(under_configs.get(name, {})) or [name]
        tops = {pattern.lstrip("./").split("/", 1)[0] for pattern in patterns}
        return not any(fnmatchcase(entry, top) for top in tops for entry in hidden)

    taken = upper_configs.keys() | upper_infos.keys()
    kept = [name for name in (under_configs or under_infos) if name not in taken and survives(name)]
    if not kept:
        return higher
    merged = dict(upper)
    has_default = any(config.get("default") for config in upper_configs.values())
    configs = [*upper_configs.values(), *(under_configs[name] for name in kept if name in under_configs)]
    infos = [*upper_infos.values(), *(under_infos[name] for name in kept if name in under_infos)]
    if configs:
        merged["configs"] = [
            {k: v for k, v in config.items() if k != "default"}
            if has_default and i >= len(upper_configs)
            else config
            for i, config in enumerate(configs)
        ]
    if infos:
        merged["dataset_info"] = infos
    note = f"Not part of these files: the configs {', '.join(kept)} come from {owner}."
    front = yaml.safe_dump(merged, sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{front}---\n{body.rstrip()}\n\n{note}\n"


def _by_name(value: Any) -> dict[str, dict[str, Any]]:
    entries = value if isinstance(value, list) else [value]
    return {str(e.get("config_name", "default")): e for e in entries if isinstance(e, dict)}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


def _arxiv(commit: Commit) -> list[str]:
    return re.findall(r"arxiv\.org/(?:abs|pdf)/(\d{4}\.\d{4,5})", commit.text("README.md") or "")


def _json(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}", parse_constant=str)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
