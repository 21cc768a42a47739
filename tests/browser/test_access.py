"""The page can be read and used by everybody: contrast, names, and the keyboard all the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from slack_sdk import WebClient

from bot.sandbox import LocalWorkspace, page_routes
from tests.browser import blocks as kit
from tests.browser.app import RecordingApp
from tests.browser.conftest import Visit

pytestmark = pytest.mark.servers

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8").partition("\n")[2]
PAGE = Path(page_routes.__file__).parent / "page"
NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, textarea, [role=combobox]')]
    .filter((one) => one.checkVisibility() && !one.closest('[aria-hidden=true]'))
    .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length))
    .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(
    workspace: LocalWorkspace, slack: WebClient, app: RecordingApp, visit: Visit, scheme: str
) -> None:
    buttons = [kit.button("Approve", "yes", style="primary"), kit.button("Reject", "no", style="danger")]
    blocks = [
        kit.section("*A run* with `code` and <https://example.com|a link> <!here>"),
        kit.PLAN,
        {"type": "context", "elements": [kit.mrkdwn("small print")]},
        {"type": "actions", "elements": buttons},
    ]
    channel = workspace.channel("#content").id
    slack.chat_postMessage(channel=channel, text="A run", blocks=blocks)
    slack.chat_postEphemeral(channel=channel, user=workspace.user("ana").id, text="Only for Ana")
    page = visit(scheme=scheme)
    expect(page.locator(".message.ephemeral")).to_be_visible()
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []
    page.locator("#composer").press_sequentially("/")
    expect(page.locator(".suggestions")).to_be_visible()
    assert page.evaluate(CONTRAST) == []
    page.locator("#composer").fill("/baton run")
    page.keyboard.press("Enter")
    field = kit.field("topic", "Topic", {"type": "plain_text_input"}, hint=kit.plain("One sentence"))
    slack.views_open(trigger_id=app.wait("/baton")["trigger_id"], view=kit.modal(field))
    page.get_by_role("dialog").get_by_role("button", name="Start").click()
    expect(page.locator(".field-error")).to_have_text("Please complete this required field.")
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []


def test_a_decision_by_keyboard_alone(
    workspace: LocalWorkspace, slack: WebClient, app: RecordingApp, visit: Visit
) -> None:
    elements = [kit.button("Approve", "approve"), kit.button("Reject", "reject")]
    slack.chat_postMessage(
        channel=workspace.channel("#content").id, text="?", blocks=[{"type": "actions", "elements": elements}]
    )
    page = visit()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    page.locator("[data-channel=content]").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.action") == "reject":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert app.wait("block_actions")["actions"][0]["action_id"] == "reject"


def test_the_page_never_makes_elements_out_of_text() -> None:
    sources = [one.read_text(encoding="utf-8") for one in (PAGE / "js").glob("*.js")]
    assert len(sources) > 20
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser", "Function("):
        assert [source[:60] for source in sources if word in source] == []


def test_it_loads_nothing_from_elsewhere(workspace: LocalWorkspace, visit: Visit) -> None:
    page = visit()
    addresses = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert addresses
    assert [one for one in addresses if not one.startswith(workspace.address)] == []
    policy = page.request.get(workspace.address).headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")
