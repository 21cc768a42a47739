"""What a listener makes of something from Slack: the answer, and what is done after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.errands import Errand
from bot.slack.views.messages import Message, View

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Reaction:
    """The body of the acknowledgement ("" for a bare one), and what may wait until Slack has it."""

    body: Body | None = None
    then: tuple[Errand, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What a phrase is answered with."""

    message: Message


@dataclass(frozen=True)
class Form:
    """A phrase that lacks something: the modal that asks for it, and the words where no modal can be opened."""

    view: View
    otherwise: Message


def heard(*then: Errand) -> Reaction:
    """A bare acknowledgement."""
    return Reaction(None, then)


def whispered(message: Message) -> Reaction:
    """The answer to a slash command, which the person alone sees."""
    body: dict[str, Any] = {"response_type": "ephemeral", "text": message.text}
    return Reaction(body | ({"blocks": list(message.blocks)} if message.blocks else {}))


def wrong(errors: Mapping[str, str]) -> Reaction:
    """A form that comes back with words at its fields, by block id."""
    return Reaction({"response_action": "errors", "errors": dict(errors)})


def instead(view: View) -> Reaction:
    """A form that makes way for another view."""
    return Reaction({"response_action": "update", "view": view})


def over(view: View) -> Reaction:
    """A form over which another one comes; closing that comes back to it."""
    return Reaction({"response_action": "push", "view": view})


def cleared(*then: Errand) -> Reaction:
    """A form that closes with all that it lies on."""
    return Reaction({"response_action": "clear"}, then)
