"""One phrase, carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.slack.commands import alerts, credentials, letters, looking, scheduling, steering
from bot.slack.commands.delegating import delegate
from bot.slack.commands.digests import digest
from bot.slack.commands.starting import start
from bot.slack.incoming import Caller
from bot.slack.parts import Parts
from bot.slack.phrases import (
    AddSchedule,
    Alerts,
    Approvals,
    Cancel,
    Claim,
    DeadLetters,
    Delegate,
    Digest,
    Fork,
    Help,
    KeepSchedule,
    ListCredentials,
    ListSchedules,
    Mute,
    Mutes,
    Pause,
    Phrase,
    Release,
    Resume,
    Runs,
    SetCredential,
    Start,
    Status,
    Undo,
    Unmute,
    Unpause,
    Why,
    Workflows,
)
from bot.slack.reacting import Answer, Form

HANDLERS: dict[type[Phrase], Callable[[Parts, Any, Caller], Answer | Form]] = {
    Runs: looking.runs,
    Status: looking.status,
    Approvals: looking.approvals,
    Why: looking.why,
    Workflows: looking.workflows,
    Help: looking.help_,
    Resume: steering.resume,
    Cancel: steering.cancel,
    Pause: steering.pause,
    Unpause: steering.unpause,
    DeadLetters: letters.listed,
    Claim: letters.claim,
    Release: letters.release,
    Fork: steering.fork,
    Undo: steering.undo,
    ListSchedules: scheduling.listed,
    AddSchedule: scheduling.add,
    Digest: digest,
    Alerts: alerts.alerts,
    Mute: alerts.mute,
    Unmute: alerts.unmute,
    Mutes: alerts.mutes,
    Delegate: delegate,
    ListCredentials: credentials.listed,
    SetCredential: credentials.ask,
}
"""What each phrase does, but for those that start a run."""


LOOKS = (Runs, Status, Approvals)
"""Phrases by which somebody looks at what is going on."""


def carry_out(parts: Parts, phrase: Phrase, caller: Caller, key: str) -> Answer | Form:
    """Do what a person said; raises BatonError with words for them. `key` makes a repeated start harmless."""
    if isinstance(phrase, Start):
        return start(parts, phrase, caller, key)
    if isinstance(phrase, KeepSchedule):
        return scheduling.keep(parts, phrase, caller, key)
    answer = HANDLERS[type(phrase)](parts, phrase, caller)
    if isinstance(phrase, LOOKS):
        parts.digests.looked(caller.actor)
    return answer
