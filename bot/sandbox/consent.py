"""The page on which somebody lets the app into the workspace, or does not."""

from __future__ import annotations

import html
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.sandbox.grants import Asked
from bot.sandbox.page_routes import HEADERS, stranger
from bot.sandbox.server import Site

AUTHORIZE_PATH = "/oauth/v2/authorize"
PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body><main><h1>{title}</h1>{content}</main></body>
</html>
"""
QUESTION = """\
<p>You are {person}. In this workspace, {app} asks to:</p><ul>{scopes}</ul>
<form method="post"><button name="answer" value="allow">Allow</button>
<button name="answer" value="cancel">Cancel</button></form>
"""


def consent_routes(site: Site) -> list[Route]:
    """The page at Slack's path; whoever administers the workspace is asked."""
    consent = Consent(site)
    return [
        Route(AUTHORIZE_PATH, consent.ask, methods=["GET"]),
        Route(AUTHORIZE_PATH, consent.answer, methods=["POST"]),
    ]


class Consent:
    """Asks, and sends the browser back to the app with the answer."""

    def __init__(self, site: Site) -> None:
        self._world = site.world
        self._grants = site.grants

    async def ask(self, request: Request) -> Response:
        """What the app wants to do here."""
        asked = _asked(request)
        refusal = stranger(request) or self._refusal(asked)
        if refusal is not None:
            return refusal
        with self._world.changed:
            app, admin = self._world.manifest.name, self._admin()
            scopes = "".join(f"<li>{html.escape(one)}</li>" for one in sorted(self._world.manifest.scopes))
            content = QUESTION.format(
                person=html.escape(self._world.people[admin].real_name), app=html.escape(app), scopes=scopes
            )
        title = f"{app} asks to be installed in {self._world.team_name}"
        return _page(title, content, asked)

    async def answer(self, request: Request) -> Response:
        """The press of a button."""
        asked = _asked(request)
        refusal = stranger(request) or self._refusal(asked)
        if refusal is not None:
            return refusal
        pressed = dict(parse_qsl((await request.body()).decode("utf-8", "replace"))).get("answer")
        if pressed != "allow":
            return RedirectResponse(asked.answered(error="access_denied"), 302)
        with self._world.changing():
            code = self._grants.allow(asked, self._admin())
        return RedirectResponse(asked.answered(code=code), 302)

    def _refusal(self, asked: Asked) -> Response | None:
        words = self._grants.refused(asked)
        return _page("Something is wrong with this address", f"<p>{html.escape(words)}</p>", None) if words else None

    def _admin(self) -> str:
        return next(one.id for one in self._world.people.values() if one.admin)


def _asked(request: Request) -> Asked:
    given: Mapping[str, str] = request.query_params
    return Asked(
        given.get("client_id", ""), given.get("redirect_uri", ""), given.get("state", ""), given.get("team", "")
    )


def _page(title: str, content: str, asked: Asked | None) -> Response:
    page = PAGE.format(title=html.escape(title), content=content)
    back = urlsplit(asked.redirect_uri) if asked else None
    allowed = f"'self' {back.scheme}://{back.netloc}" if back else "'none'"
    policy = f"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action {allowed}"
    return HTMLResponse(
        page,
        200 if asked else 400,
        headers=HEADERS | {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"},
    )
