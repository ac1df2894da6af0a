"""A stand-in for the Hugging Face Hub and for a teacher behind the OpenAI API, served on loopback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from standin.errors import StandinError

__all__ = ["USER", "Sandbox", "StandinError", "environment", "kinds_of_models", "serve"]

USER = "learner"


@dataclass(frozen=True)
class Sandbox:
    """A running stand-in: where it is, who one is in it, and how to end it."""

    url: str
    stop: Callable[[], None]
    user: str = USER


def serve(
    outputs: Path, data: Path, roots: Sequence[Path] = (), port: int = 0, *,
    user: str = USER, miniatures: bool = True, teacher: bool = True,
) -> Sandbox:  # fmt: skip
    """Start the stand-in in a thread of this process; it answers when this returns.

    The Hub is at the address itself, the scripted teacher's API under its `/v1`.

    outputs: the stand-in's own folder: what is written goes to `hub/`, models built here to `models/`.
    data: a folder laid out as Hub repos, the lowest layer.
    roots: folders laid out the same way whose files come before those of `data`, highest first.
    port: 0 takes any free one.
    user: the one account, whose namespace can be written to.
    miniatures: where a root brings no more than a vocabulary for a model of `data`, or `data` lacks its weights,
        build an untrained one; only that needs torch and transformers.
    teacher: answer `/v1` as well.

    Raises StandinError: port in use, a root that is missing, empty or lacks files its cards name, a model that is
    damaged or does not fit together, `outputs` not writable, a vocabulary that cannot be used.
    """
    # Imported here: `python -m standin.models` passes through this module and needs none of it.
    from standin.hub import create_app
    from standin.layers import Layers
    from standin.server import Server
    from standin.store import Store

    every = [*roots, data]
    layers = Layers(every)
    for root in every:
        layers.check(root)
    store = Store(outputs / "hub")  # what cannot work should not first build models
    if miniatures:
        from standin.models import ensure_models

        every = ensure_models(outputs / "models", roots, data)
    app = create_app(every, store, user)
    if teacher:
        from standin.teacher import Teacher, beside

        app = beside(app, Teacher())
    server = Server(app, port)
    return Sandbox(server.url, server.stop, user)


def environment(url: str, home: Path) -> dict[str, str]:
    """The variables that point Hub clients at a stand-in and keep their caches in `home`.

    They are read when a client is imported: set them before, or for a process to be started.
    """
    return {
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_TOKEN": "hf_standin",
        "HF_HUB_DISABLE_XET": "1",  # clients that have Xet upload large files by nothing else
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",  # or datasets and evaluate ask a server that counts
        "NO_PROXY": "127.0.0.1,localhost",
    }


def kinds_of_models(roots: Sequence[Path], data: Path) -> dict[str, str]:
    """What `serve` with the same folders has under each model's id, in the order of the ids.

    "untrained miniature": built here, as the uppermost root that has files of the model brings a vocabulary alone,
    or `data` lacks weights; "pretrained miniature": whole, and its card has the tag `miniature`; "real": any other whole
    model. A repo without weights that no miniature is built for is left out. Builds nothing.

    Raises StandinError: a vocabulary of which a part is missing, a hub.json that cannot be read.
    """
    from standin import models

    return models.kinds(roots, data)
