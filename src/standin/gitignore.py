"""Which files a .gitignore keeps out of a commit, by git's rules."""

from __future__ import annotations

import re

_PIECE = re.compile(r"\*\*/|/\*\*$|\*+|\?|\[[!^]?\]?[^\]]*\]|\\.|.", re.DOTALL)


class Ignored:
    """The rules of a .gitignore: `path in Ignored(text)`."""

    def __init__(self, text: str):
        self._rules = [rule for line in text.splitlines() if (rule := _rule(line))]

    def __contains__(self, path: str) -> bool:
        parts = path.split("/")
        # What lies in an ignored folder cannot be taken back in.
        folders = ("/".join(parts[:i]) for i in range(1, len(parts)))
        return any(self._matches(folder, True) for folder in folders) or self._matches(path, False)

    def _matches(self, path: str, folder: bool) -> bool:
        verdict = False
        for pattern, negated, folders_only in self._rules:
            if (folder or not folders_only) and pattern.fullmatch(path):
                verdict = not negated
        return verdict


def _rule(line: str) -> tuple[re.Pattern[str], bool, bool] | None:
    line = re.sub(r"(?<!\\) +$", "", line)
    negated = line.startswith("!")
    line = line[negated:]
    folders_only = line.endswith("/")
    line = line.rstrip("/")
    if not line or line.startswith("#"):
        return None
    anywhere = "" if "/" in line else "(?:.*/)?"
    regex = anywhere + "".join(map(_regex, _PIECE.findall(line.lstrip("/"))))
    try:
        return re.compile(regex), negated, folders_only
    except re.error:
        return None  # such as [z-a], which matches nothing


def _regex(piece: str) -> str:
    if piece in ("**/", "/**"):
        return "(?:.*/)?" if piece == "**/" else "/.*"
    if piece[0] == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if piece == "[":
        return "(?!)"  # never closed: to git, too, it matches nothing
    if piece[0] == "[":
        inside = piece[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"(?!/)[{'^' + inside[1:] if inside[0] in '!^' else inside}]"
    return re.escape(piece[-1] if piece[0] == "\\" else piece)
