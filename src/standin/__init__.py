"""The sandbox: stand-ins for the Hugging Face Hub and for a teacher, served by this process on loopback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from standin.errors import StandinError

__all__ = ["USER", "Sandbox", "StandinError", "serve"]

USER = "learner"


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: where it is, who one is in it, and how to end it."""

    url: str
    stop: Callable[[], None]
    user: str = USER


def serve(outputs: Path, data: Path, roots: Sequence[Path] = (), port: int = 0) -> Sandbox:
    """Start the sandbox in a thread of this process; it answers when this returns.

    The Hub is at the address itself, the teacher's API under its `/v1`.

    outputs: the sandbox's own folder: what is written goes to `hub/`, the miniature models to `models/`.
    data: a folder laid out as Hub repos, the lowest layer.
    roots: folders laid out the same way whose files come before those of `data`, highest first.
    port: 0 takes any free one.

    Raises StandinError: port in use, an overlay that is missing, empty or lacks files its cards name, `outputs`
    not writable, the workbook's data missing.
    """
    # Imported here: `python -m standin.models` passes through this module and needs none of it.
    from standin.hub import create_app
    from standin.layers import Layers
    from standin.models import ensure_models
    from standin.server import Server
    from standin.store import Store
    from standin.teacher import Teacher, beside

    layers = Layers([*roots, data])
    for root in roots:
        layers.check(root)
    Store(outputs / "hub")  # what cannot work should not first build models
    models = ensure_models(outputs / "models", roots, data)
    hub = create_app([models, *roots, data], outputs / "hub", USER)
    server = Server(beside(hub, Teacher()), port)
    return Sandbox(server.url, server.stop)
