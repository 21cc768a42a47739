"""The names by which Slack hands presses, forms and messages back: every action, view and message key."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

# Buttons of a run's card and of lists. Value: the run's id.
RUN_DETAILS = "run.details"
RUN_CANCEL = "run.cancel"
RUN_RESUME = "run.resume"

# Buttons of an approval. Value: an `ApprovalRef`.
APPROVAL_APPROVE = "approval.approve"
APPROVAL_CHANGES = "approval.changes"
APPROVAL_REJECT = "approval.reject"
APPROVAL_EDIT = "approval.edit"
APPROVAL_REASSIGN = "approval.reassign"
# Under a reply in an approval's thread. Value: an `Offered`.
APPROVAL_REPLY = "approval.reply"

# Buttons of a failure alert. Value: the run's id.
ALERT_RESUME = "alert.resume"
ALERT_EDIT = "alert.edit"
ALERT_SKIP = "alert.skip"
ALERT_FORK = "alert.fork"
ALERT_DISCARD = "alert.discard"

# A group of dead letters. Value: the group's id; of the menu, a run's.
GROUP_CLAIM = "group.claim"
GROUP_RELEASE = "group.release"
GROUP_PICK = "group.pick"
GROUP_RESUME = "group.resume"
GROUP_SKIP = "group.skip"
GROUP_FORK = "group.fork"
GROUP_DISCARD = "group.discard"
GROUP_ALL_ROW = "group.all"
"""The block of moves for all of a group."""
# Ends a move for all of a group. Value: the bulk's id.
GROUP_STOP = "group.stop"
GROUP_ROW = "group.moves"
"""The block of these."""

# Lists and App Home. Value: a workflow's name.
WORKFLOW_START = "workflow.start"
# Buttons of schedules. Value: a `ScheduleRef`; of the one that makes a schedule, a workflow's name or "new".
SCHEDULE_ADD = "schedule.add"
SCHEDULE_SHOW = "schedule.show"
SCHEDULE_PAUSE = "schedule.pause"
SCHEDULE_RESUME = "schedule.resume"
SCHEDULE_RUN = "schedule.run"
SCHEDULE_REMOVE = "schedule.remove"

# A digest that was shown before it is saved. Value: its draft's id.
DIGEST_SAVE = "digest.save"
DIGEST_DROP = "digest.drop"

LINK = "link"
"""Buttons that only open an address: Slack tells of the press all the same, and it has to be acknowledged."""

ACTIONS = (
    RUN_DETAILS, RUN_CANCEL, RUN_RESUME,
    APPROVAL_APPROVE, APPROVAL_CHANGES, APPROVAL_REJECT, APPROVAL_EDIT, APPROVAL_REASSIGN,
    ALERT_RESUME, ALERT_EDIT, ALERT_SKIP, ALERT_FORK, ALERT_DISCARD, GROUP_CLAIM, GROUP_RELEASE, GROUP_PICK,
    APPROVAL_REPLY, GROUP_RESUME, GROUP_SKIP, GROUP_FORK, GROUP_DISCARD, GROUP_STOP,
    WORKFLOW_START, DIGEST_SAVE, DIGEST_DROP, LINK,
    SCHEDULE_ADD, SCHEDULE_SHOW, SCHEDULE_PAUSE, SCHEDULE_RESUME, SCHEDULE_RUN, SCHEDULE_REMOVE,
)  # fmt: skip
"""Every action id that a message, a view or App Home may carry beside the inputs of forms (`FORM_INPUT`)."""

# Views. Their `private_metadata` is a `Context`.
VIEW_START = "run.start"
VIEW_CANCEL = "run.cancel"
VIEW_EDIT = "run.edit"
VIEW_SKIP = "run.skip"
VIEW_APPROVE = "approval.approve"
VIEW_CHANGES = "approval.changes"
VIEW_REJECT = "approval.reject"
VIEW_EDIT_APPROVE = "approval.edit"
VIEW_REASSIGN = "approval.reassign"
VIEW_CHOOSE = "workflow.choose"
VIEW_SCHEDULE = "schedule.rule"
VIEW_SCHEDULE_INPUT = "schedule.input"
VIEW_FORK = "run.fork"
VIEW_BULK = "group.all"
VIEW_UNDO = "run.undo"
VIEW_CREDENTIAL = "credential.set"
VIEW_LOADING = "loading"
VIEW_CLOSING = "closing"
"""Views that tell and take nothing: they have no submit button."""

VIEWS = (
    VIEW_START, VIEW_CANCEL, VIEW_EDIT, VIEW_SKIP,
    VIEW_APPROVE, VIEW_CHANGES, VIEW_REJECT, VIEW_EDIT_APPROVE, VIEW_REASSIGN,
    VIEW_FORK, VIEW_BULK, VIEW_UNDO, VIEW_CHOOSE, VIEW_SCHEDULE, VIEW_SCHEDULE_INPUT, VIEW_CREDENTIAL,
)  # fmt: skip
"""The callback ids of every view that can be submitted."""
TELLING_VIEWS = (VIEW_LOADING, VIEW_CLOSING)

# Shortcuts. They stand in the manifest, and in people's fingers.
SHORTCUT_START = "start_workflow"
SHORTCUT_MESSAGE = "start_from_message"

# The custom step of the Workflow Builder.
FUNCTION_RUN = "run_workflow"

# Inputs of forms.
FORM_INPUT = "value"
"""The action id of every input; its block id tells the field."""
FIELD = "field."
"""Before the name of a model's field in a block id, so that no field can take the name of one of ours."""
SCHEDULE_FIELD = "schedule."
"""The same for the rule of a schedule."""
CREDENTIAL_FIELD = "credential."
"""The same for what a service wants to know of us."""
WORKFLOW = "workflow"
"""Which workflow, where that is asked for."""
EDITED = "edited."
"""The same for what an approver edits, beside what he fills in."""
COMMENT = "comment"
REASON = "reason"
PEOPLE = "people"
START_AT = "start_at"
MESSAGE_TEXT = "message_text"
"""The text of the message that a run is started from."""
SKIP_VALUE = "skip_value"
NUMBER = "number"
"""How many, typed to confirm what can't be taken back."""
STEP = "step"
"""Which step, where that is asked for."""
WHOLE_INPUT = "whole_input"
"""The input as JSON, where its model has no fields that a form can hold."""

# Message metadata, by which a post of unknown outcome is found again.
METADATA_EVENT = "baton_message"

METADATA = 3_000
"""Characters of a view's private_metadata."""
DIGEST_SHOWN = 16
"""So many hex digits of a digest travel in a button."""


@dataclass(frozen=True)
class ApprovalRef:
    """Which approval a button belongs to, and what was shown beside it."""

    approval: str
    digest: str

    def text(self) -> str:
        """As a button's value."""
        return f"{self.approval}|{self.digest[:DIGEST_SHOWN]}"

    @classmethod
    def of(cls, value: str) -> ApprovalRef | None:
        """Read a button's value; None for what no approval wrote."""
        approval, bar, digest = value.partition("|")
        return cls(approval, digest) if approval and bar else None


@dataclass(frozen=True)
class ScheduleRef:
    """Which schedule a button belongs to: a name may be given anew, an id never is."""

    name: str
    id: str

    def text(self) -> str:
        """As a button's value."""
        return f"{self.name}|{self.id}"

    @classmethod
    def of(cls, value: str) -> ScheduleRef:
        """Read a button's value."""
        name, _, ident = value.partition("|")
        return cls(name, ident)


@dataclass(frozen=True)
class Context:
    """What a view has to know when it comes back: ids, never content."""

    run: str = ""
    approval: str = ""
    digest: str = ""
    workflow: str = ""
    key: str = ""
    """The key of the step that is skipped."""
    channel: str = ""
    message: str = ""
    """The ts of the message whose button opened the view."""
    at: str = ""
    """When a run is to be started (ISO 8601), if not now."""
    labels: str = ""
    """JSON of the labels given beside a start."""
    reply_url: str = ""
    """The press's response_url: the next update of its message may use it."""
    rule: str = ""
    """JSON of a schedule that is to be made, all but its input."""
    link: str = ""
    """The address of the message that a run is started from."""
    bulk: str = ""
    """A move for all of a group that is to be confirmed."""
    files: str = ""
    """The ids of its files, with commas between."""

    def text(self) -> str:
        """As a view's private_metadata; labels or a URL that do not fit are left out."""
        shorter = replace(self, labels="")
        return next((_packed(one) for one in (self, shorter) if one.fits()), _packed(replace(shorter, reply_url="")))

    def fits(self) -> bool:
        """Whether a view can carry all of it."""
        return len(_packed(self)) <= METADATA

    @classmethod
    def of(cls, text: str) -> Context:
        """Read a view's private_metadata; what is unknown or broken is left empty."""
        try:
            given = json.loads(text or "{}")
        except ValueError:
            return cls()
        known = asdict(cls())
        if not isinstance(given, dict):
            return cls()
        return cls(**{name: value for name, value in given.items() if name in known and isinstance(value, str)})


def _packed(context: Context) -> str:
    return json.dumps({name: value for name, value in asdict(context).items() if value}, separators=(",", ":"))


# Keys of a run's messages -------------------------------------------------------------------------------------

CARD = "card"
DETAILS = "details"
GROUP = "group"
GROUP_OPS = "group/ops"
"""The same group's message in the ops channel."""
SUMMARY = "summary"


def approval_key(approval: str) -> str:
    """The approval's message in the run's channel."""
    return f"approval/{approval}"


def approval_of(key: str) -> str:
    """The approval whose own message has this key; "" for any other message."""
    kind, _, rest = key.partition("/")
    approval, _, more = rest.partition("/")
    return approval if kind == "approval" and (not more or (more.startswith("dm/") and more.count("/") == 1)) else ""


def direct_key(approval: str, user: str) -> str:
    """The same message to one approver who does not see the channel."""
    return f"approval/{approval}/dm/{user}"


def part_key(message: str, number: int) -> str:
    """A part of the full content, in the thread of the message with key `message`; the first is 1."""
    return f"{message}/part/{number}"


def file_key(message: str, digest: str) -> str:
    """The full content as a file, in the thread of the message with key `message`; changed content is another file."""
    return f"{message}/file/{digest[:8]}"


def reminder_key(message: str, number: int) -> str:
    """Telling approvers again, in the thread of the approval's message with key `message`."""
    return f"{message}/reminder/{number}"


def edit_key(message: str, number: int) -> str:
    """What an approver edited, in the approval's thread."""
    return f"{message}/edit/{number}"


def escalation_key(message: str, number: int) -> str:
    """Telling the people whom an approval was escalated to."""
    return f"{message}/escalation/{number}"


def handover_key(message: str, number: int) -> str:
    """Telling the people whom an approval was handed to."""
    return f"{message}/handover/{number}"


def told_key(message: str, user: str) -> str:
    """Telling somebody that a run of theirs failed like others, in the thread of the group's message."""
    return f"{message}/told/{user}"


def alert_key(number: int, *, ops: bool = False) -> str:
    """The alert of a run's nth dead letter; the first is 1."""
    return f"alert/{number}/ops" if ops else f"alert/{number}"


def end_key(generation: int) -> str:
    """Telling the starter that the run is over; a run that was put right may end again."""
    return f"end/{generation}"
