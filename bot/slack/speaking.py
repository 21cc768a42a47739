"""How the edge speaks to people: views, messages that one person sees, and answers in threads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from bot.slack.calling import PATIENCE, NoAnswer, error_of
from bot.slack.incoming import Caller, Press
from bot.slack.views.messages import Message, View
from bot.slack.views.telling import telling_no_group

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

GONE = frozenset({"not_found", "view_not_found", "hash_conflict", "expired_trigger_id", "exchanged_trigger_id"})
"""What Slack says when the person closed the view or did something else meanwhile: nothing is lost."""
CLOSED = frozenset({"not_found", "view_not_found", "hash_conflict"})
"""Of these, those of a view that was closed or changed by the person."""


@dataclass(frozen=True)
class OpenView:
    """A view that stands open at a person's."""

    id: str
    hash: str


@dataclass(frozen=True)
class Speaker:
    """Calls Slack for one answer each. What Slack refuses is logged: there is nobody left to tell."""

    client: WebClient
    away: set[str] = field(default_factory=set)

    def open(self, trigger: str, view: View) -> OpenView | None:
        """Open a modal; None when the press is too long ago."""
        said = self._call("views.open", trigger_id=trigger, view=view)
        return _open_view(said)

    def push(self, trigger: str, view: View) -> OpenView | None:
        """Put a modal over the one with the button."""
        return _open_view(self._call("views.push", trigger_id=trigger, view=view))

    def show(self, press: Press, view: View) -> OpenView | None:
        """Open a modal for a press, over the one that it came from."""
        return self.push(press.trigger, view) if press.view == "modal" else self.open(press.trigger, view)

    def update(self, opened: OpenView, view: View) -> bool:
        """Show something else in an open modal, unless it has changed meanwhile; False when Slack does not take it."""
        return self._call("views.update", fine=GONE, view_id=opened.id, hash=opened.hash, view=view) is not None

    def reply(self, url: str, message: Message) -> None:
        """Answer a command at its own address, for the person alone."""
        self._sent(url, message)

    def whisper(self, press: Press, message: Message, over: View | None = None) -> None:
        """Tell the person alone who pressed: beside the message, or as the view `over` where there is none."""
        if press.reply_url and self._sent(press.reply_url, message):
            return
        if press.caller.channel and press.ts:
            self._call(
                "chat.postEphemeral", channel=press.caller.channel, user=press.caller.user, text=message.text,
                blocks=list(message.blocks) or None,
            )  # fmt: skip
        elif over is not None and press.trigger:
            self.show(press, over)

    def instead(self, press: Press, message: Message) -> None:
        """Put other words in the place of what one person alone was shown; beside it where that can't be done."""
        if not (press.reply_url and self._sent(press.reply_url, message, replace=True)):
            self.whisper(press, message)

    def tell(self, caller: Caller, message: Message) -> None:
        """Tell a person alone, in the channel where they are, or in a direct message where the bot is not in it."""
        blocks = list(message.blocks) or None
        if caller.channel:
            said = self._call(
                "chat.postEphemeral", quiet=("not_in_channel", "channel_not_found", "user_not_in_channel"),
                channel=caller.channel, user=caller.user, text=message.text, blocks=blocks,
            )  # fmt: skip
            if said is not None:
                return
        opened = self._call("conversations.open", users=caller.user)
        if opened is not None:
            self._call("chat.postMessage", channel=opened["channel"]["id"], text=message.text, blocks=blocks)

    def beside(self, caller: Caller, thread: str, message: Message) -> None:
        """Tell a person alone, in a thread."""
        self._call(
            "chat.postEphemeral", channel=caller.channel, user=caller.user, thread_ts=thread, text=message.text,
            blocks=list(message.blocks) or None,
        )  # fmt: skip

    def answer(self, channel: str, thread: str, message: Message) -> None:
        """Answer in a conversation, where everybody in it reads it."""
        message = telling_no_group(message)
        self._call(
            "chat.postMessage", channel=channel, thread_ts=thread or None, text=message.text,
            blocks=list(message.blocks) or None, unfurl_links=False, unfurl_media=False,
        )  # fmt: skip

    # -----------------------------------------------------------------------------------------------------

    def _call(self, method: str, *, quiet: Collection[str] = (), fine: Collection[str] = (), **arguments: Any) -> Any:
        """What Slack answered; None for what it refused, {} for a refusal that is as good as a success."""
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            answer = self.client.api_call(method, json=given)
        except NoAnswer as error:
            name = error_of(error)
            if name not in GONE and name not in quiet:
                log.warning("slack did not take an answer", method=method, error=name or str(error))
            return {} if name in fine else None
        return answer.data

    def _sent(self, url: str, message: Message, *, replace: bool = False) -> bool:
        """Whether a press's own address took the message: it answers at no cost, and reaches people anywhere."""
        try:
            answer = WebhookClient(url, timeout=PATIENCE).send(
                text=message.text, blocks=list(message.blocks) or None, response_type="ephemeral",
                replace_original=replace,
            )  # fmt: skip
        except NoAnswer as error:
            log.info("a press could not be answered at its own address", error=str(error))
            return False
        return answer.status_code == 200


def _open_view(said: Any) -> OpenView | None:
    return OpenView(said["view"]["id"], said["view"]["hash"]) if said else None
