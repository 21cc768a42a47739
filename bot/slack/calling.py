"""Slack's Web API as the edges call it: short patience, and one family of errors."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler

from bot.settings import Settings

PATIENCE = 2
"""Seconds that one call may take: a person waits, and Slack gives an answer three seconds."""

NoAnswer = (SlackClientError, OSError, HTTPException, ValueError)
"""What a call raises that did not do what it was asked to."""


Token = Callable[[], str]
"""The bot's token as it is now; "" where there is none."""


class LiveClient(WebClient):
    """A client whose token is asked for at every call, since an installation may change it."""

    def __init__(self, live: Token, **more: Any) -> None:
        self._live = live
        super().__init__(**more)

    @property
    def token(self) -> str | None:
        """The token of this call."""
        return self._live() or None

    @token.setter
    def token(self, _value: str | None) -> None:
        """The library sets its own once; what is asked for counts."""


def web_client(settings: Settings, timeout: int = PATIENCE, token: Token | None = None) -> WebClient:
    """The client for the bot's own calls. Without a token every call is refused by Slack."""
    retry = ConnectionErrorRetryHandler(max_retry_count=1)
    return LiveClient(
        token or settings_token(settings), base_url=settings.slack_api_url, timeout=timeout, retry_handlers=[retry]
    )


def settings_token(settings: Settings) -> Token:
    """The token that the settings hold."""
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    return lambda: token


def error_of(error: BaseException) -> str:
    """Slack's name for what went wrong; "" when Slack did not say."""
    if isinstance(error, SlackApiError):
        return str(error.response.get("error") or "") if error.response is not None else ""
    return ""
