"""Letting somebody decide in one's place."""

from __future__ import annotations

from datetime import datetime

from bot.slack.directory import SLACK, slack_ids
from bot.slack.incoming import Caller
from bot.slack.mrkdwn import line, mention, when
from bot.slack.parts import Parts
from bot.slack.phrases import Delegate, PhraseError
from bot.slack.reacting import Answer
from bot.slack.times import zone
from bot.slack.views.messages import Message
from bot.times import day_or_moment
from workflows.engine.approving.delegation import Delegation, scope_words
from workflows.engine.deputies import Deputies, scope_of
from workflows.engine.drafting import policies_in
from workflows.engine.model import ApprovalState


def delegate(parts: Parts, phrase: Delegate, caller: Caller) -> Answer:
    """Give one's say to somebody, take it back, or tell who has whose."""
    service = parts.service
    deputies = Deputies(parts.store.delegations, service.access, parts.now)
    if phrase.off:
        count = deputies.end(caller.actor, by=caller.actor)
        _show_again(parts)
        return Answer(Message(f"You decide for yourself again: {count} delegation{'s' * (count != 1)} taken back."))
    if not phrase.deputy:
        return Answer(_listed(deputies, caller.actor))
    made = deputies.delegate(
        caller.actor, _person(phrase.deputy, caller), by=caller.actor, until=_end(parts, phrase, caller),
        scope=_scope(parts, phrase.what), away=phrase.away,
    )  # fmt: skip
    _show_again(parts)
    return Answer(Message(f"{_words(made)}. `/baton delegate off` takes it back."))


def _person(text: str, caller: Caller) -> str:
    name = text.removeprefix("@")
    if slack_ids(name) is not None:
        return name
    if text[:1] in "UW" and text.isalnum() and text.isupper():
        return f"{SLACK}{caller.team}:{text}"
    raise PhraseError(f"{line(text, 80)} is nobody I know. Choose the person from the list that Slack opens after @.")


def _end(parts: Parts, phrase: Delegate, caller: Caller) -> datetime | None:
    if not phrase.until:
        return None
    person = parts.directory.person(caller.actor)
    return day_or_moment(phrase.until, parts.now(), zone(person.zone if person else ""))


def _scope(parts: Parts, what: str) -> str:
    if not what or what.lower() in ("everything", "all"):
        return ""
    kind, colon, rest = what.partition(" ")
    name = (rest if colon and kind.lower() in ("policy", "workflow") else what).strip()
    policies = {*parts.service.book.policies, *policies_in(parts.catalogue.all())}
    if name in policies and kind.lower() != "workflow":
        return scope_of(policy=name)
    workflow = name.lower().replace("-", "_")
    if workflow in parts.catalogue.names() and kind.lower() != "policy":
        return scope_of(workflow=workflow)
    raise PhraseError(f"There is neither a policy nor a workflow {line(name, 80)}. `/baton workflows` lists workflows.")


def _listed(deputies: Deputies, actor: str) -> Message:
    rows = [_words(one) for one in deputies.listed() if actor in (one.person, one.deputy)]
    if not rows:
        return Message("Nobody decides for you, and you for nobody. `/baton delegate @ben until friday` changes that.")
    return Message("\n".join(f"• {row}" for row in rows))


def _words(one: Delegation) -> str:
    until = f" until {when(one.until)}" if one.until else ""
    away = f", while the status of {mention(one.person)} in Slack says away" if one.away else ""
    return f"{mention(one.deputy)} decides for {mention(one.person)} in {scope_words(one.scope)}{until}{away}"


def _show_again(parts: Parts) -> None:
    """Open approvals tell who decides for whom."""
    for run_id in dict.fromkeys(one.run_id for one in parts.store.approvals(state=ApprovalState.OPEN)):
        parts.outbox.touch(run_id)
        parts.refresh(run_id)
