"""People, channels, messages, views and files in the shape in which Slack sends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from bot.sandbox.model import Channel, File, Kind, Message, OpenView, Person, UserGroup
from bot.sandbox.world import World

Json = dict[str, Any]


def profile(person: Person, *, with_email: bool) -> Json:
    """A person's profile."""
    given, _, family = person.real_name.partition(" ")
    told: Json = {
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "first_name": given,
        "last_name": family,
        "team": person.team_id,
        "title": "",
        "status_text": person.status_text,
        "status_emoji": person.status_emoji,
        "status_expiration": person.status_expiration,
        "image_72": "",
    }
    return told | ({"email": person.email} if with_email and person.email else {})


def user(world: World, person: Person, *, with_email: bool = False) -> Json:
    """A person as users.info gives them; somebody deactivated has no flags but that one."""
    told: Json = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "deleted": person.deleted,
        "color": person.color,
        "real_name": person.real_name,
        "profile": profile(person, with_email=with_email),
        "is_bot": person.bot,
        "is_app_user": False,
        "updated": 1_700_000_000,
    }
    if world.is_stranger(person):
        told["is_stranger"] = True
    if not person.deleted:
        told |= {
            "tz": person.tz,
            "tz_label": person.tz,
            "tz_offset": _offset(world, person),
            "is_admin": person.admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": person.guest,
            "is_ultra_restricted": False,
        }
    return told


def _offset(world: World, person: Person) -> int:
    from_utc = world.clock.now().astimezone(ZoneInfo(person.tz)).utcoffset()
    return int(from_utc.total_seconds()) if from_utc else 0


def channel(world: World, one: Channel, *, with_count: bool = False) -> Json:
    """A channel as conversations.info gives it."""
    told: Json = {
        "id": one.id,
        "created": one.created,
        "is_archived": one.archived,
        "is_channel": one.kind is Kind.PUBLIC,
        "is_group": one.kind is Kind.PRIVATE,
        "is_im": one.kind is Kind.DM,
        "is_mpim": False,
        "is_private": one.kind is not Kind.PUBLIC,
        "is_org_shared": False,
        "context_team_id": world.team_id,
        "updated": one.created * 1000,
    }
    if one.kind is Kind.DM:
        other = next((user for user in one.members if user != world.bot_user_id), world.bot_user_id)
        gone = other in world.people and world.people[other].deleted
        return told | {"user": other, "is_user_deleted": gone, "is_open": True, "priority": 0}
    shared = world.is_shared(one)
    told |= {
        "name": one.name,
        "name_normalized": one.name,
        "is_general": one.name == "general",
        "is_shared": shared,
        "is_ext_shared": shared,
        "is_member": one.has(world.bot_user_id),
        "creator": one.creator or world.bot_user_id,
        "topic": {"value": one.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    }
    return told | ({"num_members": len(one.members)} if with_count else {})


def message(world: World, one: Message, *, with_metadata: bool = True) -> Json:
    """A message as the Web API and interactive payloads give it."""
    told: Json = {"type": "message", "user": one.user, "ts": one.ts, "text": one.text, "team": _team(world, one.user)}
    if one.subtype:
        told["subtype"] = one.subtype
    if one.bot:
        told |= {"bot_id": world.bot_id, "app_id": world.app_id}
        told["bot_profile"] = bot_profile(world)
    if one.blocks:
        told["blocks"] = list(one.blocks)
    if one.attachments:
        told["attachments"] = list(one.attachments)
    if one.metadata and with_metadata:
        told["metadata"] = dict(one.metadata)
    if one.files:
        told["files"] = [file(world, item) for item in one.files]
    if one.edited:
        told["edited"] = {"user": one.user, "ts": one.edited}
    if one.reactions:
        told["reactions"] = [
            {"name": name, "users": list(users), "count": len(users)} for name, users in one.reactions.items()
        ]
    return told | _thread(world, one)


def _team(world: World, user_id: str) -> str:
    person = world.people.get(user_id)
    return person.team_id if person else world.team_id


def _thread(world: World, one: Message) -> Json:
    if one.is_reply:
        return {"thread_ts": one.thread_ts}
    replies = world.timeline.replies(one.channel, one.ts) if not one.ephemeral_for else []
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": one.ts,
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "reply_users": users,
        "latest_reply": replies[-1].ts,
    }


def bot_profile(world: World) -> Json:
    """The app's bot as it stands beside its messages."""
    return {
        "id": world.bot_id,
        "app_id": world.app_id,
        "user_id": world.bot_user_id,
        "name": world.manifest.bot_name,
        "team_id": world.team_id,
        "deleted": False,
        "updated": 1_700_000_000,
        "icons": {},
    }


def file(world: World, one: File) -> Json:
    """A file as files.info gives it; `url_private` wants the bot's token."""
    shared: Json = {channel_id: [] for channel_id in one.channels} if one.channels else {}
    return {
        "id": one.id,
        "created": one.created,
        "timestamp": one.created,
        "name": one.name,
        "title": one.title,
        "mimetype": one.mimetype,
        "filetype": one.name.rpartition(".")[2] or "text",
        "pretty_type": one.mimetype,
        "user": one.user,
        "size": len(one.content),
        "mode": "hosted",
        "is_external": False,
        "is_public": bool(one.channels),
        "channels": list(one.channels),
        "url_private": f"{world.address}/files-pri/{world.team_id}-{one.id}/{one.name}",
        "url_private_download": f"{world.address}/files-pri/{world.team_id}-{one.id}/download/{one.name}",
        "permalink": f"{world.address}/_workspace/files/{one.id}/{one.name}",
        "shares": {"public": shared},
    }


def view(world: World, one: OpenView) -> Json:
    """A view as views.open gives it and as interactive payloads carry it."""
    payload = one.payload
    told: Json = {
        "id": one.id,
        "team_id": world.team_id,
        "type": one.kind,
        "blocks": list(one.blocks),
        "private_metadata": one.private_metadata,
        "callback_id": one.callback_id,
        "state": {"values": _plain(one.values)},
        "hash": one.hash,
        "title": payload.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
        "clear_on_close": bool(payload.get("clear_on_close")),
        "notify_on_close": bool(payload.get("notify_on_close")),
        "close": payload.get("close"),
        "submit": payload.get("submit"),
        "previous_view_id": one.previous_id or None,
        "root_view_id": one.root_id,
        "app_id": world.app_id,
        "external_id": str(payload.get("external_id") or ""),
        "app_installed_team_id": world.team_id,
        "bot_id": world.bot_id,
    }
    return told


def _plain(values: Mapping[str, Mapping[str, Any]]) -> Json:
    return {block: {action: dict(value) for action, value in actions.items()} for block, actions in values.items()}


def group(world: World, one: UserGroup, *, with_users: bool = False) -> Json:
    """A user group as usergroups.list gives it."""
    told: Json = {
        "id": one.id,
        "team_id": world.team_id,
        "is_usergroup": True,
        "name": one.name,
        "handle": one.handle,
        "description": "",
        "is_external": False,
        "date_create": 1_700_000_000,
        "date_update": 1_700_000_000,
        "date_delete": 0,
        "user_count": len(one.users),
    }
    return told | ({"users": list(one.users)} if with_users else {})
