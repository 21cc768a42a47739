"""Every block and every mark-up that an app can send is shown as what it is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from slack_sdk import WebClient

from bot.sandbox import LocalWorkspace
from tests.browser import blocks as kit
from tests.browser.conftest import Visit

pytestmark = pytest.mark.servers


def post(slack: WebClient, workspace: LocalWorkspace, *blocks: kit.Block) -> None:
    slack.chat_postMessage(channel=workspace.channel("#content").id, text="A message", blocks=list(blocks))


def body(page: Page) -> Any:
    return page.locator(".centre .message-body").last


def test_texts_headers_fields_and_context(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    ana = workspace.user("ana").id
    post(
        slack, workspace,
        {"type": "header", "text": kit.plain("A header :tada:")},
        {"type": "section", "text": kit.mrkdwn(f"*bold* _italic_ ~gone~ `code` <https://example.com|a link> <@{ana}>")},
        {"type": "section", "fields": [kit.mrkdwn("*Left*"), kit.plain("*Right*")]},
        {"type": "divider"},
        {"type": "context", "elements": [kit.mrkdwn("small print"), kit.plain("more")]},
    )  # fmt: skip
    shown = body(visit())
    expect(shown.get_by_role("heading", name="A header")).to_have_text("A header 🎉")
    for tag, words in {"strong": "bold", "em": "italic", "s": "gone", "code": "code"}.items():
        expect(shown.locator(tag).first).to_have_text(words)
    expect(shown.get_by_role("link", name="a link")).to_have_attribute("href", "https://example.com/")
    expect(shown.locator(".mention-me")).to_have_text("@Ana Souza")
    expect(shown.locator(".field").nth(0).locator("strong")).to_have_text("Left")
    expect(shown.locator(".field").nth(1)).to_have_text("*Right*")
    expect(shown.locator(".divider")).to_have_count(1)
    expect(shown.locator(".context")).to_contain_text("small print")


def test_the_whole_of_mrkdwn(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    channel = workspace.channel("#ops").id
    text = (
        f"<#{channel}> <!here> <!date^1767225600^{{date_num}} at {{time}}|new year> "
        ":rocket: :nothing_such: &lt;b&gt; &amp;amp;\n"
        "> quoted\n• one\n• two\n```\nlet x = *1*\n```\nsnake_case_name 2*3*4 https://example.com/bare."
    )
    post(slack, workspace, kit.section(text))
    shown = body(visit())
    expect(shown.locator("a.mention")).to_have_text("#ops")
    expect(shown.locator(".mention-all")).to_have_text("@here")
    expect(shown.locator("time")).to_have_text("2026-01-01 at 01:00")  # Ana lives in Berlin
    expect(shown).to_contain_text("🚀 :nothing_such: <b> &amp;")
    expect(shown.locator("blockquote")).to_have_text("quoted")
    expect(shown.locator(".bullet")).to_have_count(2)
    expect(shown.locator("pre")).to_have_text("let x = *1*")
    expect(shown).to_contain_text("snake_case_name 2*3*4")
    expect(shown.get_by_role("link", name="https://example.com/bare", exact=True)).to_be_visible()


def test_markdown(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    text = (
        "# Title\n\nSome **bold** and *slanted* [link](https://example.com/md)\n\n- one\n- two\n  - deeper\n\n"
        "1. first\n\n"
        "| a | b |\n|---|--:|\n| 1 | 2 |\n\n```\ncode\n```\n\n> wise\n"
    )
    post(slack, workspace, {"type": "markdown", "text": text})
    shown = body(visit())
    expect(shown.get_by_role("heading", name="Title")).to_be_visible()
    expect(shown.locator("strong")).to_have_text("bold")
    expect(shown.locator("em")).to_have_text("slanted")
    expect(shown.get_by_role("link", name="link")).to_have_attribute("href", "https://example.com/md")
    expect(shown.locator("ul li")).to_have_count(3)
    expect(shown.locator("ol li")).to_have_text("first")
    expect(shown.locator("td")).to_have_text(["1", "2"])
    expect(shown.locator("pre")).to_have_text("code")
    expect(shown.locator("blockquote")).to_have_text("wise")


def test_rich_text(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    post(slack, workspace, kit.rich_text(workspace.user("ben").id, workspace.channel("#ops").id))
    shown = body(visit())
    expect(shown.locator("strong")).to_have_text("rich bold")
    expect(shown.locator("s")).to_have_text("struck")
    expect(shown).to_contain_text("@Ben Okafor#ops@here🚀#0f766e")
    expect(shown).to_contain_text("2026-01-01")
    expect(shown.locator("ol li")).to_have_text("first of all")
    expect(shown.locator("blockquote")).to_have_text("quoted words")
    expect(shown.locator("pre")).to_have_text("a  b")
    expect(shown.get_by_role("link", name="rich link")).to_be_visible()


def test_plan_task_card_and_table(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    card = {"type": "task_card", "task_id": "x", "title": "Alone", "status": "error"}
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "Run"}], [{"type": "raw_text", "text": "r-1"}]]}
    post(slack, workspace, kit.PLAN, card, table)
    shown = body(visit())
    expect(shown.locator(".plan-title")).to_have_text("Waiting for an editor")
    expect(shown.locator(".plan-count")).to_have_text("1 of 3")
    for title, state in {"Research": "Done", "Approval": "In progress", "Publish": "To do", "Alone": "Failed"}.items():
        expect(shown.locator(".task", has_text=title).get_by_role("img")).to_have_attribute("aria-label", state)
    expect(shown.get_by_role("columnheader")).to_have_text("Run")
    expect(shown.get_by_role("cell")).to_have_text("r-1")


def test_pictures_cards_and_videos(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    picture = f"{workspace.address}/_page/icon.svg"
    post(
        slack, workspace,
        {"type": "image", "image_url": picture, "alt_text": "A cover", "title": kit.plain("The cover")},
        kit.section("Lost", {"type": "image", "image_url": f"{workspace.address}/none.png", "alt_text": "Lost"}),
        {"type": "card", "title": kit.mrkdwn("*Card*"), "body": kit.mrkdwn("Its body"),
         "actions": [kit.button("Open", "o")]},
        {"type": "video", "title": kit.plain("A film"), "title_url": "https://example.com/film", "alt_text": "film",
         "video_url": "https://example.com/film", "thumbnail_url": picture},
    )  # fmt: skip
    shown = body(visit())
    expect(shown.get_by_role("img", name="A cover")).to_be_visible()
    expect(shown.locator("figcaption")).to_have_text("The cover")
    expect(shown.locator("span.picture-missing")).to_have_attribute("aria-label", "Lost")
    expect(shown.locator(".card")).to_contain_text("Its body")
    expect(shown.locator(".card").get_by_role("button", name="Open")).to_be_visible()
    expect(shown.get_by_role("link", name="A film")).to_have_attribute("href", "https://example.com/film")


def test_alerts_stand_in_modals(workspace: LocalWorkspace, slack: WebClient, app: Any, visit: Visit) -> None:
    page = visit()
    page.locator("#composer").fill("/baton help")
    page.keyboard.press("Enter")
    trigger = app.wait("/baton")["trigger_id"]
    alert = {"type": "alert", "text": kit.mrkdwn("*Careful* now"), "level": "warning"}
    slack.views_open(trigger_id=trigger, view=kit.modal(alert))
    expect(page.locator("dialog .alert-warning")).to_have_text("Careful now")


def test_what_the_page_does_not_know_is_a_box(workspace: LocalWorkspace, visit: Visit) -> None:
    """The workspace would refuse such a block, so the page is given one by way of its own state."""
    page = visit()
    strange = {"type": "hologram", "block_id": "h"}

    def with_strange(route: Route) -> None:
        answer = route.fetch()
        state = answer.json()
        where = workspace.channel("#content").id
        message = {
            "ts": "1767225600.000100",
            "user": state["me"],
            "text": "",
            "blocks": [strange, {"type": "section", "text": 5}],
        }
        state["messages"][where] = [message]
        route.fulfill(response=answer, json=state)

    page.route(re.compile("/_workspace/state"), with_strange)
    page.reload()
    expect(page.locator(".centre .unsupported").first).to_have_text("Unsupported block: hologram")
