"""Modals: errors at the field, updates that keep what was typed, stacks, loading, and ways out."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from slack_sdk import WebClient

from tests.browser import blocks as kit
from tests.browser.app import RecordingApp
from tests.browser.conftest import Visit

pytestmark = pytest.mark.servers

TOPIC = kit.field("topic", "Topic", {"type": "plain_text_input"}, hint=kit.plain("A sentence is enough"))
WORDS = kit.field(
    "words", "Words", {"type": "number_input", "is_decimal_allowed": False, "min_value": "100"}, optional=True
)
MAIL = kit.field("mail", "Reply to", {"type": "email_text_input"}, optional=True)


def open_form(page: Page, app: RecordingApp, slack: WebClient, view: kit.Block) -> str:
    page.locator("#composer").fill("/baton run")
    page.keyboard.press("Enter")
    trigger = app.wait("/baton")["trigger_id"]
    opened = slack.views_open(trigger_id=trigger, view=view)
    expect(page.get_by_role("dialog")).to_be_visible()
    return str(opened["view"]["id"])


def start(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button", name="Start").click()


def test_the_app_s_errors_stand_at_the_field(app: RecordingApp, slack: WebClient, visit: Visit) -> None:
    page = visit()
    words = "That topic is taken. Choose another one."
    taken = True
    app.answer = lambda payload: (
        {"response_action": "errors", "errors": {"topic": words}}
        if taken and payload.get("type") == "view_submission" else None
    )  # fmt: skip
    open_form(page, app, slack, kit.modal(TOPIC, WORDS, MAIL))
    topic = page.get_by_label("Topic")
    expect(topic).to_be_focused()
    topic.fill("backups")
    start(page)
    expect(page.locator("[data-block=topic] .field-error")).to_have_text(words)
    expect(topic).to_be_focused()
    expect(topic).to_have_attribute("aria-invalid", "true")
    expect(topic).to_have_accessible_description(f"A sentence is enough {words}")
    expect(topic).to_have_value("backups")
    expect(page.locator("[data-block=words] .field-error")).to_be_empty()
    taken = False
    topic.fill("another")
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert app.wait("view_submission", 2)["view"]["state"]["values"]["topic"]["v"]["value"] == "another"


def test_what_slack_itself_refuses_is_not_sent(app: RecordingApp, slack: WebClient, visit: Visit) -> None:
    page = visit()
    open_form(page, app, slack, kit.modal(TOPIC, WORDS, MAIL))
    page.get_by_label("Words").fill("12")
    page.get_by_label("Reply to").fill("nobody")
    start(page)
    expect(page.locator("[data-block=topic] .field-error")).to_have_text("Please complete this required field.")
    expect(page.locator("[data-block=words] .field-error")).to_have_text("Please enter a number that is at least 100.")
    expect(page.locator("[data-block=mail] .field-error")).to_have_text("Please enter a valid email address.")
    assert app.of("view_submission") == []


def test_an_update_keeps_what_is_being_typed(app: RecordingApp, slack: WebClient, visit: Visit) -> None:
    page = visit()
    view = open_form(page, app, slack, kit.modal(TOPIC))
    page.get_by_label("Topic").press_sequentially("half a sen")
    slack.views_update(view_id=view, view=kit.modal(kit.section("More to fill in"), TOPIC, MAIL))
    expect(page.get_by_role("dialog")).to_contain_text("More to fill in")
    expect(page.get_by_label("Topic")).to_be_focused()
    page.keyboard.type("tence")
    expect(page.get_by_label("Topic")).to_have_value("half a sentence")


def test_a_loading_view_becomes_a_form(app: RecordingApp, slack: WebClient, visit: Visit) -> None:
    page = visit()
    waiting = {"type": "modal", "title": kit.plain("Loading"), "blocks": [kit.section("One moment…")]}
    view = open_form(page, app, slack, waiting)
    expect(page.get_by_role("dialog")).to_contain_text("One moment…")
    slack.views_update(view_id=view, view=kit.modal(TOPIC))
    expect(page.get_by_label("Topic")).to_be_visible()
    expect(page.get_by_role("dialog", name="Start a run")).to_be_visible()


def test_views_lie_on_each_other(app: RecordingApp, slack: WebClient, visit: Visit) -> None:
    page = visit()
    below = kit.modal(TOPIC, kit.section("More", kit.button("Open more", "more")))
    open_form(page, app, slack, below)
    page.get_by_label("Topic").fill("kept below")
    page.get_by_role("button", name="Open more").click()
    trigger = app.wait("block_actions")["trigger_id"]
    slack.views_push(trigger_id=trigger, view=kit.modal(MAIL, title=kit.plain("On top")))
    expect(page.get_by_role("dialog", name="On top")).to_be_visible()
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_role("dialog", name="Start a run")).to_be_visible()
    expect(page.get_by_label("Topic")).to_have_value("kept below")


def test_the_cross_closes_all_that_lie_on_each_other(app: RecordingApp, slack: WebClient, visit: Visit) -> None:
    page = visit()
    open_form(page, app, slack, kit.modal(TOPIC, kit.section("More", kit.button("Open more", "more"))))
    page.get_by_role("button", name="Open more").click()
    slack.views_push(
        trigger_id=app.wait("block_actions")["trigger_id"], view=kit.modal(MAIL, title=kit.plain("On top"))
    )
    page.get_by_role("dialog", name="On top").get_by_role("button", name="Close").click()
    expect(page.locator("dialog[open]")).to_have_count(0)


@pytest.mark.parametrize("way", ["Escape", "Not now", "Close"])
def test_ways_out(app: RecordingApp, slack: WebClient, visit: Visit, way: str) -> None:
    page = visit()
    open_form(page, app, slack, kit.modal(TOPIC, notify_on_close=True))
    if way == "Escape":
        page.keyboard.press("Escape")
    else:
        page.get_by_role("dialog").get_by_role("button", name=way).click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#composer")).to_be_focused()
    assert app.wait("view_closed")["view"]["callback_id"] == "form"


def test_the_keyboard_stays_in_the_dialog(app: RecordingApp, slack: WebClient, visit: Visit) -> None:
    page = visit()
    open_form(page, app, slack, kit.modal(TOPIC, MAIL))
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")


def test_a_button_can_ask_again(app: RecordingApp, slack: WebClient, workspace: object, visit: Visit) -> None:
    page = visit()
    confirm = {
        "title": kit.plain("Cancel this run?"), "text": kit.mrkdwn("Finished steps are *undone*."),
        "confirm": kit.plain("Cancel the run"), "deny": kit.plain("Keep it"), "style": "danger",
    }  # fmt: skip
    blocks = [{"type": "actions", "elements": [kit.button("Cancel", "cancel", style="danger", confirm=confirm)]}]
    slack.chat_postMessage(channel=page.url.rpartition("/")[2], text="A run", blocks=blocks)
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_role("dialog", name="Cancel this run?")).to_contain_text("Finished steps are undone.")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Keep it").click()
    assert app.of("block_actions") == []
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel the run").click()
    assert app.wait("block_actions")["actions"][0]["action_id"] == "cancel"
