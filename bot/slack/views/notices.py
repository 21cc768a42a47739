"""Short messages that tell somebody: reminders, handovers, the end of a run, its summary."""

from __future__ import annotations

from bot.slack.mrkdwn import authored, line, mention, people, pieces, said, when
from bot.slack.views.approval import handover_words
from bot.slack.views.blocks import RUN_SIGNS, fitted, section
from bot.slack.views.card import result_blocks, standing, title_of
from bot.slack.views.messages import Message
from bot.slack.views.snapshot import ApprovalSnapshot, RunSnapshot


def reminder(shown: ApprovalSnapshot, thread: str) -> Message:
    """Tells those who have to decide again, in the approval's thread."""
    approval = shown.approval
    until = f" It expires {when(approval.due_at)}." if approval.due_at else ""
    words = (
        f"🔔 {people(approval.approvers)}: *{line(approval.title or approval.name)}* still waits for your decision, "
        f"asked for {when(approval.opened_at)}.{until}"
    )
    return Message(words, (section(words),), thread=thread)


def escalation_notice(shown: ApprovalSnapshot, number: int, thread: str) -> Message:
    """Tells the people whom an approval was escalated to, in its thread."""
    approval = shown.approval
    to, title = people(shown.escalations[number], "and"), line(approval.title or approval.name)
    words = f"⏫ {to}: nobody has decided *{title}* since {when(approval.opened_at)}. You may decide it above."
    return Message(words, (section(words),), thread=thread)


def handover_notice(shown: ApprovalSnapshot, number: int, thread: str) -> Message:
    """Tells the people whom an approval was handed to, in its thread."""
    words = f"{handover_words(shown, number)}. Please decide above."
    return Message(words, (section(words),), thread=thread)


def end_notice(snapshot: RunSnapshot, thread: str) -> Message:
    """Tells the starter that the run is over, in the card's thread."""
    run = snapshot.run
    title = line(title_of(run))
    words = f"{RUN_SIGNS[run.state]} {mention(run.started_by)}: *{title}*: {standing(snapshot)}"
    text = f"{title}: {run.state.value}{', ' + said(run.cancel, 100) if run.cancel else ''}"
    return Message(text, fitted([section(words), *result_blocks(run)]), thread=thread)


def summary_message(snapshot: RunSnapshot) -> Message:
    """What the workflow says of its result, in the channel; its author's mrkdwn stays, but calls nobody."""
    parts = pieces(authored(snapshot.summary))
    text = f"{line(title_of(snapshot.run))}: {line(snapshot.summary, 300)}"
    return Message(text, fitted([section(part) for part in parts] or [section("…")]))
