"""The sandbox: stand-ins for the Hugging Face Hub and for a teacher, served by this process on loopback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

USER = "learner"


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox: where it is, who one is in it, and how to end it."""

    url: str
    stop: Callable[[], None]
    user: str = USER


def serve(outputs: Path, roots: Sequence[Path] = (), port: int = 0) -> Sandbox:
    """Start the sandbox in a thread of this process; it answers when this returns.

    The Hub is at the address itself, the teacher's API under its `/v1`.

    outputs: the sandbox's own folder: what is written goes to `hub/`, the miniature models to `models/`.
    roots: folders laid out as Hub repos whose files come before the workbook's miniature data, highest first.
    port: 0 takes any free one.

    Raises WorkbookError: port in use, an overlay that is missing, empty or lacks files its cards name, `outputs`
    not writable, the workbook's data missing.
    """
    # Imported here: `python -m workbook.sandbox.models` passes through this module and needs none of it.
    from workbook.paths import resource
    from workbook.sandbox.hub import create_app
    from workbook.sandbox.layers import Layers
    from workbook.sandbox.models import ensure_models
    from workbook.sandbox.server import Server
    from workbook.sandbox.store import Store
    from workbook.sandbox.teacher import Teacher, beside

    data = resource("data")
    layers = Layers([*roots, data])
    for root in roots:
        layers.check(root)
    Store(outputs / "hub")  # what cannot work should not first build models
    models = ensure_models(outputs / "models", roots, data)
    hub = create_app([models, *roots, data], outputs / "hub", USER)
    server = Server(beside(hub, Teacher()), port)
    return Sandbox(server.url, server.stop)
