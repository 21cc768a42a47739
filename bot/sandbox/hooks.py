"""Response URLs: what the app POSTs to them becomes a message, replaces one, or deletes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.sandbox.desk import Desk
from bot.sandbox.errors import SlackError, row
from bot.sandbox.faults import Faults
from bot.sandbox.model import Message, Payload
from bot.sandbox.tickets import Hook

Note = Callable[[str, Payload, str], None]
FAULT = "response_url"
"""The name of response URLs in the table of errors and in faults."""


class Hooks:
    """Everything under /actions/ and /commands/."""

    def __init__(self, desk: Desk, faults: Faults, cut: Callable[[Request], Response], note: Note) -> None:
        self._desk = desk
        self._faults = faults
        self._cut = cut
        self._note = note

    async def serve(self, request: Request) -> Response:
        """Answer one POST."""
        if self._faults.is_down:
            return self._cut(request) if self._faults.is_down == "refuse" else PlainTextResponse("", 503)
        struck = self._faults.take("limit", FAULT)
        if struck:
            return PlainTextResponse("ratelimited", 429, headers={"Retry-After": str(struck.retry_after)})
        struck = self._faults.take("fail", FAULT)
        if struck:
            return PlainTextResponse(struck.error, struck.status if struck.status != 200 else 500)
        body = await request.body()
        given: Payload = {}
        try:
            given = _read(body, request.headers.get("content-type", ""))
            self._use(request.path_params["secret"], given)
        except SlackError as refused:
            row(FAULT, refused.error)
            self._note(FAULT, given, refused.error)
            gone = refused.error in {"used_url", "expired_url", "message_not_found"}
            return JSONResponse({"ok": False, "error": refused.error}, 404 if gone else 400)
        self._note(FAULT, given, "")
        answer = PlainTextResponse("ok")
        return self._cut(request) if self._faults.take("lose", FAULT) else answer

    def _use(self, secret: str, given: Payload) -> None:
        world = self._desk.world
        hook = world.tickets.find_hook(secret)
        if hook is None:
            raise SlackError("expired_url")
        with world.changing():
            world.tickets.check(hook)
            self._apply(hook, given)
            hook.left -= 1

    def _apply(self, hook: Hook, given: Mapping[str, Any]) -> None:
        original = self._original(hook)
        if hook.message_ts and (_yes(given, "delete_original") or _yes(given, "replace_original")) and original is None:
            raise SlackError("message_not_found")
        if original is not None and _yes(given, "delete_original"):
            self._desk.delete(original)
            return
        if original is not None and _yes(given, "replace_original"):
            changed = answered(self._desk, given, replace(original, text="", blocks=(), attachments=()))
            if original.ephemeral_for:
                self._desk.world.timeline.put(changed)
            else:
                self._desk.change(changed)
            return
        self._desk.post(answered(self._desk, given, new_answer(self._desk, hook, given)))

    def _original(self, hook: Hook) -> Message | None:
        timeline = self._desk.world.timeline
        if not hook.message_ts:
            return None
        if hook.ephemeral:
            return timeline.find_ephemeral(hook.user, hook.message_ts)
        return timeline.find(hook.channel, hook.message_ts)


def new_answer(desk: Desk, hook: Hook, given: Mapping[str, Any]) -> Message:
    """An empty message at the place where the answer belongs: for one person, unless `in_channel` is asked for."""
    world = desk.world
    shown_to_all = given.get("response_type") == "in_channel"
    return Message(
        hook.channel,
        "",
        world.bot_user_id,
        bot=True,
        thread_ts=str(given.get("thread_ts") or ""),
        ephemeral_for="" if shown_to_all else hook.user,
    )


def answered(desk: Desk, given: Mapping[str, Any], bare: Message) -> Message:
    """The message with what the app said."""
    blocks, attachments = desk.checker.message(given.get("blocks"), given.get("attachments"))
    text = str(given.get("text") or "")
    if not (text.strip() or blocks or attachments):
        raise SlackError("no_text")
    return replace(bare, text=text, blocks=blocks, attachments=attachments, names=desk.world.names)


def _yes(given: Mapping[str, Any], name: str) -> bool:
    return given.get(name) is True or str(given.get(name)).lower() == "true"


def _read(body: bytes, kind: str) -> Mapping[str, Any]:
    text = body.decode("utf-8", "replace")
    if kind.startswith("application/x-www-form-urlencoded"):
        text = dict(parse_qsl(text)).get("payload", "")
    try:
        given = json.loads(text)
    except ValueError:
        raise SlackError("invalid_payload") from None
    if not isinstance(given, dict):
        raise SlackError("invalid_payload")
    return given
