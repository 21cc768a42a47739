"""What every test of the edges starts from."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Help is read as text, whatever the environment says of colours."""
    monkeypatch.setattr("typer.rich_utils.FORCE_TERMINAL", None)


@pytest.fixture(autouse=True)
def _logs_as_they_come() -> Iterator[None]:
    """A command that was called in this process sets up logging; the next test starts without."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    logging.getLogger("baton").setLevel(logging.NOTSET)
