"""Every kind of input sends what the person chose in the shape of Slack's payloads."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from slack_sdk import WebClient

from bot.sandbox import LocalWorkspace
from tests.browser import blocks as kit
from tests.browser.app import RecordingApp
from tests.browser.conftest import Visit

pytestmark = pytest.mark.servers


def open_form(page: Page, app: RecordingApp, slack: WebClient, *fields: kit.Block) -> None:
    page.locator("#composer").fill("/baton run")
    page.keyboard.press("Enter")
    slack.views_open(trigger_id=app.wait("/baton")["trigger_id"], view=kit.modal(*fields))
    expect(page.get_by_role("dialog", name="Start a run")).to_be_visible()


def submit(page: Page, app: RecordingApp) -> dict[str, Any]:
    page.get_by_role("dialog").get_by_role("button", name="Start").click()
    payload = app.wait("view_submission")
    expect(page.locator("dialog[open]")).to_have_count(0)
    return {block: value["v"] for block, value in payload["view"]["state"]["values"].items()}


def pick(page: Page, field: str, *words: str) -> None:
    for one in words:
        box = page.get_by_role("combobox", name=field, exact=True)
        box.click()
        box.press_sequentially(one[:4])
        page.get_by_role("option", name=one).click()
    if page.locator(".listbox:popover-open").count():
        page.keyboard.press("Escape")


def test_texts_and_numbers(slack: WebClient, app: RecordingApp, visit: Visit) -> None:
    page = visit()
    open_form(
        page, app, slack,
        kit.field("line", "Line", {"type": "plain_text_input"}),
        kit.field("long", "Long", {"type": "plain_text_input", "multiline": True}),
        kit.field("number", "Number", {"type": "number_input", "is_decimal_allowed": True}),
        kit.field("email", "E-mail", {"type": "email_text_input"}),
        kit.field("url", "Address", {"type": "url_text_input"}),
        kit.field("rich", "Rich", {"type": "rich_text_input"}),
        kit.field("begun", "Begun", {"type": "plain_text_input", "initial_value": "as it was"}),
        kit.field("empty", "Empty", {"type": "plain_text_input"}, optional=True),
    )  # fmt: skip
    page.get_by_label("Line").fill('a "line" <b>')
    page.get_by_label("Long").fill("one\ntwo")
    page.get_by_label("Number").fill("2.5")
    page.get_by_label("E-mail").fill("ana@example.com")
    page.get_by_label("Address").fill("https://example.com/x")
    page.get_by_label("Rich").fill("words")
    expect(page.locator(".field-label", has_text="Empty")).to_have_text("Empty (optional)")
    values = submit(page, app)
    assert values["line"] == {"type": "plain_text_input", "value": 'a "line" <b>'}
    assert values["long"] == {"type": "plain_text_input", "value": "one\ntwo"}
    assert values["number"] == {"type": "number_input", "value": "2.5"}
    assert values["email"] == {"type": "email_text_input", "value": "ana@example.com"}
    assert values["url"] == {"type": "url_text_input", "value": "https://example.com/x"}
    assert values["begun"] == {"type": "plain_text_input", "value": "as it was"}
    assert values["empty"] == {"type": "plain_text_input", "value": None}
    section = values["rich"]["rich_text_value"]["elements"][0]
    assert section == {"type": "rich_text_section", "elements": [{"type": "text", "text": "words"}]}


def test_dates_and_times(slack: WebClient, app: RecordingApp, visit: Visit) -> None:
    page = visit()
    noon = int(datetime(2026, 1, 1, 12, 0, tzinfo=UTC).timestamp())
    open_form(
        page, app, slack,
        kit.field("date", "Date", {"type": "datepicker"}),
        kit.field("time", "Clock", {"type": "timepicker"}),
        kit.field("moment", "Moment", {"type": "datetimepicker"}),
        kit.field("given", "Given", {"type": "datetimepicker", "initial_date_time": noon}),
    )  # fmt: skip
    expect(page.get_by_label("Given")).to_have_value("2026-01-01T13:00")  # noon in UTC, seen from Berlin
    page.get_by_label("Date").fill("2026-12-24")
    page.get_by_label("Clock").fill("18:30")
    page.get_by_label("Moment").fill("2026-07-01T09:00")
    values = submit(page, app)
    assert values["date"] == {"type": "datepicker", "selected_date": "2026-12-24"}
    assert values["time"]["selected_time"] == "18:30"
    summer = int(datetime(2026, 7, 1, 7, 0, tzinfo=UTC).timestamp())  # Ana lives in Berlin
    assert values["moment"] == {"type": "datetimepicker", "selected_date_time": summer}
    assert values["given"]["selected_date_time"] == noon


def test_choices(workspace: LocalWorkspace, slack: WebClient, app: RecordingApp, visit: Visit) -> None:
    page = visit()
    first, second, third = kit.CHOICES
    open_form(
        page, app, slack,
        kit.field("one", "Tone", {"type": "static_select", "options": kit.CHOICES}),
        kit.field("many", "Tones", {"type": "multi_static_select", "options": kit.CHOICES, "initial_options": [third]}),
        kit.field("radio", "Voice", {"type": "radio_buttons", "options": kit.CHOICES, "initial_option": first}),
        kit.field("checks", "Extras", {"type": "checkboxes", "options": kit.CHOICES}),
        kit.field("kept", "Kept", {"type": "static_select", "options": kit.CHOICES, "initial_option": second}),
    )  # fmt: skip
    tone = page.get_by_role("combobox", name="Tone", exact=True)
    tone.press("ArrowDown")
    tone.press("ArrowDown")
    tone.press("Enter")
    expect(tone).to_have_value("Friendly")
    pick(page, "Tones", "Plain")
    page.get_by_role("radiogroup", name="Voice").get_by_label("Formal").check()
    page.get_by_role("group", name="Extras").get_by_label("Friendly").check()
    values = submit(page, app)

    def chosen(value: dict[str, Any]) -> list[str]:
        options = value["selected_options"] if "selected_options" in value else [value["selected_option"]]
        assert all(one["text"]["type"] == "plain_text" for one in options)
        return [one["value"] for one in options]

    assert chosen(values["one"]) == [second["value"]]
    assert chosen(values["many"]) == [third["value"], first["value"]]
    assert chosen(values["radio"]) == [third["value"]]
    assert chosen(values["checks"]) == [second["value"]]
    assert chosen(values["kept"]) == [second["value"]]


def test_people_and_channels(workspace: LocalWorkspace, slack: WebClient, app: RecordingApp, visit: Visit) -> None:
    page = visit()
    ben, carla = workspace.user("ben").id, workspace.user("carla").id
    ops, finance = workspace.channel("#ops").id, workspace.channel("#finance").id
    open_form(
        page, app, slack,
        kit.field("person", "Editor", {"type": "users_select"}),
        kit.field("people", "Readers", {"type": "multi_users_select", "initial_users": [ben]}),
        kit.field("channel", "Where", {"type": "channels_select"}),
        kit.field("conversation", "Also", {"type": "conversations_select"}),
    )  # fmt: skip
    pick(page, "Editor", "Ben Okafor")
    pick(page, "Readers", "Carla Rossi")
    pick(page, "Where", "ops")
    pick(page, "Also", "finance")
    values = submit(page, app)
    assert values["person"] == {"type": "users_select", "selected_user": ben}
    assert values["people"] == {"type": "multi_users_select", "selected_users": [ben, carla]}
    assert values["channel"] == {"type": "channels_select", "selected_channel": ops}
    assert values["conversation"]["selected_conversation"] == finance


def test_options_that_the_app_gives(slack: WebClient, app: RecordingApp, visit: Visit) -> None:
    page = visit()
    found = [kit.option("Backups", "b1"), kit.option("Backup tests", "b2")]
    app.answer = lambda payload: {"options": found} if payload.get("type") == "block_suggestion" else None
    open_form(page, app, slack, kit.field("page", "Page", {"type": "external_select", "min_query_length": 2}))
    box = page.get_by_role("combobox", name="Page")
    box.click()
    expect(page.get_by_text("Type 2 or more letters to search")).to_be_visible()
    box.press_sequentially("ba")
    page.get_by_role("option", name="Backup tests").click()
    asked = app.wait("block_suggestion")
    assert (asked["action_id"], asked["block_id"], asked["value"]) == ("v", "page", "ba")
    assert submit(page, app)["page"]["selected_option"]["value"] == "b2"


def test_files(slack: WebClient, app: RecordingApp, visit: Visit, tmp_path: Path) -> None:
    page = visit()
    open_form(page, app, slack, kit.field("files", "Papers", {"type": "file_input"}))
    (tmp_path / "notes.txt").write_text("What I found")
    page.get_by_label("Papers").set_input_files(tmp_path / "notes.txt")
    expect(page.locator(".file-list")).to_contain_text("notes.txt")
    (file,) = submit(page, app)["files"]["files"]
    assert file["name"] == "notes.txt"
    assert slack.files_info(file=file["id"])["file"]["name"] == "notes.txt"


def test_elements_in_messages(workspace: LocalWorkspace, slack: WebClient, app: RecordingApp, visit: Visit) -> None:
    channel = workspace.channel("#content").id
    elements = [
        kit.button("Approve", "approve", style="primary"),
        {"type": "static_select", "action_id": "tone", "options": kit.CHOICES, "placeholder": kit.plain("Tone")},
        {"type": "datepicker", "action_id": "day", "placeholder": kit.plain("Day")},
        {"type": "users_select", "action_id": "who", "placeholder": kit.plain("Who")},
        {"type": "overflow", "action_id": "more", "options": [kit.option("Details", "d"), kit.option("Log", "l")]},
    ]
    checks = {"type": "checkboxes", "action_id": "extras", "options": kit.CHOICES}
    blocks = [{"type": "actions", "block_id": "a", "elements": elements}, kit.section("Extras", checks)]
    slack.chat_postMessage(channel=channel, text="Choose", blocks=blocks)
    page = visit()
    done = 0

    def sent() -> dict[str, Any]:
        nonlocal done
        done += 1
        payload = app.wait("block_actions", done)
        (action,) = payload["actions"]
        return dict(action)

    page.get_by_role("button", name="Approve").click()
    action = sent()
    assert (action["action_id"], action["block_id"], action["value"]) == ("approve", "a", "value of approve")
    assert action["text"]["text"] == "Approve"
    pick(page, "Tone", "Formal")
    assert sent()["selected_option"]["value"] == "o"
    page.locator("input[data-action=day]").fill("2026-02-03")
    assert sent()["selected_date"] == "2026-02-03"
    pick(page, "Who", "Carla Rossi")
    assert sent()["selected_user"] == workspace.user("carla").id
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Log").click()
    assert sent()["selected_option"]["value"] == "l"
    page.get_by_label("Friendly").check()
    assert [one["value"] for one in sent()["selected_options"]] == ["f"]
    state = app.wait("block_actions", done)["state"]["values"]
    assert state["a"]["tone"]["selected_option"]["value"] == "o"
    assert state["a"]["day"]["selected_date"] == "2026-02-03"
