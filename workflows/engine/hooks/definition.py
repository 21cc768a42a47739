"""What an author of a hook declares: who calls, and what is done about each event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pydantic import SecretStr

from workflows.engine.definition import NAME, first_line
from workflows.engine.errors import BatonError, DefinitionError


class Unsigned(BatonError):
    """A call was not signed by whom it claims to come from, or too long ago. The text is for the log alone."""


class Unreadable(BatonError):
    """A call that was signed well says nothing that can be understood. The text is for the log alone."""


@dataclass(frozen=True)
class HookCall:
    """A request to a hook's address, of which nothing is believed yet."""

    uri: str
    """The whole address that was called."""
    headers: Mapping[str, str]
    """Their names are in lower case."""
    body: bytes
    at: datetime
    method: str = "POST"


@dataclass(frozen=True)
class HookEvent:
    """One thing that a service tells of."""

    id: str
    """The same when the service tells of it again."""
    type: str
    data: Any
    """What the service sent of it, as JSON values."""
    run: str = ""
    """The run that made the thing, where a connector left its mark on it."""


class Sender(Protocol):
    """How the calls of one kind of service are checked and read."""

    def check(self, call: HookCall, secrets: Sequence[SecretStr]) -> None:
        """Raise Unsigned unless one of these secrets signed this call a moment ago; nothing of it is read before."""

    def events(self, call: HookCall) -> Sequence[HookEvent]:
        """What a call that was checked tells of; raises Unreadable."""


@dataclass(frozen=True)
class StartRun:
    """Start a run of this workflow.

    Of several with the same `key` one run is started; without a key, each event starts its own.
    """

    workflow: str
    input: Any
    key: str = ""
    channel: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SendSignal:
    """Send this run a signal; one that it does not wait for yet is kept."""

    run: str
    name: str
    payload: Any = None


Act = StartRun | SendSignal
"""What is done about an event."""


@dataclass(frozen=True)
class Hook:
    """An address that a service calls, `/hooks/NAME`, and what is done about each event that it tells of."""

    name: str
    title: str
    sender: str | Sender
    """One that Baton knows, by its name, or one of the author's."""
    act: Callable[[HookEvent], Act | None]
    source: str = field(default="", compare=False)

    @property
    def actor(self) -> str:
        """Who acts when it is called."""
        return f"hook:{self.name}"


def hook(name: str, *, sender: str | Sender, title: str = "") -> Callable[[Callable[[HookEvent], Act | None]], Hook]:
    """Make a function of an event a hook: it says which run to start or to send a signal to, or None for nothing.

    The function is called again when an event is told again, so it decides and does nothing else. `name` is part of
    the address and is persisted. `sender` is `stripe`, `hubspot` or `standard`, `mailbox`
    for e-mail that comes in, or an object of your own.
    """
    if not NAME.match(name):
        raise DefinitionError(
            f"The hook's name {name!r} must be lower-case letters, digits and _, and start with a letter"
        )

    def declare(act: Callable[[HookEvent], Act | None]) -> Hook:
        shown = title or first_line(act) or name.replace("_", " ").capitalize()
        return Hook(name, shown, sender, act, source=act.__module__)

    return declare
