"""Where the workspace may listen, and beside which settings it refuses to start."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping

REAL = {"SLACK_BOT_TOKEN": ("xoxb-", "xoxp-", "xoxe"), "SLACK_APP_TOKEN": ("xapp-",)}
LOCAL = ("xoxb-local-", "xapp-local-")


class NotHere(Exception):
    """The workspace does not start like this; the text says why and what to do."""


def refuse_real_tokens(environment: Mapping[str, str]) -> None:
    """NotHere when these settings hold tokens of a real Slack workspace."""
    for name, beginnings in REAL.items():
        value = environment.get(name, "").strip()
        if value.startswith(beginnings) and not value.startswith(LOCAL):
            raise NotHere(
                f"{name} holds a token of a real Slack workspace, and the local workspace never runs beside one. "
                f"Unset {name} (or take it out of .env), then start again."
            )


def is_loopback(host: str) -> bool:
    """Whether this address is reached from this computer alone."""
    return ipaddress.ip_address(host).is_loopback


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
