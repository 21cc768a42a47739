"""What is posted beside the messages of runs: kept in the outbox, delivered once."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.slack.views.messages import File, Message, MessageType, Priority, Wanted
from workflows.engine.ids import new_id
from workflows.engine.outbox import Delivery, DeliveryState

KIND = "post"
MOST = 3_800
"""Characters of one message; Slack advises at most 4,000, and cuts longer ones up itself."""


def parts_of(text: str) -> list[str]:
    """A text in messages that Slack shows whole, cut at line ends where there are any."""
    parts: list[str] = []
    rest = text
    while len(rest) > MOST:
        place = max(rest.rfind("\n", 0, MOST), 0) or max(rest.rfind(" ", 0, MOST), 0) or MOST
        parts.append(rest[:place])
        rest = rest[place:].lstrip("\n ")
    return [*parts, rest]


def post_key(key: str, number: int = 1) -> str:
    """The key of a post's part by its idempotency key; the parts after the first are replies to it."""
    return f"post/{key}" if number == 1 else f"post/{key}/{number}"


def deliveries_for(run_id: str, key: str, channel: str, text: str, now: datetime) -> list[Delivery]:
    """The rows of a post that is to be delivered."""
    rows = []
    for number, part in enumerate(parts_of(text), 1):
        thread = post_key(key) if number > 1 else ""
        payload = json.dumps({"text": part, "thread": thread}, ensure_ascii=False)
        rows.append(Delivery(new_id(), run_id, post_key(key, number), KIND, now, channel, payload=payload))
    return rows


def deliveries_of(run_id: str, key: str, channel: str, messages: Sequence[Message], now: datetime) -> list[Delivery]:
    """The rows of messages that were made elsewhere: the first, and replies to it."""
    rows = []
    for number, message in enumerate(messages, 1):
        kept: dict[str, Any] = {"text": message.text, "thread": post_key(key) if number > 1 else ""}
        if message.blocks:
            kept["blocks"] = message.blocks
        if message.file is not None:
            file = message.file
            kept["file"] = {"name": file.name, "title": file.title, **_packed(file.content)}
        payload = json.dumps(kept, ensure_ascii=False)
        rows.append(Delivery(new_id(), run_id, post_key(key, number), KIND, now, channel, payload=payload))
    return rows


def _packed(content: str | bytes) -> dict[str, str]:
    return {"text": content} if isinstance(content, str) else {"base64": base64.b64encode(content).decode()}


def _file(kept: Mapping[str, str] | None) -> File | None:
    if kept is None:
        return None
    content = kept["text"] if "text" in kept else base64.b64decode(kept["base64"])
    return File(kept["name"], kept["title"], content)


def wanted_posts(rows: Iterable[Delivery]) -> list[Wanted]:
    """Posts that Slack does not have yet, in the order in which they were asked for."""
    found, known = [], list(rows)
    gone = {row.key for row in known if row.state is DeliveryState.GONE}
    for row in known:
        if row.kind == KIND and row.state is DeliveryState.PENDING:
            said = json.loads(row.payload)
            thread = "" if said["thread"] in gone else said["thread"]
            message = Message(said["text"], tuple(said.get("blocks", ())), thread, _file(said.get("file")))
            channel = row.channel
            found.append(Wanted(row.key, MessageType.NOTICE, Priority.APPROVAL, message, once=True, channel=channel))
    return found
