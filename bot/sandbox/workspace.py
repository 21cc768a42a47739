"""A local Slack workspace: a real server in a thread, driven from Python."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from bot.sandbox.administration import Administration
from bot.sandbox.builder import WorkflowBuilder
from bot.sandbox.clock import Clock, SystemClock
from bot.sandbox.consent import consent_routes
from bot.sandbox.driver import LocalUser
from bot.sandbox.faults import Faults
from bot.sandbox.grants import Tokens
from bot.sandbox.listening import listen
from bot.sandbox.manifest import AppManifest
from bot.sandbox.model import ApiCall, Message
from bot.sandbox.page_routes import page_routes
from bot.sandbox.seed import DEFAULT_SEED, Seed
from bot.sandbox.server import Server, Site
from bot.sandbox.watching import ChannelFace
from bot.sandbox.world import World

T = TypeVar("T")
START_SECONDS = 20.0


def new_tokens() -> Tokens:
    """Tokens of this workspace's own; they can't be mistaken for Slack's."""
    return Tokens(
        bot=f"xoxb-local-{secrets.token_hex(8)}",
        app=f"xapp-local-{secrets.token_hex(8)}",
        signing_secret=f"local-{secrets.token_hex(16)}",
        client_id=f"local.{secrets.token_hex(6)}",
        client_secret=f"local-{secrets.token_hex(16)}",
    )


class LocalWorkspace(Administration):
    """A Slack look-alike on this computer. Use it in a `with` statement, and give the bot its addresses and tokens."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        *,
        port: int = 0,
        clock: Clock | None = None,
        seed: Seed = DEFAULT_SEED,
        ack_seconds: float = 3.0,
        enforce_tiers: bool = False,
        tokens: Tokens | None = None,
        installed: bool = True,
    ) -> None:
        """Without `installed`, the app has no bot token until somebody lets it in by OAuth."""
        self.tokens = tokens or new_tokens()
        world = World(AppManifest.read(manifest), clock or SystemClock(), seed)
        self.site = Site(world, self.tokens, ack_seconds=ack_seconds, enforce_tiers=enforce_tiers, installed=installed)
        super().__init__(self.site.desk)
        self._port = port
        self._started = threading.Event()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._users: dict[str, LocalUser] = {}

    # ---- addresses and tokens

    @property
    def address(self) -> str:
        """Where the page is, without a slash at the end."""
        return self.world.address

    @property
    def api_url(self) -> str:
        """The bot's SLACK_API_URL."""
        return f"{self.address}/api/"

    @property
    def bot_token(self) -> str:
        """The bot's SLACK_BOT_TOKEN; "" where the app is not installed."""
        return self.site.grants.bot

    @property
    def app_token(self) -> str:
        """The bot's SLACK_APP_TOKEN."""
        return self.tokens.app

    @property
    def signing_secret(self) -> str:
        """The bot's SLACK_SIGNING_SECRET."""
        return self.tokens.signing_secret

    @property
    def client_id(self) -> str:
        """The app's SLACK_CLIENT_ID."""
        return self.tokens.client_id

    @property
    def client_secret(self) -> str:
        """The app's SLACK_CLIENT_SECRET."""
        return self.tokens.client_secret

    @property
    def team_id(self) -> str:
        """The workspace's id."""
        return self.world.team_id

    @property
    def bot_user_id(self) -> str:
        """The id of the app's bot user."""
        return self.world.bot_user_id

    @property
    def faults(self) -> Faults:
        """Switches for what may go wrong."""
        return self.site.faults

    @property
    def builder(self) -> WorkflowBuilder:
        """Slack's Workflow Builder, which runs the app's custom steps."""
        return WorkflowBuilder(self.site.desk)

    # ---- who and where

    def user(self, name: str) -> LocalUser:
        """One person, to act as."""
        with self.world.changed:
            person = self.world.person(name)
        return self._users.setdefault(person.id, LocalUser(self, person.id))

    def channel(self, name: str) -> ChannelFace:
        """A channel with its messages."""
        with self.world.changed:
            return ChannelFace(self.world, self.world.channel(name).id)

    def replies(self, message: Message) -> list[Message]:
        """The answers in the thread of a message."""
        with self.world.changed:
            return self.world.timeline.replies(message.channel, message.thread_ts or message.ts)

    def current(self, message: Message) -> Message | None:
        """A message as it stands now; None when it was deleted."""
        with self.world.changed:
            return self.world.timeline.find(message.channel, message.ts)

    # ---- the app

    def deliver_to(self, url: str | None) -> None:
        """POST events, commands and interactions to this address from now on; nothing means Socket Mode."""
        self.site.deliver_to(url or "")

    def verify(self, url: str) -> bool:
        """Whether this address answers the challenge that Slack sends before it takes a request URL."""
        return self.run(self.site.verify(url))

    def uninstall(self) -> None:
        """Somebody removes the app from the workspace; the app is told."""
        self._ended("account_inactive", "tokens_revoked", "app_uninstalled")

    def revoke(self) -> None:
        """The bot's token is revoked; the app is told."""
        self._ended("token_revoked", "tokens_revoked")

    def _ended(self, error: str, *events: str) -> None:
        with self.world.changing():
            self.site.grants.end(error)
            for event in events:
                told = {"tokens": {"bot": [self.bot_user_id]}} if event == "tokens_revoked" else {}
                self.site.emit(event, {"type": event, "event_ts": self.world.next_ts(), **told})

    @property
    def connections(self) -> int:
        """How many sockets the app has open."""
        return self.site.sockets.count

    def wait_connected(self, count: int = 1, within: float = 10.0) -> None:
        """Wait until the app has so many sockets open; TimeoutError when it does not."""
        with self.world.changed:
            if not self.world.changed.wait_for(lambda: self.connections >= count, within):
                raise TimeoutError(f"The app has {self.connections} sockets open after {within:g} s, not {count}.")

    @property
    def calls(self) -> list[ApiCall]:
        """Every Web API call of the app so far."""
        return list(self.site.api.calls)

    def on_call(self, listener: Callable[[ApiCall], None]) -> None:
        """Show every call to this function, answers and response URLs too; the `with` block raises what it raises."""
        self.site.api.listeners.append(listener)

    def settle(self, timeout: float = 10.0) -> None:
        """Wait until no delivery is under way and no retry is due; TimeoutError when that takes too long."""
        if not self.site.courier.settle(timeout):
            raise TimeoutError(f"Deliveries to the app are still under way after {timeout:g} s.")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the server's loop and wait for it."""
        assert self.site.loop is not None, "The workspace is not running: use it in a `with` statement."
        return asyncio.run_coroutine_threadsafe(work, self.site.loop).result(self.site.ack_seconds + 30)

    # ---- life

    def __enter__(self) -> Self:
        listening = listen(port=self._port)
        self.world.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = self.site.application([*page_routes(self.site), *consent_routes(self.site)])
        self._server = Server(app, self.site, self._started.set)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="local-workspace", daemon=True
        )
        self._thread.start()
        if not self._started.wait(START_SECONDS):
            raise TimeoutError(f"The local workspace did not start within {START_SECONDS:g} s.")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.end()
        self._thread.join(START_SECONDS)
        if error is None and self.site.api.listener_errors:
            raise self.site.api.listener_errors[0]
