"""A stage with workflows that cover what a run may show."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox import LocalWorkspace, SkippingClock
from tests.unit.bot.slack.delivery.flows import FLOWS
from tests.unit.bot.slack.delivery.stage import BOT, Stage
from workflows.storage.schema import migrate


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy."""
    file = tmp_path_factory.mktemp("template") / "baton.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def stage(template: Path, tmp_path: Path) -> Iterator[Stage]:
    file = tmp_path / "baton.db"
    shutil.copy(template, file)
    time = SkippingClock()
    with LocalWorkspace(BOT, clock=time) as workspace:
        made = Stage(workspace, time, f"sqlite:///{file}", *FLOWS)
        yield made
        made.close()
