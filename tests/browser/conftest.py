"""A browser, a workspace, and a small app in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    ViewportSize,
    expect,
)
from slack_sdk import WebClient

from bot.sandbox import LocalWorkspace
from tests.browser.app import RecordingApp
from tests.servers.chromium import browser as launched

MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Baton"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "bot_user": {"display_name": "Baton", "always_online": True},
        "shortcuts": [
            {"name": "Start a run", "type": "global", "callback_id": "start", "description": "Choose a workflow"},
            {"name": "Run with this", "type": "message", "callback_id": "with", "description": "Use the message"},
        ],
        "slash_commands": [
            {"command": "/baton", "description": "Run and steer workflows", "should_escape": True,
             "usage_hint": "run <workflow> | runs | status <run> | approvals | help"},
            {"command": "/content", "description": "Write an article", "usage_hint": "topic=…", "should_escape": True},
        ],
    },
    "oauth_config": {"scopes": {"bot": [
        "app_mentions:read", "channels:history", "channels:read", "chat:write", "commands", "files:read", "files:write",
        "groups:history", "groups:read", "im:history", "im:read", "im:write", "usergroups:read", "users:read",
    ]}},
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened", "app_mention", "message.im"]},
        "interactivity": {"is_enabled": True}, "socket_mode_enabled": True,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser per file: Playwright holds the thread's event loop while it runs."""
    with launched() as browser:
        yield browser


@pytest.fixture
def app() -> Iterator[RecordingApp]:
    with RecordingApp() as app:
        yield app


@pytest.fixture
def workspace(app: RecordingApp) -> Iterator[LocalWorkspace]:
    with LocalWorkspace(MANIFEST) as workspace:
        workspace.deliver_to(app.address)
        yield workspace


@pytest.fixture
def slack(workspace: LocalWorkspace) -> WebClient:
    """The app's own client."""
    return WebClient(token=workspace.bot_token, base_url=workspace.api_url)


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, workspace: LocalWorkspace) -> Iterator[Visit]:
    """Open the page as one person; every error that the page logs fails the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def noticed(message: ConsoleMessage) -> None:
        # A picture that cannot be fetched is shown as its words; the browser logs it all the same.
        if message.type == "error" and "Failed to load resource" not in message.text:
            wrong.append(message.text)

    def asked(dialog: Dialog) -> None:
        wrong.append(f"A script ran: {dialog.message}")
        dialog.dismiss()

    def open_page(
        name: str = "ana", channel: str = "#content", size: tuple[int, int] = (1280, 800), scheme: str = "light"
    ) -> Page:
        context = browser.new_context(
            viewport=ViewportSize(width=size[0], height=size[1]),
            color_scheme="dark" if scheme == "dark" else "light", timezone_id="UTC",
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.on("console", noticed)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", asked)
        page.set_default_timeout(10_000)
        where = workspace.channel(channel).id
        page.goto(f"{workspace.address}/?user={workspace.user(name).id}#/{where}")
        expect(page.locator("#app[data-ready]")).to_be_attached(timeout=15_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
