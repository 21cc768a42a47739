"""The app as Slack has to know it: commands, scopes, events, and where Slack calls."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from bot.settings import is_loopback
from bot.slack import ids
from workflows.engine.definition import OURS, Workflow
from workflows.engine.errors import BatonError

EVENTS_PATH = "/slack/events"
"""Where the web process takes commands, presses, forms and events."""
INSTALL_PATH, REDIRECT_PATH = "/slack/install", "/slack/oauth_redirect"
"""Where an installation by OAuth begins, and where Slack sends people back to."""

SCOPES = {
    "app_mentions:read": "be spoken to in channels",
    "channels:history": "find a message again whose post was cut off, and hear replies to approvals",
    "channels:read": "find channels by their names",
    "chat:write": "post and update messages",
    "commands": "take slash commands",
    "files:read": "take files in forms",
    "files:write": "attach what is too long for a message",
    "groups:history": "find a message again in private channels",
    "groups:read": "know who is in a private channel",
    "im:history": "be spoken to in direct messages",
    "im:read": "know whose direct message it is",
    "im:write": "write to people who are not in the channel",
    "metadata.message:read": "recognise its own messages",
    "mpim:read": "know who is in a group message",
    "usergroups:read": "know who is in a user group",
    "users:read": "tell members from guests, and know time zones",
}
"""What the bot has to be allowed to do, and what for."""
EVENTS = (
    "app_home_opened", "app_mention", "app_uninstalled", "message.channels", "message.groups", "message.im",
    "tokens_revoked",
)  # fmt: skip
"""What Slack tells the bot of."""

SHORTCUTS = (
    (ids.SHORTCUT_START, "global", "Start a workflow", "Choose a workflow and fill in its form"),
    (ids.SHORTCUT_MESSAGE, "message", "Start a workflow from it", "Its text, link and files are offered to the form"),
)
"""What stands in Slack's menus: callback id, kind, name (24 characters), description."""

PERSON, CHANNEL = "slack#/types/user_id", "slack#/types/channel_id"
STEP_TAKES = (
    ("workflow", "string", "Workflow", "The name of the workflow, as `/baton workflows` lists it", True),
    ("person", PERSON, "Started by", "Who counts as its starter, such as who began this workflow", True),
    ("fields", "string", "Input", "One field=value a line, or a JSON object", False),
    ("channel", CHANNEL, "Channel", "Where its card is shown", False),
)
"""What the custom step takes: name, type, title, description, whether it is needed."""
STEP_GIVES = (
    ("run", "string", "Run", "The run's id", True),
    ("result", "string", "Result", "What came of it, in words", True),
    ("output", "string", "Output", "Its output as JSON; empty when that is very long", True),
)

MOST_COMMANDS = 50
USAGE = (
    "run NAME | runs | status RUN | approvals | why RUN | cancel RUN | resume RUN | workflows | schedule | "
    "pause NAME | help"
)
DESCRIPTION = "Starts workflows, asks for approvals, and shows each run as it goes."


class ManifestError(BatonError):
    """No manifest can be made; the text says what to change."""


def manifest(
    workflows: Iterable[Workflow[Any, Any]],
    *,
    socket: bool = True,
    url: str = "",
    name: str = "Baton",
    builder: bool = True,
) -> dict[str, Any]:
    """The manifest for a catalogue. Without Socket Mode, Slack calls `url`. Raises ManifestError.

    `builder` adds the custom step for the Workflow Builder, for which the app has to be ready for organisations.
    """
    address = "" if socket else f"{_public(url)}{EVENTS_PATH}"
    calls = {"request_url": address} if address else {}
    commands = [_command(OURS, "Start workflows, and look after runs", USAGE, address)]
    for command, workflow in commands_of(workflows).items():
        commands.append(_command(command, workflow.title, "field=value", address))
    if len(commands) > MOST_COMMANDS:
        raise ManifestError(
            f"Slack takes {MOST_COMMANDS} commands, and the workflows want {len(commands)}. Take some of theirs away."
        )
    made: dict[str, Any] = {
        "display_information": {"name": name, "description": DESCRIPTION, "background_color": "#1f2d3d"},
        "features": {
            "app_home": {
                "home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False
            },
            "bot_user": {"display_name": name, "always_online": True},
            "shortcuts": [
                {"callback_id": callback, "type": kind, "name": title, "description": about}
                for callback, kind, title, about in SHORTCUTS
            ],
            "slash_commands": commands,
        },
        "oauth_config": {
            "scopes": {"bot": sorted(SCOPES)},
            **({} if socket else {"redirect_urls": [f"{_public(url)}{REDIRECT_PATH}"]}),
        },
        "settings": {
            "event_subscriptions": {**calls, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **calls},
            "org_deploy_enabled": builder,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }  # fmt: skip
    return made | ({"functions": {ids.FUNCTION_RUN: _step()}} if builder else {})


def _step() -> dict[str, Any]:
    def parameters(rows: Iterable[tuple[str, str, str, str, bool]]) -> dict[str, Any]:
        return {
            name: {"name": name, "type": kind, "title": title, "description": about, "is_required": needed}
            for name, kind, title, about, needed in rows
        }

    about = "Starts a workflow of Baton, waits until it is over, and hands its result on"
    return {
        "title": "Run a workflow", "description": about, "input_parameters": parameters(STEP_TAKES),
        "output_parameters": parameters(STEP_GIVES),
    }  # fmt: skip


def commands_of(workflows: Iterable[Workflow[Any, Any]]) -> dict[str, Workflow[Any, Any]]:
    """The workflows that have a command of their own, by it; raises ManifestError when two want the same."""
    found: dict[str, Workflow[Any, Any]] = {}
    for workflow in sorted(workflows, key=lambda one: one.name):
        if not workflow.command:
            continue
        other = found.setdefault(workflow.command, workflow)
        if other is not workflow:
            raise ManifestError(
                f"{other.name} and {workflow.name} both want the command {workflow.command}. Give one of them another."
            )
    return found


def _command(command: str, description: str, usage: str, address: str) -> dict[str, Any]:
    made = {"command": command, "description": description[:2000], "usage_hint": usage, "should_escape": True}
    return {**made, "url": address} if address else made


def _public(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ManifestError(
            "Without Socket Mode Slack calls BATON_URL: set it to the https address under which the web process is "
            "reached from outside."
        )
    if is_loopback(parts.hostname):
        raise ManifestError(f"Slack can't call {url}, which is this machine. Use Socket Mode, or a public BATON_URL.")
    return url.rstrip("/")
