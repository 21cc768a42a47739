"""Baton is let into a workspace, thrown out, and let in again; nobody else gets in, and no token is seen."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from bot.doctor import slack_findings
from tests.scenarios.slack.newcomer import Visitor, not_yet_installed
from tests.scenarios.slack.stage import Stage


def _found(stage: Stage) -> str:
    return " ".join(f"{one.part}: {one.words} {one.advice}" for one in slack_findings(stage.runtime))


def _shown(stage: Stage) -> str:
    return " ".join(message.shown for message in stage.workspace.channel("#content").messages)


def _until_still(stage: Stage) -> None:
    """Without waiting for what Slack does not take."""
    while stage.round():
        pass


def test_a_workspace_lets_baton_in_and_out_and_in_again(tmp_path: Path) -> None:
    with not_yet_installed(tmp_path) as stage:
        workspace, visitor, ana = stage.workspace, Visitor(stage), stage.user("ana")
        ana.command("/baton workflows", channel="#content")
        stage.quiet()
        assert "not installed in this workspace" in ana.ephemerals("#content")[-1].shown
        assert "is not installed in the workspace T0LOCALACME" in _found(stage)
        stage.runtime.service.start("note", {"topic": "tea"}, by="cli:ana")
        _until_still(stage)
        assert "Write a note" not in _shown(stage)

        assert "was not begun in this browser" in Visitor(stage).back(visitor.press(visitor.begin())).text
        assert "nothing was changed" in visitor.back(visitor.press(visitor.begin(), "cancel")).text
        late = visitor.press(visitor.begin())
        stage.clock.advance(timedelta(minutes=10, seconds=1))
        assert "longer than ten minutes" in visitor.back(late).text
        assert workspace.bot_token == ""

        done = visitor.press(visitor.begin())
        assert "Baton is installed" in visitor.back(done).text
        assert "does not confirm it" in visitor.back(done).text
        first = workspace.bot_token
        stage.skip(minutes=1)
        assert "Write a note" in _shown(stage)
        assert "note" in ana.command("/baton workflows").shown
        assert "the bot baton in the workspace Acme" in _found(stage)

        workspace.uninstall()
        stage.quiet()
        assert stage.runtime.store.credentials.all() == []
        stage.skip(seconds=2)
        assert "is not installed in the workspace T0LOCALACME" in _found(stage)
        stage.runtime.service.start("note", {"topic": "milk"}, by="cli:ana")
        _until_still(stage)
        assert "milk" not in _shown(stage)

        assert "Baton is installed" in visitor.install().text
        assert workspace.bot_token != first
        stage.skip(minutes=1)
        assert "milk" in _shown(stage)
        told = [(entry.verb, entry.actor) for entry in stage.runtime.store.audited(limit=10) if not entry.run_id]
        assert told == [("install", stage.actor("ana")), ("uninstall", "slack"), ("install", stage.actor("ana"))]
        kept = b"".join(file.read_bytes() for file in tmp_path.glob("baton.db*"))
        assert first.encode() not in kept
        assert workspace.bot_token.encode() not in kept
        assert workspace.client_secret not in json.dumps(
            [dict(call.arguments) for call in workspace.calls], default=str
        )
