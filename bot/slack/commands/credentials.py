"""Phrases about credentials."""

from __future__ import annotations

from bot.slack.incoming import Caller
from bot.slack.parts import Parts
from bot.slack.phrases import ListCredentials, SetCredential
from bot.slack.reacting import Answer, Form
from bot.slack.views import credentials as views
from bot.slack.views.messages import Message


def listed(parts: Parts, _phrase: ListCredentials, caller: Caller) -> Answer:
    """Which services take a credential, and where theirs is."""
    return Answer(views.listed_message(parts.credentials.listed(by=caller.actor), caller.said))


def ask(parts: Parts, phrase: SetCredential, caller: Caller) -> Form:
    """Ask for a credential, of somebody who may set it."""
    kind = parts.credentials.may_set(phrase.name, by=caller.actor)
    otherwise = Message(f"Say `/baton credentials set {kind.name}` as a command: only then a form can be opened.")
    return Form(views.form(kind, caller.channel), otherwise)
