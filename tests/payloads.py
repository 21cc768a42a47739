"""Checks of what is sent to Slack: slack_sdk's own models, slackblocks' table of limits, and what both miss.

`check_message` takes the arguments of chat.postMessage, chat.update or chat.postEphemeral, `check_view` a modal or an
App Home view. Each raises AssertionError that says where.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import slackblocks
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from slackblocks import _limits as limits
from slackblocks._surfaces import BlockSurface, validate_surface_blocks

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
TEXT = 4_000
"""Slack advises so much for `text`; what is longer arrives as several messages."""
VALUE = 2_000
METADATA = 3_000
VIEW_BYTES = 250_000
MARKDOWN = 12_000
_TOKENS = re.compile(
    r"<(?:@[UW][A-Z0-9]+|#[CG][A-Z0-9]+|!subteam\^S[A-Z0-9]+|!date\^\d+\^[^|>]+\|[^|>]+|https?://[^\s<>]+)>"
)
_LONELY = re.compile(r"[<>]|&(?!amp;|lt;|gt;)")


def check_message(payload: Mapping[str, Any], *, escaped: bool = True) -> None:
    """A message fits Slack. `escaped` also asks that texts carry no tokens but people, dates and web addresses."""
    blocks = _decoded(payload.get("blocks"))
    text = payload.get("text") or ""
    assert text.strip(), "a message needs a text for notifications"
    assert len(text) <= TEXT, f"the text has {len(text)} characters"
    assert len(blocks) <= MESSAGE_BLOCKS, f"a message has {len(blocks)} blocks"
    check_blocks(blocks, "message")
    if escaped:
        for place, words in [("text", text), *_mrkdwn(blocks)]:
            left = _LONELY.search(_TOKENS.sub("", words))
            assert left is None, f"{place} is not escaped at {left}: {words[:300]!r}"


def check_view(view: Mapping[str, Any] | str, *, escaped: bool = True) -> None:
    """A modal or App Home fits Slack."""
    shown: dict[str, Any] = dict(_decoded(view))
    kind = shown.get("type")
    assert kind in ("modal", "home"), f"a view is of type {kind}"
    assert len(json.dumps(shown)) <= VIEW_BYTES, "the view is too large"
    assert len(shown.get("private_metadata") or "") <= METADATA
    blocks = shown["blocks"]
    assert 0 < len(blocks) <= VIEW_BLOCKS, f"a view has {len(blocks)} blocks"
    _accepted(lambda: View(**shown).to_dict())
    check_blocks(blocks, "modal" if kind == "modal" else "home")
    if kind == "modal":
        _check_modal(shown, blocks)
    if escaped:
        for place, words in _mrkdwn(blocks):
            left = _LONELY.search(_TOKENS.sub("", words))
            assert left is None, f"{place} is not escaped at {left}: {words[:300]!r}"


def check_blocks(blocks: Sequence[Mapping[str, Any]], surface: BlockSurface) -> None:
    """Blocks fit where they are shown."""
    for index, block in enumerate(blocks):
        place = f"blocks[{index}] ({block.get('type')})"
        try:
            parsed = Block.parse(dict(block))
            assert parsed is not None, "slack_sdk does not know it"
            parsed.to_dict()
            _check_by_slackblocks(block)
            _check_block(block)
        except Exception as error:
            raise AssertionError(f"{place}: {error}: {json.dumps(block, ensure_ascii=False)[:600]}") from error
    _accepted(lambda: validate_surface_blocks([dict(block) for block in blocks], surface))
    _check_ids(blocks)
    total = sum(len(block["text"]) for block in blocks if block.get("type") == "markdown")
    assert total <= MARKDOWN, f"the markdown blocks have {total} characters"


# -----------------------------------------------------------------------------------------------------------


def _accepted(check: Callable[[], object]) -> None:
    try:
        check()
    except Exception as error:
        raise AssertionError(str(error)) from error


def _check_modal(view: Mapping[str, Any], blocks: Sequence[Mapping[str, Any]]) -> None:
    inputs = any(block["type"] == "input" for block in blocks)
    assert view.get("submit") or not inputs, "a modal with inputs needs a submit button"
    for name in ("title", "submit", "close"):
        words = view.get(name)
        assert words is None or 0 < len(words["text"]) <= 24, f"{name}: {words}"


def _check_by_slackblocks(block: Mapping[str, Any]) -> None:
    """slackblocks builds it anew; the elements inside, which it can't read yet, are held against its limits."""
    if "accessory" in block:
        block = {name: value for name, value in block.items() if name != "accessory"}
    if block["type"] not in ("actions", "input"):
        slackblocks.Block.from_dict(dict(block))


def _check_block(block: Mapping[str, Any]) -> None:
    match block["type"]:
        case "actions":
            assert 0 < len(block["elements"]) <= 25, "an actions block with no elements, or too many"
        case "context":
            assert 0 < len(block["elements"]) <= 10
        case "section":
            assert block.get("text") or block.get("fields"), "a section without text"
        case "header":
            assert block["text"]["type"] == "plain_text"
    for words in _texts(block):
        assert words["text"].strip() or block["type"] == "input", "an empty text"
        assert len(words["text"]) <= 3_000
        words["text"].encode("utf-8")  # a lone surrogate can't be sent
    for element in elements_of([block]):
        assert len(element.get("value") or "") <= VALUE or element["type"] != "button", "a button's value is too long"
        assert element.get("action_id"), "an element without action_id"
        _check_element(element)


def _check_element(element: Mapping[str, Any]) -> None:
    _check_limits(element)
    if element["type"] == "plain_text_input":
        most = element.get("max_length", 3_000)
        assert 1 <= most <= 3_000
        assert 0 <= element.get("min_length", 0) <= most
        assert len(element.get("initial_value") or "") <= most, "the initial value is longer than it may be"
    if element["type"] == "number_input":
        low, high = element.get("min_value"), element.get("max_value")
        assert low is None or high is None or float(low) <= float(high)
    initial = element.get("initial_option")
    if initial is not None:
        known = element.get("options") or [one for group in element["option_groups"] for one in group["options"]]
        assert initial in known, "the initial option is none of the options"
    for one in element.get("initial_options") or ():
        assert one in element["options"], "an initial option is none of the options"


def _check_limits(element: Mapping[str, Any]) -> None:
    assert len(element["action_id"]) <= limits.ACTION_ID_MAX_LENGTH
    if element["type"] == "button":
        assert element["text"]["type"] == "plain_text"
        assert 0 < len(element["text"]["text"]) <= limits.BUTTON_TEXT_MAX_LENGTH
        assert len(element.get("url") or "") <= limits.BUTTON_URL_MAX_LENGTH
        assert element.get("style") in (None, "primary", "danger")
    most = {"checkboxes": 10, "radio_buttons": 10, "overflow": 5}.get(element["type"], limits.SELECT_OPTIONS_MAX_ITEMS)
    groups = element.get("option_groups") or ()
    assert len(groups) <= limits.SELECT_OPTION_GROUPS_MAX_ITEMS
    lists = [group["options"] for group in groups] + ([element["options"]] if "options" in element else [])
    for options in lists:
        assert 0 < len(options) <= most, f"{len(options)} options"
        assert all(0 < len(one["text"]["text"]) <= limits.OPTION_TEXT_MAX_LENGTH for one in options)
        assert all(0 < len(one["value"]) <= limits.OPTION_VALUE_MAX_LENGTH for one in options)
    values = [one["value"] for options in lists for one in options]
    assert len(values) == len(set(values)), "two options have the same value"


def _check_ids(blocks: Iterable[Mapping[str, Any]]) -> None:
    shown = list(blocks)
    named = Counter(block["block_id"] for block in shown if block.get("block_id"))
    assert not [name for name, times in named.items() if times > 1], f"a block_id is there twice: {named}"
    for block in shown:
        inside = Counter(element["action_id"] for element in elements_of([block]))
        assert not [name for name, times in inside.items() if times > 1], f"an action_id is there twice: {inside}"


def elements_of(blocks: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Every interactive element: buttons, menus, inputs."""
    for block in blocks:
        found = [*block.get("elements", ())] if block["type"] == "actions" else []
        found += [block[name] for name in ("accessory", "element") if name in block]
        yield from (one for one in found if one["type"] != "image")


def _texts(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        if node.get("type") in ("mrkdwn", "plain_text") and isinstance(node.get("text"), str):
            yield node
        for inner in node.values():
            yield from _texts(inner)
    elif isinstance(node, list | tuple):
        for inner in node:
            yield from _texts(inner)


def _mrkdwn(blocks: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for index, block in enumerate(blocks):
        for words in _texts(block):
            if words["type"] == "mrkdwn":
                yield f"blocks[{index}]", words["text"].replace("\n> ", "\n").replace("\n>", "\n").removeprefix("> ")


def _decoded(value: Any) -> Any:
    if isinstance(value, str):
        return json.loads(value)
    return value or []
