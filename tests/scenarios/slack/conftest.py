"""Stages, once over each transport."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.slack.stage import Stage, opened_stage


@pytest.fixture(params=["socket", "http"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with opened_stage(tmp_path, request.param) as made:
        yield made


@pytest.fixture
def over_http(tmp_path: Path) -> Iterator[Stage]:
    """A stage for stories in which the way in makes no difference, or which are about HTTP."""
    with opened_stage(tmp_path, "http") as made:
        yield made


@pytest.fixture
def over_socket(tmp_path: Path) -> Iterator[Stage]:
    """A stage for stories that are about Socket Mode."""
    with opened_stage(tmp_path, "socket") as made:
        yield made
