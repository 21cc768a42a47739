"""What a person reads in blocks: the visible words, without markup codes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_CODE = re.compile(r"<([^<>]*)>")


def text_of(value: Any) -> str:
    """The text of a text object, or of a plain string."""
    if isinstance(value, Mapping):
        return str(value.get("text") or "")
    return str(value) if isinstance(value, str) else ""


def elements(blocks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Every block with each element in it that a person can press or fill in."""
    for block in blocks:
        kind = block.get("type")
        if kind in {"actions", "context_actions"}:
            for element in block.get("elements") or ():
                yield block, element
        elif kind == "input" and block.get("element"):
            yield block, block["element"]
        elif kind == "card":
            for element in block.get("actions") or ():
                yield block, element
        elif kind in {"container", "carousel"}:
            yield from elements(block.get("child_blocks") or block.get("elements") or ())
        if kind == "section" and block.get("accessory"):
            yield block, block["accessory"]


def text_of_blocks(blocks: Iterable[Mapping[str, Any]]) -> str:
    """All visible text of these blocks, a line per piece."""
    return "\n".join(piece for block in blocks for piece in _pieces(block) if piece)


def text_of_attachment(attachment: Mapping[str, Any]) -> str:
    """All visible text of an old-style attachment."""
    if attachment.get("blocks"):
        return text_of_blocks(attachment["blocks"])
    return "\n".join(str(attachment[key]) for key in ("pretext", "title", "text", "footer") if attachment.get(key))


_SKIPPED = frozenset({
    "type", "block_id", "action_id", "value", "url", "image_url", "style", "task_id", "emoji", "verbatim", "confirm",
    "name", "range", "user_id", "channel_id", "usergroup_id", "filter", "dispatch_action_config", "timestamp",
    "format", "accessibility_label", "slack_file", "icon", "hero_image", "thumbnail_url", "video_url", "title_url",
    "initial_date", "initial_time", "timezone", "level", "width", "external_id", "source", "workflow",
    "focus_on_load", "border", "indent", "offset", "column_settings", "skin_tone", "unicode", "color", "fallback",
    "initial_options", "initial_users", "initial_channel", "initial_channels", "initial_conversation",
    "initial_conversations", "initial_user",
})  # fmt: skip


def _pieces(value: Any) -> Iterator[str]:
    """The texts in this part of a block, in the order in which they stand."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _of_mapping(value)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _pieces(one)


def _of_mapping(value: Mapping[str, Any]) -> Iterator[str]:
    kind = value.get("type")
    if kind in _RICH:
        yield _RICH[kind](value)
    elif kind in {"rich_text_section", "rich_text_preformatted", "rich_text_quote"}:
        yield "".join(piece for one in value.get("elements") or () for piece in _pieces(one))
    elif kind == "task_card":
        yield from _pieces(value.get("title"))
        yield str(value.get("status") or "")
        yield from _pieces([value.get("details"), value.get("output"), value.get("sources")])
    else:
        for key, part in value.items():
            if key not in _SKIPPED and part:
                yield from _pieces(part)


_RICH = {
    "link": lambda part: str(part.get("text") or part.get("url") or ""),
    "user": lambda part: f"<@{part.get('user_id')}>",
    "channel": lambda part: f"<#{part.get('channel_id')}>",
    "usergroup": lambda part: f"<!subteam^{part.get('usergroup_id')}>",
    "broadcast": lambda part: f"<!{part.get('range')}>",
    "emoji": lambda part: f":{part.get('name')}:",
    "date": lambda part: str(part.get("fallback") or part.get("timestamp") or ""),
}


def as_read(text: str, names: Mapping[str, str]) -> str:
    """Text as a reader sees it: links and mentions by their words, `&lt;` as `<`."""
    return (
        html.unescape(_CODE.sub(lambda match: _spoken(match[1], names), text)) if "<" in text or "&" in text else text
    )


def _spoken(code: str, names: Mapping[str, str]) -> str:
    body, _, label = code.partition("|")
    if body.startswith(("@", "#")):
        return names.get(body[1:], label or body)
    if body.startswith("!subteam^"):
        return names.get(body.removeprefix("!subteam^"), label or "@group")
    if body.startswith("!date^"):
        return label
    if body.startswith("!"):
        return f"@{body[1:]}"
    return label or body
