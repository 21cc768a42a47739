"""A slow model on the wire: it answers nobody before so many have asked, or was told to."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\ndone"


class SlowModel:
    """An HTTP server on the loopback; `asked` is how many wait for their answer."""

    def __init__(self) -> None:
        self.asked = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._answered = asyncio.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._up = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/chat"

    def __enter__(self) -> Self:
        self._thread.start()
        self._up.wait(10)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.answer()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def answer(self) -> None:
        """Answer all who wait, and whoever comes after."""
        self._loop.call_soon_threadsafe(self._answered.set)

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
                self.asked += 1
                await self._answered.wait()
                self.asked -= 1
                writer.write(ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
