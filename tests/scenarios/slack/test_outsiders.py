"""Guests and people of other workspaces learn nothing of what is installed; old forms open nothing any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.slack.stage import Stage, opened_stage
from workflows.engine.model import RunState


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with opened_stage(tmp_path, "http") as made:
        yield made


def test_what_is_installed_is_for_members(stage: Stage) -> None:
    dmitri, eve, ana = stage.user("dmitri"), stage.user("eve"), stage.user("ana")
    stage.runtime.service.pause("offer", by=stage.actor("carla"), reason="the big sale is off")
    for words in ("workflows", "workflows article", "help", "runs", "approvals", "run article title=tea --dry-run"):
        shown = dmitri.command(f"/baton {words}", channel="#content").shown
        asked = eve.mention(words, channel="#content")
        stage.quiet()
        for text in (shown, *(reply.shown for reply in stage.workspace.replies(asked))):
            for secret in ("Publish an article", "Admins' work", "/note", "big sale", "title"):
                assert secret not in text, (words, secret, text)
    assert "Publish an article" in ana.command("/baton workflows", channel="#content").shown
    assert "/note" in ana.command("/baton help", channel="#content").shown


def test_an_alert_s_buttons_pressed_by_two(stage: Stage) -> None:
    ana, carla = stage.user("ana"), stage.user("carla")
    stage.shop.open = False
    ana.command("/baton run errand title=tea", channel="#content")
    stage.settle()
    here, ops = (
        next(m for m in stage.workspace.channel(name).messages if "Discard" in m.buttons)
        for name in ("#content", "#ops")
    )
    ana.click("Fork on today's code", message=here)
    carla.click("Fork on today's code", message=ops)
    stage.settle()
    assert len(stage.runs()) == 2


def test_a_form_that_was_opened_when_one_still_might(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    ben.click("Reject", message=ben.see("Publish this?", channel="#content"))
    ben.see_modal("Why?")
    approval = stage.runtime.store.approvals()[0]
    stage.runtime.service.reassign(approval.id, [stage.actor("carla")], by=stage.actor("ben"))
    ben.submit(why="no")
    stage.settle()
    assert stage.runtime.store.approvals()
    assert stage.run().state is RunState.WAITING
