"""files.*: uploads in three steps, as files_upload_v2 does them."""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import dataclass, replace
from typing import Any

from bot.sandbox import wire
from bot.sandbox.api import places
from bot.sandbox.api.arguments import Arguments
from bot.sandbox.desk import Desk
from bot.sandbox.errors import SlackError
from bot.sandbox.model import File, Message
from bot.sandbox.world import World

Json = dict[str, Any]
MOST_BYTES = 50_000_000


@dataclass
class Slot:
    """An upload that was announced."""

    file_id: str
    name: str
    length: int
    content: bytes | None = None


class Uploads:
    """Files on their way: announced, sent, then shared. Its caller holds the workspace's lock."""

    def __init__(self) -> None:
        self._by_secret: dict[str, Slot] = {}
        self._by_id: dict[str, Slot] = {}

    def announce(self, desk: Desk, args: Arguments) -> Json:
        """files.getUploadURLExternal"""
        name, length = args.need("filename"), args.number("length", 0)
        if not 0 < length <= MOST_BYTES:
            raise SlackError("invalid_arguments", messages=["must be greater than 0: length"])
        slot = Slot(desk.world.new_id("F"), name, length)
        secret = secrets.token_urlsafe(12)
        self._by_secret[secret] = self._by_id[slot.file_id] = slot
        return {"upload_url": f"{desk.world.address}/upload/v1/{secret}", "file_id": slot.file_id}

    def receive(self, secret: str, content: bytes) -> bool:
        """Take the bytes; False when nobody announced them or the length differs."""
        slot = self._by_secret.get(secret)
        if slot is None or len(content) != slot.length:
            return False
        slot.content = content
        return True

    def complete(self, desk: Desk, args: Arguments) -> Json:
        """files.completeUploadExternal"""
        world = desk.world
        wanted = args.json("files")
        if not isinstance(wanted, list) or not wanted:
            raise SlackError("invalid_arguments", messages=["missing required field: files"])
        slots = [self._by_id.get(str(one.get("id"))) for one in wanted]
        if any(slot is None or slot.content is None for slot in slots):
            raise SlackError("file_not_found")
        channels = [args.text("channel_id")] if args.text("channel_id") else list(args.names("channels"))
        targets = [places.open_to_bot(world, places.by_id(world, one)) for one in channels]
        kept = []
        for one, slot in zip(wanted, slots, strict=True):
            assert slot is not None
            title = str(one.get("title") or slot.name)
            kept.append(keep(world, slot.file_id, slot.name, title, slot.content or b"", world.bot_user_id))
            del self._by_id[slot.file_id]
        shared = share(desk, kept, [one.id for one in targets], args.text("initial_comment"), args.text("thread_ts"))
        return {"files": [wire.file(world, one) for one in shared]}


def keep(world: World, file_id: str, name: str, title: str, content: bytes, user: str) -> File:
    """Remember a file."""
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file = File(file_id, name, title, mimetype, user, content, world.seconds())
    world.files[file_id] = file
    return file


def share(desk: Desk, files: list[File], channels: list[str], comment: str, thread_ts: str) -> list[File]:
    """Post files into channels, as one message each."""
    world = desk.world
    shared = [replace(one, channels=tuple(channels)) for one in files]
    for one in shared:
        world.files[one.id] = one
    for channel in channels:
        author = shared[0].user
        message = Message(channel, "", author, comment, thread_ts=thread_ts, files=tuple(shared))
        desk.post(
            replace(
                message, bot=author == world.bot_user_id, subtype="" if author == world.bot_user_id else "file_share"
            )
        )
    return shared


def info(desk: Desk, args: Arguments) -> Json:
    """files.info"""
    file = desk.world.files.get(args.need("file"))
    if file is None:
        raise SlackError("file_not_found")
    return {"file": wire.file(desk.world, file), "comments": [], "response_metadata": {"next_cursor": ""}}
