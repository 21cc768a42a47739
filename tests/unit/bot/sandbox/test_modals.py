"""Modals: what is filled in, what Slack refuses by itself, and what an app may answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import AppFailed, LocalUser, LocalWorkspace, OpenView, OperationTimeout, Refused, SkippingClock
from bot.sandbox.courier import TIMEOUT, Ack, Delivery
from tests.unit.bot.sandbox.stage import actions, button, client_of, field, manifest, modal, section, text

Json = dict[str, Any]
MENU = [{"text": text("Tea"), "value": "t"}, {"text": text("Rye"), "value": "r"}]


class Scripted:
    """A transport that gives prepared answers to interactions, and keeps what it heard."""

    def __init__(self) -> None:
        self.answers: list[Ack] = []
        self.heard: list[Json] = []

    async def send(self, delivery: Delivery, attempt: int, reason: str) -> Ack:
        self.heard.append(dict(delivery.payload))
        return self.answers.pop(0) if self.answers else Ack()


@dataclasses.dataclass
class Desk:
    """Ana before the screen, with a scripted app."""

    workspace: LocalWorkspace
    ana: LocalUser
    app: Scripted

    def opened(self, *blocks: Json, **more: Any) -> OpenView:
        trigger = self.workspace.world.tickets.trigger(self.ana.id)
        client_of(self.workspace).views_open(trigger_id=trigger, view=modal(*blocks, **more))
        view = self.ana.modal
        assert view is not None
        return view

    def held(self, block: str) -> Json:
        """What the app was sent for a field named `value`."""
        values = self.app.heard[-1]["view"]["state"]["values"]
        held = values[block]["value"]
        assert isinstance(held, dict)
        return held


@pytest.fixture
def desk() -> Iterator[Desk]:
    with LocalWorkspace(manifest(), clock=SkippingClock()) as workspace:
        app = Scripted()
        workspace.site.courier.transport = app
        yield Desk(workspace, workspace.user("ana"), app)


FIELDS: list[tuple[Json, Any, Json]] = [
    ({"type": "plain_text_input"}, "Tea", {"type": "plain_text_input", "value": "Tea"}),
    ({"type": "number_input", "is_decimal_allowed": True}, 1.5, {"type": "number_input", "value": "1.5"}),
    ({"type": "email_text_input"}, "a@b.org", {"type": "email_text_input", "value": "a@b.org"}),
    ({"type": "url_text_input"}, "https://b.org", {"type": "url_text_input", "value": "https://b.org"}),
    ({"type": "datepicker"}, date(2026, 5, 4), {"type": "datepicker", "selected_date": "2026-05-04"}),
    ({"type": "timepicker"}, time(9, 5), {"type": "timepicker", "selected_time": "09:05"}),
    (
        {"type": "datetimepicker"},
        datetime(2026, 1, 1, tzinfo=UTC),
        {"type": "datetimepicker", "selected_date_time": 1_767_225_600},
    ),
    ({"type": "static_select", "options": MENU}, "Rye", {"type": "static_select", "selected_option": MENU[1]}),
    ({"type": "radio_buttons", "options": MENU}, "t", {"type": "radio_buttons", "selected_option": MENU[0]}),
    ({"type": "checkboxes", "options": MENU}, ["Tea"], {"type": "checkboxes", "selected_options": [MENU[0]]}),
    (
        {"type": "multi_static_select", "options": MENU},
        ["Tea", "Rye"],
        {"type": "multi_static_select", "selected_options": MENU},
    ),
    ({"type": "users_select"}, "ben", {"type": "users_select", "selected_user": "U0LOCALBEN"}),
    ({"type": "multi_users_select"}, ["ben"], {"type": "multi_users_select", "selected_users": ["U0LOCALBEN"]}),
    ({"type": "channels_select"}, "#ops", {"type": "channels_select", "selected_channel": "C0LOCAL0003"}),
    (
        {"type": "conversations_select"},
        "#ops",
        {"type": "conversations_select", "selected_conversation": "C0LOCAL0003"},
    ),
    ({"type": "rich_text_input"}, "Tea", {"type": "rich_text_input", "rich_text_value": {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "Tea"}]}]}}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("element", "given", "held"), FIELDS, ids=lambda one: one.get("type") if isinstance(one, dict) else ""
)
def test_what_the_app_is_sent_for_each_kind_of_field(desk: Desk, element: Json, given: Any, held: Json) -> None:
    desk.opened(field("My Field", element))
    assert desk.ana.submit(expect_errors=True) == {"my_field": "Please complete this required field."}
    assert desk.app.heard == []
    assert desk.ana.submit(my_field=given) is None
    assert desk.held("my_field") == held
    assert desk.ana.modal is None


def test_a_file(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    desk.opened(field("Paper", {"type": "file_input", "max_files": 1}))
    assert desk.ana.submit(paper=[tmp_path / "a.txt", tmp_path / "a.txt"]) == {"paper": "Please choose at most 1."}
    assert desk.ana.submit(paper=tmp_path / "a.txt") is None
    told = desk.held("paper")["files"][0]
    assert (told["name"], told["size"], told["mimetype"]) == ("a.txt", 5, "text/plain")
    assert client_of(desk.workspace).files_info(file=told["id"])["file"]["name"] == "a.txt"


WRONG: list[tuple[Json, Any, str]] = [
    ({"type": "plain_text_input", "min_length": 3}, "ab", "This entry must be at least 3 characters long."),
    ({"type": "plain_text_input", "max_length": 3}, "abcd", "This entry must be at most 3 characters long."),
    ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "Please enter a whole number."),
    ({"type": "number_input", "is_decimal_allowed": False}, "x", "Please enter a valid number."),
    (
        {"type": "number_input", "is_decimal_allowed": False, "min_value": "2"},
        1,
        "Please enter a number that is at least 2.",
    ),
    (
        {"type": "number_input", "is_decimal_allowed": False, "max_value": "2"},
        3,
        "Please enter a number that is at most 2.",
    ),
    ({"type": "email_text_input"}, "nobody", "Please enter a valid email address."),
    ({"type": "url_text_input"}, "b.org", "Please enter a valid URL."),
    (
        {"type": "multi_static_select", "options": MENU, "max_selected_items": 1},
        ["Tea", "Rye"],
        "Please choose at most 1.",
    ),
]


@pytest.mark.parametrize(("element", "given", "words"), WRONG)
def test_what_slack_refuses_before_the_app_hears_of_it(desk: Desk, element: Json, given: Any, words: str) -> None:
    desk.opened(field("Field", element))
    assert desk.ana.submit(field=given) == {"field": words}
    assert desk.app.heard == []
    desk.ana.see(words, "modal")


def test_optional_fields_and_initial_values(desk: Desk) -> None:
    desk.opened(
        field("Note", {"type": "plain_text_input"}, optional=True),
        field("Title", {"type": "plain_text_input", "initial_value": "Tea"}),
        field("Kind", {"type": "static_select", "options": MENU, "initial_option": MENU[0]}),
    )
    assert desk.ana.submit() is None
    assert (desk.held("note")["value"], desk.held("title")["value"]) == (None, "Tea")
    assert desk.held("kind")["selected_option"] == MENU[0]


def test_errors_at_the_fields(desk: Desk) -> None:
    desk.opened(field("Title", {"type": "plain_text_input"}))
    desk.app.answers = [Ack(body={"response_action": "errors", "errors": {"title": "Too dull."}})]
    assert desk.ana.submit(title="x") == {"title": "Too dull."}
    assert "Too dull." in desk.ana.see_modal("Too dull.").shown
    assert desk.workspace.calls[-1].method == "ack"
    assert desk.workspace.calls[-1].arguments["errors"] == {"title": "Too dull."}
    desk.app.answers = [Ack(body={"response_action": "errors", "errors": {"title": "Too dull."}})]
    with pytest.raises(AssertionError, match="was refused"):
        desk.ana.submit(expect_errors=False)
    assert desk.ana.submit() is None
    desk.opened(section("x"))
    with pytest.raises(AssertionError, match="was taken without errors"):
        desk.ana.submit(expect_errors=True)


def test_update_push_and_clear(desk: Desk) -> None:
    first = desk.opened(field("Title", {"type": "plain_text_input"}), private_metadata="run-1")
    assert first.private_metadata == "run-1"
    update = modal(field("Title", {"type": "plain_text_input"}), title="Second")
    desk.app.answers = [Ack(body={"response_action": "update", "view": update})]
    assert desk.ana.submit(title="typed") is None
    second = desk.ana.see_modal("Second")
    assert second.id == first.id
    assert second.hash != first.hash
    assert second.values["title"]["value"]["value"] == "typed"
    desk.app.answers = [Ack(body={"response_action": "push", "view": modal(section("x"), title="Third")})]
    desk.ana.submit()
    third = desk.ana.see_modal("Third")
    assert (third.previous_id, third.root_id) == (first.id, first.id)
    desk.ana.submit()
    assert desk.ana.see_modal("Second").id == first.id
    desk.app.answers = [Ack(body={"response_action": "push", "view": modal(section("x"), title="Third")})]
    desk.ana.submit()
    desk.app.answers = [Ack(body={"response_action": "clear"})]
    desk.ana.submit()
    assert desk.ana.modal is None


@pytest.mark.parametrize(
    "body",
    [
        {"response_action": "errors", "errors": {"nothing": "x"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "dance"},
    ],
)
def test_answers_that_slack_does_not_understand(desk: Desk, body: Json) -> None:
    desk.opened(field("Title", {"type": "plain_text_input"}))
    desk.app.answers = [Ack(body=body)]
    with pytest.raises(AppFailed, match="We had some trouble connecting"):
        desk.ana.submit(title="x")
    desk.ana.see("We had some trouble connecting. Try again?", "modal")
    assert desk.ana.submit() is None


def test_an_app_that_does_not_answer(desk: Desk) -> None:
    desk.opened(field("Title", {"type": "plain_text_input"}))
    desk.app.answers = [Ack(TIMEOUT)]
    with pytest.raises(OperationTimeout):
        desk.ana.submit(title="kept")
    assert "We had some trouble connecting" in desk.ana.see_modal().shown
    assert desk.ana.submit() is None
    assert desk.held("title")["value"] == "kept"


def test_closing(desk: Desk) -> None:
    desk.opened(section("x"), notify_on_close=True)
    desk.ana.close_modal()
    assert (desk.app.heard[-1]["type"], desk.app.heard[-1]["is_cleared"]) == ("view_closed", False)
    desk.opened(section("x"))
    desk.ana.close_modal(all_of_them=True)
    assert len(desk.app.heard) == 1
    gone = desk.opened(section("x"))
    desk.ana.reload()
    with pytest.raises(Refused, match="This modal is closed"):
        desk.workspace.run(desk.workspace.site.modals.submit(desk.ana.person, gone, {}))


def test_buttons_and_menus_in_a_modal(desk: Desk) -> None:
    desk.opened(
        field("Title", {"type": "plain_text_input"}),
        actions(button("More"), {"type": "static_select", "action_id": "menu", "options": MENU}),
        field("Live", {"type": "static_select", "options": MENU}, dispatch_action=True),
    )
    desk.ana.fill(title="typed")
    desk.ana.click("More")
    told = desk.app.heard[-1]
    assert told["container"] == {"type": "view", "view_id": told["view"]["id"]}
    assert told["view"]["state"]["values"]["title"]["value"]["value"] == "typed"
    assert "response_url" not in told
    desk.ana.choose("menu", "Rye")
    told = desk.app.heard[-1]
    assert told["actions"][0]["selected_option"] == MENU[1]
    assert told["view"]["state"]["values"]["row"]["menu"]["selected_option"] == MENU[1]
    desk.ana.fill(live="Tea")
    assert desk.app.heard[-1]["actions"][0]["block_id"] == "live"
    with pytest.raises(AssertionError, match="There is no option 'Gin'"):
        desk.ana.fill(live="Gin")


def test_response_urls_of_a_modal(desk: Desk) -> None:
    desk.opened(field("Where", {"type": "conversations_select", "response_url_enabled": True}))
    desk.ana.submit(where="#ops")
    told = desk.app.heard[-1]["response_urls"][0]
    assert told["channel_id"] == desk.workspace.channel("#ops").id
    assert told["response_url"].startswith(desk.workspace.address)


def test_a_loading_modal_that_is_filled_later(desk: Desk) -> None:
    client = client_of(desk.workspace)
    loading = desk.opened(section("Loading…"), submit=None)
    full = modal(field("Title", {"type": "plain_text_input"}))
    client.views_update(view_id=loading.id, hash=loading.hash, view=full)
    assert desk.ana.submit(title="x") is None


def test_menus_in_messages(desk: Desk) -> None:
    blocks = [actions({"type": "checkboxes", "action_id": "ticks", "options": MENU},
                      {"type": "overflow", "action_id": "more", "options": MENU}, block_id="menus")]  # fmt: skip
    client_of(desk.workspace).chat_postMessage(channel="#content", text="x", blocks=blocks)
    desk.workspace.settle()
    desk.ana.choose("ticks", ["Tea", "Rye"])
    assert desk.app.heard[-1]["actions"][0]["selected_options"] == MENU
    desk.ana.choose("more", "Rye")
    told = desk.app.heard[-1]
    assert told["actions"][0]["selected_option"] == MENU[1]
    assert told["state"]["values"]["menus"]["ticks"]["selected_options"] == MENU


def test_external_options(desk: Desk) -> None:
    desk.opened(field("Topic", {"type": "external_select", "min_query_length": 1}))
    desk.app.answers = [Ack(body={"options": MENU})]
    offered = desk.ana.options("topic", "te")
    assert offered == MENU
    told = desk.app.heard[-1]
    assert (told["type"], told["value"], told["action_id"], told["block_id"]) == (
        "block_suggestion",
        "te",
        "value",
        "topic",
    )
    desk.ana.submit(topic=offered[0])
    assert desk.held("topic")["selected_option"] == MENU[0]


def test_the_app_home_of_each_person(desk: Desk) -> None:
    client = client_of(desk.workspace)
    view = {"type": "home", "blocks": [section("Ana's"), actions(button("Refresh"))]}
    told = client.views_publish(user_id=desk.ana.id, view=view)["view"]
    assert desk.workspace.user("ben").home is None
    desk.ana.click("Refresh", where="home")
    assert desk.app.heard[-1]["view"]["type"] == "home"
    assert desk.ana.open_home(within=0) is not None
    desk.workspace.settle()
    assert desk.app.heard[-1]["event"]["view"]["id"] == told["id"]
    client.views_publish(user_id=desk.ana.id, hash=told["hash"], view={"type": "home", "blocks": [section("New")]})
    desk.ana.see("New", "home")
