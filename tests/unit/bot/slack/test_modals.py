"""The forms that commands and buttons open."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, Field

from bot.credentials.kinds import KINDS, CredentialKind
from bot.slack import forms, ids
from bot.slack.ids import FORM_INPUT, Context
from bot.slack.views import credentials, modals, schedules
from bot.slack.views.bulk import bulk_form
from bot.slack.views.choosing import choose_form
from bot.slack.views.forking import fork_form
from bot.slack.views.messages import View
from bot.slack.views.undoing import undo_form
from tests.payloads import check_view
from tests.unit.bot.slack.snapshots import HOSTILE, NOW, a_run, an_approval
from workflows import LongText, Run, workflow
from workflows.engine.bulks.model import Bulk, Move, Standing
from workflows.engine.letters.model import Group
from workflows.engine.model import Approval, Kind, Record, StepState
from workflows.engine.schedules.keeping import Wanted

WANTED = Wanted("morning", "article", "0 9 * * mon-fri", zone="Europe/Berlin")
CONTEXT = Context(run="01k9", approval="ap1", digest="d" * 16, channel="C1")

GROUP = Group("g", "f" * 32, "slack:T1:C1", "article", "", "Unavailable", "It was away", 1, NOW, NOW)
ASKED = Standing(Bulk("b", GROUP.id, Move.DISCARD, "slack:T1:U1", NOW, total=3))

COMPENSATION = Record(
    "r", 0, "undo.x#1", "", 1, Kind.COMPENSATION, "undo.x", StepState.PENDING, "Trash it", input='["p1"]'
)


class Order(BaseModel):
    """The input of a workflow."""

    topic: str = Field(min_length=1, title="Topic")
    words: int = 500


@workflow("article", title="Write an article")
def article(run: Run, order: Order) -> None: ...


@workflow("ping", title="Ping")
def ping(run: Run, given: None) -> None: ...


@workflow("greet", title="Greet")
def greet(run: Run, name: str) -> None: ...


class Text(BaseModel):
    """What may be edited."""

    title: str
    body: LongText


def an_editable(show: dict[str, Any]) -> Approval:
    return an_approval(
        show,
        editable=json.dumps({"schema": Text.model_json_schema(), "values": show}),
        fields=json.dumps({"type": "object", "properties": {"title": {"title": "Cost centre", "type": "string"}}}),
    )


def block_ids(view: View) -> list[str]:
    return [block["block_id"] for block in view["blocks"] if block["type"] == "input"]


def words(view: View) -> str:
    return json.dumps(view, ensure_ascii=False)


def test_start_asks_for_the_fields_of_the_input_and_when() -> None:
    view = modals.start_form(article, context=CONTEXT)
    check_view(view)
    assert block_ids(view) == ["field.topic", "field.words", ids.START_AT]
    assert view["callback_id"] == ids.VIEW_START
    assert Context.of(view["private_metadata"]) == CONTEXT


def test_start_keeps_what_was_given_and_shows_what_is_wrong() -> None:
    view = modals.start_form(article, {"topic": "tea"}, {"words": "Too <many>", "": "slack:T1:U1 may not"}, CONTEXT)
    check_view(view)
    assert "Too &lt;many&gt;" in words(view)
    assert "<@U1> may not" in words(view)
    assert view["blocks"][2]["element"]["initial_value"] == "tea"


def test_a_start_for_later_says_when_instead_of_asking() -> None:
    view = modals.start_form(article, context=replace(CONTEXT, at=NOW.isoformat()))
    check_view(view)
    assert ids.START_AT not in block_ids(view)
    assert "It starts <!date^" in words(view)


def test_inputs_without_fields_are_asked_for_as_json_or_not_at_all() -> None:
    for made, blocks in ((ping, [ids.START_AT]), (greet, [ids.WHOLE_INPUT, ids.START_AT])):
        view = modals.start_form(made, context=CONTEXT)
        check_view(view)
        assert block_ids(view) == blocks


def test_editing_shows_the_input_of_the_run() -> None:
    view = modals.edit_form(a_run(input='{"topic": "old", "words": 9}'), article, context=CONTEXT)
    check_view(view)
    assert view["blocks"][1]["element"]["initial_value"] == "old"
    assert view["blocks"][2]["element"]["initial_value"] == "9"
    assert view["callback_id"] == ids.VIEW_EDIT


def test_cancelling_asks_why() -> None:
    view = modals.cancel_form(a_run(), CONTEXT)
    check_view(view)
    assert block_ids(view) == [ids.REASON]
    assert view["blocks"][1]["optional"]


def test_skipping_asks_for_json_or_for_the_fields_of_the_result() -> None:
    record = Record("01k9", 0, "publish#1", "", 1, Kind.STEP, "publish", StepState.FAILED, "Publish")
    view = modals.skip_form(a_run(), record, CONTEXT)
    check_view(view)
    assert block_ids(view) == [ids.SKIP_VALUE]
    typed = modals.skip_form(a_run(), record, CONTEXT, schema=Order.model_json_schema())
    check_view(typed)
    assert block_ids(typed) == ["field.topic", "field.words"]


def test_approving_asks_for_what_is_to_be_filled_in() -> None:
    view = modals.approve_form(an_editable({"title": "x", "body": "y"}), CONTEXT, errors={"title": "needed"})
    check_view(view)
    assert block_ids(view) == ["field.title", ids.COMMENT]


def test_editing_and_approving_holds_both_models_apart() -> None:
    show = {"title": "Tea", "body": "word " * 2_000}
    approval = an_editable(show)
    view = modals.edit_approve_form(approval, CONTEXT)
    check_view(view)
    names = block_ids(view)
    assert names[0] == "edited.title"
    assert names[-2:] == ["field.title", ids.COMMENT]
    state = {
        block["block_id"]: {FORM_INPUT: {"value": block["element"].get("initial_value")}}
        for block in view["blocks"]
        if block["type"] == "input"
    }
    state["edited.title"] = {FORM_INPUT: {"value": "Green tea"}}
    fields, values = modals.editable_of(approval)
    assert values == show
    given = forms.read(fields, state, "T1", shown=values)
    assert dict(given.values) == {"title": "Green tea", "body": show["body"]}


def test_changes_need_words_and_a_rejection_may_have_some() -> None:
    changes, reject = modals.changes_form(an_approval(), CONTEXT), modals.reject_form(an_approval(), CONTEXT)
    for view in (changes, reject):
        check_view(view)
        assert block_ids(view) == [ids.COMMENT]
    assert not changes["blocks"][1]["optional"]
    assert reject["blocks"][1]["optional"]


def test_reassigning_asks_for_people() -> None:
    view = modals.reassign_form(an_approval(), CONTEXT, {"": "Name at least two people."})
    check_view(view)
    assert block_ids(view) == [ids.PEOPLE, ids.REASON]
    state = {ids.PEOPLE: {FORM_INPUT: {"selected_users": ["U1", "U2"]}}, ids.REASON: {FORM_INPUT: {"value": " away "}}}
    assert forms.people_in(state, ids.PEOPLE, "T1") == ("slack:T1:U1", "slack:T1:U2")
    assert forms.written(state, ids.REASON) == "away"
    assert forms.written(state, ids.COMMENT) == ""


def test_a_chosen_moment_is_read() -> None:
    state = {ids.START_AT: {FORM_INPUT: {"selected_date_time": int(NOW.timestamp())}}}
    assert forms.moment_in(state, ids.START_AT) == NOW
    assert forms.moment_in({}, ids.START_AT) is None


def test_views_that_only_tell_take_nothing() -> None:
    for view in (modals.loading("Start a run"), modals.telling("Done", "It is *done*.")):
        check_view(view)
        assert "submit" not in view


def test_a_context_carries_ids_within_its_limit_and_survives_nonsense() -> None:
    long = Context(run="r", labels="l" * 4_000, reply_url="https://hooks.example/x")
    assert Context.of(long.text()) == Context(run="r", reply_url="https://hooks.example/x")
    for broken in ("", "{", "[1]", '{"run": 3, "odd": "x"}'):
        assert Context.of(broken) == Context()


def test_every_form_that_is_submitted_is_listed() -> None:
    made = [
        modals.start_form(article), modals.edit_form(a_run(), article), modals.cancel_form(a_run(), CONTEXT),
        modals.skip_form(a_run(), Record("r", 0, "k", "", 1, Kind.STEP, "k", StepState.FAILED), CONTEXT),
        modals.approve_form(an_approval(), CONTEXT),
        modals.edit_approve_form(an_editable({"title": "", "body": ""}), CONTEXT),
        modals.changes_form(an_approval(), CONTEXT), modals.reject_form(an_approval(), CONTEXT),
        modals.reassign_form(an_approval(), CONTEXT), fork_form(a_run(), []), choose_form([article], CONTEXT),
        schedules.rule_form([article], {}, CONTEXT), schedules.input_form(article, WANTED, (NOW,), None, CONTEXT),
        credentials.form(KINDS[0], "C1"), bulk_form(ASKED, GROUP, CONTEXT), undo_form(a_run(), [COMPENSATION]),
    ]  # fmt: skip
    assert {view["callback_id"] for view in made} == set(ids.VIEWS)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_fit(text: str) -> None:
    run = a_run(title=text, input=json.dumps({"topic": text, "words": text}))
    approval = replace(an_editable({"title": text, "body": text}), title=text, name=text, approvers=(text,))
    record = Record("r", 0, text, "", 1, Kind.STEP, text, StepState.FAILED, text)
    for view in (
        modals.start_form(article, {"topic": text}, {"topic": text, "": text}, replace(CONTEXT, at=text[:100])),
        modals.edit_form(run, article, context=CONTEXT), modals.cancel_form(run, CONTEXT),
        modals.skip_form(run, record, CONTEXT, {ids.SKIP_VALUE: text}), modals.approve_form(approval, CONTEXT),
        modals.edit_approve_form(approval, CONTEXT), modals.changes_form(approval, CONTEXT),
        modals.reject_form(approval, CONTEXT), modals.reassign_form(approval, CONTEXT, {"": text}),
        modals.loading(text), modals.telling(text, "x"),
    ):  # fmt: skip
        check_view(view)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_form_of_every_credential_fits_and_holds_none(kind: CredentialKind) -> None:
    view = credentials.form(kind, "C1")
    check_view(view)
    assert "initial_value" not in json.dumps(view)
    state = {
        block["block_id"]: {FORM_INPUT: {"type": "plain_text_input", "value": f"v{number}"}}
        for number, block in enumerate(block for block in view["blocks"] if block["type"] == "input")
    }
    assert list(credentials.filled_in(kind, state)) == [field.name for field in kind.fields]
    assert credentials.filled_in(kind, state)[kind.fields[0].name] == "v0"
    assert credentials.filled_in(kind, {}) == dict.fromkeys((field.name for field in kind.fields), "")
