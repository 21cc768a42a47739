"""The checks that every outgoing payload passes refuse what Slack refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.payloads import check_message, check_view

WORDS = {"type": "mrkdwn", "text": "x"}
PLAIN = {"type": "plain_text", "text": "x"}
BUTTON = {"type": "button", "action_id": "a", "text": PLAIN, "value": "v"}
SECTION = {"type": "section", "text": WORDS}


def message(*blocks: dict[str, Any], text: str = "x") -> dict[str, Any]:
    return {"channel": "C1", "text": text, "blocks": list(blocks)}


@pytest.mark.parametrize(
    "payload",
    [
        message(text=""), message(text="x" * 4_001), message(*[SECTION] * 51),
        message({"type": "actions", "elements": []}),
        message({"type": "actions", "elements": [BUTTON, BUTTON]}),
        message(SECTION | {"block_id": "b"}, SECTION | {"block_id": "b"}),
        message({"type": "actions", "elements": [BUTTON | {"value": "v" * 2_001}]}),
        message({"type": "actions", "elements": [BUTTON | {"text": {"type": "plain_text", "text": "x" * 76}}]}),
        message({"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}),
        message({"type": "section", "text": {"type": "mrkdwn", "text": ""}}),
        message({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}),
        message({"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>"}}),
        message({"type": "section", "text": {"type": "mrkdwn", "text": "a & b"}}), message(text="<!here> x"),
        message({"type": "unknown"}), message({"type": "context", "elements": []}),
        message({"type": "alert", "text": WORDS, "level": "info"}),
    ],
)  # fmt: skip
def test_messages_that_slack_refuses(payload: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        check_message(payload)


def test_messages_that_slack_takes() -> None:
    for text in (
        "<@U1> <!subteam^S1> <#C1> <!date^1^{time}|then> <https://x.example/a?b&amp;c|d>",
        "a &amp; b",
        "> quote",
    ):
        check_message(message({"type": "section", "text": {"type": "mrkdwn", "text": text}}))
    check_message(message(SECTION | {"accessory": BUTTON}, {"type": "actions", "elements": [BUTTON]}))
    check_message({"text": "x"})


VIEW: dict[str, Any] = {"type": "modal", "title": PLAIN, "blocks": [SECTION]}
INPUT: dict[str, Any] = {
    "type": "input",
    "block_id": "i",
    "label": PLAIN,
    "element": {"type": "plain_text_input", "action_id": "a"},
}
MENU: dict[str, Any] = {"type": "static_select", "action_id": "a", "options": [{"text": PLAIN, "value": "1"}]}


@pytest.mark.parametrize(
    "change",
    [
        {"title": {"type": "plain_text", "text": "x" * 25}}, {"blocks": []}, {"blocks": [SECTION] * 101},
        {"blocks": [INPUT]},
        {"private_metadata": "x" * 3_001}, {"type": "other"}, {"submit": PLAIN, "blocks": [INPUT, INPUT]},
        {"submit": PLAIN, "blocks": [INPUT | {"element": INPUT["element"] | {"initial_value": "x" * 3_001}}]},

        {"submit": PLAIN, "blocks": [INPUT | {"element": MENU | {"options": MENU["options"] * 2}}]},

        {"submit": PLAIN, "blocks": [INPUT | {"element": MENU | {"initial_option": {"text": PLAIN, "value": "2"}}}]},
        {"submit": PLAIN, "blocks": [INPUT | {"element": MENU | {"options": []}}]},
        {"blocks": [{"type": "markdown", "text": "x"}]},
    ],
)  # fmt: skip
def test_views_that_slack_refuses(change: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        check_view(VIEW | change)


def test_views_that_slack_takes() -> None:
    check_view(VIEW)
    check_view(VIEW | {"submit": PLAIN, "blocks": [INPUT, INPUT | {"block_id": "j", "element": MENU}]})
    check_view({"type": "home", "blocks": [SECTION]})
