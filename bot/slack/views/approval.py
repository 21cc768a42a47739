"""An approval's message: what is to be decided, by whom, until when, and how it was decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bot.slack import ids
from bot.slack.mrkdwn import ROOM, cut, line, mention, people, pieces, quoted, said, when
from bot.slack.views.blocks import actions, button, context, divider, fitted, header, section, sections
from bot.slack.views.content import label, rendered, scalar, value_of
from bot.slack.views.edits import is_shown, summary_of
from bot.slack.views.messages import Block, File, Message
from bot.slack.views.snapshot import ApprovalSnapshot, RunSnapshot
from workflows.engine.approving.delegation import Delegation
from workflows.engine.approving.recorded import quorum_words, seats_of
from workflows.engine.model import Approval, ApprovalState, Decision, Outcome, Run

INLINE = 2_500
"""Content up to here is shown in the message; more of it goes into the thread."""
EXCERPT = 600
PARTS = 12
"""Content of more parts than these is a file."""
TITLES = {
    Outcome.APPROVED: "Approved", Outcome.CHANGES: "Changes asked for", Outcome.REJECTED: "Rejected",
    Outcome.EXPIRED: "Expired",
}  # fmt: skip
SIGNS = {Outcome.APPROVED: "✅", Outcome.CHANGES: "✏️", Outcome.REJECTED: "❌", Outcome.EXPIRED: "⌛"}
_AT_TIMEOUT = {
    Outcome.APPROVED: " Without an answer until then it counts as approved.",
    Outcome.CHANGES: " Without an answer until then it counts as sent back for changes.",
    Outcome.REJECTED: " Without an answer until then it counts as rejected.",
}


@dataclass(frozen=True)
class Content:
    """What is to be approved, in full, as people read it."""

    text: str
    parts: tuple[str, ...]
    """The text in parts that fit in one message each; none when it stands in the approval's own message."""

    @property
    def as_file(self) -> bool:
        return len(self.parts) > PARTS


@lru_cache(maxsize=16)
def content_of(show: str) -> Content:
    """What an approval shows, rendered; kept, since it may be megabytes and is asked for at every change."""
    text = rendered(show)
    return Content(text, () if len(text) <= INLINE else tuple(pieces(text)))


def approval_message(snapshot: RunSnapshot, shown: ApprovalSnapshot, *, ready: bool, asked: bool = True) -> Message:
    """The approval as it stands. `ready` says that Slack has the full content: before that nobody can decide.

    `asked` is False in the direct message to somebody who is no longer asked.
    """
    approval = shown.approval
    title = approval.title or approval.name
    head = header(f"{_heading(shown)}: {title}")
    about = context(_about(snapshot.run, approval))
    if not asked and shown.open:
        told = f"↪️ It was handed to {people(approval.approvers)}. You need not decide any more."
        return Message(f"{line(title)} was handed to others.", (head, section(told), about))
    shown_blocks: list[Block] = [head, section(_status(shown)), about, *_votes(shown), *_handed(shown), divider()]
    shown_blocks += _content_blocks(approval, ready=ready or not shown.open)
    if shown.open and ready:
        return Message(_fallback(snapshot, shown), fitted(shown_blocks, actions(_buttons(approval))))
    if shown.open:
        shown_blocks.append(
            context("⏳ The full text is on its way into the thread; the buttons appear when it is complete.")
        )
    return Message(_fallback(snapshot, shown), fitted(shown_blocks))


def part_messages(shown: ApprovalSnapshot, key: str) -> list[tuple[str, Message]]:
    """The full content for the thread of the message with this key, by keys of their own; none when it is short."""
    approval = shown.approval
    content = content_of(approval.show)
    title = approval.title or approval.name
    if content.as_file:
        name = "".join(char if char.isascii() and char.isalnum() else "-" for char in approval.name) or "content"
        file = File(f"{name}.md", line(title, 100), _unescaped(content.text))
        words = f"The full text of *{line(title)}*: {len(content.text):,} characters."
        return [(ids.file_key(key, approval.digest), Message(words, thread=key, file=file))]
    count = len(content.parts)
    return [
        (ids.part_key(key, number), _part(title, number, count, part, key))
        for number, part in enumerate(content.parts, 1)
    ]


def stale_part(key: str) -> Message:
    """What is left of a part that the changed content has no use for."""
    words = "This part belonged to an earlier version, which is no longer what is to be decided."
    return Message(words, (context(f"_{words}_"),), thread=key)


def _part(title: str, number: int, count: int, text: str, key: str) -> Message:
    return Message(
        f"{line(title)}, part {number} of {count}", (context(f"Part {number} of {count}"), section(text)), thread=key
    )


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


# words -------------------------------------------------------------------------------------------------------


def _heading(shown: ApprovalSnapshot) -> str:
    approval = shown.approval
    match approval.state:
        case ApprovalState.OPEN:
            return "Please decide"
        case ApprovalState.VOID:
            return "No longer asked for"
        case ApprovalState.EXPIRED:
            return "Expired"
    return TITLES.get(approval.outcome or Outcome.EXPIRED, "Decided")


def _status(shown: ApprovalSnapshot) -> str:
    approval = shown.approval
    match approval.state:
        case ApprovalState.OPEN:
            return _open(shown)
        case ApprovalState.VOID:
            return f"⏹️ Nobody has to decide this any more ({when(approval.closed_at) or 'the run went on'})."
        case ApprovalState.EXPIRED:
            counts = approval.outcome not in (None, Outcome.EXPIRED)
            as_what = f" It counts as {(approval.outcome or Outcome.EXPIRED).value}." if counts else ""
            return f"⌛ Nobody decided in time ({when(approval.due_at or approval.closed_at)}).{as_what}"
    return decided_words(shown)


def _open(shown: ApprovalSnapshot) -> str:
    approval = shown.approval
    until = f", until {when(approval.due_at)}" if approval.due_at else ""
    needed = f" *{approval.quorum} approvals* are needed." if approval.quorum > 1 else ""
    seats = seats_of(approval)
    needed = f" Needed: *{line(quorum_words(seats), 300)}*." if any(seats) else needed
    counts = _AT_TIMEOUT.get(approval.on_timeout, "") if approval.due_at else ""
    lacking = f"\n⚠️ It can't be decided as it stands. {said(shown.impossible, 600)}" if shown.impossible else ""
    words = (
        f"⏳ {people(approval.approvers)}: please approve, ask for changes or reject{until}.{needed}{counts}{lacking}"
    )
    return cut(words, ROOM)


def decided_words(shown: ApprovalSnapshot) -> str:
    """How and by whom it was decided, with the comments."""
    approval = shown.approval
    outcome = approval.outcome or Outcome.APPROVED
    deciding = [vote for vote in shown.decisions if vote.outcome is outcome]
    if outcome is not Outcome.APPROVED:
        deciding = deciding[-1:]
    else:
        deciding = [vote for vote in deciding if shown.holds(vote)] or deciding[-1:]
    by = joined([voter(vote) for vote in deciding]) if deciding else "somebody"
    words = f"{SIGNS[outcome]} *{TITLES[outcome]}* by {by} {when(approval.closed_at)}".rstrip()
    comments = [vote for vote in deciding if vote.comment.strip()]
    for vote in comments[:10]:
        who = f"\n{mention(vote.by)}:" if len(deciding) > 1 else ""
        words += f"{who}\n{quoted(vote.comment)}"
    edits = [f"\n{summary_of(edit)}" for edit in shown.edits[-3:]]
    if shown.edits and not is_shown(shown.edits[-1], approval.show):
        edits.append("\n_Below is what was asked for; how it was approved is in the thread._")
    filled = [f"\n{filled_words(vote.fields)}" for vote in deciding if vote.fields]
    return cut(words + "".join(edits + filled), ROOM)


def voter(vote: Decision) -> str:
    """Who decided, and for whom."""
    return f"{mention(vote.by)} for {mention(vote.behalf)}" if vote.behalf else mention(vote.by)


def joined(names: list[str]) -> str:
    """Names in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def filled_words(fields: str | None) -> str:
    """What an approver filled in, on one line."""
    values = value_of(fields)
    if not isinstance(values, dict) or not values:
        return ""
    return " · ".join(f"{label(name)}: *{scalar(value, 150)}*" for name, value in list(values.items())[:10])


def _about(run: Run, approval: Approval) -> str:
    by = f" · started by {mention(run.started_by)}" if run.started_by else ""
    eyes = "" if approval.allow_self else " · whoever started it can't decide"
    eyes = eyes if approval.state is ApprovalState.OPEN else ""
    return f"For *{line(run.title or run.workflow)}*{by} · run `{line(run.id, 40)}`{eyes}"


def _votes(shown: ApprovalSnapshot) -> list[Block]:
    approval = shown.approval
    if not shown.open:
        return []
    rows = []
    if approval.quorum > 1 and shown.agreed:
        names = joined([voter(vote) for vote in shown.agreed])
        rows.append(f"*{len(shown.agreed)} of {approval.quorum} approvals*: {names}")
        several = len(shown.agreed) > 1
        commented = [vote for vote in shown.agreed if vote.comment.strip()][:5]
        rows += [f"{mention(vote.by)}:\n" * several + quoted(vote.comment, 300) for vote in commented]
    rows += [summary_of(edit) for edit in shown.edits[-3:]]
    void = [vote.by for vote in shown.decisions if not shown.holds(vote)]
    if void:
        rows.append(f"The earlier approval of {people(void, 'and')} counts no more, since it changed after it.")
    asked = _asked_fields(approval)
    if asked:
        rows.append(asked)
    return sections("\n".join(rows), most=2) if rows else []


def _asked_fields(approval: Approval) -> str:
    schema = value_of(approval.fields)
    named = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(named, dict) or not named:
        return ""
    titles = [
        label(str(inner.get("title") or name)) if _has_own_title(name, inner) else label(name)
        for name, inner in named.items()
    ]
    return f"Whoever approves fills in: {', '.join(titles[:10])}."


def _has_own_title(name: str, schema: object) -> bool:
    """Whether a field was given a title, and not the one that pydantic makes of its name."""
    return isinstance(schema, dict) and schema.get("title") != name.replace("_", " ").title()


def _handed(shown: ApprovalSnapshot) -> list[Block]:
    rows = [handover_words(shown, number) for number in range(len(shown.handovers))][-3:]
    rows += [f"⏫ Nobody decided, so {people(to, 'and')} may decide too." for to in shown.escalations[-3:]]
    if shown.open:
        rows += [deputy_words(one) for one in shown.deputies[:5]]
    return sections("\n".join(rows), most=1) if rows else []


def deputy_words(one: Delegation) -> str:
    """Who decides for whom, in a sentence."""
    until = f" until {when(one.until)}" if one.until else ""
    return f"🤝 {mention(one.deputy)} decides for {mention(one.person)}{until}"


def handover_words(shown: ApprovalSnapshot, number: int) -> str:
    """One handover in a sentence."""
    handover = shown.handovers[number]
    why = f": {line(handover.reason, 300)}" if handover.reason.strip() else ""
    return f"↪️ {mention(handover.by)} handed it to {people(handover.to, 'and')}{why}"


def _content_blocks(approval: Approval, *, ready: bool) -> list[Block]:
    content = content_of(approval.show)
    if not content.parts:
        return sections(content.text)
    excerpt = pieces(content.text[: EXCERPT * 4], EXCERPT)[0]
    where = "is in the thread"
    if content.as_file:
        where += ", as a file"
    elif len(content.parts) > 1:
        where += f", in {len(content.parts)} parts"
    shown = [section(excerpt + "\n…")]
    return [*shown, context(f"The full text ({len(content.text):,} characters) {where}.")] if ready else shown


def _fallback(snapshot: RunSnapshot, shown: ApprovalSnapshot) -> str:
    approval, run = shown.approval, snapshot.run
    title = line(approval.title or approval.name, 100)
    for_run = f" ({line(run.title or run.workflow, 100)})"
    if shown.open:
        return f"Please decide: {title}{for_run}, {people(approval.approvers)}"
    return f"{_heading(shown)}: {title}{for_run}"


def _buttons(approval: Approval) -> Iterable[Block]:
    ref = ids.ApprovalRef(approval.id, approval.digest).text()
    yield button(ids.APPROVAL_APPROVE, "Approve", ref, style="primary")
    if approval.editable:
        yield button(ids.APPROVAL_EDIT, "Edit and approve", ref)
    yield button(ids.APPROVAL_CHANGES, "Request changes", ref)
    yield button(ids.APPROVAL_REJECT, "Reject", ref, style="danger")
    yield button(ids.APPROVAL_REASSIGN, "Reassign", ref)


def approval_buttons(shown: ApprovalSnapshot) -> list[Block]:
    """The row of buttons of an open approval, for lists in which its full content stands; none once it is closed."""
    return actions(_buttons(shown.approval)) if shown.open else []
