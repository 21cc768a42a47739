"""Which scope each method asks for."""

from __future__ import annotations

from collections.abc import Mapping

from bot.sandbox.errors import SlackError
from bot.sandbox.model import Kind
from bot.sandbox.world import World

_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")

SCOPES: Mapping[str, tuple[str, ...]] = {
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "chat.delete": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "users.info": ("users:read",),
    "users.list": ("users:read",),
    "users.profile.get": ("users.profile:read",),
    "bots.info": ("users:read",),
    "conversations.info": _READ,
    "conversations.list": _READ,
    "conversations.members": _READ,
    "conversations.open": ("im:write", "mpim:write", "channels:manage", "groups:write"),
    "conversations.history": _HISTORY,
    "conversations.replies": _HISTORY,
    "conversations.join": ("channels:join",),
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "files.getUploadURLExternal": ("files:write",),
    "files.completeUploadExternal": ("files:write",),
    "files.info": ("files:read",),
    "reactions.add": ("reactions:write",),
    "team.info": ("team:read",),
    "apps.connections.open": ("connections:write",),
}
"""Any one of them is enough; methods that are not named need none."""

EVENTS: Mapping[str, str] = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "channel_archive": "channels:read",
    "channel_unarchive": "channels:read",
    "channel_rename": "channels:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "team_join": "users:read",
    "user_change": "users:read",
    "subteam_updated": "usergroups:read",
    "reaction_added": "reactions:read",
    "file_shared": "files:read",
}
"""What an event needs beside its subscription; those that are not named need nothing."""

_BY_KIND = {Kind.PUBLIC: "channels", Kind.PRIVATE: "groups", Kind.DM: "im"}


def check(world: World, method: str) -> None:
    """SlackError when the manifest asks for none of the scopes of this method."""
    wanted = SCOPES.get(method, ())
    if wanted and method != "apps.connections.open" and not world.manifest.scopes.intersection(wanted):
        raise missing(world, ",".join(wanted))


def need(world: World, what: str, kind: Kind) -> None:
    """SlackError when the scope for this kind of channel is missing; `what` is `read` or `history`."""
    scope = f"{_BY_KIND[kind]}:{what}"
    if scope not in world.manifest.scopes:
        raise missing(world, scope)


def missing(world: World, needed: str) -> SlackError:
    """The refusal, with what is needed and what was granted."""
    return SlackError("missing_scope", needed=needed, provided=",".join(sorted(world.manifest.scopes)))
