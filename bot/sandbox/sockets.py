"""Socket Mode: the app connects with a websocket, and each payload goes to one of its connections."""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.sandbox.courier import NOT_CONNECTED, TIMEOUT, Ack, Delivery
from bot.sandbox.faults import Faults
from bot.sandbox.world import World

MOST_CONNECTIONS = 10
CLOSING = "The connection was cut."


@dataclass(eq=False)
class Connection:
    """One websocket of the app and the answers that are owed on it."""

    websocket: WebSocket
    owed: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    retiring: bool = False


class Sockets:
    """All websockets of the app."""

    def __init__(self, world: World, faults: Faults, ack_seconds: float, abort: Callable[[WebSocket], None]) -> None:
        self._world = world
        self._faults = faults
        self._ack_seconds = ack_seconds
        self._abort = abort
        self._tickets: set[str] = set()
        self._connections: list[Connection] = []
        self._next = 0
        self.grace = 10.0
        """Seconds between the warning and the end of a connection."""
        self.opened = 0
        """How many connections there ever were."""

    @property
    def count(self) -> int:
        """How many connections are open now."""
        return len(self._connections)

    def ticket(self) -> str:
        """The address of a new connection; it works once."""
        name = secrets.token_hex(12)
        self._tickets.add(name)
        address = self._world.address.replace("http://", "ws://", 1)
        return f"{address}/link/?ticket={name}&app_id={self._world.app_id}"

    async def serve(self, websocket: WebSocket) -> None:
        """One connection, from hello to its end."""
        ticket = websocket.query_params.get("ticket", "")
        if ticket not in self._tickets or self._faults.is_down:
            await websocket.close(1008)
            return
        self._tickets.discard(ticket)
        await websocket.accept()
        if len(self._connections) >= MOST_CONNECTIONS:
            await websocket.send_text(_goodbye("too_many_websockets"))
            await websocket.close()
            return
        connection = Connection(websocket)
        self._add(connection)
        try:
            await websocket.send_text(self._hello())
            while True:
                self._heard(connection, await websocket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            self._remove(connection)

    async def send(self, delivery: Delivery, attempt: int, reason: str) -> Ack:
        """Hand over to one connection and wait for its answer."""
        connection = self._chosen()
        if connection is None:
            return Ack(NOT_CONNECTED)
        envelope_id = str(uuid.uuid4())
        envelope: dict[str, Any] = {
            "envelope_id": envelope_id,
            "type": delivery.kind,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.accepts_answer,
        }
        if delivery.kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        owed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        connection.owed[envelope_id] = owed
        try:
            await connection.websocket.send_text(json.dumps(envelope))
            return Ack(body=await asyncio.wait_for(owed, self._ack_seconds))
        except TimeoutError:
            return Ack(TIMEOUT)
        except (ConnectionError, WebSocketDisconnect, RuntimeError):
            return Ack(NOT_CONNECTED)
        finally:
            connection.owed.pop(envelope_id, None)

    def drop(self) -> None:
        """Cut every connection without a word."""
        for connection in tuple(self._connections):
            self._abort(connection.websocket)

    async def refresh(self) -> None:
        """Warn every connection, and end it a little later."""
        retiring = [one for one in self._connections if not one.retiring]
        for connection in retiring:
            connection.retiring = True
            await connection.websocket.send_text(_goodbye("refresh_requested"))
        await asyncio.sleep(self.grace)
        for connection in retiring:
            if connection in self._connections:
                await connection.websocket.close()

    def _chosen(self) -> Connection | None:
        able = [one for one in self._connections if not one.retiring]
        if not able:
            return None
        self._next += 1
        return able[self._next % len(able)]

    def _heard(self, connection: Connection, text: str) -> None:
        try:
            told = json.loads(text)
        except ValueError:
            return
        owed = connection.owed.get(str(told.get("envelope_id"))) if isinstance(told, dict) else None
        if owed is not None and not owed.done():
            owed.set_result(told.get("payload"))

    def _add(self, connection: Connection) -> None:
        with self._world.changing():
            self._connections.append(connection)
            self.opened += 1

    def _remove(self, connection: Connection) -> None:
        with self._world.changing():
            self._connections.remove(connection)
        for owed in connection.owed.values():
            if not owed.done():
                owed.set_exception(ConnectionError(CLOSING))

    def _hello(self) -> str:
        return json.dumps({
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {"host": "applink-local", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._world.app_id},
        })  # fmt: skip


def _goodbye(reason: str) -> str:
    return json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-local"}})
