"""The demo's story in a browser: one line to type, one button to press, one article to read.

`BATON_UPDATE_PICTURE=1 pytest -m servers tests/browser/test_demo.py` makes the README's picture anew.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.servers import demo
from tests.servers.chromium import browser
from tests.servers.demo import Terminal, left_in
from tests.unit.bot.command_stage import eventually

pytestmark = pytest.mark.servers

home = demo.home
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "local-workspace.png"
PATIENCE = 60_000
"""Milliseconds that something gets to appear."""


def test_a_person_writes_approves_and_reads_an_article(home: Path, tmp_path: Path) -> None:
    terminal = Terminal(home, tmp_path)
    terminal.until("stays up until ctrl-C")
    address = demo.PAGE.search(terminal.seen)
    assert address
    with browser() as launched:
        page = launched.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(address[0])

        command = page.locator("pre", has_text="/baton run content_pipeline").first
        expect(command).to_be_visible(timeout=PATIENCE)
        composer = page.get_by_role("textbox", name="Message")
        composer.fill(command.inner_text().strip())
        composer.press("Escape")
        composer.press("Enter")
        expect(page.get_by_text("Write and publish an article").first).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("Become Ben").first).to_be_visible(timeout=PATIENCE)

        page.get_by_role("button", name="You are").click()
        page.get_by_role("menuitemradio", name="Ben Okafor").click()
        approve = page.get_by_role("button", name="Approve", exact=True)
        expect(approve).to_be_visible(timeout=PATIENCE)
        if os.environ.get("BATON_UPDATE_PICTURE"):
            page.set_viewport_size({"width": 1280, "height": 1240})
            approve.scroll_into_view_if_needed()
            page.screenshot(path=PICTURE)
        approve.click()
        expect(approve).to_have_count(0, timeout=PATIENCE)

        expect(page.get_by_text("on the local site").first).to_be_visible(timeout=PATIENCE)
        published = page.locator("a[href*='/site/posts/']").last
        page.goto(published.get_attribute("href") or "")
        expect(page.locator("article")).to_be_visible()
        assert broken == []
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.ended() == 0
    eventually(lambda: left_in(home) == [])
