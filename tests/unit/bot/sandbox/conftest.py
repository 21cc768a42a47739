"""A workspace, slack_sdk's client for it, and time that can be skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from bot.sandbox import LocalWorkspace, SkippingClock
from tests.unit.bot.sandbox.stage import client_of, manifest


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


@pytest.fixture
def workspace(clock: SkippingClock) -> Iterator[LocalWorkspace]:
    with LocalWorkspace(manifest(), clock=clock, ack_seconds=20.0) as opened:
        yield opened


@pytest.fixture
def client(workspace: LocalWorkspace) -> WebClient:
    return client_of(workspace)
