"""Blocks and views that Slack refuses, each limit at its edge, and the limits held against another package."""

from __future__ import annotations

from typing import Any

import pytest
import slackblocks._limits as others
from slack_sdk.models.blocks import Block

from bot.sandbox import limits
from bot.sandbox.checks import Checker
from bot.sandbox.errors import SlackError
from bot.sandbox.limits import ELEMENTS, OBJECTS, SHAPES, Chars, Parts, Text
from tests.unit.bot.sandbox.stage import actions, button, field, modal, section, text

Json = dict[str, Any]
PICTURE = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}


def option(label: str = "One", value: str = "1") -> Json:
    return {"text": text(label), "value": value}


def confirm(**more: Json) -> Json:
    told = {"title": text("Sure?"), "text": text("Really?"), "confirm": text("Yes"), "deny": text("No")}
    return told | more


def select(kind: str = "static_select", **more: Any) -> Json:
    return {"type": kind, "action_id": "menu", "options": [option()], **more}


GOOD: list[Json] = [
    section("x" * 3_000),
    {"type": "section", "fields": [text("x" * 2_000)] * 10},
    section("x", accessory=PICTURE),
    section("x", accessory={"type": "overflow", "action_id": "o", "options": [option()] * 5}),
    {"type": "divider"},
    {"type": "header", "text": text("x" * 150)},
    {**PICTURE, "title": text("t")},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 9 + [PICTURE]},
    actions(*[button("x" * 75, f"a{number}", value="x" * 2_000) for number in range(25)]),
    actions(button("Go", confirm=confirm(), style="primary", url="https://example.com")),
    actions(select(), select("multi_static_select", action_id="many", max_selected_items=2)),
    actions({"type": "datepicker", "action_id": "d", "initial_date": "2026-01-02"}),
    {"type": "markdown", "text": "x" * 12_000},
    {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]},
    {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 20] * 100},
    {"type": "plan", "title": "p", "tasks": [{"type": "task_card", "task_id": "1", "title": "t", "status": "error"}]},
    {"type": "card", "title": text("t"), "body": text("x" * 200), "actions": [button("Go")]},
    {"type": "container", "title": text("t"), "child_blocks": [section("x")]},
    {"type": "context_actions", "elements": [{
        "type": "feedback_buttons", "action_id": "f", "positive_button": {"text": text("+"), "value": "1"},
        "negative_button": {"text": text("-"), "value": "0"}}]},
    field("Name", {"type": "plain_text_input", "max_length": 3_000}, hint=text("h"), optional=True),
]  # fmt: skip

BAD: list[tuple[Json, str]] = [
    ({"type": "poem"}, "unsupported type: poem [json-pointer:/blocks/0/type]"),
    ({"text": text("x")}, "missing required field: type"),
    (section("x" * 3_001), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ({"type": "section"}, "missing required field: text or fields"),
    ({"type": "section", "text": "x"}, "must be a text object"),
    ({"type": "section", "fields": [text("x")] * 11}, "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    ({"type": "section", "fields": [text("x" * 2_001)]}, "[json-pointer:/blocks/0/fields/0/text]"),
    (section("x", colour="red"), "invalid additional property: colour [json-pointer:/blocks/0]"),
    (section("x", block_id="x" * 256), "must be less than 256 characters [json-pointer:/blocks/0/block_id]"),
    (section("x", accessory={"type": "plain_text_input"}), "unsupported type: plain_text_input"),
    ({"type": "header", "text": text("x" * 151)}, "must be less than 151 characters"),
    ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "must be a text object of type plain_text"),
    ({"type": "context", "elements": [text("x")] * 11}, "no more than 10 items allowed"),
    (actions(), "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
    (actions(*[button("x", f"a{number}") for number in range(26)]), "no more than 25 items allowed"),
    (actions(button("x" * 76)), "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"),
    (actions(button("x", value="x" * 2_001)), "must be less than 2001 characters"),
    (actions(button("x", url="https://" + "x" * 3_000)), "must be less than 3001 characters"),
    (actions(button("x", action_id="x" * 256)), "[json-pointer:/blocks/0/elements/0/action_id]"),
    (actions(button("x", style="big")), "must be one of: primary, danger"),
    (actions(button("x", confirm=confirm(title=text("x" * 101)))), "must be less than 101 characters"),
    (actions(button("x", confirm=confirm(text=text("x" * 301)))), "must be less than 301 characters"),
    (actions(button("x", confirm=confirm(deny=text("x" * 31)))), "must be less than 31 characters"),
    (actions(button("A", "same"), button("B", "same")), "action_id already exists: same"),
    (actions({"type": "overflow", "action_id": "o", "options": [option()] * 6}), "no more than 5 items allowed"),
    (actions(select(options=[option()] * 101)), "no more than 100 items allowed"),
    (actions(select(options=[option("x" * 76)])), "must be less than 76 characters"),
    (actions(select(options=[option("x", "x" * 151)])), "must be less than 151 characters"),
    (actions({"type": "static_select", "action_id": "menu"}), "missing required field: options or option_groups"),
    (actions({"type": "radio_buttons", "action_id": "r", "options": [option()] * 11}), "no more than 10 items allowed"),
    (actions(select(max_selected_items=2)), "invalid additional property: max_selected_items"),
    ({"type": "markdown", "text": "x" * 12_001}, "must be less than 12001 characters"),
    ({"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}, "no more than 100 items allowed"),
    ({"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}, "no more than 20 items allowed"),
    ({"type": "alert", "text": text("x")}, "block type alert is not allowed in a message"),
    ({"type": "plan", "title": "p", "tasks": [{"type": "task_card", "task_id": "1", "title": "t" * 257}]}, "257"),
    ({"type": "card", "title": text("t"), "body": text("x" * 201)}, "must be less than 201 characters"),
    (field("Name", {"type": "file_input"}), "file_input is not allowed in a message"),
    (field("Name", {"type": "plain_text_input", "max_length": 3_001}), "must be a whole number from 1 to 3000"),
    (field("x" * 2_001, {"type": "plain_text_input"}), "must be less than 2001 characters"),
    ({**PICTURE, "image_url": "https://" + "x" * 3_000}, "must be less than 3001 characters"),
    ({"type": "image", "alt_text": "a"}, "missing required field: image_url or slack_file"),
    (actions({"type": "datepicker", "action_id": "d", "initial_date": "tomorrow"}), "initial_date"),
]  # fmt: skip


@pytest.mark.parametrize("block", GOOD, ids=lambda one: one["type"])
def test_what_slack_takes(block: Json) -> None:
    named, found = Checker().blocks([block], "message")
    assert not found
    assert named[0]["block_id"]
    assert Checker().blocks(list(named), "message") == (named, [])


@pytest.mark.parametrize(("block", "words"), BAD, ids=lambda one: one[:40] if isinstance(one, str) else "")
def test_what_slack_refuses(block: Json, words: str) -> None:
    named, found = Checker().blocks([block], "message")
    assert named == ()
    assert any(words in one for one in found), found


def test_a_message_as_a_whole() -> None:
    checker = Checker()
    assert checker.blocks([section("x")] * 50, "message")[1] == []
    assert checker.blocks([section("x")] * 51, "message")[1] == ["no more than 50 items allowed [json-pointer:/blocks]"]
    twice = [section("x", block_id="same"), section("y", block_id="same")]
    assert "block_id already exists: same" in checker.blocks(twice, "message")[1][0]
    much = [{"type": "markdown", "text": "x" * 6_001}] * 2
    assert "12000 characters in total" in checker.blocks(much, "message")[1][0]
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    assert "only one table allowed" in checker.blocks([table, table], "message")[1][0]
    wide = {"type": "table", "rows": [[{"type": "raw_text", "text": "x" * 10_001}]]}
    assert "10001 characters in total" in checker.blocks([wide], "message")[1][0]


VIEWS: list[tuple[Json, str]] = [
    (modal(section("x"), type="page"), "must be one of: modal, home"),
    (modal(section("x"), title=text("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
    (modal(section("x"), title=text("")), "must be more than 0 characters"),
    (modal(section("x"), title=None), "missing required field: title"),
    (modal(section("x"), submit=text("x" * 25)), "[json-pointer:/view/submit/text]"),
    (modal(section("x"), close=text("x" * 25)), "[json-pointer:/view/close/text]"),
    (modal(section("x"), close={"type": "mrkdwn", "text": "x"}), "must be a plain_text object"),
    (modal(section("x"), private_metadata="x" * 3_001), "must be less than 3001 characters"),
    (modal(section("x"), external_id="x" * 256), "must be less than 256 characters"),
    (modal(section("x"), colour="red"), "invalid additional property: colour"),
    (modal(*[section("x")] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
    (modal(field("Name", {"type": "plain_text_input"}), submit=None), "missing required field: submit"),
    (modal({"type": "markdown", "text": "x"}), "block type markdown is not allowed in a modal"),
    ({"type": "home", "blocks": [section("x")], "title": text("x")}, "invalid additional property: title"),
    ({"type": "home", "blocks": [{"type": "alert", "text": text("x")}]}, "block type alert is not allowed in a home"),
    ({"type": "home"}, "missing required field: blocks"),
]


@pytest.mark.parametrize(("view", "words"), VIEWS, ids=lambda one: one[:40] if isinstance(one, str) else "")
def test_views_that_slack_refuses(view: Json, words: str) -> None:
    with pytest.raises(SlackError) as refused:
        Checker().view({key: value for key, value in view.items() if value is not None})
    assert refused.value.error == "invalid_arguments"
    assert any(words in one for one in refused.value.extra["response_metadata"]["messages"]), refused.value.extra


def test_views_that_slack_takes() -> None:
    files = field("File", {"type": "file_input", "max_files": 3})
    alert = {"type": "alert", "text": text("x" * 200), "level": "warning"}
    view = Checker().view(modal(*[section("x")] * 98, files, alert))
    assert len(view["blocks"]) == 100
    assert Checker().view({"type": "home", "blocks": [section("x")] * 100})["type"] == "home"


def _limit(shape: str, name: str) -> int:
    rules = {rule.field: rule for rule in SHAPES[shape].rules}
    rule = rules[name]
    assert isinstance(rule, (Text, Chars, Parts))
    return rule.most


SAME = {
    ("button", "text"): others.BUTTON_TEXT_MAX_LENGTH,
    ("button", "value"): others.BUTTON_VALUE_MAX_LENGTH,
    ("button", "url"): others.BUTTON_URL_MAX_LENGTH,
    ("button", "accessibility_label"): others.BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH,
    ("confirm", "title"): others.CONFIRMATION_TITLE_MAX_LENGTH,
    ("confirm", "text"): others.CONFIRMATION_TEXT_MAX_LENGTH,
    ("confirm", "confirm"): others.CONFIRMATION_CONFIRM_MAX_LENGTH,
    ("confirm", "deny"): others.CONFIRMATION_DENY_MAX_LENGTH,
    ("option", "text"): others.OPTION_TEXT_MAX_LENGTH,
    ("option", "value"): others.OPTION_VALUE_MAX_LENGTH,
    ("option", "description"): others.OPTION_DESCRIPTION_MAX_LENGTH,
    ("option_group", "label"): others.OPTION_GROUP_LABEL_MAX_LENGTH,
    ("option_group", "options"): others.OPTION_GROUP_OPTIONS_MAX_ITEMS,
    ("static_select", "options"): others.SELECT_OPTIONS_MAX_ITEMS,
    ("static_select", "option_groups"): others.SELECT_OPTION_GROUPS_MAX_ITEMS,
    ("static_select", "placeholder"): others.SELECT_PLACEHOLDER_MAX_LENGTH,
    ("overflow", "options"): others.OVERFLOW_OPTIONS_MAX_ITEMS,
    ("checkboxes", "options"): others.CHECKBOXES_OPTIONS_MAX_ITEMS,
    ("radio_buttons", "options"): others.RADIO_BUTTONS_OPTIONS_MAX_ITEMS,
    ("block:actions", "elements"): others.ACTIONS_ELEMENTS_MAX_ITEMS,
    ("block:alert", "text"): others.ALERT_TEXT_MAX_LENGTH,
    ("block:card", "title"): others.CARD_TITLE_MAX_LENGTH,
    ("block:card", "body"): others.CARD_BODY_MAX_LENGTH,
    ("block:card", "actions"): others.CARD_ACTIONS_MAX_ITEMS,
    ("block:carousel", "elements"): others.CAROUSEL_ELEMENTS_MAX_ITEMS,
    ("block:container", "child_blocks"): others.CONTAINER_CHILD_BLOCKS_MAX_ITEMS,
    ("block:context", "elements"): others.CONTEXT_ELEMENTS_MAX_ITEMS,
    ("block:context_actions", "elements"): others.CONTEXT_ACTIONS_ELEMENTS_MAX_ITEMS,
    ("block:header", "text"): others.HEADER_TEXT_MAX_LENGTH,
    ("block:image", "image_url"): others.IMAGE_IMAGE_URL_MAX_LENGTH,
    ("block:image", "alt_text"): others.IMAGE_ALT_TEXT_MAX_LENGTH,
    ("block:input", "label"): others.INPUT_LABEL_MAX_LENGTH,
    ("block:input", "hint"): others.INPUT_HINT_MAX_LENGTH,
    ("block:markdown", "text"): others.MARKDOWN_TEXT_MAX_LENGTH,
    ("block:plan", "tasks"): others.PLAN_TASKS_MAX_ITEMS,
    ("block:section", "text"): others.SECTION_TEXT_MAX_LENGTH,
    ("block:section", "fields"): others.SECTION_FIELDS_MAX_ITEMS,
}


@pytest.mark.parametrize(("place", "most"), SAME.items(), ids=str)
def test_limits_are_those_of_another_package(place: tuple[str, str], most: int) -> None:
    assert _limit(*place) == most


def test_limits_of_messages_and_views_are_those_of_another_package() -> None:
    assert limits.MESSAGE_BLOCKS == others.MESSAGE_BLOCKS_MAX_ITEMS
    assert limits.VIEW_BLOCKS == others.VIEW_BLOCKS_MAX_ITEMS
    assert limits.ATTACHMENTS == others.MESSAGE_ATTACHMENTS_MAX_ITEMS
    assert limits.PRIVATE_METADATA == others.VIEW_PRIVATE_METADATA_MAX_LENGTH
    assert limits.VIEW_LABEL == others.VIEW_TITLE_MAX_LENGTH == others.VIEW_SUBMIT_MAX_LENGTH
    assert limits.NAME == others.VIEW_CALLBACK_ID_MAX_LENGTH == others.ACTION_ID_MAX_LENGTH
    assert limits.MARKDOWN_TOTAL == others.MARKDOWN_TOTAL_TEXT_MAX_LENGTH


def test_every_nested_shape_exists() -> None:
    for shape in SHAPES.values():
        for rule in shape.rules:
            for name in getattr(rule, "shapes", ()):
                assert name in ELEMENTS or name in OBJECTS or f"block:{name}" in SHAPES or name.startswith("text:"), (
                    name
                )


def test_every_block_of_the_table_is_known_to_slack_sdk() -> None:
    for name in limits.BLOCKS:
        assert any(one.__dict__.get("type") == name for one in Block.__subclasses__()), name
