"""What a replay found: the same, the same so far, or a difference, and what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from workflows.engine.model import OPEN, Kind, Record, Run, StepState


class Verdict(enum.StrEnum):
    """How a recorded run and today's code stand to each other."""

    SAME = "same"
    """The code goes the recorded way to the recorded end."""
    GOES_ON = "goes_on"
    """The same as far as history goes; what comes then is new."""
    ENDS_OTHERWISE = "ends_otherwise"
    """The run is over, and the code would go on or end in another way."""
    PARKS = "parks"
    NOT_INSTALLED = "not_installed"
    NEWER_RELEASE = "newer_release"
    """A newer release advanced the run: workers of this one leave it alone."""


FITS = frozenset({Verdict.SAME, Verdict.GOES_ON})


class Cause(enum.StrEnum):
    """Why a run would be parked."""

    ORDER = "order"
    """The code asks for something else than history has, or with other arguments."""
    TYPE = "type"
    """A record no longer fits its type."""
    BODY = "body"
    """The body raises what is no failure of a step."""
    OTHER = "other"


@dataclass(frozen=True)
class Difference:
    """Where history and code part."""

    scope: str
    recorded: Record | None
    """What history has at that place or, where it has nothing, after it; None when it has nothing more."""
    asked_kind: Kind | None
    """What the code asks for there; None when it asks for nothing more."""
    asked_key: str = ""

    @property
    def has(self) -> str:
        return f"{self.recorded.kind} {self.recorded.key}" if self.recorded else ""

    @property
    def asked(self) -> str:
        return f"{self.asked_kind} {self.asked_key}" if self.asked_kind else ""

    @property
    def is_of_arguments(self) -> bool:
        """Whether it is the same step, called with other arguments."""
        return self.recorded is not None and (self.recorded.kind, self.recorded.key) == (
            self.asked_kind, self.asked_key,
        )  # fmt: skip


@dataclass(frozen=True)
class Next:
    """Something new that the run would do at the end of its history."""

    kind: Kind
    key: str
    state: StepState = StepState.PENDING
    """The state in which it would be recorded."""

    @property
    def words(self) -> str:
        """What it does, in words that follow *it*."""
        match self.kind:
            case Kind.STEP if self.state is StepState.RETRYING:
                return f"waits to try {self.key} again"
            case Kind.STEP:
                return f"takes {self.key}"
            case Kind.COMPENSATION:
                return f"undoes with {self.key}"
            case Kind.SAGA:
                return f"undoes what {self.key} did"
            case Kind.PARALLEL | Kind.MAP:
                return f"begins {self.key}"
            case Kind.BRANCH:
                return f"ends the branch {self.key}"
        if self.state in (StepState.RUNNING, StepState.PENDING):
            return f"waits for {self.key}"
        return f"goes on after {self.key}"


@dataclass(frozen=True)
class Replayed:
    """One run, replayed on today's code."""

    run: Run
    verdict: Verdict
    records: int
    """How many records its history has."""
    today: str = ""
    """The version of the installed workflow."""
    words: str = ""
    """Why it would park, or how it would end."""
    cause: Cause | None = None
    difference: Difference | None = None
    key: str = ""
    """The record at which it would park, where there is one."""
    then: tuple[Next, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether a deploy of this code leaves the run in peace."""
        return self.verdict in FITS


@dataclass(frozen=True)
class Move:
    """One thing to do about a run that does not fit, with its command where there is one."""

    name: str
    words: str
    command: str = ""


DRAIN = Move("drain", "Let it end on the release that runs it now, and deploy after.")
PATCH = Move(
    "patch", "Guard the change with run.patched(): runs begun before go the old way, new ones the new way."
)  # fmt: skip
FIT = Move("mend", "Make the type read the old record too: give new fields defaults, keep old names.")


def moves(found: Replayed) -> tuple[Move, ...]:
    """What to do about it, the mildest first; empty when nothing has to be done."""
    run = found.run
    match found.verdict:
        case Verdict.PARKS:
            return _for_parked(found)
        case Verdict.NOT_INSTALLED:
            install = Move("install", f"Install {run.workflow} with this release; until then no worker takes the run.")
            return (install, DRAIN, Move("cancel", "Or give the run up.", f"baton cancel {run.id}"))
        case Verdict.NEWER_RELEASE:
            return (Move("upgrade", f"Leave it to workers of release {run.release} or newer."),)
    return ()


def _for_parked(found: Replayed) -> tuple[Move, ...]:
    drain = (DRAIN,) if found.run.state in OPEN else ()
    match found.cause:
        case Cause.ORDER:
            return (PATCH, *_fork(found), *drain)
        case Cause.TYPE:
            return (FIT, *_fork(found), *drain)
        case Cause.BODY:
            return (Move("mend", "Mend the body."), *drain)
    return (Move("mend", "Do what it says."), *drain)


def _fork(found: Replayed) -> tuple[Move, ...]:
    if not found.key:
        return ()
    words = f"Deploy, then fork: a new run on today's code keeps what came before {found.key} and does the rest anew."
    return (Move("fork", words, f"baton fork {found.run.id} --at {found.key}"),)
