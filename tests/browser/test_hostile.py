"""Names and texts of people and models are text: they run nothing, forge nothing, and break no layout."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect
from slack_sdk import WebClient

from bot.sandbox import LocalWorkspace
from tests.browser import blocks as kit
from tests.browser.app import RecordingApp
from tests.browser.conftest import Visit

pytestmark = pytest.mark.servers

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>"
HOSTILE = [
    SCRIPT,
    "<javascript:alert(1)|click me> <data:text/html,x|me too> [me](javascript:alert(1))",
    "<!channel> <!everyone> *_~`*_~` ```",
    "\u202eright to left override \u2066 مرحبا بالعالم שלום",
    "🎉👩‍👩‍👧‍👦🏳️‍🌈" * 40,
    "W" * 2_900,
    "*_" * 700 + "<" * 700 + "&" * 500,
]


def overflows(page: Page) -> bool:
    """Whether anything makes the page wider or taller than its window."""
    return bool(
        page.evaluate("""() => {
        const root = document.documentElement;
        const list = document.querySelector('.centre .scroller');
        return root.scrollWidth > innerWidth || root.scrollHeight > innerHeight
            || list.scrollWidth > list.clientWidth + 1;
    }""")
    )


@pytest.mark.parametrize("width", [1280, 390])
def test_hostile_texts_in_every_place(workspace: LocalWorkspace, slack: WebClient, visit: Visit, width: int) -> None:
    channel = workspace.channel("#content").id
    for text in HOSTILE:
        for block in (
            {"type": "header", "text": kit.plain(text[:150])},
            {"type": "section", "text": kit.mrkdwn(text), "accessory": kit.button(text[:75], "press")},
            {"type": "section", "text": kit.plain(text), "fields": [kit.mrkdwn(text[:1900]), kit.plain(text[:1900])]},
            {"type": "context", "elements": [kit.mrkdwn(text[:1900])]},
            {"type": "markdown", "text": text[:1500]},
            kit.rich({"type": "text", "text": text}, {"type": "link", "url": "javascript:alert(4)", "text": "rich"}),
        ):
            slack.chat_postMessage(channel=channel, text="A message", blocks=[block])
    page = visit(size=(width, 800))
    expect(page.locator(".centre .message")).to_have_count(6 * len(HOSTILE))
    assert (
        page.evaluate("document.querySelectorAll('.messages script, .messages [onerror], .messages [onload]').length")
        == 0
    )
    assert (
        page.evaluate(
            "[...document.querySelectorAll('a[href]')].filter(a => !/^(https?|mailto):$/.test(a.protocol)).length"
        )
        == 0
    )
    assert page.evaluate("document.querySelectorAll('.messages img').length") == 0
    expect(page.locator(".block-header").first).to_have_text(SCRIPT[:150])
    narrowest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('.section-words')].map((one) => one.clientWidth))"
    )
    assert narrowest > 120
    assert not overflows(page)


def test_hostile_names(workspace: LocalWorkspace, slack: WebClient, visit: Visit) -> None:
    names = [SCRIPT, "\u202eevil\u202d name", "<!channel>", "*bold*", "🎉" * 60, "N" * 300]
    for index in range(len(names)):
        workspace.add_user(f"hostile{index}")
    page = visit()

    def renamed(route: Route) -> None:
        answer = route.fetch()
        state = answer.json()
        for user in state["users"]:
            if user["name"].startswith("hostile"):
                user["real_name"] = names[int(user["name"].removeprefix("hostile"))]
        state["messages"][workspace.channel("#content").id] = [
            {"ts": f"17672256{index:02d}.000100", "user": user["id"], "text": f"Hello <@{user['id']}>"}
            for index, user in enumerate(state["users"])
        ]
        route.fulfill(response=answer, json=state)

    page.route("**/_workspace/state*", renamed)
    page.reload()
    expect(page.locator(".author", has_text="<!channel>")).to_be_visible()
    assert page.locator(".mention-all").count() == 0
    assert not overflows(page)
    page.locator("#switcher").click()
    expect(page.get_by_role("menuitemradio", name="*bold*")).to_be_visible()
    assert not overflows(page)


def test_what_a_person_types_cannot_forge_a_mention(workspace: LocalWorkspace, visit: Visit) -> None:
    page = visit()
    page.locator("#composer").fill("<!channel> & <b>bold</b> <@U123>")
    page.keyboard.press("Enter")
    expect(page.locator(".centre .message-body").last).to_have_text("<!channel> & <b>bold</b> <@U123>")
    sent = workspace.channel("#content").messages[-1]
    assert sent.text == "&lt;!channel&gt; &amp; &lt;b&gt;bold&lt;/b&gt; &lt;@U123&gt;"


def test_hostile_labels_in_a_form(workspace: LocalWorkspace, slack: WebClient, app: RecordingApp, visit: Visit) -> None:
    page = visit()
    page.locator("#composer").fill("/baton run")
    page.keyboard.press("Enter")
    choices = [kit.option(text[:75], str(index)) for index, text in enumerate(HOSTILE)]
    fields = [
        kit.field(f"b{index}", text[:150], {"type": "static_select", "options": choices}, hint=kit.plain(text[:150]))
        for index, text in enumerate(HOSTILE)
    ]
    slack.views_open(trigger_id=app.wait("/baton")["trigger_id"], view=kit.modal(*fields))
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("combobox", name=SCRIPT[:150]).click()
    page.get_by_role("option", name=SCRIPT[:75]).click()
    expect(page.get_by_role("combobox", name=SCRIPT[:150])).to_have_value(SCRIPT[:75])
    assert page.evaluate(
        "(() => { const b = document.querySelector('.dialog-body'); return b.scrollWidth <= b.clientWidth + 1; })()"
    )
