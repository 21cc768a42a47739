"""The local workspace as a process of its own, on this computer's loopback address alone."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox.clock import SystemClock
from bot.sandbox.consent import consent_routes
from bot.sandbox.grants import Tokens
from bot.sandbox.listening import NotHere, is_loopback, listen, refuse_real_tokens
from bot.sandbox.manifest import AppManifest
from bot.sandbox.page_routes import page_routes
from bot.sandbox.seed import DEFAULT_SEED, Seed
from bot.sandbox.server import Server, Site
from bot.sandbox.workspace import new_tokens
from bot.sandbox.world import World

__all__ = ["NotHere", "Options", "listen", "refuse_real_tokens", "serve"]


@dataclass(frozen=True)
class Options:
    """How the workspace is served."""

    tokens: Tokens | None = None
    deliver_to: str = ""
    """The address that events are POSTed to; empty means Socket Mode."""
    enforce_tiers: bool = False
    ack_seconds: float = 3.0
    seed: Seed = DEFAULT_SEED
    installed: bool = True
    """Whether the app has its bot token from the beginning, or comes in by OAuth."""


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
    if not is_loopback(host):
        raise NotHere(f"The local workspace is served on this computer alone, not on {host}.")
    world = World(AppManifest.read(manifest), SystemClock(), options.seed)
    world.address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    site = site_for(world, options)
    Server(site.application([*page_routes(site), *consent_routes(site)]), site, lambda: started(site)).run(
        sockets=[listening]
    )


def site_for(world: World, options: Options) -> Site:
    """The workspace as it is to be served."""
    site = Site(
        world,
        options.tokens or new_tokens(),
        ack_seconds=options.ack_seconds,
        enforce_tiers=options.enforce_tiers,
        installed=options.installed,
    )
    site.deliver_to(options.deliver_to)
    return site
