"""chat.*: posting, changing and deleting messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.sandbox import limits, wire
from bot.sandbox.api import places
from bot.sandbox.api.arguments import Arguments
from bot.sandbox.desk import Desk
from bot.sandbox.errors import SlackError
from bot.sandbox.model import Channel, Message, Payload

Json = dict[str, Any]


def post_message(desk: Desk, args: Arguments) -> Json:
    """chat.postMessage"""
    world = desk.world
    channel = places.to_post(world, args.need("channel"))
    draft = _content(desk, args, Message(channel.id, "", world.bot_user_id, bot=True))
    thread = args.text("thread_ts")
    if thread and not world.timeline.stands(channel.id, thread):
        raise SlackError("thread_not_found")
    username = args.text("username") if "chat:write.customize" in world.manifest.scopes else ""
    broadcast = bool(thread) and args.flag("reply_broadcast")
    posted = desk.post(replace(draft, thread_ts=thread, reply_broadcast=broadcast, username=username))
    return {"channel": channel.id, "ts": posted.ts, "message": wire.message(world, posted)}


def post_ephemeral(desk: Desk, args: Arguments) -> Json:
    """chat.postEphemeral"""
    world = desk.world
    channel = places.to_post(world, args.need("channel"))
    user = args.need("user")
    if user not in world.people or not channel.has(user):
        raise SlackError("user_not_in_channel")
    draft = _content(desk, args, Message(channel.id, "", world.bot_user_id, bot=True, ephemeral_for=user))
    posted = desk.post(replace(draft, thread_ts=args.text("thread_ts")))
    return {"message_ts": posted.ts}


def update(desk: Desk, args: Arguments) -> Json:
    """chat.update: with text and without blocks, the blocks are removed."""
    world = desk.world
    channel, message = _own(desk, args, "cant_update_message")
    if channel.archived:
        raise SlackError("is_inactive")
    places.joined(world, channel)
    if len(args.text("text")) > limits.UPDATED_TEXT:
        raise SlackError("msg_too_long")
    changed = _content(desk, args, replace(message, text="", blocks=()))
    mark = "" if changed.blocks else world.next_ts()
    changed = replace(changed, edited=mark, names=world.names)
    desk.change(changed)
    told = wire.message(world, changed)
    return {"channel": channel.id, "ts": changed.ts, "text": changed.text, "message": told}


def delete(desk: Desk, args: Arguments) -> Json:
    """chat.delete"""
    channel, message = _own(desk, args, "cant_delete_message")
    desk.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def permalink(desk: Desk, args: Arguments) -> Json:
    """chat.getPermalink"""
    channel = places.by_id(desk.world, args.need("channel"))
    message = places.message(desk.world, channel, args.need("message_ts"))
    address = f"{desk.world.address}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        address += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": address}


def _own(desk: Desk, args: Arguments, refusal: str) -> tuple[Channel, Message]:
    channel = places.by_id(desk.world, args.need("channel"))
    ts = args.need("ts")
    message = desk.world.timeline.find(channel.id, ts)
    if message is None:
        raise SlackError("message_not_found")
    if not message.bot:
        raise SlackError(refusal)
    return channel, message


def _content(desk: Desk, args: Arguments, bare: Message) -> Message:
    """The message with what the call says."""
    text, blocks = args.text("text"), args.json("blocks")
    if args.has("markdown_text"):
        if text or blocks:
            raise SlackError("markdown_text_conflict")
        text, blocks = args.text("markdown_text"), [{"type": "markdown", "text": args.text("markdown_text")}]
    kept, attachments = desk.checker.message(blocks, args.json("attachments"))
    if len(attachments) > limits.ATTACHMENTS:
        raise SlackError("too_many_attachments")
    if not (text.strip() or kept or attachments):
        raise SlackError("no_text")
    if args.has("attachments"):
        bare = replace(bare, attachments=attachments)
    if args.has("metadata"):
        bare = replace(bare, metadata=_metadata(args.json("metadata")))
    return replace(bare, text=text[: limits.POSTED_TEXT], blocks=kept)


def _metadata(given: Any) -> Payload | None:
    if given == {}:
        return None
    if (
        not isinstance(given, dict)
        or not isinstance(given.get("event_type"), str)
        or not given["event_type"]
        or not isinstance(given.get("event_payload"), dict)
    ):
        raise SlackError("invalid_metadata_format")
    return given
