"""The page follows the workspace without disturbing the person at it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from slack_sdk import WebClient

from bot.sandbox import LocalWorkspace
from tests.browser import blocks as kit
from tests.browser.app import RecordingApp
from tests.browser.conftest import MANIFEST, Visit

pytestmark = pytest.mark.servers


def test_a_draft_survives_what_others_do(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    page = visit()
    box = page.locator("#composer")
    box.press_sequentially("I was about to")
    slack.chat_postMessage(channel=workspace.channel("#content").id, text="News")
    expect(page.locator(".centre .message-body")).to_have_text("News")
    expect(box).to_be_focused()
    page.keyboard.type(" say")
    expect(box).to_have_value("I was about to say")
    page.locator("[data-channel=ops]").click()
    expect(page.locator("#composer")).to_have_value("")
    page.locator("[data-channel=content]").click()
    expect(page.locator("#composer")).to_have_value("I was about to say")


def test_new_messages_are_announced(workspace: LocalWorkspace, visit: Visit) -> None:
    page = visit()
    expect(page.locator("#announcer")).to_have_attribute("aria-live", "polite")
    workspace.user("ben").say("Good *morning*", channel="#content")
    expect(page.locator("#announcer")).to_have_text("Ben Okafor: Good morning")


def test_the_list_stays_where_the_reader_is(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    channel = workspace.channel("#content").id
    for number in range(40):
        slack.chat_postMessage(channel=channel, text=f"Line {number}")
    page = visit()
    shown = page.locator(".centre .messages")
    expect(shown.get_by_text("Line 39", exact=True)).to_be_in_viewport()
    slack.chat_postMessage(channel=channel, text="At the end")
    expect(shown.get_by_text("At the end", exact=True)).to_be_in_viewport()
    page.locator(".centre .scroller").hover()
    page.mouse.wheel(0, -5000)
    expect(shown.get_by_text("Line 0", exact=True)).to_be_in_viewport()
    slack.chat_postMessage(channel=channel, text="Out of sight")
    expect(page.get_by_role("button", name="New messages")).to_be_visible()
    expect(shown.get_by_text("Line 0", exact=True)).to_be_in_viewport()
    page.get_by_role("button", name="New messages").click()
    expect(shown.get_by_text("Out of sight", exact=True)).to_be_in_viewport()


def test_a_card_that_changes_keeps_its_other_blocks(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    channel = workspace.channel("#content").id
    buttons = {"type": "actions", "block_id": "buttons", "elements": [kit.button("Details", "details")]}
    posted = slack.chat_postMessage(channel=channel, text="A run", blocks=[kit.section("Step 1"), buttons])
    page = visit()
    details = page.get_by_role("button", name="Details")
    details.focus()
    handle = details.element_handle()
    slack.chat_update(channel=channel, ts=posted["ts"], text="A run", blocks=[kit.section("Step 2"), buttons])
    expect(page.locator(".centre .message-body")).to_contain_text("Step 2")
    expect(details).to_be_focused()
    assert handle.evaluate("element => element.isConnected")


def test_an_update_between_press_and_release_loses_no_click(
    workspace: LocalWorkspace, slack: WebClient, app: RecordingApp, visit: Visit
) -> None:
    channel = workspace.channel("#content").id

    def card(text: str) -> list[kit.Block]:
        return [{"type": "actions", "block_id": "a", "elements": [kit.button(text, "go", value="1")]}]

    posted = slack.chat_postMessage(channel=channel, text="A run", blocks=card("Approve"))
    page = visit()
    page.get_by_role("button", name="Approve").hover()
    page.mouse.down()
    with page.expect_response(lambda answer: "/_workspace/state" in answer.url):
        slack.chat_update(channel=channel, ts=posted["ts"], text="A run", blocks=card("Approve it"))
    for _ in range(5):  # frames in which the page would have drawn the change
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))")
    assert page.get_by_role("button", name="Approve").inner_text() == "Approve"
    page.mouse.up()
    assert app.wait("block_actions")["actions"][0]["action_id"] == "go"
    expect(page.get_by_role("button", name="Approve it")).to_be_visible()


def test_a_press_is_pending_until_it_is_answered(
    workspace: LocalWorkspace, slack: WebClient, app: RecordingApp, visit: Visit
) -> None:
    go_on = threading.Event()

    def slow(payload: dict[str, Any]) -> None:
        if payload.get("type") == "block_actions":
            go_on.wait(2.5)

    app.answer = slow
    elements = [kit.button("Approve", "approve"), kit.button("Reject", "reject")]
    slack.chat_postMessage(
        channel=workspace.channel("#content").id, text="?", blocks=[{"type": "actions", "elements": elements}]
    )
    page = visit()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("[data-action=approve]")).to_have_attribute("aria-busy", "true")
    assert page.locator("[data-action=reject]").get_attribute("aria-busy") is None
    page.locator("#composer").fill("meanwhile")
    page.keyboard.press("Enter")
    expect(page.locator(".centre .message-body").last).to_have_text("meanwhile")
    go_on.set()
    expect(page.locator("[data-action=approve]")).not_to_have_attribute("aria-busy", "true")
    assert len(app.of("block_actions")) == 1


def test_a_narrow_screen(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    page = visit(size=(375, 700))
    expect(page.locator("[data-channel=ops]")).to_be_hidden()
    page.get_by_role("button", name="Channels and people").click()
    page.locator("[data-channel=ops]").click()
    expect(page.get_by_role("heading", name="ops")).to_be_visible()
    expect(page.locator("[data-channel=ops]")).to_be_hidden()
    expect(page.locator("#composer")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_finds_back_after_a_restart(app: RecordingApp, browser: Browser) -> None:
    with LocalWorkspace(MANIFEST) as first:
        port = int(first.address.rpartition(":")[2])
        context = browser.new_context()
        page = context.new_page()
        page.goto(first.address)
        expect(page.locator("#app[data-ready]")).to_be_attached()
    expect(page.locator(".live-words")).to_have_text("Connecting again…")
    with LocalWorkspace(MANIFEST, port=port) as second:
        expect(page.locator(".live-words")).to_have_text("Local workspace", timeout=20_000)
        second.user("ben").say("Back again", channel="#general")
        expect(page.locator(".centre .message-body").last).to_have_text("Back again")
        context.close()
