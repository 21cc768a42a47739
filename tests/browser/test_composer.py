"""The box to write in: sending, threads, commands and their completion, all by keyboard."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.sandbox import LocalWorkspace
from tests.browser.app import RecordingApp
from tests.browser.conftest import Visit

pytestmark = pytest.mark.servers


def chosen(page: Page) -> str:
    return page.locator(".suggestion[aria-selected=true] .suggestion-label").inner_text()


def test_enter_sends_and_shift_enter_does_not(workspace: LocalWorkspace, visit: Visit) -> None:
    page = visit()
    page.locator("#composer").press_sequentially("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    expect(page.locator("#composer")).to_have_value("")
    expect(page.locator(".centre .message-body").last).to_have_text("onetwo")
    assert workspace.channel("#content").messages[-1].text == "one\ntwo"


def test_a_command_is_completed_by_keyboard(app: RecordingApp, visit: Visit) -> None:
    page = visit()
    box = page.locator("#composer")
    box.press_sequentially("/")
    expect(page.get_by_role("option", name="/baton")).to_contain_text("Run and steer workflows")
    page.keyboard.press("ArrowDown")
    assert chosen(page) == "/content"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    expect(box).to_have_value("/baton ")
    expect(page.locator(".suggestion-label")).to_have_text(["run", "runs", "status", "approvals", "help"])
    expect(page.get_by_role("option", name="status")).to_contain_text("<run>")
    page.keyboard.type("app")
    assert chosen(page) == "approvals"
    active = box.get_attribute("aria-activedescendant")
    expect(page.locator(f"[id='{active}']")).to_contain_text("approvals")
    page.keyboard.press("Enter")
    expect(box).to_have_value("/baton approvals ")
    page.keyboard.press("Enter")
    payload = app.wait("/baton")
    assert payload["text"].strip() == "approvals"
    expect(box).to_have_value("")


def test_a_whole_word_is_sent_not_completed(app: RecordingApp, visit: Visit) -> None:
    page = visit()
    page.locator("#composer").press_sequentially("/baton run")
    expect(page.locator(".suggestion")).to_have_count(2)
    page.keyboard.press("Enter")
    assert app.wait("/baton")["text"] == "run"


def test_escape_closes_the_suggestions_and_usage_is_shown(visit: Visit) -> None:
    page = visit()
    page.locator("#composer").press_sequentially("/baton ru")
    expect(page.locator(".suggestions")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".suggestions")).to_be_hidden()
    expect(page.locator("#composer")).to_have_value("/baton ru")
    page.keyboard.type("n ")
    expect(page.locator(".usage")).to_have_text("/baton run <workflow>")


def test_people_channels_and_emoji(workspace: LocalWorkspace, visit: Visit) -> None:
    page = visit()
    box = page.locator("#composer")
    box.press_sequentially("Hi @ben")
    page.keyboard.press("Tab")
    page.keyboard.type("see #op")
    page.keyboard.press("Tab")
    page.keyboard.type(":tad")
    page.keyboard.press("Tab")
    expect(box).to_have_value("Hi @Ben Okafor see #ops :tada: ")
    page.keyboard.press("Enter")
    expect(page.locator(".centre .message-body").last).to_have_text("Hi @Ben Okafor see #ops 🎉")
    ben, ops = workspace.user("ben").id, workspace.channel("#ops").id
    assert workspace.channel("#content").messages[-1].text == f"Hi <@{ben}> see <#{ops}> :tada:"


def test_the_app_is_mentioned_by_name(workspace: LocalWorkspace, app: RecordingApp, visit: Visit) -> None:
    page = visit()
    page.locator("#composer").fill("@Baton runs")
    page.keyboard.press("Enter")
    assert app.wait("app_mention")["text"] == f"<@{workspace.bot_user_id}> runs"


def test_a_thread(workspace: LocalWorkspace, visit: Visit) -> None:
    workspace.user("ben").say("Who covers backups?", channel="#content")
    page = visit()
    page.locator(".centre .message").last.hover()
    page.get_by_role("button", name="Reply in thread").last.click()
    reply = page.locator("#thread-composer")
    expect(reply).to_be_focused()
    reply.press_sequentially("I do")
    page.keyboard.press("Enter")
    expect(page.locator(".thread .message-body").last).to_have_text("I do")
    expect(page.locator(".thread-count")).to_have_text("1 reply")
    expect(page.locator(".centre .message-body")).to_have_text(["Who covers backups?"])
    reply.fill("/baton help")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("can't be used in threads")
    page.keyboard.press("Escape")
    expect(page.locator(".thread")).to_be_hidden()


def test_a_command_that_nobody_answers(app: RecordingApp, visit: Visit) -> None:
    over = threading.Event()

    def silent(_payload: dict[str, Any]) -> None:
        over.wait(10)

    app.answer = silent
    page = visit()
    page.locator("#composer").fill("/baton help")
    page.keyboard.press("Enter")
    page.locator("#composer").press_sequentially("not blocked")
    expect(page.locator(".notice")).to_contain_text("operation_timeout", timeout=10_000)
    over.set()
    expect(page.locator(".notice .only-you")).to_have_text("Only visible to you")
    expect(page.locator(".toast")).to_have_count(0)
    expect(page.locator("#composer")).to_have_value("not blocked")
    page.locator(".notice").get_by_role("button", name="Dismiss").click()
    expect(page.locator(".notice")).to_have_count(0)


def test_an_app_that_is_not_there(workspace: LocalWorkspace, visit: Visit) -> None:
    workspace.deliver_to("")
    page = visit()
    page.locator("#composer").fill("/baton help")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("no app is connected to this workspace")


def test_a_file_is_posted(workspace: LocalWorkspace, visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "draft.txt").write_text("# A draft\nwith words")
    page = visit()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach a file").click()
    chooser.value.set_files(tmp_path / "draft.txt")
    expect(page.locator(".file .file-name")).to_have_text("draft.txt")
    expect(page.locator(".file-preview")).to_contain_text("with words")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download draft.txt").click()
    assert Path(download.value.path()).read_text() == "# A draft\nwith words"


def test_shortcuts(workspace: LocalWorkspace, app: RecordingApp, visit: Visit) -> None:
    said = workspace.user("ben").say("An idea", channel="#content")
    page = visit()
    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_role("menuitem", name="Start a run").click()
    assert app.wait("shortcut")["callback_id"] == "start"
    page.locator(".centre .message", has_text="An idea").hover()
    page.get_by_role("button", name="More about this message").click()
    page.get_by_role("menuitem", name="Run with this").click()
    payload = app.wait("message_action")
    assert (payload["callback_id"], payload["message"]["ts"]) == ("with", said.ts)
