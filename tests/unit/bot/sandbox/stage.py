"""An app for the workspace to talk to: a small Bolt app over either transport, and a bare HTTP listener."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk import WebClient

from bot.sandbox import LocalWorkspace
from bot.sandbox.courier import Ack, Delivery

Json = dict[str, Any]

SCOPES = [
    "app_mentions:read", "channels:history", "channels:join", "channels:read", "chat:write", "commands", "files:read",
    "files:write", "groups:history", "groups:read", "im:history", "im:read", "im:write", "reactions:read",
    "reactions:write", "team:read", "usergroups:read", "users.profile:read", "users:read", "users:read.email",
]  # fmt: skip
EVENTS = [
    "app_home_opened", "app_mention", "app_uninstalled", "channel_archive", "channel_rename", "member_joined_channel",
    "message.channels", "message.groups", "message.im", "subteam_updated", "team_join", "tokens_revoked", "user_change",
]  # fmt: skip


def manifest(*, without: tuple[str, ...] = (), events: list[str] | None = None, **app_home: bool) -> Json:
    """A manifest that asks for everything but the scopes in `without`."""
    home = {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False}
    return {
        "display_information": {"name": "Baton"},
        "features": {
            "app_home": home | app_home,
            "bot_user": {"display_name": "baton", "always_online": True},
            "slash_commands": [
                {"command": "/baton", "description": "Workflows", "usage_hint": "run NAME", "should_escape": True},
                {"command": "/plain", "description": "Names as typed", "should_escape": False},
            ],
            "shortcuts": [
                {"name": "New", "type": "global", "callback_id": "new", "description": "-"},
                {"name": "About this", "type": "message", "callback_id": "about", "description": "-"},
            ],
        },
        "functions": {
            "greet": {
                "title": "Greet somebody",
                "input_parameters": {"who": {"type": "slack#/types/user_id", "title": "Who", "is_required": True}},
                "output_parameters": {"words": {"type": "string", "title": "Words", "is_required": True}},
            }
        },
        "oauth_config": {
            "scopes": {"bot": [one for one in SCOPES if one not in without]},
            "redirect_urls": ["http://127.0.0.1:1/back"],
        },
        "settings": {
            "event_subscriptions": {"bot_events": EVENTS if events is None else events},
            "interactivity": {"is_enabled": True},
            "socket_mode_enabled": True,
        },
    }


def text(words: str) -> Json:
    """A plain text object."""
    return {"type": "plain_text", "text": words}


def section(words: str, **more: Any) -> Json:
    """A section of mrkdwn."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": words}, **more}


def button(label: str, action_id: str = "go", **more: Any) -> Json:
    """A button."""
    return {"type": "button", "text": text(label), "action_id": action_id, "value": "1", **more}


def actions(*elements: Json, block_id: str = "row") -> Json:
    """A row of elements."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def field(label: str, element: Json, **more: Any) -> Json:
    """An input block, named after its label."""
    name = label.lower().replace(" ", "_")
    return {
        "type": "input",
        "block_id": name,
        "label": text(label),
        "element": {"action_id": "value", **element},
        **more,
    }


def modal(*blocks: Json, title: Any = "A modal", **more: Any) -> Json:
    """A modal view."""
    head = text(title) if isinstance(title, str) else title
    told = {"type": "modal", "callback_id": "form", "title": head, "submit": text("Send"), "blocks": list(blocks)}
    return told | more


@dataclass(frozen=True)
class Heard:
    """A request that the listener got."""

    headers: dict[str, str]
    body: str


class Listener:
    """An HTTP server that keeps what it is sent; `answer` decides what it says: status, headers, body."""

    def __init__(self, answer: Callable[[Heard], tuple[int, dict[str, str], str]]) -> None:
        self.heard: list[Heard] = []
        self.changed = threading.Condition()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                heard = Heard(dict(self.headers), self.rfile.read(length).decode())
                with owner.changed:
                    owner.heard.append(heard)
                    owner.changed.notify_all()
                status, headers, body = answer(heard)
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body.encode())))
                    self.end_headers()
                    self.wfile.write(body.encode())
                except OSError:
                    self.close_connection = True  # the workspace did not wait

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/slack/events"

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """Listen for as long as the block lasts."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def wait(self, count: int, seconds: float = 45) -> list[Heard]:
        """What was sent, once it is so much."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heard) >= count, seconds), f"{len(self.heard)} of {count}"
            return list(self.heard)


class Recorder:
    """A transport that acknowledges everything and keeps it."""

    def __init__(self, told: list[Json]) -> None:
        self._told = told

    async def send(self, delivery: Delivery, attempt: int, reason: str) -> Ack:
        self._told.append(dict(delivery.payload))
        return Ack()


def client_of(workspace: LocalWorkspace, **more: Any) -> WebClient:
    """slack_sdk's own client, as the bot has it."""
    return WebClient(token=workspace.bot_token, base_url=workspace.api_url, **more)


def app_of(workspace: LocalWorkspace) -> App:
    """A Bolt app without listeners."""
    return App(client=client_of(workspace), signing_secret=workspace.signing_secret)


@contextmanager
def connected(workspace: LocalWorkspace, app: App, transport: str) -> Iterator[None]:
    """Connect a Bolt app by `socket` or `http` for as long as the block lasts."""
    if transport == "http":

        def dispatched(heard: Heard) -> tuple[int, dict[str, str], str]:
            answer = app.dispatch(BoltRequest(body=heard.body, headers={**heard.headers}))
            return answer.status, {name: values[0] for name, values in answer.headers.items()}, answer.body

        listener = Listener(dispatched)
        with listener.listening():
            workspace.deliver_to(listener.url)
            yield
            workspace.deliver_to(None)
        return
    handler = SocketModeHandler(app, workspace.app_token)
    handler.connect()  # type: ignore[no-untyped-call]  # bolt declares nothing
    workspace.wait_connected()
    try:
        yield
        workspace.settle()
    finally:
        threading.Thread(target=handler.close, daemon=True).start()
