"""Slack's limits on what an app sends, as one table: a shape for every block, element and object of Block Kit.

The numbers are those of Slack's reference pages of Block Kit (docs.slack.dev/reference/block-kit), held against
slack_sdk's models at every call and against the package slackblocks in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PLAIN = ("plain_text",)
MARKED = ("plain_text", "mrkdwn")

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
ATTACHMENTS = 100
POSTED_TEXT = 40_000
"""Longer texts of chat.postMessage are cut."""
UPDATED_TEXT = 4_000
"""Longer texts of chat.update are refused."""
MARKDOWN_TOTAL = 12_000
BLOCKS_TEXT_TOTAL = 13_200
"""Seen, not documented: more text than this in all blocks together is `msg_blocks_too_long`."""
VIEW_BYTES = 250_000
PRIVATE_METADATA = 3_000
NAME = 255
"""action_id, block_id, callback_id and external_id."""
VIEW_LABEL = 24


@dataclass(frozen=True)
class Text:
    """A text object of at most so many characters."""

    field: str
    most: int
    kinds: tuple[str, ...] = MARKED
    required: bool = False


@dataclass(frozen=True)
class Chars:
    """A plain string."""

    field: str
    most: int
    required: bool = False
    least: int = 0


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    field: str
    low: int
    high: int


@dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    field: str
    words: tuple[str, ...]
    required: bool = False


@dataclass(frozen=True)
class Flag:
    """True or false."""

    field: str


@dataclass(frozen=True)
class Part:
    """One nested object, of one of these shapes."""

    field: str
    shapes: tuple[str, ...]
    required: bool = False


@dataclass(frozen=True)
class Parts:
    """A list of nested objects."""

    field: str
    shapes: tuple[str, ...]
    most: int
    required: bool = False


@dataclass(frozen=True)
class Free:
    """Anything; slack_sdk's model looks at it."""

    field: str
    required: bool = False


Rule = Text | Chars | Whole | OneOf | Flag | Part | Parts | Free


@dataclass(frozen=True)
class Shape:
    """What an object may and must have; of the fields in `either` it needs one."""

    rules: tuple[Rule, ...]
    either: tuple[str, ...] = ()
    typed: bool = True
    surfaces: frozenset[str] = frozenset({"message", "modal", "home"})


ACTION = Chars("action_id", NAME)
CONFIRM = Part("confirm", ("confirm",))
HOLDER = Text("placeholder", 150, PLAIN)
FOCUS = Flag("focus_on_load")
DISPATCH = Free("dispatch_action_config")
PICKED = Whole("max_selected_items", 1, 1_000)
OPTIONS = Parts("options", ("option",), 100)
GROUPS = Parts("option_groups", ("option_group",), 100)
SHOWN_TO = Free("visible_to_user_ids")
SPOKEN = Chars("accessibility_label", 75)
ALWAYS = (ACTION, CONFIRM, HOLDER, FOCUS)
SELECT = (*ALWAYS, OPTIONS, GROUPS)
PICTURE = (Chars("image_url", 3_000), Free("slack_file"), Chars("alt_text", 2_000, required=True))

_PRESSED = ("button", "overflow", "datepicker", "timepicker", "datetimepicker", "checkboxes", "radio_buttons",
            "workflow_button", "icon_button", "feedback_buttons")  # fmt: skip
_SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
_MULTI = tuple(f"multi_{one}" for one in _SELECTS)
_TYPED = ("plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input")

IN_ACTIONS = (*_PRESSED[:8], *_SELECTS, *_MULTI, "plain_text_input", "rich_text_input")
IN_SECTION = ("image", *_PRESSED[:8], *_SELECTS, *_MULTI)
IN_INPUT = (*_TYPED, "datepicker", "timepicker", "datetimepicker", "checkboxes", "radio_buttons", *_SELECTS, *_MULTI)

ELEMENTS: Mapping[str, Shape] = {
    "button": Shape((
        Text("text", 75, PLAIN, required=True), ACTION, CONFIRM, SPOKEN, SHOWN_TO, Chars("url", 3_000),
        Chars("value", 2_000), OneOf("style", ("primary", "danger")), Free("agent_prompt"),
        Free("agent_prompt_display"),
    )),
    "workflow_button": Shape((
        Text("text", 75, PLAIN, required=True), ACTION, SPOKEN, Free("workflow", required=True),
        OneOf("style", ("primary", "danger")),
    )),
    "icon_button": Shape((
        Chars("icon", NAME, required=True), Text("text", 75, PLAIN, required=True), ACTION, CONFIRM, SPOKEN, SHOWN_TO,
        Chars("value", 2_000),
    )),
    "feedback_buttons": Shape((ACTION, Free("positive_button", required=True), Free("negative_button", required=True))),
    "image": Shape(PICTURE, either=("image_url", "slack_file")),
    "overflow": Shape((ACTION, CONFIRM, Parts("options", ("option",), 5, required=True))),
    "checkboxes": Shape((
        ACTION, CONFIRM, FOCUS, Parts("options", ("option",), 10, required=True),
        Parts("initial_options", ("option",), 10),
    )),
    "radio_buttons": Shape((
        ACTION, CONFIRM, FOCUS, Parts("options", ("option",), 10, required=True), Part("initial_option", ("option",)),
    )),
    "datepicker": Shape((*ALWAYS, Chars("initial_date", 10))),
    "timepicker": Shape((*ALWAYS, Chars("initial_time", 5), Chars("timezone", 100))),
    "datetimepicker": Shape((ACTION, CONFIRM, FOCUS, Whole("initial_date_time", 0, 9_999_999_999))),
    "static_select": Shape((*SELECT, Part("initial_option", ("option",))), either=("options", "option_groups")),
    "multi_static_select": Shape(
        (*SELECT, PICKED, Parts("initial_options", ("option",), 100)), either=("options", "option_groups")
    ),
    "external_select": Shape((*ALWAYS, Whole("min_query_length", 0, 3_000), Part("initial_option", ("option",)))),
    "multi_external_select": Shape((
        *ALWAYS, PICKED, Whole("min_query_length", 0, 3_000), Parts("initial_options", ("option",), 100),
    )),
    "users_select": Shape((*ALWAYS, Chars("initial_user", NAME))),
    "multi_users_select": Shape((*ALWAYS, PICKED, Free("initial_users"))),
    "conversations_select": Shape((
        *ALWAYS, Chars("initial_conversation", NAME), Flag("default_to_current_conversation"),
        Flag("response_url_enabled"), Free("filter"),
    )),
    "multi_conversations_select": Shape((
        *ALWAYS, PICKED, Free("initial_conversations"), Flag("default_to_current_conversation"), Free("filter"),
    )),
    "channels_select": Shape((*ALWAYS, Chars("initial_channel", NAME), Flag("response_url_enabled"))),
    "multi_channels_select": Shape((*ALWAYS, PICKED, Free("initial_channels"))),
    "plain_text_input": Shape((
        ACTION, HOLDER, FOCUS, DISPATCH, Chars("initial_value", 3_000), Flag("multiline"),
        Whole("min_length", 0, 3_000), Whole("max_length", 1, 3_000),
    )),
    "email_text_input": Shape((ACTION, HOLDER, FOCUS, DISPATCH, Chars("initial_value", 3_000))),
    "url_text_input": Shape((ACTION, HOLDER, FOCUS, DISPATCH, Chars("initial_value", 3_000))),
    "number_input": Shape((
        ACTION, HOLDER, FOCUS, DISPATCH, Chars("initial_value", 3_000), Flag("is_decimal_allowed"),
        Chars("min_value", 100), Chars("max_value", 100),
    )),
    "rich_text_input": Shape((
        ACTION, HOLDER, FOCUS, DISPATCH, Free("initial_value"), Whole("min_lines", 1, 100), Whole("max_lines", 1, 100),
    )),
    "file_input": Shape((ACTION, Free("filetypes"), Whole("max_files", 1, 10)), surfaces=frozenset({"modal"})),
    "url": Shape((Chars("url", 3_000, required=True), Chars("text", 3_000), Free("icon_url"))),
}  # fmt: skip

OBJECTS: Mapping[str, Shape] = {
    "option": Shape(
        (
            Text("text", 75, required=True),
            Chars("value", 150, required=True),
            Text("description", 75),
            Chars("url", 3_000),
        ),
        typed=False,
    ),
    "option_group": Shape(
        (Text("label", 75, PLAIN, required=True), Parts("options", ("option",), 100, required=True)), typed=False
    ),
    "confirm": Shape(
        (
            Text("title", 100, PLAIN, required=True),
            Text("text", 300, required=True),
            Text("confirm", 30, PLAIN, required=True),
            Text("deny", 30, PLAIN, required=True),
            OneOf("style", ("primary", "danger")),
        ),
        typed=False,
    ),
}

MESSAGES = frozenset({"message"})
BLOCK = Chars("block_id", NAME)
_NESTED = ("section", "divider", "image", "actions", "context", "header", "rich_text", "markdown", "table", "input")

BLOCKS: Mapping[str, Shape] = {
    "section": Shape(
        (
            BLOCK, Text("text", 3_000), Parts("fields", ("text:2000",), 10), Part("accessory", IN_SECTION),
            Flag("expand"),
        ),
        either=("text", "fields"),
    ),
    "divider": Shape((BLOCK,)),
    "header": Shape((BLOCK, Text("text", 150, PLAIN, required=True))),
    "image": Shape((BLOCK, *PICTURE, Text("title", 2_000, PLAIN)), either=("image_url", "slack_file")),
    "actions": Shape((BLOCK, Parts("elements", IN_ACTIONS, 25, required=True))),
    "context": Shape((BLOCK, Parts("elements", ("image", "text:3000"), 10, required=True))),
    "context_actions": Shape(
        (BLOCK, Parts("elements", ("feedback_buttons", "icon_button"), 5, required=True)), surfaces=MESSAGES
    ),
    "input": Shape((
        BLOCK, Text("label", 2_000, PLAIN, required=True), Text("hint", 2_000, PLAIN), Flag("optional"),
        Flag("dispatch_action"), Part("element", IN_INPUT, required=True),
    )),
    "markdown": Shape((BLOCK, Chars("text", MARKDOWN_TOTAL, required=True, least=1)), surfaces=MESSAGES),
    "rich_text": Shape((BLOCK, Free("elements", required=True))),
    "table": Shape((BLOCK, Free("rows", required=True), Free("column_settings")), surfaces=MESSAGES),
    "file": Shape((BLOCK, Chars("external_id", NAME, required=True), OneOf("source", ("remote",)))),
    "video": Shape((
        BLOCK, Chars("alt_text", 2_000, required=True), Text("title", 199, PLAIN, required=True),
        Chars("video_url", 3_000, required=True), Chars("thumbnail_url", 3_000, required=True),
        Chars("title_url", 2_000), Text("description", 200, PLAIN), Chars("provider_icon_url", 2_000),
        Chars("provider_name", 50), Chars("author_name", 49),
    )),
    "task_card": Shape((
        BLOCK, Chars("task_id", NAME, required=True), Chars("title", 256, required=True), Free("details"),
        Free("output"), Parts("sources", ("url",), 10),
        OneOf("status", ("pending", "in_progress", "complete", "error")),
    ), surfaces=MESSAGES),
    "plan": Shape((BLOCK, Chars("title", 256, required=True), Parts("tasks", ("task_card",), 50)), surfaces=MESSAGES),
    "alert": Shape((
        BLOCK, Text("text", 200, required=True),
        OneOf("level", ("default", "info", "warning", "error", "success")),
    ), surfaces=frozenset({"modal"})),
    "card": Shape((
        BLOCK, Free("hero_image"), Free("icon"), Text("title", 150), Text("subtitle", 150), Text("body", 200),
        Text("subtext", 200), Parts("actions", ("button", "icon_button"), 3), Free("slack_icon"),
    ), either=("hero_image", "title", "actions", "body")),
    "carousel": Shape((BLOCK, Parts("elements", ("card",), 10, required=True))),
    "container": Shape((
        BLOCK, Text("title", 150, PLAIN), Free("rich_text_title"), Text("subtitle", 150), Free("icon"),
        Parts("child_blocks", _NESTED, 10, required=True), OneOf("width", ("narrow", "standard", "wide", "full")),
        Flag("is_collapsible"), Flag("default_collapsed"), Flag("has_header_divider"),
    ), either=("title", "rich_text_title")),
}  # fmt: skip

SHAPES: Mapping[str, Shape] = {**OBJECTS, **ELEMENTS, **{f"block:{name}": shape for name, shape in BLOCKS.items()}}
