"""Whether Slack would take a message or view; the answer names the place of each fault."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from bot.sandbox import limits, reading
from bot.sandbox.errors import SlackError
from bot.sandbox.shapes import problems

Json = dict[str, Any]
REMEMBERED = 5_000
"""How many good blocks are remembered, so that a card that is sent again and again costs little."""


class Checker:
    """Checks what the app sends and fills in the ids that it left out, as Slack does."""

    def __init__(self) -> None:
        self._count = 0
        self._fine: set[str] = set()

    def blocks(self, given: Any, surface: str, pointer: str = "/blocks") -> tuple[tuple[Json, ...], list[str]]:
        """The blocks with every id, and what is wrong with them."""
        most = limits.MESSAGE_BLOCKS if surface == "message" else limits.VIEW_BLOCKS
        if len(given) > most:
            return (), [f"no more than {most} items allowed [json-pointer:{pointer}]"]
        found = [one for at, block in enumerate(given) for one in _block(block, surface, f"{pointer}/{at}")]
        if found:
            return (), found
        found = [*_repeated(given, pointer), *_totals(given, pointer), *self._by_models(given, pointer)]
        return (() if found else self._named(given)), found

    def view(self, given: Any) -> Json:
        """The view with every id; SlackError when Slack would refuse it."""
        if isinstance(given, str):
            given = parsed(given)
        if not isinstance(given, dict):
            raise SlackError("invalid_arguments", messages=["must be a valid view [json-pointer:/view]"])
        if len(json.dumps(given, ensure_ascii=False).encode()) > limits.VIEW_BYTES:
            raise SlackError("view_too_large")
        found = list(_frame(given))
        blocks, in_blocks = self.blocks(_list(given.get("blocks")), str(given.get("type")), "/view/blocks")
        found += in_blocks
        inputs = any(block.get("type") == "input" for block in _list(given.get("blocks")) if isinstance(block, dict))
        if given.get("type") == "modal" and inputs and not given.get("submit"):
            found.append("missing required field: submit [json-pointer:/view]")
        if found:
            raise SlackError("invalid_arguments", messages=found)
        return {**given, "blocks": list(blocks)}

    def message(self, blocks: Any, attachments: Any = None) -> tuple[tuple[Json, ...], tuple[Json, ...]]:
        """Blocks and attachments with every id; SlackError when Slack would refuse them."""
        given = self._list(blocks, "invalid_blocks_format")
        kept, found = self.blocks(given, "message")
        if found:
            raise SlackError("invalid_blocks", errors=found, messages=found)
        if sum(len(reading.text_of_blocks([block])) for block in kept) > limits.BLOCKS_TEXT_TOTAL and any(
            block["type"] == "markdown" for block in kept
        ):
            raise SlackError("msg_blocks_too_long")
        shown = []
        for at, attachment in enumerate(self._list(attachments, "invalid_blocks_format")):
            inner, found = self.blocks(_list(attachment.get("blocks")), "message", f"/attachments/{at}/blocks")
            if found:
                raise SlackError("invalid_blocks", errors=found, messages=found)
            shown.append({**attachment, "id": at + 1} | ({"blocks": list(inner)} if inner else {}))
        return kept, tuple(shown)

    def _by_models(self, blocks: Sequence[Mapping[str, Any]], pointer: str) -> Iterator[str]:
        """What slack_sdk's own models say; blocks that they took before are not looked at again."""
        for at, block in enumerate(blocks):
            known = json.dumps(block)
            if known in self._fine:
                continue
            words = _by_model(block)
            if words:
                yield f"{words} [json-pointer:{pointer}/{at}]"
            elif len(self._fine) < REMEMBERED:
                self._fine.add(known)

    def _list(self, given: Any, error: str) -> list[Any]:
        if given is None or given == "":
            return []
        if isinstance(given, str):
            given = parsed(given)
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise SlackError(error)
        return given

    def _named(self, given: Sequence[Json]) -> tuple[Json, ...]:
        return tuple(self._with_ids(block) for block in given)

    def _with_ids(self, block: Json) -> Json:
        told = dict(block) if block.get("block_id") else {**block, "block_id": self._id()}
        for field in ("elements", "actions"):
            if told["type"] in {"actions", "context_actions", "card"} and told.get(field):
                told[field] = [self._with_action(one) for one in told[field]]
        for field in ("accessory", "element"):
            if told.get(field) and told[field].get("type") != "image":
                told[field] = self._with_action(told[field])
        for field in ("child_blocks", "elements", "tasks"):
            if told["type"] in {"container", "carousel", "plan"} and told.get(field):
                told[field] = [self._with_ids(one) for one in told[field]]
        return told

    def _with_action(self, element: Json) -> Json:
        return element if element.get("action_id") else {**element, "action_id": self._id()}

    def _id(self) -> str:
        self._count += 1
        return f"b{self._count:04x}"


def parsed(text: str) -> Any:
    """JSON that came as a string, or None."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _block(block: Any, surface: str, pointer: str) -> Iterator[str]:
    if not isinstance(block, Mapping) or not isinstance(block.get("type"), str):
        yield f"missing required field: type [json-pointer:{pointer}]"
        return
    shape = limits.BLOCKS.get(block["type"])
    if shape is None:
        yield f"unsupported type: {block['type']} [json-pointer:{pointer}/type]"
    elif surface not in shape.surfaces:
        yield f"block type {block['type']} is not allowed in a {surface} [json-pointer:{pointer}/type]"
    else:
        yield from problems(block, f"block:{block['type']}", pointer, surface)


def _repeated(blocks: Sequence[Mapping[str, Any]], pointer: str) -> Iterator[str]:
    seen: set[str] = set()
    for at, block in enumerate(blocks):
        name = block.get("block_id")
        if name and name in seen:
            yield f"block_id already exists: {name} [json-pointer:{pointer}/{at}/block_id]"
        seen.add(name or "")
        actions: set[str] = set()
        for _, element in reading.elements([block]):
            action = element.get("action_id")
            if action and action in actions:
                yield f"action_id already exists: {action} [json-pointer:{pointer}/{at}/elements]"
            actions.add(action or "")


def _totals(blocks: Sequence[Mapping[str, Any]], pointer: str) -> Iterator[str]:
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > limits.MARKDOWN_TOTAL:
        yield f"markdown blocks may have {limits.MARKDOWN_TOTAL} characters in total [json-pointer:{pointer}]"
    if sum(block["type"] == "table" for block in blocks) > 1:
        yield f"only one table allowed [json-pointer:{pointer}]"
    for at, block in enumerate(blocks):
        if block["type"] == "table":
            yield from _table(block, f"{pointer}/{at}/rows")


def _table(block: Mapping[str, Any], pointer: str) -> Iterator[str]:
    rows = block["rows"]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        yield f"must be a list of rows [json-pointer:{pointer}]"
    elif len(rows) > 100:
        yield f"no more than 100 items allowed [json-pointer:{pointer}]"
    elif max(len(row) for row in rows) > 20:
        yield f"no more than 20 items allowed [json-pointer:{pointer}/0]"
    elif len(reading.text_of_blocks([block])) > 10_000:
        yield f"must be less than 10001 characters in total [json-pointer:{pointer}]"


def _by_model(block: Mapping[str, Any]) -> str:
    try:
        model = Block.parse(dict(block))
        if model is not None:
            model.to_dict()
    except SlackObjectFormationError as refused:
        return str(refused)
    except (TypeError, AttributeError, KeyError, ValueError) as broken:
        return f"failed to parse: {broken}"
    return ""


_FRAME = {
    "modal": frozenset({"type", "title", "blocks", "close", "submit", "private_metadata", "callback_id", "external_id",
                        "clear_on_close", "notify_on_close", "submit_disabled"}),
    "home": frozenset({"type", "blocks", "private_metadata", "callback_id", "external_id"}),
}  # fmt: skip


def _frame(view: Mapping[str, Any]) -> Iterator[str]:
    kind = view.get("type")
    if kind not in _FRAME:
        yield "must be one of: modal, home [json-pointer:/view/type]"
        return
    for field in view.keys() - _FRAME[kind]:
        yield f"invalid additional property: {field} [json-pointer:/view]"
    if not isinstance(view.get("blocks"), list):
        yield "missing required field: blocks [json-pointer:/view]"
    if kind == "modal":
        yield from _label(view, "title", required=True)
        yield from _label(view, "submit")
        yield from _label(view, "close")
    lengths = {"private_metadata": limits.PRIVATE_METADATA, "callback_id": limits.NAME, "external_id": limits.NAME}
    for field, most in lengths.items():
        if len(str(view.get(field) or "")) > most:
            yield f"must be less than {most + 1} characters [json-pointer:/view/{field}]"


def _label(view: Mapping[str, Any], field: str, *, required: bool = False) -> Iterator[str]:
    label = view.get(field)
    if label is None:
        if required:
            yield f"missing required field: {field} [json-pointer:/view]"
        return
    if not isinstance(label, Mapping) or label.get("type") != "plain_text":
        yield f"must be a plain_text object [json-pointer:/view/{field}]"
        return
    text = str(label.get("text") or "")
    if not text:
        yield f"must be more than 0 characters [json-pointer:/view/{field}/text]"
    if len(text) > limits.VIEW_LABEL:
        yield f"must be less than {limits.VIEW_LABEL + 1} characters [json-pointer:/view/{field}/text]"
