"""Which messages a run has, in the order in which they have to be delivered. Slack is brought to this state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.slack import ids
from bot.slack.mrkdwn import slack_user
from bot.slack.views.alert import alert_message
from bot.slack.views.approval import approval_message, part_messages, stale_part
from bot.slack.views.card import run_card
from bot.slack.views.details import run_details
from bot.slack.views.edits import edit_message
from bot.slack.views.messages import MessageType, Places, Priority, Wanted
from bot.slack.views.notices import end_notice, escalation_notice, handover_notice, reminder, summary_message
from bot.slack.views.snapshot import ApprovalSnapshot, RunSnapshot
from bot.slack.views.telling import known_in, telling_only
from workflows.engine.model import OPEN, OVER, RunState


def messages_for(snapshot: RunSnapshot, places: Places) -> tuple[Wanted, ...]:
    """Every message that the run should have in Slack now.

    What is posted already and not among them is left alone. After new content was delivered, ask again with the new
    `places`: an approval gets its buttons only once Slack has the whole of what it shows.
    """
    found = [*_card(snapshot, places)]
    for shown in snapshot.approvals:
        found += _approval(snapshot, shown, places)
    found += [*_alerts(snapshot, places), *_ends(snapshot, places)]
    known = known_in(snapshot)
    return tuple(replace(one, message=telling_only(one.message, known)) for one in found)


def _card(snapshot: RunSnapshot, places: Places) -> Iterator[Wanted]:
    run = snapshot.run
    if not places.channel or run.parent_id is not None:
        return
    settled = run.state not in OPEN or run.cancel
    priority = Priority.DECISION if settled else Priority.PROGRESS
    yield Wanted(ids.CARD, MessageType.CARD, priority, run_card(snapshot, places.trouble))
    if places.details:
        details = replace(run_details(snapshot), thread=ids.CARD)
        yield Wanted(ids.DETAILS, MessageType.DETAILS, Priority.PROGRESS, details)


# approvals ---------------------------------------------------------------------------------------------------


def _approval(snapshot: RunSnapshot, shown: ApprovalSnapshot, places: Places) -> Iterator[Wanted]:
    approval = shown.approval
    asked = set(places.direct.get(approval.id, ()))
    if not places.channel:
        asked |= {user for actor in approval.approvers if (user := slack_user(actor))}
    if places.channel:
        yield from _told(snapshot, shown, places, ids.approval_key(approval.id), "", asked=True)
    before = ids.direct_key(approval.id, "")
    told = {rest for key in places.posted if key.startswith(before) and "/" not in (rest := key[len(before) :])}
    for user in sorted(asked | told):
        key = ids.direct_key(approval.id, user)
        yield from _told(snapshot, shown, places, key, user, asked=user in asked or not shown.open)


def _told(
    snapshot: RunSnapshot, shown: ApprovalSnapshot, places: Places, key: str, channel: str, *, asked: bool
) -> Iterator[Wanted]:
    if not shown.open and key not in places.posted:
        return  # it was over before anybody saw it: the card says how it went
    parts = part_messages(shown, key) if shown.open and asked else []
    ready = all(places.posted.get(name) == part.digest for name, part in parts)
    priority = Priority.APPROVAL if shown.open else Priority.DECISION
    message = approval_message(snapshot, shown, ready=ready, asked=asked)
    yield Wanted(key, MessageType.APPROVAL, priority, message, channel=channel)
    for name, part in parts:
        yield Wanted(name, MessageType.PART, Priority.APPROVAL, part, once=part.file is not None, channel=channel)
    if shown.open and asked:
        wanted = {name for name, _ in parts}
        for name in sorted(places.posted):
            if name.startswith(f"{key}/part/") and name not in wanted:
                yield Wanted(name, MessageType.PART, Priority.APPROVAL, stale_part(key), channel=channel)
    yield from _replies(shown, key, channel, asked=asked)


def _replies(shown: ApprovalSnapshot, key: str, channel: str, *, asked: bool) -> Iterator[Wanted]:
    notice, soon = MessageType.NOTICE, Priority.APPROVAL
    for number, edit in enumerate(shown.edits, 1):
        yield Wanted(ids.edit_key(key, number), notice, soon, edit_message(edit, key), once=True, channel=channel)
    if not shown.open or not asked:
        return
    if shown.handovers:
        number = len(shown.handovers)
        told = handover_notice(shown, number - 1, key)
        yield Wanted(ids.handover_key(key, number), notice, soon, told, once=True, channel=channel)
    if shown.escalations:
        number = len(shown.escalations)
        told = escalation_notice(shown, number - 1, key)
        yield Wanted(ids.escalation_key(key, number), notice, soon, told, once=True, channel=channel)
    if shown.reminders:
        name = ids.reminder_key(key, shown.reminders)
        yield Wanted(name, MessageType.REMINDER, soon, reminder(shown, key), once=True, channel=channel)


# alerts and ends ---------------------------------------------------------------------------------------------


def _alerts(snapshot: RunSnapshot, places: Places) -> Iterator[Wanted]:
    targets = [("", False)] if places.channel else []
    if places.ops and places.ops != places.channel:
        targets.append((places.ops, True))
    for alert in snapshot.alerts:
        for channel, ops in targets:
            key = ids.alert_key(alert.number, ops=ops)
            if key not in places.posted:
                continue  # the message of its group tells; what an earlier release posted is finished here
            message = alert_message(snapshot, alert, ops=ops)
            yield Wanted(key, MessageType.ALERT, Priority.DECISION, message, channel=channel)


def _ends(snapshot: RunSnapshot, places: Places) -> Iterator[Wanted]:
    run = snapshot.run
    if not places.channel or run.state not in OVER or run.parent_id is not None:
        return
    if slack_user(run.started_by) and run.dead_at is None and not _alerted(snapshot):
        key = ids.end_key(run.generation)
        yield Wanted(key, MessageType.END, Priority.APPROVAL, end_notice(snapshot, ids.CARD), once=True)
    if run.state is RunState.SUCCEEDED and snapshot.summary.strip():
        yield Wanted(ids.SUMMARY, MessageType.SUMMARY, Priority.APPROVAL, summary_message(snapshot), once=True)


def _alerted(snapshot: RunSnapshot) -> bool:
    """Whether an alert told of this very end: what was discarded or forked needs no second word."""
    last = snapshot.alerts[-1] if snapshot.alerts else None
    return last is not None and last.verb in ("", "discard", "fork") and snapshot.run.state is not RunState.SUCCEEDED
