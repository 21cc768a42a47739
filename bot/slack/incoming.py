"""What Slack sends, read at the border: who, where, what; everything in it is data from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.slack.directory import SLACK
from bot.slack.ids import Context

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Caller:
    """Who speaks or presses, and where."""

    team: str
    user: str
    channel: str = ""
    """The id of the channel or direct message; "" in App Home and in modals that were opened there."""
    said: str = "/baton"
    """How Baton was addressed, for the examples in answers."""
    aloud: bool = False
    """Whether others read the answer too."""

    @property
    def actor(self) -> str:
        """The person as the engine knows them."""
        return f"{SLACK}{self.team}:{self.user}"

    @property
    def place(self) -> str:
        """The channel as it is kept on a run."""
        return f"{SLACK}{self.team}:{self.channel}" if self.channel else ""


@dataclass(frozen=True)
class Command:
    """A slash command."""

    caller: Caller
    name: str
    text: str
    trigger: str
    reply_url: str = ""


@dataclass(frozen=True)
class Said:
    """A mention or a direct message."""

    caller: Caller
    text: str
    ts: str
    thread: str
    event: str
    direct: bool


@dataclass(frozen=True)
class Press:
    """A button that was pressed."""

    caller: Caller
    action: str
    value: str
    trigger: str
    reply_url: str = ""
    ts: str = ""
    """The message with the button; "" in a view."""
    view: str = ""
    """What the button is in, if no message: `modal` or `home`."""


@dataclass(frozen=True)
class Submission:
    """A modal that was sent."""

    caller: Caller
    view: str
    callback: str
    context: Context
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shortcut:
    """A shortcut that was chosen, on a message or not."""

    caller: Caller
    callback: str
    trigger: str
    reply_url: str = ""
    ts: str = ""
    """The message that it was chosen on; "" for a global one."""
    thread: str = ""
    text: str = ""
    files: tuple[str, ...] = ()
    """The ids of the message's files."""


@dataclass(frozen=True)
class Step:
    """A custom step of a workflow that somebody built in Slack: it has begun, and waits for an answer."""

    team: str
    execution: str
    callback: str
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def person(self) -> str:
        """Who is said to start it: whoever built the workflow chose that."""
        return str(self.inputs.get("person") or "")


@dataclass(frozen=True)
class Ending:
    """A workspace lets the bot in no more."""

    team: str
    at: datetime
    why: str
    """Slack's name for it."""


def ending_of(body: Payload) -> Ending | None:
    """The end of an installation as Slack tells of it; None when only people's own tokens were revoked."""
    event: Payload = body["event"]
    kind = str(event["type"])
    if kind == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
        return None
    return Ending(str(body.get("team_id") or ""), datetime.fromtimestamp(int(body.get("event_time") or 0), UTC), kind)


def written(text: object) -> str:
    """What somebody wrote, without the one character that not every database holds."""
    return str(text or "").replace("\x00", "")


def command_of(body: Payload) -> Command:
    """A slash command as Slack sends it."""
    name = str(body["command"])
    caller = Caller(str(body["team_id"]), str(body["user_id"]), str(body.get("channel_id") or ""))
    trigger, reply_url = str(body.get("trigger_id") or ""), str(body.get("response_url") or "")
    return Command(caller, name, written(body.get("text")), trigger, reply_url)


def said_of(body: Payload) -> Said | None:
    """A message to the bot; None for what no person wrote now: bots', edited and deleted ones."""
    event: Payload = body["event"]
    user = str(event.get("user") or "")
    kind = event.get("subtype")
    if (
        not user
        or event.get("bot_id")
        or event.get("bot_profile")
        or kind not in (None, "file_share", "thread_broadcast")
    ):
        return None
    if event.get("edited"):
        return None
    direct = event.get("channel_type") == "im" or str(event.get("channel") or "").startswith("D")
    ts = str(event["ts"])
    team = str(event.get("user_team") or event.get("team") or body.get("team_id") or "")
    caller = Caller(team, user, str(event["channel"]), aloud=not direct)
    return Said(
        caller,
        written(event.get("text")),
        ts,
        str(event.get("thread_ts") or ""),
        str(body.get("event_id") or ""),
        direct,
    )


def step_of(body: Payload) -> Step:
    """A custom step as Slack sends it. Its token is not kept: it is good for minutes, and runs take days."""
    event: Payload = body["event"]
    callback = str((event.get("function") or {}).get("callback_id") or "")
    inputs = {str(name): _readable(value) for name, value in (event.get("inputs") or {}).items()}
    return Step(str(body.get("team_id") or ""), str(event["function_execution_id"]), callback, inputs)


def press_of(body: Payload) -> Press:
    """A pressed button as Slack sends it."""
    action: Payload = body["actions"][0]
    container: Payload = body.get("container") or {}
    view: Payload = body.get("view") or {}
    channel = str((body.get("channel") or {}).get("id") or container.get("channel_id") or "")
    return Press(
        _caller(body, channel),
        str(action["action_id"]),
        str(action.get("value") or (action.get("selected_option") or {}).get("value") or ""),
        str(body.get("trigger_id") or ""),
        str(body.get("response_url") or ""),
        str(container.get("message_ts") or (body.get("message") or {}).get("ts") or ""),
        str(view.get("type") or ""),
    )


def shortcut_of(body: Payload) -> Shortcut:
    """A shortcut as Slack sends it."""
    message: Payload = body.get("message") or {}
    channel = str((body.get("channel") or {}).get("id") or "")
    files = tuple(str(file["id"]) for file in message.get("files") or () if file.get("id"))
    return Shortcut(
        _caller(body, channel), str(body["callback_id"]), str(body.get("trigger_id") or ""),
        str(body.get("response_url") or ""), str(message.get("ts") or ""), str(message.get("thread_ts") or ""),
        written(message.get("text")), files,
    )  # fmt: skip


def submission_of(body: Payload) -> Submission:
    """A sent modal as Slack sends it."""
    view: Payload = body["view"]
    context = Context.of(str(view.get("private_metadata") or ""))
    state = _readable((view.get("state") or {}).get("values") or {})
    return Submission(_caller(body, context.channel), str(view["id"]), str(view["callback_id"]), context, state)


def _readable(state: Any) -> Any:
    """The values of a form, their texts as `written`."""
    match state:
        case str():
            return written(state)
        case Mapping():
            return {name: _readable(value) for name, value in state.items()}
        case list():
            return [_readable(value) for value in state]
    return state


def _caller(body: Payload, channel: str) -> Caller:
    user: Payload = body["user"]
    team = user.get("team_id") or (body.get("team") or {}).get("id") or ""
    return Caller(str(team), str(user["id"]), channel)
