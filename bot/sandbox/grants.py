"""Who let the app in: the bot token that is good now, and installation by OAuth."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from bot.sandbox.errors import SlackError
from bot.sandbox.world import World

Json = dict[str, Any]
CODE_LIFE = timedelta(minutes=10)


@dataclass(frozen=True)
class Tokens:
    """What the app shows to the workspace, and the workspace to the app."""

    bot: str
    app: str
    signing_secret: str
    client_id: str = ""
    client_secret: str = ""


@dataclass(frozen=True)
class Asked:
    """What an app asks a person to allow, as the address of the page says it."""

    client_id: str
    redirect_uri: str
    state: str
    team: str = ""

    def answered(self, **told: str) -> str:
        """The address at which the app hears the answer."""
        mark = "&" if urlsplit(self.redirect_uri).query else "?"
        return f"{self.redirect_uri}{mark}{urlencode({**told, 'state': self.state})}"


@dataclass(frozen=True)
class _Code:
    redirect_uri: str
    person: str
    given_at: datetime


class Grants:
    """The app's bot token and the codes on the way to one. Everything is done under the world's lock."""

    def __init__(self, world: World, tokens: Tokens, *, installed: bool) -> None:
        self._world = world
        self._tokens = tokens
        self._codes: dict[str, _Code] = {}
        self._ended: dict[str, str] = {}
        self.bot = tokens.bot if installed else ""

    def check(self, token: str) -> None:
        """SlackError for a bot token that is not good, or not any more."""
        if token in self._ended:
            raise SlackError(self._ended[token])
        if not self.bot or token != self.bot:
            raise SlackError("invalid_auth")

    def refused(self, asked: Asked) -> str:
        """Why this can't be asked of anybody, in words; "" when it can."""
        if not asked.client_id or asked.client_id != self._tokens.client_id:
            return "There is no app with this client id."
        allowed = self._world.manifest.redirect_urls
        if not any(asked.redirect_uri.startswith(one) for one in allowed):
            return f"The app's manifest does not name {asked.redirect_uri} among its redirect URLs."
        if asked.team and asked.team != self._world.team_id:
            return f"You are not signed in to the workspace {asked.team}."
        return ""

    def allow(self, asked: Asked, person: str) -> str:
        """Somebody allows it: a code, good for ten minutes and one use."""
        code = f"local.{secrets.token_hex(12)}"
        self._codes[code] = _Code(asked.redirect_uri, person, self._world.clock.now())
        return code

    def redeem(self, client_id: str, secret: str, code: str, redirect_uri: str) -> Json:
        """Change a code for a token; raises SlackError."""
        if not client_id or client_id != self._tokens.client_id:
            raise SlackError("invalid_client_id")
        if secret != self._tokens.client_secret:
            raise SlackError("bad_client_secret")
        given = self._codes.pop(code, None)
        if given is None or self._world.clock.now() - given.given_at >= CODE_LIFE:
            raise SlackError("invalid_code")
        if redirect_uri != given.redirect_uri:
            raise SlackError("bad_redirect_uri")
        if not self.bot:
            self.bot = f"xoxb-local-{secrets.token_hex(8)}"
        world = self._world
        return {
            "access_token": self.bot, "token_type": "bot", "scope": ",".join(sorted(world.manifest.scopes)),
            "bot_user_id": world.bot_user_id, "app_id": world.app_id, "enterprise": None,
            "is_enterprise_install": False, "team": {"id": world.team_id, "name": world.team_name},
            "authed_user": {"id": given.person},
        }  # fmt: skip

    def end(self, error: str) -> None:
        """The token is good no more; who shows it is told this error."""
        if self.bot:
            self._ended[self.bot] = error
        self.bot = ""
        self._codes = {}
