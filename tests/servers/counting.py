"""A server that counts effects by idempotency key, so that a test sees what was done twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class CountingServer:
    """`/keyed/…` honours the key, `/made/…` does not, `/found/…` says what it did, `/slow/N/SECONDS` takes its time."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        """Requests by path and key."""
        self.effects: Counter[str] = Counter()
        """Effects by path: a keyed path counts a key once, a made path every time."""
        self.arrived: list[tuple[float, str]] = []
        self.last: dict[str, datetime] = {}
        """When a path was asked for the last time."""
        self._keys: set[tuple[str, str]] = set()
        self._lock = threading.Condition()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self._say(owner.post(self.path.strip("/"), self.headers.get("Idempotency-Key", "")))

            def do_GET(self) -> None:
                self._say(owner.look(self.path.strip("/"), self.headers.get("Idempotency-Key", "")))

            def _say(self, text: str) -> None:
                body = text.encode()
                try:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # whoever asked is gone

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request: object, client_address: object) -> None:
                """A caller that was killed is no error here."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def post(self, path: str, key: str) -> str:
        kind, number, rest = path.split("/", 2)
        with self._lock:
            self.calls[f"{path} {key}"] += 1
            self.arrived.append((time.monotonic(), path))
            self.last[path] = datetime.now(UTC)
            if kind != "keyed" or (path, key) not in self._keys:
                self.effects[path] += 1
            self._keys.add((path, key))
            self._lock.notify_all()
        if kind == "slow":
            time.sleep(float(rest))
        return f"{number}.{rest}"

    def look(self, path: str, key: str) -> str:
        _kind, number, rest = path.split("/", 2)
        with self._lock:
            return f"{number}.{rest}" if (f"made/{number}/{rest}", key) in self._keys else ""

    def wait_for(self, path: str, *, times: int = 1, seconds: float = 60) -> None:
        """Return once `path` was asked for so often; AssertionError after `seconds`."""
        with self._lock:
            there = self._lock.wait_for(lambda: sum(p == path for _at, p in self.arrived) >= times, seconds)
        assert there, f"{path} was not asked for {times} times within {seconds} s"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
