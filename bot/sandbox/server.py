"""The workspace as a web application, and the server that it runs on."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.sandbox import payloads
from bot.sandbox.api.arguments import Arguments
from bot.sandbox.api.calls import WebApi
from bot.sandbox.checks import Checker
from bot.sandbox.courier import Courier, Delivery
from bot.sandbox.desk import Desk
from bot.sandbox.faults import Faults
from bot.sandbox.gestures import Gestures
from bot.sandbox.grants import Grants, Tokens
from bot.sandbox.hooks import Hooks
from bot.sandbox.modals import Modals
from bot.sandbox.signed import SignedHttp
from bot.sandbox.sockets import Sockets
from bot.sandbox.tiers import Tiers
from bot.sandbox.world import World

Json = dict[str, Any]
FAREWELLS = frozenset({"app_uninstalled", "tokens_revoked"})
"""What the app is told of when it is let in no more."""
TICK = 0.1
"""Seconds between two looks whether a signal came."""
_TRANSPORTS: WeakValueDictionary[tuple[str, int], asyncio.Transport] = WeakValueDictionary()
"""The open connections by the other side's address, so that one can be cut in the middle."""


class CuttableProtocol(H11Protocol):
    """HTTP whose connections can be cut without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Remember the connection, and send every answer at once: asyncio does so for some sockets only."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.client is not None:
            _TRANSPORTS[self.client] = transport


def abort(connection: HTTPConnection) -> None:
    """Cut a connection."""
    if connection.client is not None:
        transport = _TRANSPORTS.get((connection.client.host, connection.client.port))
        if transport is not None:
            transport.abort()


class CutResponse(Response):
    """No answer at all: the connection is cut."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self._request = request

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        """Cut, and let the server notice."""
        abort(self._request)
        await asyncio.sleep(0)


class Site:
    """All parts of one workspace, wired together."""

    def __init__(
        self, world: World, tokens: Tokens, *, ack_seconds: float, enforce_tiers: bool, installed: bool = True
    ) -> None:
        self.world = world
        self.tokens = tokens
        self.grants = Grants(world, tokens, installed=installed)
        self.ack_seconds = ack_seconds
        self.faults = Faults()
        self.courier = Courier(world, self.faults)
        self.desk = Desk(world, Checker(), self.emit)
        self.sockets = Sockets(world, self.faults, ack_seconds, abort)
        self.gestures = Gestures(self.desk, self.courier)
        self.modals = Modals(self.gestures)
        tiers = Tiers(world.clock) if enforce_tiers else None
        self.api = WebApi(self.desk, tokens, self.grants, self.faults, tiers, self._connect, CutResponse)
        self.hooks = Hooks(self.desk, self.faults, CutResponse, self.api.note)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.stopping = False
        self._https: list[SignedHttp] = []
        self._numbers = itertools.count(1)
        self.courier.transport = self.sockets
        self.courier.on_answer = lambda body: self.api.note("ack", body, "")
        self.faults.connect(lambda: self._on_loop(self.sockets.drop), lambda: self._on_loop(self._refresh))

    def application(self, routes: list[BaseRoute]) -> Starlette:
        """What the app under test talks to, and the routes of the page."""
        hooks: list[BaseRoute] = [
            Route(f"/{kind}/{{team}}/{{secret}}", self.hooks.serve, methods=["POST"])
            for kind in ("actions", "commands", "app")
        ]
        return Starlette(
            routes=[
                Route("/api/{method:path}", self.api.serve, methods=["GET", "POST"]),
                Route("/upload/v1/{secret}", self._upload, methods=["POST"]),
                Route("/files-pri/{name:path}", self._file),
                WebSocketRoute("/link/", self._link),
                *hooks,
                *routes,
            ]
        )

    def emit(self, subscription: str, event: Json) -> None:
        """Tell the app of an event, when it listens to it and has the scope."""
        if self.loop is None or not payloads.listens(self.world, subscription):
            return
        if not self.grants.bot and subscription not in FAREWELLS:
            return
        told = payloads.event(self.world, event, f"Ev0LOCAL{next(self._numbers):06d}")
        self.courier.event(Delivery("events_api", told))

    def deliver_to(self, url: str) -> None:
        """From now on POST to this address; empty means Socket Mode."""
        if not url:
            self.courier.transport = self.sockets
            return
        http = SignedHttp(url, self.tokens.signing_secret, self.faults, self.ack_seconds)
        self._https.append(http)
        self.courier.transport = http

    async def verify(self, url: str) -> bool:
        """Whether the address answers Slack's challenge."""
        asker = SignedHttp(url, self.tokens.signing_secret, self.faults, self.ack_seconds)
        try:
            return await asker.verify(self.world.new_id("challenge"))
        finally:
            await asker.close()

    async def start(self) -> None:
        """Begin, on the server's loop."""
        self.loop = asyncio.get_running_loop()
        self.courier.start(self.loop)

    async def stop(self) -> None:
        """End what is under way."""
        self.stopping = True
        for watcher in tuple(self.world.watchers):
            watcher()
        self.sockets.drop()
        await self.courier.stop()
        for http in self._https:
            await http.close()

    def _connect(self, _desk: Desk, _args: Arguments) -> Json:
        """apps.connections.open"""
        return {"url": self.sockets.ticket()}

    async def _link(self, websocket: WebSocket) -> None:
        await self.sockets.serve(websocket)

    async def _upload(self, request: Request) -> Response:
        content = await request.body()
        with self.world.changed:
            taken = self.api.uploads.receive(request.path_params["secret"], content)
        return PlainTextResponse(f"OK - {len(content)}") if taken else PlainTextResponse("Bad upload.", 400)

    async def _file(self, request: Request) -> Response:
        """A file's bytes, for the app's token; without it, Slack shows a page to sign in."""
        if request.headers.get("authorization") != f"Bearer {self.grants.bot}" or not self.grants.bot:
            return Response("<html>Sign in to the workspace.</html>", media_type="text/html")
        name = str(request.path_params["name"]).partition("/")[0].rpartition("-")[2]
        file = self.world.files.get(name)
        return Response(file.content, media_type=file.mimetype) if file else PlainTextResponse("Not found", 404)

    def _refresh(self) -> None:
        asyncio.ensure_future(self.sockets.refresh())  # noqa: RUF006  # the loop keeps it while it sleeps

    def _on_loop(self, what: Callable[[], None]) -> None:
        if self.loop is not None:
            self.loop.call_soon_threadsafe(what)


class Server(uvicorn.Server):
    """uvicorn on a socket that is bound already, which says when it is up."""

    def __init__(self, app: Any, site: Site, started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=CuttableProtocol,
                ws="websockets-sansio",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                proxy_headers=False,
                access_log=False,
                timeout_graceful_shutdown=1,
                timeout_keep_alive=30,
            )
        )
        self._site = site
        self._on_started = started
        self._ending = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the workspace with the server."""
        await self._site.start()
        await super().startup(sockets)
        self._on_started()

    def end(self) -> None:
        """End soon; any thread may call."""
        self.should_exit = True
        if self._site.loop is not None:
            self._site.loop.call_soon_threadsafe(self._ending.set)

    async def main_loop(self) -> None:
        """Do as uvicorn does, but end at once when told to: a test's workspace lives for a moment only."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            try:
                async with asyncio.timeout(TICK):
                    await self._ending.wait()
            except TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the workspace with the server, without uvicorn's pauses."""
        await self._site.stop()
        for listening in [*self.servers, *(sockets or ())]:
            listening.close()
        for connection in tuple(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(tuple(self.server_state.tasks), timeout=0.3)
        for task in tuple(self.server_state.tasks):
            task.cancel()
        for server in self.servers:
            await server.wait_closed()
