"""A model as a form and a filled-in form as values, through the JSON schema."""

from __future__ import annotations

import enum
import json
from datetime import UTC, date, datetime
from datetime import time as clock_time
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, Field

from bot.slack import forms
from bot.slack.fields import FieldKind
from bot.slack.ids import FORM_INPUT
from tests.payloads import check_blocks, check_view
from tests.unit.bot.slack.snapshots import HOSTILE
from workflows import FileRef, LongText, SlackChannel, SlackUser

Kind = FieldKind


class Colour(enum.StrEnum):
    """A choice."""

    RED = "red"
    DARK_BLUE = "dark_blue"


class Everything(BaseModel):
    """Every kind of field."""

    text: str = Field(min_length=2, max_length=80, title="A text", description="Short & sweet")
    long: LongText = ""
    longer: str = Field(default="", max_length=2_000)
    whole: int = Field(default=3, ge=1, le=9)
    number: float = 1.5
    exact: Decimal = Decimal("1.10")
    email: Annotated[str, Field(json_schema_extra={"format": "email"})] = ""
    address: AnyUrl | None = None
    day: date = date(2026, 1, 2)
    moment: datetime = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    hour: clock_time | None = None
    colour: Colour = Colour.RED
    size: Literal["s", "m"] | None = None
    colours: list[Colour] = []
    yes: bool = False
    maybe: bool | None = None
    who: SlackUser
    all: list[SlackUser] = []
    where: SlackChannel | None = None
    file: FileRef | None = None
    files: list[FileRef] = []
    tags: list[str] = []
    numbers: list[int] = []
    data: dict[str, int] = {}


FIELDS = forms.fields_for(Everything.model_json_schema())
BY_NAME = {field.name: field for field in FIELDS}


def state(**entries: Any) -> dict[str, Any]:
    """A view's state.values."""
    return {BY_NAME[name].block_id: {FORM_INPUT: entry} for name, entry in entries.items()}


def option(number: int) -> dict[str, Any]:
    return {"text": {"type": "plain_text", "text": "x"}, "value": str(number)}


def test_each_type_has_its_kind() -> None:
    assert {name: field.kind for name, field in BY_NAME.items()} == {
        "text": Kind.TEXT, "long": Kind.LONG, "longer": Kind.LONG, "whole": Kind.INTEGER, "number": Kind.NUMBER,
        "exact": Kind.DECIMAL, "email": Kind.EMAIL, "address": Kind.URL, "day": Kind.DATE, "moment": Kind.DATETIME,
        "hour": Kind.TIME, "colour": Kind.CHOICE, "size": Kind.CHOICE, "colours": Kind.CHOICES, "yes": Kind.BOOLEAN,
        "maybe": Kind.BOOLEAN, "who": Kind.USER, "all": Kind.USERS, "where": Kind.CHANNEL, "file": Kind.FILE,
        "files": Kind.FILES, "tags": Kind.LINES, "numbers": Kind.LINES, "data": Kind.JSON,
    }  # fmt: skip
    assert [field.name for field in FIELDS if field.required] == ["text", "who"]


def test_a_number_beyond_its_limits_is_not_filled_in() -> None:
    right, low, high = (
        next(
            block["element"] for block in forms.input_blocks(FIELDS, {"whole": number}) if "whole" in block["block_id"]
        )
        for number in (9, 0, 10)
    )
    assert right["initial_value"] == "9"
    assert "initial_value" not in low
    assert "initial_value" not in high


def test_a_text_that_has_lines_keeps_them_in_a_field_that_expects_one() -> None:
    one, other = (forms.input_blocks(FIELDS, {"text": text})[0]["element"] for text in ("a\nb", "ab"))
    assert (one["multiline"], one["initial_value"]) == (True, "a\nb")
    assert other["multiline"] is False


def test_the_form_fits_slack_empty_and_filled() -> None:
    check_blocks(forms.input_blocks(FIELDS), "modal")
    filled = {
        "text": "hi", "long": "l\n" * 10, "whole": 4, "number": 2.0, "exact": "3.30", "email": "a@b.example",
        "address": "https://x.example/", "day": "2026-05-06", "moment": "2026-05-06T07:08:00+00:00", "hour": "09:30:00",
        "colour": "dark_blue", "size": "m", "colours": ["red", "dark_blue"], "yes": True, "maybe": False,
        "who": "slack:T1:U1", "all": ["slack:T1:U1", "slack:T1:U2"], "where": "slack:T1:C1", "tags": ["a", "b"],
        "numbers": [1, 2], "data": {"a": 1},
    }  # fmt: skip
    blocks = forms.input_blocks(FIELDS, filled)
    check_blocks(blocks, "modal")
    elements = {block["block_id"]: block["element"] for block in blocks}
    assert elements["field.text"] == {
        "type": "plain_text_input", "action_id": "value", "multiline": False, "max_length": 80, "min_length": 2,
        "initial_value": "hi",
    }  # fmt: skip
    assert (elements["field.whole"]["min_value"], elements["field.whole"]["max_value"]) == ("1", "9")
    assert elements["field.colour"]["initial_option"]["text"]["text"] == "Dark blue"
    assert elements["field.moment"]["initial_date_time"] == 1778051280
    assert elements["field.hour"]["initial_time"] == "09:30"
    assert elements["field.who"]["initial_user"] == "U1"
    assert blocks[0]["hint"]["text"] == "Short & sweet"
    assert [block["block_id"] for block in blocks if not block["optional"]] == ["field.text", "field.who"]


def test_what_is_filled_in_makes_the_model() -> None:
    given = forms.read(
        FIELDS,
        state(
            text={"value": "hi"}, long={"value": "a\nb"}, whole={"value": "4"}, number={"value": "2.5"},
            exact={"value": "3.30"},
            address={"value": "https://x.example/"}, day={"selected_date": "2026-05-06"},
            moment={"selected_date_time": 1778051280}, hour={"selected_time": "09:30"},
            colour={"selected_option": option(1)},
            size={"selected_option": option(0)}, colours={"selected_options": [option(0), option(1)]},
            yes={"type": "checkboxes", "selected_options": [{"value": "yes"}]},
            maybe={"type": "radio_buttons", "selected_option": {"value": "no"}}, who={"selected_user": "U1"},
            all={"selected_users": ["U1", "U2"]}, where={"selected_conversation": "C1"}, file={"files": [{"id": "F1"}]},
            files={"files": [{"id": "F1"}, {"id": "F2"}]}, tags={"value": "a\n\n b "}, numbers={"value": "1\n2"},
            data={"value": '{"a": 1}'},
        ), "T1",
    )  # fmt: skip
    assert not given.errors
    made = Everything.model_validate(given.values)
    assert made == Everything(
        text="hi", long="a\nb", whole=4, number=2.5, exact=Decimal("3.30"), address=AnyUrl("https://x.example/"),
        day=date(2026, 5, 6), moment=datetime(2026, 5, 6, 7, 8, tzinfo=UTC), hour=clock_time(9, 30),
        colour=Colour.DARK_BLUE,
        size="s", colours=[Colour.RED, Colour.DARK_BLUE], yes=True, maybe=False, who="slack:T1:U1",
        all=["slack:T1:U1", "slack:T1:U2"], where="slack:T1:C1", file="slack:T1:F1", files=["slack:T1:F1",
        "slack:T1:F2"],
        tags=["a", "b"], numbers=[1, 2], data={"a": 1},
    )  # fmt: skip


def test_what_is_left_empty_is_left_to_the_model_and_what_was_emptied_is_empty() -> None:
    empty = state(text={"value": None}, whole={"value": None}, tags={"value": None}, maybe={"type": "radio_buttons"})
    assert dict(forms.read(FIELDS, empty).values) == {"whole": None}
    shown = {"tags": ["a"], "maybe": True, "long": "x"}
    emptied = state(tags={"value": ""}, maybe={"selected_option": None}, long={"value": ""})
    assert dict(forms.read(FIELDS, emptied, shown=shown).values) == {"tags": [], "maybe": None, "long": ""}


def test_an_unticked_box_says_no() -> None:
    assert dict(forms.read(FIELDS, state(yes={"type": "checkboxes", "selected_options": []})).values) == {"yes": False}


def test_mistakes_are_told_at_their_fields() -> None:
    wrong = forms.read(
        FIELDS,
        state(
            whole={"value": "many"},
            data={"value": "{a}"},
            numbers={"value": "1\nx"},
            colour={"selected_option": option(7)},
        ),
    )
    assert wrong.errors == {
        "whole": "many is not a whole number.", "numbers": "x is not a whole number.",
        "colour": "This choice is not there any more. Choose another.",
        "data": 'This is not JSON. Text stands in double quotes: "text"; lists in [ ], objects in { }.',
    }  # fmt: skip
    placed = forms.block_errors(
        FIELDS, {**wrong.errors} | {"other.0": "no such field", "tags.1": "bad", "": "all wrong"}
    )
    assert placed["field.whole"] == "many is not a whole number."
    assert placed["field.tags"] == "bad"
    assert placed["field.text"] == "other.0: no such field all wrong"
    check_blocks(forms.input_blocks(FIELDS, {}, {"whole": "<bad> & worse"}), "modal")


def test_curly_quotes_are_understood() -> None:
    assert forms.json_value("{“a”: „b“}") == {"a": "b"}


class Body(BaseModel):
    """A text that no single input holds."""

    body: LongText


@given(st.text(st.sampled_from("ab .\n"), max_size=9_000))
def test_long_texts_come_back_as_they_were(text: str) -> None:
    fields = forms.fields_for(Body.model_json_schema())
    blocks = forms.input_blocks(fields, {"body": text})
    check_blocks(blocks, "modal")
    filled = {
        b["block_id"]: {FORM_INPUT: {"type": "plain_text_input", "value": b["element"].get("initial_value")}}
        for b in blocks
    }
    back = forms.read(fields, filled).values.get("body", "")
    assert back == text or not text.strip()


def test_a_text_of_megabytes_stays_as_it_is() -> None:
    fields = forms.fields_for(Body.model_json_schema())
    blocks = forms.input_blocks(fields, {"body": "x" * 4_000_000})
    assert "It stays as it is." in json.dumps(blocks)
    assert not forms.read(fields, {}, shown={"body": "x"}).values


def test_many_options_are_grouped_and_too_many_are_asked_for_as_json() -> None:
    some = {"type": "object", "properties": {"a": {"enum": [f"o{n}" for n in range(250)]}}}
    [block] = forms.input_blocks(forms.fields_for(some), {"a": "o249"})
    check_blocks([block], "modal")
    assert [len(group["options"]) for group in block["element"]["option_groups"]] == [100, 100, 50]
    many = {"type": "object", "properties": {"a": {"enum": list(range(10_001))}}}
    assert forms.fields_for(many)[0].kind is FieldKind.JSON


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_values_fit(text: str) -> None:
    schema = {
        "type": "object", "required": ["a"],
        "properties": {
            "a": {"type": "string", "title": text, "description": text, "default": text},
            "b": {"enum": [text, "other"], "default": text}, "c": {"type": "array", "items": {"enum": [text]}},
            "d": {"type": "string", "format": "date", "default": text}, "e": {"type": "string",
            "format": "date-time", "default": text},
            "f": {"type": "integer", "default": text, "minimum": 1}, "g": {"type": "object", "default": {text: text}},
        },
    }  # fmt: skip
    fields = forms.fields_for(json.dumps(schema))
    view = {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "submit": {"type": "plain_text",
    "text": "y"},
            "blocks": forms.input_blocks(fields, {"c": [text]}, {"a": text or "wrong"})}  # fmt: skip
    check_view(json.loads(json.dumps(view).encode("utf-8", "replace")))


def test_types_of_other_models_are_followed() -> None:
    class Inner(BaseModel):
        name: str

    class Outer(BaseModel):
        inner: Inner
        many: list[Inner] = []
        either: int | str = 1
        colour: Colour | None = None

    kinds = {field.name: field.kind for field in forms.fields_for(Outer.model_json_schema())}
    assert kinds == {"inner": Kind.JSON, "many": Kind.JSON, "either": Kind.JSON, "colour": Kind.CHOICE}
    assert forms.fields_for({"type": "string"}) == ()
