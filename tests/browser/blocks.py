"""Blocks of every kind, as an app would send them."""

from __future__ import annotations

from typing import Any

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}


def option(text: str, value: str) -> Block:
    return {"text": plain(text), "value": value}


def rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def button(text: str, action_id: str, **more: Any) -> Block:
    return {"type": "button", "text": plain(text), "action_id": action_id, "value": f"value of {action_id}"} | more


def section(text: str, accessory: Block | None = None) -> Block:
    return {"type": "section", "text": mrkdwn(text)} | ({"accessory": accessory} if accessory else {})


def field(block_id: str, label: str, element: Block, **more: Any) -> Block:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": {"action_id": "v"} | element,
    } | more


def modal(*blocks: Block, **more: Any) -> Block:
    return {
        "type": "modal", "callback_id": "form", "title": plain("Start a run"), "submit": plain("Start"),
        "close": plain("Not now"), "blocks": list(blocks),
    } | more  # fmt: skip


CHOICES = [option("Plain", "p"), option("Friendly", "f"), option("Formal", "o")]

PLAN: Block = {
    "type": "plan", "title": "Waiting for an editor",
    "tasks": [
        {"type": "task_card", "task_id": "1", "title": "Research", "status": "complete",
         "output": rich({"type": "text", "text": "4 sources"})},
        {"type": "task_card", "task_id": "2", "title": "Approval", "status": "in_progress",
         "details": rich({"type": "text", "text": "Asked the editors"})},
        {"type": "task_card", "task_id": "3", "title": "Publish", "status": "pending"},
    ],
}  # fmt: skip


def rich_text(user: str, channel: str) -> Block:
    return {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": [
                {"type": "text", "text": "rich bold", "style": {"bold": True}}, {"type": "text", "text": " and "},
                {"type": "text", "text": "struck", "style": {"strike": True}}, {"type": "user", "user_id": user},
                {"type": "channel", "channel_id": channel}, {"type": "broadcast", "range": "here"},
                {"type": "emoji", "name": "rocket"}, {"type": "color", "value": "#0f766e"},
                {"type": "link", "url": "https://example.com/rich", "text": "rich link"},
                {"type": "date", "timestamp": 1767225600, "format": "{date_num}", "fallback": "new year"},
            ]},
            {"type": "rich_text_list", "style": "ordered", "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "first of all"}]}]},
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "quoted words"}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "a  b"}]},
        ],
    }  # fmt: skip
