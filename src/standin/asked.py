"""What a request asks for, checked: its token, the JSON in its body, its range of bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from starlette.requests import Request

from standin.repo import KINDS, HubError

T = TypeVar("T")
_CALLED = {
    str: "a string", int: "a whole number from 0", bool: "true or false", list: "a list", dict: "an object",
}  # fmt: skip


def token(request: Request) -> str:
    """The token a request carries; '' for none."""
    return request.headers.get("authorization", "").removeprefix("Bearer").strip()


class Asked:
    """A JSON object from a request. A field that is missing or of another type than wanted is a 400."""

    def __init__(self, fields: Any):
        if not isinstance(fields, dict):
            raise HubError(400, "The request's JSON must be an object.")
        self._fields: dict[str, Any] = fields

    @classmethod
    def of(cls, body: bytes) -> Asked:
        try:
            return cls(json.loads(body or b"{}"))
        except (ValueError, RecursionError) as error:
            raise HubError(400, f"The request's JSON cannot be read: {error}.") from None

    def __contains__(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def get(self, name: str, default: T) -> T:
        """A field of the same type as `default`, which stands in where there is none."""
        return self.need(name, type(default)) if name in self else default

    def need(self, name: str, kind: type[T]) -> T:
        """A field that has to be there."""
        value = self._fields.get(name)
        fits = type(value) is kind and not (kind is int and not 0 <= value < 1 << 60)
        if kind is str and fits and not value.isascii():
            fits = value == value.encode("utf-8", "replace").decode()  # no lone surrogate
        if not fits:
            raise HubError(400, f"'{name}' must be {_CALLED[kind]}.")
        return value

    def any_of(self, name: str, values: tuple[T, ...]) -> T:
        """A field that has to be one of these values."""
        value = self._fields.get(name)
        if all(
            value is not allowed and (value != allowed or type(value) is not type(allowed))
            for allowed in values
        ):
            raise HubError(400, f"'{name}' must be one of {', '.join(map(str, values))}.")
        return value

    def each(self, name: str) -> Iterator[Asked]:
        """The objects of a list."""
        return map(Asked, self.get(name, []))

    def repo_kind(self) -> str:
        """`models`, `datasets` or `spaces`, from the field `type`."""
        kind = f"{self.get('type', 'model')}s"
        if kind not in KINDS:
            raise HubError(
                400, f"There are no repos of type '{kind[:-1]}' here: use model, dataset or space."
            )
        return kind


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """First byte and end (exclusive) of a Range header; None: the whole file, as for several ranges at once."""
    found = re.fullmatch(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", header)
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        return max(0, size - int(found[2])), size
    return int(found[1]), min(int(found[2] or size) + 1, size)
