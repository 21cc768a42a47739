"""A small Slack app over signed HTTP that records what it is sent and answers as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

Payload = dict[str, Any]
Answer = Mapping[str, Any] | None


def _nothing(_payload: Payload) -> Answer:
    return None


class RecordingApp:
    """`answer` decides on the body of each answer; None is an empty 200."""

    def __init__(self) -> None:
        self.answer: Callable[[Payload], Answer] = _nothing
        self.payloads: list[Payload] = []
        self._changed = threading.Condition(threading.RLock())
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                answer = owner.take(_decoded(self.headers.get("Content-Type", ""), body))
                sent = b"" if answer is None else json.dumps(answer).encode()
                try:
                    self.send_response(200)
                    if sent:
                        self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(sent)))
                    self.end_headers()
                    self.wfile.write(sent)
                except OSError:
                    self.close_connection = True  # the workspace stopped waiting

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A workspace that is gone is no error here."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """Where the workspace delivers to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/slack/events"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, payload: Payload) -> Answer:
        """Record one delivery and say what to answer."""
        with self._changed:
            self.payloads.append(payload)
            self._changed.notify_all()
        return self.answer(payload)

    def of(self, kind: str) -> list[Payload]:
        """The deliveries of one kind, such as `block_actions` or `/baton`."""
        with self._changed:
            return [one for one in self.payloads if kind in {one.get("type"), one.get("command")}]

    def wait(self, kind: str, count: int = 1, within: float = 10.0) -> Payload:
        """The newest delivery of this kind, once there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.of(kind)) >= count, within), (
                f"{kind} did not come {count} times. What came: "
                f"{[one.get('type') or one.get('command') for one in self.payloads]}"
            )
            return self.of(kind)[-1]


def _decoded(content_type: str, body: str) -> Payload:
    """One delivery as the app's handlers would see it; events by their own type."""
    if "json" in content_type:
        sent: Payload = json.loads(body)
        return sent.get("event") or sent
    form = dict(parse_qsl(body, keep_blank_values=True))
    return json.loads(form["payload"]) if "payload" in form else dict(form)
