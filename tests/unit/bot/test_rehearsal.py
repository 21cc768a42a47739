"""What docs/howto/test-in-slack.md shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bot.rehearsal import rehearsing
from bot.sandbox import LocalWorkspace
from workflows import Run, StepContext, step, workflow


class Notice(BaseModel):
    text: str


@step(idempotent=True)
def put_up(ctx: StepContext, text: str) -> str:
    """Put it up."""
    return "done"


@workflow("notice", title="Put up a notice")
def notice(run: Run, given: Notice) -> str:
    """Ask an editor, then put a notice up."""
    run.approval("editor", show=given.text, approvers=("role:editors",)).require_approved()
    return run.step(put_up, given.text)


def test_an_editor_lets_a_notice_go_up(tmp_path: Path) -> None:
    def settings(workspace: LocalWorkspace) -> Mapping[str, Any]:
        return {"baton_roles": {"editors": (f"slack:{workspace.team_id}:{workspace.user('ben').id}",)}}

    with rehearsing(notice, folder=tmp_path, settings=settings) as play:
        ana, ben = play.user("ana"), play.user("ben")
        reply = ana.command('/baton run notice text="Closed on Friday"', channel="#content")
        assert "It is on its way" in reply.shown
        play.settle()

        ben.see("Closed on Friday", channel="#content")
        ben.click("Approve")
        play.settle()

        ana.see("Succeeded", channel="#content")
        assert play.run().output == '"done"'


def test_runs_that_come_from_elsewhere_are_shown_in_the_channel_of_the_settings(tmp_path: Path) -> None:
    def settings(_workspace: LocalWorkspace) -> Mapping[str, Any]:
        return {"baton_channel": "#content", "baton_approvers": ("cli:zoe",)}

    with rehearsing(notice, folder=tmp_path, settings=settings) as play:
        play.runtime.service.start("notice", {"text": "Closed"}, by="cli:zoe")
        play.settle()
        assert play.run().channel == "#content"
        play.user("ana").see("Put up a notice", channel="#content")
