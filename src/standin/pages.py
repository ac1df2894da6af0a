"""Plain pages, so that an address of the stand-in opens in a browser."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from standin import repo as repos
from standin.repo import Commit

# A card is shown as text; nothing in it may run.
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_STYLE = "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}pre{white-space:pre-wrap}"


def index(listing: dict[str, list[repos.Repo]]) -> str:
    """All repos."""
    parts = ["<p>A stand-in for the Hugging Face Hub. It runs on this machine only.</p>"]
    for kind, found in listing.items():
        links = "".join(f"<li>{_link(repo.url_path, repo.id)}</li>" for repo in found)
        parts.append(f"<h2>{kind.capitalize()}</h2><ul>{links}</ul>")
    return _page("Stand-in Hub", "".join(parts))


def repo(shown: repos.Repo, commit: Commit) -> str:
    """A repo at a commit: its card, files and commits."""
    root = f"{shown.url_path}/resolve/{commit.oid}"
    files = "".join(
        f"<li>{_link(f'{root}/{quote(path)}', path)} ({file.size:,} bytes)</li>"
        for path, file in commit.files.items()
    )
    log = "".join(
        f"<li>{_link(f'{shown.url_path}/commit/{past.oid}', past.oid[:8])} {escape(past.title)} ({past.date[:16]})</li>"
        for past in shown.log(commit)
    )
    state = " · ".join(["private"] * shown.private + ["gated"] * bool(shown.gated) + [commit.oid])
    body = (
        f"<p>{_link('/', 'All repos')}</p><p>{escape(state)}</p><pre>{escape(commit.text('README.md') or 'No card.')}</pre>"
        f"<h2>Files</h2><ul>{files}</ul><h2>Commits</h2><ul>{log}</ul>"
    )
    return _page(shown.id, body)


def _page(title: str, body: str) -> str:
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(title)}</h1>{body}</html>"
    )


def _link(target: str, text: str) -> str:
    return f'<a href="{escape(target)}">{escape(text)}</a>'
