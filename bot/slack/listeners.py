"""What Baton does with each thing that Slack sends: check, call the service, answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.slack.building import step_begun
from bot.slack.commands.saying import carry_out
from bot.slack.directory import Self
from bot.slack.errands import Errands
from bot.slack.grammar import Grammar
from bot.slack.incoming import Caller, Command, Press, Said, Shortcut, Step, Submission
from bot.slack.manifest import commands_of
from bot.slack.parts import Parts
from bot.slack.phrases import Phrase, Start
from bot.slack.pressing import Presses
from bot.slack.reacting import Answer, Form, Reaction, heard, instead, whispered
from bot.slack.shortcuts import starting_from
from bot.slack.speaking import Speaker
from bot.slack.submitting import Submissions
from bot.slack.views import modals
from bot.slack.views.messages import Message
from bot.slack.words import message_of, noted, words_of
from workflows.engine.definition import OURS
from workflows.engine.errors import BatonError

SOURCE = "slack"
"""Under which name inbound ids are remembered."""
PATIENCE = 2.0
"""Seconds after which a command or press is acknowledged whatever is still to be found out; Slack waits for three."""
SLOW = "Slack or the database is slow just now. The answer comes in a moment."
MENTIONED = re.compile(r"^\s*<@[A-Z0-9]+(?:\|[^>]*)?>[\s:,]*")


@dataclass(frozen=True)
class Listeners:
    """Everything that people can do in Slack. Methods raise nothing that a person could cause."""

    parts: Parts
    speaker: Speaker
    presses: Presses
    submissions: Submissions
    errands: Errands

    def identity(self) -> Self | None:
        """Who the bot is, if Slack said so."""
        return self.parts.directory.myself()

    def command(self, command: Command) -> Reaction:
        """A slash command: the answer is the acknowledgement, or follows it when something is slow."""
        caller = command.caller
        try:
            phrase = self._phrase(command)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person gets words
            return whispered(message_of(noted(error, caller.actor, command.name)))
        if isinstance(phrase, Start) and self.parts.directory.knows(caller.actor):
            return self._carried_out(command, phrase)

        def late(reaction: Reaction) -> None:
            if reaction.body is not None:
                said = Message(str(reaction.body["text"]), tuple(reaction.body.get("blocks", ())))
                self.speaker.reply(command.reply_url, said)
            for errand in reaction.then:
                errand()

        done = self.errands.within(PATIENCE, lambda: self._carried_out(command, phrase), late)
        return done if done is not None else whispered(Message(SLOW))

    def said(self, said: Said) -> Reaction:
        """A mention or a direct message, once: Slack may send it again, and a mention comes in two kinds.

        A run is started before the message counts as taken: whoever dies in between is sent it again, and a repeated
        start is harmless.
        """
        caller = said.caller
        thread = said.thread if said.direct else said.thread or said.ts
        try:
            phrase = self._read(said)
            if said.direct and isinstance(phrase, BatonError) and self.presses.replies.asked_in(said) is not None:
                return self.overheard(said)
            taken = not isinstance(phrase, Start)
            if taken and not self._new(said):
                return Reaction()
            message = self._answer_to(said, phrase)
            if not taken and not self._new(said):
                return Reaction()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person gets words
            message = message_of(noted(error, caller.actor, "message"))
        return heard(lambda: self.speaker.answer(caller.channel, thread, message))

    def overheard(self, said: Said) -> Reaction:
        """What people say to each other in channels: a reply to an approval is offered back to them."""
        return self.presses.replies.take(said, self._new)

    def _read(self, said: Said) -> Phrase | BatonError:
        try:
            return Grammar(self.parts.catalogue.names()).read(MENTIONED.sub("", said.text))
        except BatonError as error:
            return error

    def _answer_to(self, said: Said, phrase: Phrase | BatonError) -> Message:
        if isinstance(phrase, BatonError):
            return message_of(noted(phrase, said.caller.actor, "message"))
        try:
            result = carry_out(self.parts, phrase, said.caller, f"{said.caller.channel}:{said.ts}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the person gets words
            return message_of(noted(error, said.caller.actor, "message"))
        return result.message if isinstance(result, Answer) else result.otherwise

    def press(self, press: Press) -> Reaction:
        """A button. When it can't be judged at once who presses, what comes of it follows the acknowledgement."""
        if self.parts.directory.knows(press.caller.actor):
            return self._pressed(press)

        def late(reaction: Reaction) -> None:
            for errand in reaction.then:
                errand()

        return self.errands.within(PATIENCE, lambda: self._pressed(press), late) or heard()

    def submission(self, submission: Submission) -> Reaction:
        """A modal."""
        try:
            return self.submissions.react(submission)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person gets words
            words = words_of(noted(error, submission.caller.actor, submission.callback, submission.context.run))
            return instead(modals.telling("That did not work", words))

    def shortcut(self, shortcut: Shortcut) -> Reaction:
        """A shortcut: the form opens at once, and is filled when it is known what this person may start."""
        return starting_from(self.presses, shortcut)

    def step(self, step: Step) -> Reaction:
        """A custom step of the Workflow Builder. Raises StoreUnavailable: Slack tells of it again."""
        step_begun(self.parts, step)
        return heard()

    def home(self, team: str, user: str) -> Reaction:
        """Somebody looks at App Home."""
        return heard(lambda: self.presses.show_home(Caller(team, user)))

    # -----------------------------------------------------------------------------------------------------

    def _carried_out(self, command: Command, phrase: Phrase) -> Reaction:
        caller = command.caller
        try:
            result = carry_out(self.parts, phrase, caller, command.trigger)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person gets words
            return whispered(message_of(noted(error, caller.actor, command.name)))
        if isinstance(result, Answer):
            return whispered(result.message)
        form = result
        return heard(lambda: self._open(command, form))

    def _pressed(self, press: Press) -> Reaction:
        try:
            return self.presses.react(press)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person gets words
            message = message_of(noted(error, press.caller.actor, press.action, press.value))
            view = modals.telling("That did not work", message.text)
            return heard(lambda: self.speaker.whisper(press, message, view))

    def _phrase(self, command: Command) -> Phrase:
        grammar = Grammar(self.parts.catalogue.names())
        if command.name == OURS:
            return grammar.read(command.text)
        own = commands_of(self.parts.catalogue.all()).get(command.name)
        if own is None:
            raise BatonError(f"No workflow has the command {command.name} any more. `/baton workflows` lists them.")
        return grammar.read_start(own.name, command.text)

    def _open(self, command: Command, form: Form) -> None:
        if self.speaker.open(command.trigger, form.view) is None:
            self.speaker.tell(command.caller, form.otherwise)

    def _new(self, said: Said) -> bool:
        """Whether this message was not taken before, by its event and by where it stands."""
        store = self.parts.store
        fresh = store.received(SOURCE, f"message:{said.caller.channel}:{said.ts}")
        return fresh and (not said.event or store.received(SOURCE, f"event:{said.event}"))
