"""Who sends: a process that does nothing else, so that what it measures is not its own slowness."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from benchmarks.burst.figures import Sent

FORM = "application/x-www-form-urlencoded"
PATIENCE = 30.0
"""Seconds after which an answer is given up: Slack waits three, and the figures should say how late it was."""
NO_ANSWER = 0
"""The status of a request that got none."""


@dataclass(frozen=True)
class Batch:
    """Requests that are sent together."""

    bodies: tuple[str, ...]
    callers: int
    """So many requests are under way at a time."""
    per_second: float = 0.0
    """Send at this pace, whether the answers keep up or not; 0 means each caller sends when it has its answer."""


class HttpSender:
    """Sends to one address, signed as Slack does, over connections that are opened before the clock starts."""

    def __init__(self, port: int, path: str, secret: str) -> None:
        self._port = port
        self._path = path
        self._secret = secret

    def send(self, batch: Batch) -> list[Sent]:
        """Send them all; what became of each, in the order given."""
        return asyncio.run(self._send([self._request(body) for body in batch.bodies], batch))

    async def _send(self, requests: Sequence[bytes], batch: Batch) -> list[Sent]:
        count = len(requests) if batch.per_second else min(batch.callers, len(requests))
        lines = [await asyncio.open_connection("127.0.0.1", self._port) for _ in range(count)]
        start, step = time.monotonic() + 0.05, 1 / batch.per_second if batch.per_second else 0.0
        waiting = iter(range(len(requests)))
        sent: dict[int, Sent] = {}
        try:
            await asyncio.gather(*(self._call(line, requests, waiting, sent, start, step) for line in lines))
        finally:
            for _reader, writer in lines:
                writer.close()
        return [sent[number] for number in range(len(requests))]

    async def _call(
        self,
        line: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        requests: Sequence[bytes],
        waiting: Iterator[int],
        sent: dict[int, Sent],
        start: float,
        step: float,
    ) -> None:
        reader, writer = line
        for number in waiting:
            await asyncio.sleep(max(start + step * number - time.monotonic(), 0.0))
            at = time.monotonic()
            writer.write(requests[number])
            try:
                async with asyncio.timeout(PATIENCE):
                    status, body = await _answer(reader)
            except (TimeoutError, OSError, EOFError, ValueError) as error:
                sent[number] = Sent(at, time.monotonic(), NO_ANSWER, type(error).__name__)
                return
            sent[number] = Sent(at, time.monotonic(), status, body)

    def _request(self, body: str) -> bytes:
        moment = str(int(time.time()))
        signed = hmac.new(self._secret.encode(), f"v0:{moment}:{body}".encode(), hashlib.sha256).hexdigest()
        content = body.encode()
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Type: {FORM}\r\n"
            f"Content-Length: {len(content)}\r\nX-Slack-Request-Timestamp: {moment}\r\n"
            f"X-Slack-Signature: v0={signed}\r\n\r\n"
        )
        return head.encode() + content


async def _answer(reader: asyncio.StreamReader) -> tuple[int, str]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    lengths = [line.partition(":")[2] for line in head.split("\r\n") if line.startswith("content-length:")]
    body = await reader.readexactly(int(lengths[0]) if lengths else 0)
    return int(head.split(" ", 2)[1]), body.decode()


def sender_main(connection: Connection, port: int, path: str, secret: str) -> None:
    """The process: it takes batches and gives what became of them, until the connection ends."""
    sender = HttpSender(port, path, secret)
    while True:
        try:
            batch = connection.recv()
        except EOFError:
            return
        connection.send(sender.send(batch))
