"""conversations.* and reactions.add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from bot.sandbox import wire
from bot.sandbox.api import places
from bot.sandbox.api.arguments import Arguments
from bot.sandbox.api.scopes import need
from bot.sandbox.desk import Desk
from bot.sandbox.errors import SlackError
from bot.sandbox.model import Kind, Message

Json = dict[str, Any]
_TYPES = {"public_channel": Kind.PUBLIC, "private_channel": Kind.PRIVATE, "im": Kind.DM}


def info(desk: Desk, args: Arguments) -> Json:
    """conversations.info"""
    channel = places.by_id(desk.world, args.need("channel"))
    need(desk.world, "read", channel.kind)
    return {"channel": wire.channel(desk.world, channel, with_count=args.flag("include_num_members"))}


def every(desk: Desk, args: Arguments) -> Json:
    """conversations.list"""
    world = desk.world
    kinds = {_TYPES[one] for one in args.names("types") or ("public_channel",) if one in _TYPES}
    for kind in kinds:
        need(world, "read", kind)
    shown = [
        one
        for one in world.channels.values()
        if one.kind in kinds and world.bot_sees(one) and not (one.archived and args.flag("exclude_archived"))
    ]
    cursor = args.text("cursor")
    if cursor and not (cursor.isdigit() and int(cursor) <= len(shown)):
        raise SlackError("invalid_cursor")
    start, limit = int(cursor or 0), min(args.number("limit", 100) or 100, 1_000)
    following = str(start + limit) if start + limit < len(shown) else ""
    page = [wire.channel(world, one, with_count=True) for one in shown[start : start + limit]]
    return {"channels": page, "response_metadata": {"next_cursor": following}}


def members(desk: Desk, args: Arguments) -> Json:
    """conversations.members"""
    channel = places.by_id(desk.world, args.need("channel"))
    need(desk.world, "read", channel.kind)
    everybody = sorted(channel.members)
    start, limit = args.number("cursor", 0), min(args.number("limit", 100) or 100, 1_000)
    following = str(start + limit) if start + limit < len(everybody) else ""
    return {"members": everybody[start : start + limit], "response_metadata": {"next_cursor": following}}


def open_dm(desk: Desk, args: Arguments) -> Json:
    """conversations.open, for one person"""
    world = desk.world
    if args.has("channel"):
        channel = places.by_id(world, args.text("channel"))
    else:
        users = args.names("users")
        if not users:
            raise SlackError("users_list_not_supplied")
        for user in users:
            person = world.people.get(user)
            if person is None or world.is_stranger(person):
                raise SlackError("user_not_found")
            if person.bot:
                raise SlackError("cannot_dm_bot")
            if person.deleted:
                raise SlackError("user_disabled")
        channel = world.dm(*users, world.bot_user_id)
    told = wire.channel(world, channel) if args.flag("return_im") else {"id": channel.id}
    return {"channel": told}


def history(desk: Desk, args: Arguments) -> Json:
    """conversations.history: the newest first, without replies"""
    world = desk.world
    channel = places.by_id(world, args.need("channel"))
    need(world, "history", channel.kind)
    places.joined(world, channel)
    top = (one for one in world.timeline.newest(channel.id) if not one.is_reply or one.reply_broadcast)
    cursor = args.text("cursor")
    if cursor and not cursor.startswith("before:"):
        raise SlackError("invalid_cursor")
    latest = cursor.removeprefix("before:") or args.text("latest")
    return _page(desk, args, top, latest=latest, inclusive=args.flag("inclusive") and not cursor)


def replies(desk: Desk, args: Arguments) -> Json:
    """conversations.replies: the parent, then the answers"""
    world = desk.world
    channel = places.by_id(world, args.need("channel"))
    need(world, "history", channel.kind)
    places.joined(world, channel)
    ts = args.need("ts")
    parent = world.timeline.find(channel.id, ts)
    if parent is None and not world.timeline.replies(channel.id, ts):
        raise SlackError("thread_not_found")
    root = parent.thread_ts if parent is not None and parent.is_reply else ts
    first = world.timeline.find(channel.id, root)
    answers = [one for one in (first, *world.timeline.replies(channel.id, root)) if one is not None]
    limit = args.number("limit", 1_000)
    shown = [one for one in answers if not args.text("oldest") or one.ts > args.text("oldest")]
    metadata = args.flag("include_all_metadata")
    told = [wire.message(world, one, with_metadata=metadata) for one in shown[:limit]]
    return {"messages": told, "has_more": len(shown) > limit}


def join(desk: Desk, args: Arguments) -> Json:
    """conversations.join"""
    channel = places.by_id(desk.world, args.need("channel"))
    if channel.kind is not Kind.PUBLIC:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    return {"channel": wire.channel(desk.world, desk.world.join(channel, desk.world.bot_user_id))}


def react(desk: Desk, args: Arguments) -> Json:
    """reactions.add"""
    world = desk.world
    channel = places.open_to_bot(world, places.by_id(world, args.need("channel")))
    name = args.need("name").strip(":")
    if not all(one.isalnum() or one in "_-+'" for one in name):
        raise SlackError("invalid_name")
    message = places.message(world, channel, args.need("timestamp"))
    if world.bot_user_id in message.reactions.get(name, ()):
        raise SlackError("already_reacted")
    world.timeline.react(message, name, world.bot_user_id)
    return {}


def _page(desk: Desk, args: Arguments, messages: Iterable[Message], *, latest: str, inclusive: bool) -> Json:
    limit, oldest = args.number("limit", 100), args.text("oldest")
    found = list(islice(_between(messages, oldest, latest, inclusive=inclusive), limit + 1))
    more = len(found) > limit
    metadata = args.flag("include_all_metadata")
    shown = found[:limit]
    told: Json = {
        "messages": [wire.message(desk.world, one, with_metadata=metadata) for one in shown],
        "has_more": more,
        "pin_count": 0,
    }
    return told | ({"response_metadata": {"next_cursor": f"before:{shown[-1].ts}"}} if more else {})


def _between(messages: Iterable[Message], oldest: str, latest: str, *, inclusive: bool) -> Iterator[Message]:
    """Those in the given time; both ends belong to it only when that was asked for."""
    for one in messages:
        if latest and (one.ts > latest or (one.ts == latest and not inclusive)):
            continue
        if oldest and (one.ts < oldest or (one.ts == oldest and not inclusive)):
            return
        yield one
