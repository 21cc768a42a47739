"""Text from people and models, made safe for a message in Slack."""

from __future__ import annotations


def plain(text: str) -> str:
    """Text on one line that can't mention anybody or break out of bold type in Slack."""
    safe = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return safe.replace("*", "")
