"""What people can say to Baton: each phrase as it was understood."""

from __future__ import annotations

from dataclasses import dataclass

from workflows.engine.errors import BatonError

EVERYTHING = "everything"
"""What `pause` and `resume` take for all workflows at once."""

Pairs = tuple[tuple[str, str], ...]


class PhraseError(BatonError):
    """What somebody said can't be understood; the text says why and how to say it."""


@dataclass(frozen=True)
class Start:
    """`run NAME field=value … [at TIME] [--dry-run] [label:key=value]`"""

    workflow: str
    fields: Pairs = ()
    at: str = ""
    dry: bool = False
    labels: Pairs = ()


@dataclass(frozen=True)
class Runs:
    """`runs [words] [state:…] [workflow:…] [by:…] [label:key=value]`"""

    words: str = ""
    states: tuple[str, ...] = ()
    workflow: str = ""
    by: str = ""
    labels: Pairs = ()


@dataclass(frozen=True)
class Status:
    """`status RUN`"""

    run: str


@dataclass(frozen=True)
class Approvals:
    """`approvals`"""


@dataclass(frozen=True)
class Resume:
    """`resume RUN`, or `resume WORKFLOW|everything` after a pause."""

    what: str


@dataclass(frozen=True)
class Cancel:
    """`cancel RUN [reason]`"""

    run: str
    reason: str = ""


@dataclass(frozen=True)
class Why:
    """`why RUN|APPROVAL`"""

    what: str


@dataclass(frozen=True)
class Workflows:
    """`workflows [NAME]`"""

    name: str = ""


@dataclass(frozen=True)
class Pause:
    """`pause [WORKFLOW|everything] [reason]`"""

    workflow: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Unpause:
    """`unpause [WORKFLOW|everything]`"""

    workflow: str = ""


@dataclass(frozen=True)
class ListSchedules:
    """`schedule [list]`"""


@dataclass(frozen=True)
class AddSchedule:
    """`schedule add NAME WORKFLOW WHEN [ZONE] field=value … [--overlap …] [--catch-up …] [--jitter …] [--show-in …]`"""

    name: str = ""
    workflow: str = ""
    when: str = ""
    zone: str = ""
    fields: Pairs = ()
    options: Pairs = ()


@dataclass(frozen=True)
class KeepSchedule:
    """`schedule show|pause|resume|run-now|remove NAME`"""

    verb: str
    name: str


@dataclass(frozen=True)
class Digest:
    """`digest [list]`, `digest add NAME [PLACE] WHEN [as NAME]`, `digest show|now|pause|resume|remove NAME`"""

    verb: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alerts:
    """`alerts [all]`"""

    past: bool = False


@dataclass(frozen=True)
class Mute:
    """`mute WHAT until TIME`"""

    what: str
    until: str = ""


@dataclass(frozen=True)
class Unmute:
    """`unmute WHAT`"""

    what: str


@dataclass(frozen=True)
class Mutes:
    """`mutes`"""


@dataclass(frozen=True)
class DeadLetters:
    """`deadletters [mine] [all] [workflow:NAME]`"""

    workflow: str = ""
    mine: bool = False
    all: bool = False


@dataclass(frozen=True)
class Claim:
    """`claim GROUP`"""

    group: str


@dataclass(frozen=True)
class Release:
    """`release GROUP`"""

    group: str


@dataclass(frozen=True)
class Fork:
    """`fork RUN [at STEP]`"""

    run: str
    at: str = ""


@dataclass(frozen=True)
class Undo:
    """`undo RUN`"""

    run: str


@dataclass(frozen=True)
class Delegate:
    """`delegate [@PERSON until WHEN|while away [for POLICY|WORKFLOW]]`, `delegate off`"""

    deputy: str = ""
    until: str = ""
    what: str = ""
    away: bool = False
    off: bool = False


@dataclass(frozen=True)
class ListCredentials:
    """`credentials [list]`"""


@dataclass(frozen=True)
class SetCredential:
    """`credentials set NAME`"""

    name: str


@dataclass(frozen=True)
class Help:
    """`help`"""


Phrase = (
    Start | Runs | Status | Approvals | Resume | Cancel | Why | Workflows | Pause | Unpause | ListSchedules
    | AddSchedule | KeepSchedule | Digest | DeadLetters | Claim | Release | Fork | Undo | Delegate
    | Alerts | Mute | Unmute | Mutes | ListCredentials | SetCredential | Help
)  # fmt: skip

VERBS = (
    "run", "runs", "status", "approvals", "resume", "cancel", "why", "workflows", "pause", "unpause", "schedule",
    "digest", "alerts", "mute", "unmute", "mutes", "deadletters", "claim", "release", "fork", "undo", "delegate",
    "credentials", "help",
)  # fmt: skip
"""The words that a phrase begins with."""
INSTEAD = {
    "start": "run", "launch": "run", "execute": "run", "list": "runs", "ls": "runs", "search": "runs", "find": "runs",
    "show": "status", "state": "status", "approval": "approvals", "approve": "approvals", "reject": "approvals",
    "retry": "resume", "continue": "resume", "rerun": "resume", "stop": "cancel", "abort": "cancel", "kill": "cancel",
    "explain": "why", "workflow": "workflows", "catalogue": "workflows", "catalog": "workflows", "hold": "pause",
    "unhold": "unpause", "schedules": "schedule", "cron": "schedule", "plan": "schedule", "repeat": "schedule",
    "alert": "alerts", "silence": "mute", "unsilence": "unmute", "digests": "digest", "summary": "digest",
    "dead-letters": "deadletters", "letters": "deadletters", "failures": "deadletters", "groups": "deadletters",
    "take": "claim", "own": "claim", "unclaim": "release", "branch": "fork", "copy": "fork",
    "revert": "undo", "rollback": "undo",
    "delegation": "delegate", "deputy": "delegate", "vacation": "delegate",
    "credential": "credentials", "secret": "credentials",
    "token": "credentials",
}  # fmt: skip
"""Words that people try, and the word that Baton has for it."""
