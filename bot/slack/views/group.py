"""The message of a group of dead letters: what failed, how often, since when, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from bot.slack import ids
from bot.slack.mrkdwn import line, mention, said, slack_user, when
from bot.slack.views.alert import ADVICE, USUAL, alert_message
from bot.slack.views.blocks import actions, button, context, fitted, header, section, text_of
from bot.slack.views.bulk import all_moves, progress
from bot.slack.views.card import title_of
from bot.slack.views.messages import Block, Message, MessageType, Places, Priority, Wanted
from bot.slack.views.snapshot import AlertSnapshot, RunSnapshot
from bot.slack.views.telling import known_in, telling_only
from bot.telling import count
from workflows.engine.bulks.model import Standing
from workflows.engine.letters.model import Closed, Counted
from workflows.engine.model import Run

NEWEST = 20
"""Runs that are listed in the thread, and offered in the menu."""
PASSED = 20
"""So many runs that pass in a row say that an error is gone."""


@dataclass(frozen=True)
class Failed:
    """One run of a group."""

    run: Run
    at: datetime
    waits: bool
    """Whether it still waits for a person."""


@dataclass(frozen=True)
class GroupSnapshot:
    """A group with everything that its messages show."""

    counted: Counted
    newest: tuple[Failed, ...]
    """The newest of its runs, at least one."""
    only: RunSnapshot | None = None
    """Its run, where it is but one."""
    private: bool = False
    """Whether what its channel is told is not for everybody."""
    bulk: Standing | None = None
    """The last move for all of it."""
    people: tuple[str, ...] = ()
    """Who started its runs, in the order in which a run of each failed first."""

    @property
    def run(self) -> Run:
        """The run whose place is the group's too."""
        return self.newest[0].run

    @property
    def first(self) -> str:
        """The Slack id of whoever started the run that failed first; the group's own message tells them."""
        return slack_user(self.people[0]) if self.people else ""

    @property
    def alert(self) -> AlertSnapshot | None:
        """What its only run has to tell; None where there are more."""
        if self.only is None or not self.only.alerts:
            return None
        at = self.newest[0].at
        return next((alert for alert in reversed(self.only.alerts) if alert.at <= at), self.only.alerts[-1])


def group_messages(snapshot: GroupSnapshot, places: Places) -> tuple[Wanted, ...]:
    """Every message that a group should have in Slack now: in its channel, and in the ops channel."""
    targets = [(ids.GROUP, "")] if places.channel else []
    if places.ops and places.ops != places.channel:
        targets.append((ids.GROUP_OPS, places.ops))
    found = [one for key, channel in targets for one in _in_place(snapshot, key, channel, places)]
    known = known_in(snapshot.only) if snapshot.only else _people(snapshot)
    return tuple(replace(one, message=telling_only(one.message, known)) for one in found)


def _in_place(snapshot: GroupSnapshot, key: str, channel: str, places: Places) -> Iterator[Wanted]:
    if not snapshot.counted.open and key not in places.posted:
        return  # put right before anybody was told
    ops = key == ids.GROUP_OPS
    hidden = ops and snapshot.private
    message = _discreet(snapshot) if hidden else group_message(snapshot, ops=ops, told=ops and bool(places.channel))
    yield Wanted(key, MessageType.ALERT, Priority.DECISION, message, channel=channel)
    if hidden:
        return
    if snapshot.counted.runs > 1:
        told = replace(runs_message(snapshot), thread=key)
        yield Wanted(f"{key}/runs", MessageType.NOTICE, Priority.PROGRESS, told, channel=channel)
    if not ops and snapshot.counted.open:
        yield from _told(snapshot, key)
    if snapshot.bulk is not None and snapshot.bulk.bulk.ended_at is not None:
        asked = "" if ops and places.channel else f" {mention(snapshot.bulk.bulk.by)} asked for it."  # told once
        told = Message(f"{progress(snapshot.bulk)}{asked}", thread=key)
        name = f"{key}/bulk/{snapshot.bulk.bulk.id}"
        yield Wanted(name, MessageType.NOTICE, Priority.APPROVAL, told, once=True, channel=channel)
    if snapshot.counted.group.closed_as is Closed.PASSED:
        over = Message(f"✅ Resolved: the last {PASSED} runs of {_workflow(snapshot)} passed.", thread=key)
        yield Wanted(f"{key}/passed", MessageType.NOTICE, Priority.APPROVAL, over, once=True, channel=channel)


def _told(snapshot: GroupSnapshot, key: str) -> Iterator[Wanted]:
    """A word to each person whose run failed like another's: once for all of the group, however many of theirs fail."""
    for actor in snapshot.people[1:]:
        if user := slack_user(actor):
            words = Message(f"{mention(actor)}, a run of yours failed so too.", thread=key)
            yield Wanted(ids.told_key(key, user), MessageType.NOTICE, Priority.APPROVAL, words, once=True)


def group_message(snapshot: GroupSnapshot, *, ops: bool = False, told: bool = False) -> Message:
    """The group as it stands; of a single run it is that run's alert, with its buttons.

    With `told`, whoever started its runs is told elsewhere.
    """
    group, alert = snapshot.counted.group, snapshot.alert
    if snapshot.only is not None and alert is not None:
        made = alert_message(snapshot.only, alert, ops=ops, told=told)
        owned = [context(_owner(snapshot))] if group.owner else []
        own = actions(_own_buttons(snapshot), ids.GROUP_ROW) if snapshot.counted.open else []
        history = [context(words) for words in (_history(snapshot),) if words]
        return Message(made.text, fitted([*made.blocks, *history, *owned], own))
    waiting = snapshot.counted.open
    head = header(f"{count(snapshot.counted.runs, 'run')} failed alike: {snapshot.run.title or group.workflow}")
    first = f"\n{mention(snapshot.people[0])}, yours was the first." if snapshot.first and not ops else ""
    words = f"❌ {_what(snapshot)}\n{_counts(snapshot)}{first}"
    shown: list[Block] = [head, section(words)]
    if snapshot.bulk is not None:
        shown.append(section(f"{progress(snapshot.bulk)} {mention(snapshot.bulk.bulk.by)} asked for it."))
    if waiting:
        shown.append(section(ADVICE.get(group.error, USUAL)))
    shown.append(
        context(_history(snapshot), _owner(snapshot), f"Group `{group.id}`, workflow `{line(group.workflow)}`")
    )
    text = f"{count(snapshot.counted.runs, 'run')} of {_workflow(snapshot)} failed alike: {said(group.words, 200)}"
    return Message(text, fitted(shown, [*all_moves(snapshot.bulk, group.id), *_moves(snapshot)] if waiting else []))


def runs_message(snapshot: GroupSnapshot) -> Message:
    """The newest runs of a group, one a line."""
    lines = [
        f"{'❌' if one.waits else '✅'} *{line(title_of(one.run), 80)}* `{one.run.id}`, {when(one.at)}"
        for one in snapshot.newest[:NEWEST]
    ]
    more = snapshot.counted.runs - len(lines)
    rest = f"\n… and {count(more, 'older run')}." if more > 0 else ""
    return Message("The newest runs that failed so.", (section("\n".join(lines) + rest),))


def _discreet(snapshot: GroupSnapshot) -> Message:
    """What the ops channel is told of runs in a private channel: that they fail, and where one may look."""
    waiting = snapshot.counted.open
    verb = "waits" if waiting == 1 else "wait"
    words = (
        f"{count(snapshot.counted.runs, 'run')} of {_workflow(snapshot)} failed in a private channel; "
        f"{count(waiting, 'run')} {verb} for a person. Those who are in it see why."
    )
    return Message(words, (section(f"❌ {words}" if waiting else f"✅ {words}"),))


# parts -------------------------------------------------------------------------------------------------------


def _what(snapshot: GroupSnapshot) -> str:
    group = snapshot.counted.group
    step = f"*{line(group.step, 100)}*: " if group.step else ""
    return f"{step}{said(group.words, 1_000) or 'It stopped.'} _({line(group.error, 60)})_"


def _counts(snapshot: GroupSnapshot) -> str:
    counted = snapshot.counted
    waiting = f"*{counted.open} of them wait for a person.*" if counted.open else "Nothing waits for a person any more."
    since = f"{count(counted.runs, 'run')} since {when(counted.group.opened_at)}, the last {when(counted.last_at)}."
    return f"{since} {waiting}"


def _history(snapshot: GroupSnapshot) -> str:
    """Since which release it fails so, how often that was, and whether it is over."""
    counted = snapshot.counted
    parts = []
    if counted.earlier or counted.last_release > counted.first_release > 0:
        parts.append(f"Same error since release {counted.first_release}")
    if counted.earlier:
        parts.append(f"it was there {count(counted.earlier, 'time')} before")
    if counted.group.closed_as is Closed.PASSED:
        parts.append(f"resolved: the last {PASSED} runs passed")
    return "; ".join(parts) + "." if parts else ""


def _owner(snapshot: GroupSnapshot) -> str:
    group = snapshot.counted.group
    at = f" {when(group.claimed_at)}" if group.claimed_at else ""
    return f"🙋 Claimed by {mention(group.owner)}{at}." if group.owner else ""


def _workflow(snapshot: GroupSnapshot) -> str:
    return f"*{line(snapshot.run.title or snapshot.counted.group.workflow, 100)}*"


def _people(snapshot: GroupSnapshot) -> frozenset[str]:
    """Who may be named: those who started its runs, who sees to it, and who asked for a move of all of it."""
    asked = (snapshot.bulk.bulk.by,) if snapshot.bulk is not None else ()
    actors = (*snapshot.people, snapshot.counted.group.owner, *asked)
    return frozenset(user for user in map(slack_user, actors) if user)


def _own_buttons(snapshot: GroupSnapshot) -> Iterable[Block]:
    group = snapshot.counted.group
    if group.owner:
        yield button(ids.GROUP_RELEASE, "Release", group.id)
    else:
        yield button(ids.GROUP_CLAIM, "Claim", group.id)


def _moves(snapshot: GroupSnapshot) -> list[Block]:
    waiting = [one.run for one in snapshot.newest[:NEWEST] if one.waits]
    options = [{"text": text_of(f"{title_of(run)} {run.id}", 75), "value": run.id} for run in waiting]
    pick: list[Block] = []
    if options:
        pick = [{
            "type": "static_select", "action_id": ids.GROUP_PICK, "placeholder": text_of("Deal with one run", 75),
            "options": options,
        }]  # fmt: skip
    return actions([*pick, *_own_buttons(snapshot)], ids.GROUP_ROW)
