"""The payloads that Slack sends to an app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox import wire
from bot.sandbox.api.scopes import EVENTS
from bot.sandbox.manifest import Parameter
from bot.sandbox.model import Channel, Execution, Kind, Message, OpenView, Person
from bot.sandbox.world import World

Json = dict[str, Any]
TOKEN = "local-verification"  # noqa: S105  # Slack's old token, which nobody may trust


def listens(world: World, subscription: str) -> bool:
    """Whether the app's manifest subscribes to these events and has the scope for them."""
    if subscription == "function_executed":  # nobody subscribes to it: a step that is declared is told of
        return bool(world.manifest.functions)
    scope = EVENTS.get(subscription)
    return subscription in world.manifest.events and (scope is None or scope in world.manifest.scopes)


def event(world: World, inner: Mapping[str, Any], event_id: str) -> Json:
    """An event with its frame."""
    channel = world.channels.get(str(inner.get("channel") or ""))
    author = world.people.get(str(inner.get("user") or ""))
    return {
        "token": TOKEN,
        "team_id": world.team_id,
        "context_team_id": world.team_id,
        "api_app_id": world.app_id,
        "event": dict(inner) | ({"user_team": author.team_id} if author and world.is_stranger(author) else {}),
        "type": "event_callback",
        "event_id": event_id,
        "event_time": world.seconds(),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": world.team_id,
                "user_id": world.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": bool(channel and world.is_shared(channel)),
        "event_context": f"4-{event_id}",
    }


def function_executed(world: World, execution: Execution) -> Json:
    """A custom step of a workflow that has begun; who built or began the workflow is not said."""
    step = world.manifest.function(execution.callback_id)
    assert step is not None
    told = {
        "id": f"Fn{world.app_id}",
        "callback_id": step.callback_id,
        "title": step.title,
        "description": "",
        "type": "app",
        "input_parameters": [_parameter(one) for one in step.inputs],
        "output_parameters": [_parameter(one) for one in step.outputs],
        "app_id": world.app_id,
        "date_created": world.seconds(),
        "date_updated": world.seconds(),
        "date_deleted": 0,
    }
    return {
        "type": "function_executed",
        "function": told,
        "inputs": dict(execution.inputs),
        "function_execution_id": execution.id,
        "workflow_execution_id": execution.id.replace("Fx", "Wx"),
        "event_ts": world.next_ts(),
        "bot_access_token": f"xwfp-local-{execution.id}",
    }


def _parameter(one: Parameter) -> Json:
    return {"type": one.type, "name": one.name, "description": "", "title": one.name, "is_required": one.required}


def command(world: World, person: Person, channel: Channel, name: str, text: str, hook: str) -> Json:
    """A slash command."""
    return {
        "token": TOKEN,
        "team_id": person.team_id,
        "team_domain": world.team_name.lower(),
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person.id,
        "user_name": person.name,
        "command": name,
        "text": text,
        "api_app_id": world.app_id,
        "is_enterprise_install": "false",
        "response_url": f"{world.address}/commands/{world.team_id}/{hook}",
        "trigger_id": world.tickets.trigger(person.id),
    }


def block_actions(world: World, person: Person, action: Json, values: Json) -> Json:
    """A press; `in_message` or `in_view` adds where it was."""
    return _frame(world, person, "block_actions") | {
        "trigger_id": world.tickets.trigger(person.id),
        "state": {"values": values},
        "actions": [action | {"action_ts": world.next_ts()}],
    }


def in_message(world: World, message: Message, hook: str) -> Json:
    """Where a press was: in a message. An ephemeral one is not sent along."""
    channel = world.channels[message.channel]
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": bool(message.ephemeral_for),
    }
    if message.is_reply:
        container["thread_ts"] = message.thread_ts
    told: Json = {
        "container": container,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "response_url": f"{world.address}/actions/{world.team_id}/{hook}",
    }
    return told if message.ephemeral_for else told | {"message": wire.message(world, message)}


def in_view(world: World, view: OpenView) -> Json:
    """Where a press was: in a modal or the App Home."""
    return {"container": {"type": "view", "view_id": view.id}, "view": wire.view(world, view)}


def suggestion(world: World, person: Person, action_id: str, block_id: str, value: str) -> Json:
    """A question for the options of an external select."""
    told = {"action_id": action_id, "block_id": block_id, "value": value}
    return _frame(world, person, "block_suggestion") | told


def view_submission(world: World, person: Person, view: OpenView, response_urls: list[Json]) -> Json:
    """A modal that was submitted."""
    told = {"trigger_id": world.tickets.trigger(person.id), "response_urls": response_urls}
    return _frame(world, person, "view_submission") | told | {"view": wire.view(world, view)}


def view_closed(world: World, person: Person, view: OpenView, *, cleared: bool) -> Json:
    """A modal that was closed without submitting."""
    return _frame(world, person, "view_closed") | {"view": wire.view(world, view), "is_cleared": cleared}


def shortcut(world: World, person: Person, callback_id: str) -> Json:
    """A global shortcut; it has no response URL."""
    told = {"callback_id": callback_id, "trigger_id": world.tickets.trigger(person.id), "action_ts": world.next_ts()}
    return _frame(world, person, "shortcut") | told


def message_shortcut(world: World, person: Person, callback_id: str, message: Message, hook: str) -> Json:
    """A shortcut on a message."""
    channel = world.channels[message.channel]
    return shortcut(world, person, callback_id) | {
        "type": "message_action",
        "message_ts": message.ts,
        "message": wire.message(world, message),
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "response_url": f"{world.address}/actions/{world.team_id}/{hook}",
    }


def channel_name(channel: Channel) -> str:
    """The channel's name as payloads carry it."""
    return {Kind.DM: "directmessage", Kind.PRIVATE: "privategroup"}.get(channel.kind, channel.name)


def _frame(world: World, person: Person, kind: str) -> Json:
    return {
        "type": kind,
        "team": {"id": world.team_id, "domain": world.team_name.lower()},
        "user": {
            "id": person.id,
            "username": person.name,
            "name": person.name,
            "team_id": person.team_id,
        },
        "api_app_id": world.app_id,
        "token": TOKEN,
        "enterprise": None,
        "is_enterprise_install": False,
    }
