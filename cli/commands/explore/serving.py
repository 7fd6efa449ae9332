"""Where the page is served: a socket of this machine alone, until the command is interrupted."""

import contextlib
import logging
import socket

import uvicorn

from raft_ref.cli.commands.explore.server import application
from raft_ref.cli.commands.explore.sessions import Sessions
from raft_ref.cli.options.errors import UsageError


def listening_at(port: int) -> socket.socket:
    """Return a socket of this machine alone. Raises `UsageError` where the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()
    except (OSError, OverflowError) as error:
        listening.close()
        why = error.strerror if isinstance(error, OSError) else "expected 0 to 65535"
        raise UsageError(f"--port {port}: {why}") from error
    return listening


def serve(sessions: Sessions, token: str, port: int, listening: socket.socket) -> None:
    """Serve the page of clusters, under a token, until it is interrupted."""
    app = application(sessions, token, port)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", server_header=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    # Nobody who ends the server is told that something was still to be answered.
    logging.getLogger("uvicorn.error").addFilter(lambda said: "graceful" not in said.getMessage())
    try:
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        app.state.searches.end()
        listening.close()
