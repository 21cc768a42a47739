"""A service on the wire that counts who asks when, and says 429 to what is above its limit."""

from __future__ import annotations

import asyncio
import threading
import time
from types import TracebackType
from typing import Self


class CountedService:
    """An HTTP server on the loopback that gives one answer to everything, after `seconds`.

    `arrivals` are the moments of all requests. With `most`, a request is refused when so many were let through within
    the last second.
    """

    def __init__(self, body: str, *, seconds: float = 0.0, most: int = 0) -> None:
        self.arrivals: list[float] = []
        self.refused = 0
        self.port = 0
        self._body = body
        self._seconds = seconds
        self._most = most
        self._served: list[float] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._up = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def most_within(self, seconds: float) -> int:
        """The most requests that came within so long."""
        times, start, most = sorted(self.arrivals), 0, 0
        for end, at in enumerate(times):
            while times[start] <= at - seconds:
                start += 1
            most = max(most, end - start + 1)
        return most

    def __enter__(self) -> Self:
        self._thread.start()
        self._up.wait(10)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._take, "127.0.0.1", 0, backlog=1024))
        self.port = int(server.sockets[0].getsockname()[1])
        self._up.set()
        self._loop.run_forever()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
                await reader.readexactly(int(fields.get(b"content-length", b"0")))
                allowed = self._allowed(time.monotonic())
                if allowed:
                    await asyncio.sleep(self._seconds)
                body = self._body if allowed else '{"message": "too many requests"}'
                status = "200 OK" if allowed else "429 Too Many Requests\r\nretry-after: 1"
                headers = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write(f"HTTP/1.1 {status}\r\n{headers}{body}".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _allowed(self, now: float) -> bool:
        self.arrivals.append(now)
        self._served = [at for at in self._served if at > now - 1]
        if self._most and len(self._served) >= self._most:
            self.refused += 1
            return False
        self._served.append(now)
        return True
