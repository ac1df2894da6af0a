"""Which repos a listing shows, in which order, and with which fields."""

from __future__ import annotations

import re

from starlette.datastructures import QueryParams

from standin import answers, cards, weights
from standin.repo import HubError, Repo

_SORT_KEYS = {
    "downloads": lambda repo: repo.downloads,
    "likes": lambda repo: repo.likes,
    "lastModified": lambda repo: repo.main.date,
    "last_modified": lambda repo: repo.main.date,
    "createdAt": lambda repo: repo.created,
    "created_at": lambda repo: repo.created,
    "trendingScore": lambda repo: repo.trending,
    "trending_score": lambda repo: repo.trending,
}
# Query parameters that are tags under another name.
_TAG_PARAMETERS = {
    "filter": "", "tags": "", "library": "", "language": "language:", "license": "license:",
    "task_categories": "task_categories:", "trained_dataset": "dataset:", "sdk": "",
}  # fmt: skip
_LISTED = {  # what a listing shows unless asked for more
    "models": ("likes", "trendingScore", "private", "downloads", "tags", "pipeline_tag", "library_name", "createdAt"),
    "datasets": (
        "author", "disabled", "gated", "lastModified", "likes", "trendingScore", "private", "downloads", "tags",
        "createdAt",
    ),
    "spaces": ("likes", "trendingScore", "private", "sdk", "tags", "createdAt", "subdomain"),
}  # fmt: skip
_FULL = {
    "models": ("author", "gated", "lastModified", "sha", "siblings"),
    "datasets": ("sha", "siblings", "cardData"),
    "spaces": ("author", "lastModified", "sha", "siblings", "cardData"),
}
_NOT_HERE = ("apps", "inference", "inference_provider", "linked", "models", "datasets")


def select(repos: list[Repo], kind: str, query: QueryParams) -> list[Repo]:
    """Filter and sort. Raises HubError for what the stand-in cannot filter or sort by."""
    if name := next((name for name in _NOT_HERE if name in query), None):
        raise HubError(
            400,
            f"The stand-in's listings cannot be filtered by '{name}', only those of the real Hub. Leave it out.",
        )
    for word in " ".join(query.getlist("search")).lower().split():
        repos = [repo for repo in repos if word in repo.id.lower()]
    if author := query.get("author"):
        repos = [repo for repo in repos if repo.id.split("/")[0].lower() == author.lower()]
    if "gated" in query:
        repos = [repo for repo in repos if bool(repo.gated) == true(query["gated"])]
    if task := query.get("pipeline_tag"):
        repos = [repo for repo in repos if answers.task(repo.main) == task]
    wanted = [
        prefix + tag.removeprefix(prefix)
        for name, prefix in _TAG_PARAMETERS.items()
        for value in query.getlist(name)
        for tag in value.split(",")
    ]
    if wanted:
        tagged = [(repo, cards.tags(kind, repo.main)) for repo in repos]
        repos = [repo for repo, tags in tagged if all(_has(tags, tag) for tag in wanted)]
    if span := query.get("num_parameters"):
        low, high = _span(span)
        sizes = [(repo, (weights.parameters(repo.main) or {"total": -1})["total"]) for repo in repos]
        repos = [repo for repo, size in sizes if low <= size <= high]
    sort = query.get("sort", "trendingScore")
    if sort not in _SORT_KEYS:
        raise HubError(400, f"Listings cannot be sorted by '{sort}'; only by {', '.join(_SORT_KEYS)}.")
    descending = query.get("direction", "-1") != "1"
    by_name = sorted(repos, key=lambda repo: (-repo.downloads, repo.id.lower()))
    return sorted(by_name, key=_SORT_KEYS[sort], reverse=descending)


def fields(kind: str, query: QueryParams) -> list[str]:
    """The fields that a listing's rows have."""
    if asked := expanded(query):
        return asked
    more = _FULL[kind] if true(query.get("full")) else ()
    return [*_LISTED[kind], *more, *(name for name in ("cardData", "config") if true(query.get(name)))]


def expanded(query: QueryParams) -> list[str]:
    """The fields that a client asks for by name."""
    return query.getlist("expand") + query.getlist("expand[]")


def true(text: str | None) -> bool:
    """How clients write a true parameter."""
    return (text or "").lower() in ("true", "1")


def _has(tags: list[str], wanted: str) -> bool:
    # Models carry languages, libraries and tasks as bare tags, and clients ask for them with or without a prefix.
    return (
        wanted in tags
        or wanted.removeprefix("language:").removeprefix("library:").removeprefix("task:") in tags
    )


def _span(text: str) -> tuple[float, float]:
    """`min:6B,max:128B` in numbers."""
    bounds = {"min": 0.0, "max": float("inf")}
    for part in text.split(","):
        found = re.fullmatch(r"(min|max):(\d+(?:\.\d+)?)([KMBT]?)", part.strip(), re.IGNORECASE)
        if not found:
            raise HubError(
                400, f"num_parameters={text!r} is not understood. Write it like 'min:6B,max:128B'."
            )
        bounds[found[1].lower()] = float(found[2]) * 1000 ** " KMBT".index(found[3].upper() or " ")
    return bounds["min"], bounds["max"]
