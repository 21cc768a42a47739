"""Bodies of requests, of which no more is read than anybody who is welcome sends, and no longer waited for."""

from __future__ import annotations

import anyio
from starlette.requests import ClientDisconnect, Request


class TooLong(Exception):
    """The body is longer than allowed."""


class TooSlow(Exception):
    """The body did not arrive in time, or its sender went away."""


async def bounded_body(request: Request, most: int, patience: float) -> bytes:
    """The whole body; raises TooLong, and TooSlow after so many seconds."""
    body = bytearray()
    try:
        with anyio.fail_after(patience):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise TooLong
    except (TimeoutError, ClientDisconnect):
        raise TooSlow from None
    return bytes(body)
