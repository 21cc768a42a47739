"""Every story, over Socket Mode and over signed HTTP; and that no part of the edge is without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.slack import (
    stories_building,
    stories_credentials,
    stories_deciding,
    stories_digests,
    stories_policies,
    stories_schedules,
    stories_shortcuts,
    stories_starting,
    stories_steering,
)
from tests.scenarios.slack.stage import opened_stage
from tests.scenarios.slack.telling import STORIES, Recorder, Story, registered

TOLD = (
    stories_building,
    stories_credentials,
    stories_deciding,
    stories_digests,
    stories_policies,
    stories_schedules,
    stories_shortcuts,
    stories_starting,
    stories_steering,
)


@pytest.mark.parametrize("transport", ["socket", "http"])
@pytest.mark.parametrize("told", STORIES, ids=lambda told: told.name)
def test_story(told: Story, transport: str, tmp_path: Path) -> None:
    with opened_stage(tmp_path, transport) as stage:
        recorder = Recorder(stage.side.app.listeners)
        stage.side.app.listeners = recorder  # type: ignore[assignment]  # it stands before them
        told.play(stage)
        stage.quiet()
    assert told.uses <= recorder.used, f"The story does not use {sorted(told.uses - recorder.used)}"


def test_every_part_of_the_edge_has_a_story() -> None:
    assert TOLD
    told = {use for told in STORIES for use in told.uses}
    assert registered() - told == set()
    assert told - registered() == set()
