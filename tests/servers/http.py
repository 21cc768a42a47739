"""A small real HTTP server for tests: canned answers by route, and a record of what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What to answer; `parts` are sent one by one (chunked), and may wait for a test's event in between."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    parts: Callable[[], Iterator[bytes]] | None = None
    hang_up: bool = False
    """Close the connection instead of answering."""


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    """An answer with a JSON body; header names are given with _ for -."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **named})


Route = Answer | Callable[[Asked], Answer]


class CannedServer:
    """Answers by `"METHOD /path"`, and 404 for everything else; `asked` holds the requests in order.

    Give a route a list, and its answers are given in turn, the last one for good.
    """

    def __init__(self, routes: Mapping[str, Route | list[Route]] | None = None) -> None:
        self.routes: dict[str, Route | list[Route]] = dict(routes or {})
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The base address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, asked: Asked) -> Answer:
        """Record `asked` and choose the answer."""
        self.asked.append(asked)
        route = self.routes.get(f"{asked.method} {asked.path}")
        if isinstance(route, list):
            route = route.pop(0) if len(route) > 1 else route[0]
        if route is None:
            return as_json({"message": f"no route {asked.method} {asked.path}"}, 404)
        return route if isinstance(route, Answer) else route(asked)

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def serving(routes: Mapping[str, Route | list[Route]] | None = None) -> Iterator[CannedServer]:
    """A server with `routes` for the block."""
    server = CannedServer(routes)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _handler(server: CannedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        def _serve(self) -> None:
            self.close_connection = True
            length = int(self.headers.get("Content-Length") or 0)
            target = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, target.path, parse_qs(target.query), headers, self.rfile.read(length))
            answer = server.answer(asked)
            if not answer.hang_up:
                with suppress(BrokenPipeError, ConnectionResetError):  # the client may leave: some tests are about that
                    self._send(answer)

        def _send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in {"Connection": "close", **answer.headers}.items():
                self.send_header(name, value)
            if answer.parts is None:
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in answer.parts():
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - the base class's names

    return Handler
