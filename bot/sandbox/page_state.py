"""What one person sees, as the page in the browser wants it."""

from __future__ import annotations

from itertools import islice
from typing import Any

from bot.sandbox import forms
from bot.sandbox.faults import Faults
from bot.sandbox.model import Channel, File, Kind, Message, OpenView, Person
from bot.sandbox.world import World

Json = dict[str, Any]
MOST_MESSAGES = 300
"""The newest messages of a channel that the page gets."""


def somebody(world: World, name: str) -> Person:
    """The person with this id or name; the first one when there is none such."""
    people = [one for one in world.people.values() if not one.bot]
    return next((one for one in people if name in {one.id, one.name}), people[0])


def state(world: World, person: Person, faults: Faults) -> Json:
    """Everything that the page shows to this person."""
    if world.manifest.messages_tab and not world.is_stranger(person):
        world.dm(person.id, world.bot_user_id)
    channels = [one for one in world.channels.values() if world.sees(person, one)]
    manifest = world.manifest
    return {
        "version": world.version,
        "team": {"id": world.team_id, "name": world.team_name},
        "me": person.id,
        "users": [_user(one) for one in world.people.values()],
        "usergroups": [{"id": one.id, "handle": one.handle, "name": one.name} for one in world.groups.values()],
        "channels": [_channel(world, person, one) for one in channels],
        "messages": {one.id: _messages(world, person, one) for one in channels},
        "view": _view(world, world.windows.top(person.id)),
        "home": _home(world.windows.home(person.id)),
        "commands": [
            {"command": one.command, "description": one.description, "usage_hint": one.usage_hint}
            for one in manifest.commands
        ],
        "shortcuts": [
            {"callback_id": one.callback_id, "name": one.name, "type": one.kind} for one in manifest.shortcuts
        ],
        "app": {
            "id": world.app_id,
            "name": manifest.name,
            "bot_user_id": world.bot_user_id,
            "home": manifest.home_tab,
            "messages": manifest.messages_tab,
        },
        "notices": [
            {"id": one.id, "channel": one.channel, "text": one.text} for one in world.notices.get(person.id, [])
        ],
        "faults": faults.told(),
    }


def _user(person: Person) -> Json:
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "color": person.color,
        "bot": person.bot,
        "guest": person.guest,
        "deleted": person.deleted,
        "team_id": person.team_id,
        "tz": person.tz,
    }


def _channel(world: World, person: Person, channel: Channel) -> Json:
    other = next((one for one in channel.members if one != person.id), person.id) if channel.kind is Kind.DM else None
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind.value,
        "topic": channel.topic,
        "archived": channel.archived,
        "member": channel.has(person.id),
        "with": other,
        "unread": world.timeline.unread(person.id, channel.id),
    }


def _messages(world: World, person: Person, channel: Channel) -> list[Json]:
    together = list(islice(world.timeline.newest(channel.id), MOST_MESSAGES))
    alone = [one for one in world.timeline.ephemerals(person.id).values() if one.channel == channel.id]
    return [_message(world, one) for one in sorted([*together, *alone], key=lambda one: one.ts)]


def _message(world: World, one: Message) -> Json:
    replies = 0 if one.ephemeral_for else len(world.timeline.replies(one.channel, one.ts))
    return {
        "ts": one.ts,
        "user": one.user,
        "username": one.username,
        "text": one.text,
        "blocks": list(one.blocks),
        "attachments": list(one.attachments),
        "thread_ts": one.thread_ts or None,
        "reply_count": replies,
        "reply_broadcast": one.reply_broadcast,
        "edited": bool(one.edited),
        "ephemeral": bool(one.ephemeral_for),
        "files": [file(item) for item in one.files],
        "bot": one.bot,
        "subtype": one.subtype,
        "reactions": [
            {"name": name, "count": len(users), "users": list(users)} for name, users in one.reactions.items()
        ],
    }


def file(one: File) -> Json:
    """A file as the page shows it."""
    return {
        "id": one.id,
        "name": one.name,
        "title": one.title,
        "url": f"/_workspace/files/{one.id}/{one.name}",
        "mimetype": one.mimetype,
        "size": len(one.content),
        "preview": one.preview,
    }


def _view(world: World, view: OpenView | None) -> Json | None:
    if view is None:
        return None
    return {
        "id": view.id,
        "hash": view.hash,
        "title": view.payload.get("title"),
        "submit": view.payload.get("submit"),
        "close": view.payload.get("close"),
        "blocks": list(view.blocks),
        "errors": dict(view.errors),
        "values": forms.values(view.blocks, view.values),
        "stack": world.windows.depth(view.user),
        "private": False,
        "loading": view.id in world.windows.busy,
    }


def _home(view: OpenView | None) -> Json | None:
    return None if view is None else {"id": view.id, "blocks": list(view.blocks), "hash": view.hash}
