"""An ASGI app, served on loopback by a thread of this process."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time

import uvicorn
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

from standin.errors import StandinError

HOST = "127.0.0.1"


class Server:
    """Serves `app` on 127.0.0.1 from the moment it is made until `stop()` or the end of the process.

    `port` 0 takes any free one. Raises StandinError where the port is taken.
    """

    def __init__(self, app: ASGIApp, port: int = 0):
        listening = _listen(port)
        self.url = f"http://{HOST}:{listening.getsockname()[1]}"
        # A page in a browser can be made to ask a loopback address under a name of its own; not this one.
        guarded = TrustedHostMiddleware(app, allowed_hosts=[HOST, "localhost"])
        config = uvicorn.Config(
            guarded, loop="asyncio", http="h11", ws="none", lifespan="off",
            log_config=None, log_level="critical", access_log=False, server_header=False,
            timeout_keep_alive=120,  # clients keep their connections; closing one early looks like an outage
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="standin", daemon=True
        )
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise StandinError(
                    f"The server could not start on {self.url}. Try again; if it fails again, choose another port.",
                    "port",
                )
            time.sleep(0.002)

    def stop(self) -> None:
        """Stop serving and free the port; requests under way get a second to finish."""
        self._server.should_exit = True
        self._thread.join(timeout=5)


def _listen(port: int) -> socket.socket:
    # The protocol is named, or asyncio leaves Nagle's algorithm on: 40 ms for every answer in two pieces.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Elsewhere than on Windows this only forgives a port whose last connections are still closing down;
        # there it would let two servers share one port.
        option = socket.SO_REUSEADDR if os.name == "posix" else socket.SO_EXCLUSIVEADDRUSE
        listening.setsockopt(socket.SOL_SOCKET, option, 1)
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE or port:
            raise StandinError(
                f"Port {port} cannot be used ({error.strerror or error}): another program, perhaps another notebook, "
                "holds it. Shut that down, or let the stand-in take any free port (0).",
                "port",
            ) from error
        raise
    return listening
