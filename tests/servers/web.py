"""A web application on a real port of this machine, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from bot.web.serving import listen


@contextmanager
def serving(app: ASGIApp) -> Iterator[tuple[str, int]]:
    """Serve it; host and port. Calls that come before it is up wait in the line of the socket."""
    with listen("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield listening.getsockname()[:2]
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()
