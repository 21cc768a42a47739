"""What buttons have in common: a form that opens at once and is filled then, and words for the person who pressed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.slack import ids
from bot.slack.homing import HomeBoard
from bot.slack.ids import Context
from bot.slack.incoming import Caller, Press
from bot.slack.parts import Parts
from bot.slack.reacting import Reaction, heard
from bot.slack.speaking import Speaker
from bot.slack.views import modals
from bot.slack.views.blocks import modal, section
from bot.slack.views.messages import Message, View
from bot.slack.words import noted, words_of

LOADING = "One moment"


@dataclass(frozen=True)
class Edge:
    """What answers are made with."""

    parts: Parts
    speaker: Speaker
    board: HomeBoard

    def show_home(self, caller: Caller) -> None:
        """Show somebody's App Home as things stand now."""
        self.board.opened(caller)
        self.parts.digests.looked(caller.actor)


@dataclass(frozen=True)
class Asking(Edge):
    """Answers to presses."""

    def context(self, press: Press, **known: str) -> Context:
        """What a form has to know that a press opens."""
        return Context(channel=press.caller.channel, message=press.ts, reply_url=press.reply_url, **known)

    def ask(self, press: Press, form: Callable[[], View]) -> Reaction:
        """Open a modal at once, since a press is good for three seconds, and fill it when it is known how."""

        def open_and_fill() -> None:
            opened = self.speaker.show(press, modals.loading(LOADING))
            if opened is None:
                self.speaker.whisper(press, Message("Slack took too long to open the form. Press the button again."))
                return
            try:
                view = form()
            except Exception as error:  # noqa: BLE001 - whatever it is, the person gets words
                view = modals.telling("That did not work", words_of(noted(error, press.caller.actor, press.action)))
            if not self.speaker.update(opened, view):
                self.speaker.whisper(
                    press, Message("Slack did not show the form. Close it, and press the button again.")
                )

        return heard(open_and_fill)

    def answer(self, press: Press, make: Callable[[], Message]) -> None:
        """Tell the person alone what was asked for, or why it can't be told."""
        try:
            message = make()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person gets words
            message = Message(words_of(noted(error, press.caller.actor, press.action)))
        self.speaker.whisper(press, message, shown_as_view("Details", message))

    def whisper(self, press: Press, words: str) -> Reaction:
        """The same as an answer: only words."""
        return heard(lambda: self.tell(press, words))

    def tell(self, press: Press, words: str) -> None:
        """Tell the person who pressed, and nobody else."""
        self.speaker.whisper(press, Message(words), modals.telling("Baton", words))
        if press.view == "home":
            self.show_home(press.caller)


def shown_as_view(title: str, message: Message) -> View:
    """A message as a modal, where no message can be shown."""
    return modal(ids.VIEW_CLOSING, title, message.blocks or [section(message.text)])
