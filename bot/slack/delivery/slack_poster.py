"""Slack's messages over slack_sdk: one try a call, short patience, one family of errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from bot.slack.calling import LiveClient, Token
from bot.slack.delivery.poster import Denied, Sent, SlackTrouble, TooOften, Unreachable
from bot.slack.ids import METADATA_EVENT
from bot.slack.views.messages import Message

PATIENCE = 10
"""Seconds that one call may take."""
PAGE = 200
MOST_PAGES = 5
"""Pages of a channel that are looked through for a message."""
SKEW = timedelta(minutes=2)
"""How far our clock and Slack's may be apart."""
HOOKS = "hooks.slack.com"
REPLIED = 200
UNSURE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
"""Errors of Slack's own, which leave open what was done."""

_quiet = logging.getLogger(f"{__name__}.sdk")
_quiet.setLevel(logging.CRITICAL + 1)
"""The library logs every failed call; outages are logged once, by who delivers."""


def client(token: Token, api_url: str) -> WebClient:
    """A client that repeats nothing."""
    return LiveClient(token, base_url=api_url, timeout=PATIENCE, retry_handlers=[], logger=_quiet)


class SlackPoster:
    """One workspace, by its bot token. Safe to share between threads."""

    def __init__(self, web: WebClient) -> None:
        self._web = web

    def post(self, channel: str, message: Message, *, mark: str, thread_ts: str = "") -> Sent:
        said = self._said(
            self._web.chat_postMessage,
            channel=channel,
            text=message.text,
            blocks=list(message.blocks) or None,
            thread_ts=thread_ts or None,
            metadata={"event_type": METADATA_EVENT, "event_payload": {"id": mark}},
            unfurl_links=False,
            unfurl_media=False,
        )
        return Sent(str(said["channel"]), str(said["ts"]))

    def update(self, channel: str, ts: str, message: Message) -> None:
        blocks = list(message.blocks)
        self._said(self._web.chat_update, channel=channel, ts=ts, text=message.text, blocks=blocks)

    def reply(self, url: str, message: Message) -> bool:
        if not self._trusted(url):
            return False
        hook = WebhookClient(url, timeout=PATIENCE, retry_handlers=[], logger=_quiet)
        try:
            answer = hook.send(text=message.text, blocks=list(message.blocks), replace_original=True)
        except (SlackClientError, OSError, HTTPException, ValueError):
            return False  # the usual way will tell whether Slack is away
        return answer.status_code == REPLIED

    def _trusted(self, url: str) -> bool:
        """Whether an address is Slack's, or of the server that stands in for it."""
        asked, own = urlsplit(url), urlsplit(self._web.base_url)
        return (asked.scheme, asked.hostname) == ("https", HOOKS) or (
            (asked.scheme, asked.netloc) == (own.scheme, own.netloc)
        )

    def delete(self, channel: str, ts: str) -> None:
        self._said(self._web.chat_delete, channel=channel, ts=ts)

    def upload(self, channel: str, message: Message, *, thread_ts: str) -> str:
        file = message.file
        if file is None:
            raise ValueError("This message has no file")
        said = self._said(
            self._web.files_upload_v2,
            channel=channel,
            thread_ts=thread_ts or None,
            initial_comment=message.text,
            filename=file.name,
            title=file.title,
            content=file.content,
        )
        return str(said["files"][0]["id"])

    def find(self, channel: str, mark: str, *, thread_ts: str, since: datetime) -> tuple[str, ...]:
        found = [
            str(message["ts"])
            for message in self._standing(channel, thread_ts, since)
            if (message.get("metadata") or {}).get("event_type") == METADATA_EVENT
            and ((message.get("metadata") or {}).get("event_payload") or {}).get("id") == mark
        ]
        return tuple(sorted(found))

    def find_file(self, channel: str, message: Message, *, thread_ts: str, since: datetime) -> str:
        wanted = message.file
        for there in self._standing(channel, thread_ts, since):
            for file in there.get("files") or ():
                if wanted and (file.get("name"), file.get("title")) == (wanted.name, wanted.title):
                    return str(file["id"])
        return ""

    def answer_step(self, execution: str, outputs: Mapping[str, Any] | None, error: str) -> None:
        if outputs is not None:
            self._said(self._web.functions_completeSuccess, function_execution_id=execution, outputs=dict(outputs))
        else:
            self._said(self._web.functions_completeError, function_execution_id=execution, error=error)

    def direct(self, user: str) -> str:
        return str(self._said(self._web.conversations_open, users=user)["channel"]["id"])

    def channel_named(self, name: str) -> str:
        kinds = "public_channel,private_channel"
        for page in self._pages(self._web.conversations_list, most=50, types=kinds, exclude_archived=False):
            for channel in page["channels"]:
                if channel["name"] == name:
                    return str(channel["id"])
        return ""

    def _standing(self, channel: str, thread_ts: str, since: datetime) -> Iterator[Mapping[str, Any]]:
        """The messages of a channel or thread since a moment."""
        asked: dict[str, Any] = {"channel": channel, "include_all_metadata": True}
        asked["oldest"] = f"{(since - SKEW).timestamp():.6f}"
        method: Callable[..., Any] = self._web.conversations_history
        if thread_ts:
            method, asked["ts"] = self._web.conversations_replies, thread_ts
        for page in self._pages(method, most=MOST_PAGES, **asked):
            yield from page["messages"]

    def _pages(self, method: Callable[..., Any], *, most: int, **arguments: Any) -> Iterator[Mapping[str, Any]]:
        cursor = ""
        for _ in range(most):
            page = self._said(method, limit=PAGE, cursor=cursor or None, **arguments)
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _said(self, method: Callable[..., Any], **arguments: Any) -> Mapping[str, Any]:
        """What Slack answered; raises SlackTrouble."""
        try:
            answer: Mapping[str, Any] = method(**arguments).data
        except (SlackClientError, OSError, HTTPException, ValueError) as error:
            raise trouble(error) from None
        return answer


def trouble(error: Exception) -> SlackTrouble:
    """An error of the library in our words."""
    if isinstance(error, SlackApiError):
        return _refusal(error)
    cause = error.reason if isinstance(error, URLError) else error
    never_sent = isinstance(cause, ConnectionRefusedError) or type(cause).__name__ == "gaierror"
    return Unreachable(f"Slack did not answer: {cause or type(error).__name__}", unclear=not never_sent)


def _refusal(error: SlackApiError) -> SlackTrouble:
    response = error.response
    status, headers = int(response.status_code), response.headers
    code = str(response.get("error") or "")
    if status == 429 or code in ("ratelimited", "rate_limited"):
        asked = str(headers.get("Retry-After") or headers.get("retry-after") or "1")
        return TooOften(timedelta(seconds=int(asked) if asked.isdigit() else 1))
    if status >= 500 or code in UNSURE or not code.replace("_", "").isalnum():
        return Unreachable(f"Slack answered {status} {code[:80]}".strip(), unclear=True)
    return Denied(code)
