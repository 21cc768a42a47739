"""The local workspace as a process of its own, on this computer's loopback address alone."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.api.calls import Tokens
from bot.sandbox.clock import SystemClock
from bot.sandbox.manifest import AppManifest
from bot.sandbox.page_routes import page_routes
from bot.sandbox.seed import DEFAULT_SEED, Seed
from bot.sandbox.server import Server, Site
from bot.sandbox.workspace import new_tokens
from bot.sandbox.world import World

REAL = {"SLACK_BOT_TOKEN": ("xoxb-", "xoxp-", "xoxe"), "SLACK_APP_TOKEN": ("xapp-",)}
LOCAL = ("xoxb-local-", "xapp-local-")


class NotHere(Exception):
    """The workspace does not start like this; the text says why and what to do."""


@dataclass(frozen=True)
class Options:
    """How the workspace is served."""

    tokens: Tokens | None = None
    deliver_to: str = ""
    """The address that events are POSTed to; empty means Socket Mode."""
    enforce_tiers: bool = False
    ack_seconds: float = 3.0
    seed: Seed = DEFAULT_SEED


def refuse_real_tokens(environment: Mapping[str, str]) -> None:
    """NotHere when these settings hold tokens of a real Slack workspace."""
    for name, beginnings in REAL.items():
        value = environment.get(name, "").strip()
        if value.startswith(beginnings) and not value.startswith(LOCAL):
            raise NotHere(
                f"{name} holds a token of a real Slack workspace, and the local workspace never runs beside one. "
                f"Unset {name} (or take it out of .env), then start again."
            )


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A socket on this computer's loopback address; NotHere for any other."""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise NotHere(f"The local workspace listens on 127.0.0.1 or ::1, not on {host!r}.") from None
    if not parsed.is_loopback:
        raise NotHere(
            "The local workspace has no login, so it is served on this computer alone: "
            f"on 127.0.0.1 or ::1, not on {host}."
        )
    listening = socket.socket(socket.AF_INET6 if parsed.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address, port))
    except OSError as busy:
        listening.close()
        raise NotHere(f"Port {port} of {address} cannot be used: {busy.strerror}. Choose another one.") from busy
    return listening


def serve(
    listening: socket.socket,
    manifest: Mapping[str, Any],
    *,
    environment: Mapping[str, str],
    options: Options = Options(),
    started: Callable[[Site], None] = lambda _site: None,
) -> None:
    """Serve until SIGINT or SIGTERM. `started` is called once it answers."""
    refuse_real_tokens(environment)
    host, port = listening.getsockname()[:2]
    if not ipaddress.ip_address(host).is_loopback:
        raise NotHere(f"The local workspace is served on this computer alone, not on {host}.")
    world = World(AppManifest.read(manifest), SystemClock(), options.seed)
    world.address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    tokens = options.tokens or new_tokens()
    site = Site(world, tokens, ack_seconds=options.ack_seconds, enforce_tiers=options.enforce_tiers)
    site.deliver_to(options.deliver_to)
    Server(site.application(page_routes(site)), site, lambda: started(site)).run(sockets=[listening])
