"""The edge to Slack: what comes in is acknowledged, handed to who answers it, and never lost without a word."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt import Ack, App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.slack.calling import Token
from bot.slack.directory import Self
from bot.slack.errands import Errands
from bot.slack.incoming import (
    Ending,
    Payload,
    command_of,
    ending_of,
    press_of,
    said_of,
    shortcut_of,
    step_of,
    submission_of,
)
from bot.slack.listeners import Listeners
from bot.slack.reacting import Reaction
from bot.slack.words import BROKEN, NOT_HERE

ANY = re.compile(".*", re.DOTALL)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


Left = Callable[[Ending], object]
"""What is to be done when a workspace lets the bot in no more."""


class SlackApp:
    """Bolt with one listener for each kind of thing that Slack sends; `Listeners` knows what to do with it.

    Listeners run before the acknowledgement, which is why they write one row at most; errands come after it. So what
    is acknowledged is recorded, and an event that can't be recorded is sent again by Slack.
    """

    def __init__(self, listeners: Listeners, bolt: App, errands: Errands, left: Left) -> None:
        self.bolt = bolt
        self._left = left
        self.listeners = listeners
        self._errands = errands
        self._busy = 0
        self._quiet = threading.Condition()
        self._register()

    def warm_up(self) -> None:
        """Find out who the bot is, soon."""

        def ask() -> None:
            self.listeners.identity()

        self._errands.run(ask)

    def dispatch(self, request: BoltRequest) -> BoltResponse:
        """Take something from Slack; the answer for it. Safe across threads."""
        with self._quiet:
            self._busy += 1
        try:
            return self.bolt.dispatch(request)
        finally:
            with self._quiet:
                self._busy -= 1
                self._quiet.notify_all()

    def idle(self, timeout: float) -> bool:
        """Wait until nothing is being answered; False when it takes longer."""
        with self._quiet:
            answered = self._quiet.wait_for(lambda: not self._busy, timeout)
        return answered and self._errands.idle(timeout)

    def close(self) -> None:
        """Finish the errands."""
        self._errands.close()

    # -----------------------------------------------------------------------------------------------------

    def _register(self) -> None:
        bolt = self.bolt
        bolt.command(ANY)(self._on_command)
        bolt.action(ANY)(self._on_press)
        bolt.view(ANY)(self._on_submission)
        bolt.shortcut(ANY)(self._on_shortcut)
        bolt.event("app_mention")(self._on_said)
        bolt.event("message")(self._on_said)
        bolt.event("app_home_opened")(self._on_home)
        bolt.event("function_executed")(self._on_step)
        bolt.event("app_uninstalled")(self._on_left)
        bolt.event("tokens_revoked")(self._on_left)
        bolt.error(self._on_error)

    def _on_command(self, ack: Ack, body: Payload) -> None:
        self._react(ack, self.listeners.command(command_of(body)))

    def _on_press(self, ack: Ack, body: Payload) -> None:
        self._react(ack, self.listeners.press(press_of(body)))

    def _on_submission(self, ack: Ack, body: Payload) -> None:
        self._react(ack, self.listeners.submission(submission_of(body)))

    def _on_shortcut(self, ack: Ack, body: Payload) -> None:
        self._react(ack, self.listeners.shortcut(shortcut_of(body)))

    def _on_said(self, ack: Ack, body: Payload) -> None:
        said = said_of(body)
        if said is None:
            self._react(ack, Reaction())
        elif said.direct or body["event"].get("type") == "app_mention":
            self._react(ack, self.listeners.said(said))
        else:
            self._react(ack, self.listeners.overheard(said))

    def _on_home(self, ack: Ack, body: Payload) -> None:
        event = body["event"]
        opened = event.get("tab", "home") == "home"
        team = str(body.get("team_id") or "")
        self._react(ack, self.listeners.home(team, str(event["user"])) if opened else Reaction())

    def _on_step(self, ack: Ack, body: Payload) -> None:
        self._react(ack, self.listeners.step(step_of(body)))

    def _on_left(self, ack: Ack, body: Payload) -> None:
        ended = ending_of(body)
        if ended is not None:
            self._left(ended)
        ack()

    def _on_error(self, error: Exception, body: Payload) -> BoltResponse:
        """Whatever a listener did not foresee: logged once, and told in words where Slack shows them."""
        log.error("a listener broke", kind=str(body.get("type") or body.get("command") or ""), exc_info=error)
        if "event" in body:
            return BoltResponse(status=500, body="")  # Slack sends it again
        if "command" in body:
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": BROKEN})
        return BoltResponse(status=200, body="")

    def _react(self, ack: Ack, reaction: Reaction) -> None:
        ack(dict(reaction.body)) if reaction.body is not None else ack()
        for errand in reaction.then:
            self._errands.run(errand)


@dataclass(frozen=True)
class Home:
    """The one workspace that a bot came into by an installation."""

    team: str
    left: Left


def create_slack_app(
    listeners: Listeners, errands: Errands, token: Token, client: WebClient, home: Home | None = None
) -> SlackApp:
    """The edge over its listeners; nothing is asked of Slack yet. Whoever dispatches to it has checked signatures.

    With `home`, the bot came in by an installation: what comes from any other workspace is not answered.
    """
    bolt = App(
        name="baton",
        logger=_quiet_logger(),
        client=client,
        authorize=_installation(listeners.identity, token, home.team if home else ""),
        user_facing_authorize_error_message=NOT_HERE,
        request_verification_enabled=False,
        process_before_response=True,
        ssl_check_enabled=False,
        attaching_function_token_enabled=False,
    )
    return SlackApp(listeners, bolt, errands, home.left if home else _noted)


def _noted(ended: Ending) -> None:
    log.warning("slack says that the bot is let in no more: install the app again, and set its new SLACK_BOT_TOKEN",
                team=ended.team, reason=ended.why)  # fmt: skip


def _installation(identity: Callable[[], Self | None], token: Token, home: str) -> Callable[..., Any]:
    """Tells Bolt who the bot is here. Where Slack does not say, things go on: people are told by their own ids.

    With `home`, nobody else's workspace has a bot, and this one has none while Baton is not installed.
    """

    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        shown = token()
        if home and (team_id != home or not shown):
            return None
        me = identity()
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=me.team if me else team_id,
            bot_user_id=me.user if me else None,
            bot_id=me.bot if me else None,
            bot_token=shown,
        )

    return authorize


def _quiet_logger() -> logging.Logger:
    """Bolt's own words are for those who write apps: only its errors are let through."""
    logger = logging.getLogger("baton.slack.bolt")
    logger.setLevel(logging.ERROR)
    return logger
