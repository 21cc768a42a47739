"""Listening, and serving until told to stop."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys

import structlog
import uvicorn
from starlette.types import ASGIApp

from workflows.engine.errors import BatonError

SWITCH_EVERY = 0.0005
"""Seconds after which a busy thread lets others run: the loop that takes requests and sends answers is one of many."""
GRACE = 5
"""Seconds that answers in flight get."""
LISTEN_FD = "BATON_LISTEN_FD"
"""Where `baton up` says which open file is the socket, so that no caller is refused while web restarts."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class PortTaken(BatonError):
    """The address can't be listened at; the text says what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        words = "another program listens there" if "in use" in str(error) else str(error.strerror or error)
        raise PortTaken(
            f"Can't listen at {host}:{port}: {words}. End that program, or set PORT to another number."
        ) from None


def inherited() -> socket.socket | None:
    """The socket that `baton up` opened for this process, if it did."""
    number = os.environ.pop(LISTEN_FD, "")
    return socket.socket(fileno=int(number)) if number.isdigit() else None


def serve(app: ASGIApp, listening: socket.socket) -> int:
    """Serve until SIGTERM or ctrl-C; the exit code. A second signal does not wait for answers."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn puts its own in place, and raises the signal again at the end
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, lifespan="off", timeout_graceful_shutdown=GRACE
    )
    sys.setswitchinterval(SWITCH_EVERY)
    gc.collect()
    gc.freeze()  # what was loaded stays; to look through it again and again would hold up every answer for 0.1 s
    host, port = listening.getsockname()[:2]
    log.info("web started", address=f"http://{f'[{host}]' if ':' in host else host}:{port}")
    with listening:
        uvicorn.Server(config).run(sockets=[listening])
    log.info("web stopped")
    return 0
