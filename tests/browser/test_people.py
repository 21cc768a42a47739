"""Each tab is one person, and shows what that person may see."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from slack_sdk import WebClient

from bot.sandbox import LocalWorkspace
from tests.browser import blocks as kit
from tests.browser.app import RecordingApp
from tests.browser.conftest import Visit

pytestmark = pytest.mark.servers


def become(page: Page, name: str) -> None:
    page.locator("#switcher").click()
    page.get_by_role("menuitemradio", name=name).click()
    expect(page.locator("#switcher")).to_contain_text(name)


def test_switching_people(workspace: LocalWorkspace, visit: Visit) -> None:
    page = visit()
    expect(page).to_have_title("Local workspace")
    expect(page.locator("#switcher")).to_contain_text("You are Ana Souza")
    expect(page.locator("[data-channel=finance]")).to_be_visible()
    become(page, "Ben Okafor")
    assert f"user={workspace.user('ben').id}" in page.url
    expect(page.locator("[data-channel=finance]")).to_have_count(0)
    page.locator("#composer").fill("I am Ben")
    page.keyboard.press("Enter")
    workspace.user("ana").see("I am Ben", channel="#content")
    assert workspace.channel("#content").messages[-1].user == workspace.user("ben").id
    page.go_back()
    expect(page.locator("#switcher")).to_contain_text("Ana Souza")
    page.reload()
    expect(page.locator("#switcher")).to_contain_text("Ana Souza")


def test_the_switcher_by_keyboard(visit: Visit) -> None:
    page = visit()
    page.locator("#switcher").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemradio", name="Ana Souza")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#switcher")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#switcher")).to_contain_text("Ben Okafor")


def test_an_ephemeral_message_has_one_reader(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    ana, ben = visit("ana"), visit("ben")
    channel = workspace.channel("#content").id
    slack.chat_postEphemeral(channel=channel, user=workspace.user("ana").id, text="Between us")
    slack.chat_postMessage(channel=channel, text="For all")
    for page in (ana, ben):
        expect(page.locator(".centre .message", has_text="For all")).to_be_visible()
    expect(ana.locator(".message.ephemeral")).to_contain_text("Between us")
    expect(ana.locator(".message.ephemeral .only-you")).to_have_text("Only visible to you")
    expect(ben.locator(".message", has_text="Between us")).to_have_count(0)


def test_unread_badges(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    page = visit()
    slack.chat_postMessage(channel=workspace.channel("#ops").id, text="Something failed")
    expect(page.locator("[data-channel=ops] .badge")).to_have_text("1")
    page.locator("[data-channel=ops]").click()
    expect(page.locator(".centre .message-body")).to_have_text("Something failed")
    page.locator("[data-channel=content]").click()
    expect(page.locator("[data-channel=ops] .badge")).to_have_count(0)


def test_the_app_s_home_and_messages(
    workspace: LocalWorkspace, slack: WebClient, app: RecordingApp, visit: Visit
) -> None:
    page = visit()
    page.get_by_role("link", name="Baton").click()
    assert app.wait("app_home_opened")["user"] == workspace.user("ana").id
    home = {
        "type": "home",
        "blocks": [{"type": "header", "text": kit.plain("Your runs")}, kit.section("One", kit.button("Open", "open"))],
    }
    slack.views_publish(user_id=workspace.user("ana").id, view=home)
    expect(page.locator(".home").get_by_role("heading", name="Your runs")).to_be_visible()
    page.locator(".home").get_by_role("button", name="Open").click()
    payload = app.wait("block_actions")
    assert (payload["view"]["type"], payload["actions"][0]["action_id"]) == ("home", "open")
    page.get_by_role("button", name="Messages").click()
    page.locator("#composer").fill("status")
    page.keyboard.press("Enter")
    assert app.wait("message")["text"] == "status"


def test_a_guest_and_a_stranger_are_marked(visit: Visit) -> None:
    page = visit()
    page.locator("#switcher").click()
    expect(page.get_by_role("menuitemradio", name="Dmitri Ivanov")).to_contain_text("guest")
    expect(page.locator(".menu-people")).to_contain_text("from another workspace")


def test_an_archived_channel_cannot_be_written_to(workspace: LocalWorkspace, visit: Visit) -> None:
    page = visit()
    workspace.archive("#content")
    expect(page.locator(".composer-closed")).to_contain_text("archived")
