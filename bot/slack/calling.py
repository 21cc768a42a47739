"""Slack's Web API as the edges call it: short patience, and one family of errors."""

from __future__ import annotations

from http.client import HTTPException

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler

from bot.settings import Settings

PATIENCE = 2
"""Seconds that one call may take: a person waits, and Slack gives an answer three seconds."""

NoAnswer = (SlackClientError, OSError, HTTPException, ValueError)
"""What a call raises that did not do what it was asked to."""


def web_client(settings: Settings, timeout: int = PATIENCE) -> WebClient:
    """The client for the bot's own calls. Without a token every call is refused by Slack."""
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else None
    retry = ConnectionErrorRetryHandler(max_retry_count=1)
    return WebClient(token=token, base_url=settings.slack_api_url, timeout=timeout, retry_handlers=[retry])


def error_of(error: BaseException) -> str:
    """Slack's name for what went wrong; "" when Slack did not say."""
    if isinstance(error, SlackApiError):
        return str(error.response.get("error") or "") if error.response is not None else ""
    return ""
