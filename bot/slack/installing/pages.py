"""What a person sees at the end of an installation."""

from __future__ import annotations

import html
from collections.abc import Mapping

HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body><main><h1>{title}</h1>{content}</main></body>
</html>
"""
WHY: Mapping[str, str] = {
    "access_denied": "You did not allow it, so nothing was changed.",
    "invalid_browser": "This was not begun in this browser, or the browser keeps no cookies for this address.",
    "invalid_state": "It took longer than ten minutes, or was not begun here.",
    "missing_code": "Slack's answer is incomplete.",
    "invalid_code": "Slack does not confirm it: the answer was used before, or the app's id and secret don't belong "
    "together. Whoever looks after Baton sees more with `baton doctor`.",
}
"""Bolt's names for what went wrong, in words."""
UNKNOWN = "Slack refused it."


def installed(team: str) -> str:
    """It worked."""
    words = f"Say <code>/baton help</code> in {html.escape(team) or 'Slack'}. You can close this page."
    return PAGE.format(title="Baton is installed", content=f"<p>{words}</p>")


def failed(words: str, again: str) -> str:
    """It did not, and why."""
    content = f'<p>{html.escape(words)}</p><p><a href="{html.escape(again)}">Begin again</a></p>'
    return PAGE.format(title="Baton was not installed", content=content)
