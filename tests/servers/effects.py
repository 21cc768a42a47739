"""A server that remembers every call: what was done, how often, under which key, and by which process."""

from __future__ import annotations

import threading
import time
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass(frozen=True)
class Execution:
    """One call that was carried out. `serial` counts them all; it is the answer to the call."""

    serial: int
    sort: str
    number: int
    place: int
    key: str
    run_id: str
    attempt: int
    pid: int
    looked: float
    """When the caller last looked at its lease before it sent, in seconds of CLOCK_MONOTONIC."""
    at: float = 0.0
    """When it was carried out, on the same clock."""


class EffectServer:
    """`/keyed/N/P` honours the key, `/made/N/P` and `/hoped/N/P` do not, `/found/N/P` says what was made.

    `/doomed/N/P` is never done. One call in twelve is refused at first, as by a busy server, with nothing done,
    and one in seven, with all of `hoped`, is answered a while after it took effect.
    """

    def __init__(self, pace: float = 0.0) -> None:
        """`pace`: seconds that every answer takes beside that."""
        self._pace = pace
        self.executions: list[Execution] = []
        self.refused: Counter[tuple[int, int]] = Counter()
        self._keys: dict[str, int] = {}
        self._by_place: defaultdict[tuple[int, int], int] = defaultdict(int)
        self._lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 65536

            def do_POST(self) -> None:
                self._say(*owner.post(self.path.strip("/"), self.headers))

            def do_GET(self) -> None:
                self._say(200, owner.look(self.headers.get("Idempotency-Key", "")))

            def _say(self, status: int, text: str) -> None:
                body = text.encode()
                try:
                    self.send_response_only(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # whoever asked is gone

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

            def handle_error(self, request: object, client_address: object) -> None:
                """A caller that was killed is no error here."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def post(self, path: str, headers: object) -> tuple[int, str]:
        """Carry out a call; status and answer."""
        said = dict(headers.items())  # type: ignore[attr-defined] # the library's own message type
        sort, number, place = path.split("/")
        where = int(number), int(place)
        if sort == "doomed":
            return 422, "never"
        chance = zlib.crc32(path.encode())
        with self._lock:
            if chance % 12 == 0 and not self.refused[where]:
                self.refused[where] += 1
                return 503, "busy"
            serial = len(self.executions) + 1
            key = said.get("Idempotency-Key", "")
            self._keys.setdefault(key, serial)
            self._by_place[where] += 1
            self.executions.append(
                Execution(
                    serial, sort, *where, key, said.get("X-Run", ""), int(said.get("X-Attempt", "0")),
                    int(said.get("X-Pid", "0")), float(said.get("X-Looked", "0")), time.monotonic(),
                )
            )  # fmt: skip
        slow = 0.02 + chance % 100 / 400 if sort == "hoped" or chance % 7 == 0 else 0.0
        time.sleep(self._pace + slow)  # the service takes its time, so that faults come in mid-call
        return 200, str(serial)

    def look(self, key: str) -> str:
        """The answer to the first call with this key; empty when there was none."""
        with self._lock:
            return str(self._keys.get(key, ""))

    def done_at(self, number: int, place: int) -> str:
        """The answer to the first call of this place, for a person who looks there; empty when there was none."""
        with self._lock:
            return next((str(e.serial) for e in self.executions if (e.number, e.place) == (number, place)), "")

    @property
    def count(self) -> int:
        """Calls carried out so far."""
        return len(self.executions)

    @property
    def places(self) -> int:
        """Places that were reached so far; repeats don't count."""
        return len(self._by_place)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
