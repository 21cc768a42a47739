"""An installation by clicking through: the link, the workspace's page, and back at Baton."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from bot.slack.manifest import INSTALL_PATH
from tests.scenarios.slack.newcomer import not_yet_installed
from tests.servers.chromium import browser

pytestmark = pytest.mark.servers


def test_somebody_allows_it_and_somebody_else_does_not(tmp_path: Path) -> None:
    with not_yet_installed(tmp_path) as stage, browser() as launched:
        link = f"{stage.runtime.settings.address}{INSTALL_PATH}"
        page = launched.new_page()
        page.goto(link)
        expect(page.get_by_role("heading")).to_have_text("Baton asks to be installed in Acme")
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("nothing was changed")).to_be_visible()
        page.get_by_role("link", name="Begin again").click()
        page.get_by_role("button", name="Allow").click()
        expect(page.get_by_role("heading")).to_have_text("Baton is installed")

        other = launched.new_context().new_page()
        other.goto(page.url)  # without the cookie, and with a code that was used
        expect(other.get_by_text("was not begun in this browser")).to_be_visible()
    assert stage.workspace.bot_token
