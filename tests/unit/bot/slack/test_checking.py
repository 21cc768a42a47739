"""What `baton doctor` and `baton slack check` find out about Slack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.cli import run
from bot.doctor import slack_findings
from bot.runtime import Runtime
from bot.sandbox import LocalWorkspace
from bot.settings import Settings, read_settings
from bot.slack.manifest import manifest


@pytest.fixture
def workspace() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(manifest([])) as made:
        yield made


def _found(workspace: LocalWorkspace, tmp_path: Any, **more: Any) -> dict[str, tuple[bool | None, str]]:
    given: dict[str, Any] = {
        "slack_bot_token": workspace.bot_token, "slack_app_token": workspace.app_token, "slack_signing_secret": None,
        "slack_api_url": workspace.api_url, "baton_home": tmp_path / "home", "database_url": "", "baton_channel": "",
        "baton_ops_channel": "", "baton_url": "",
    }  # fmt: skip
    settings: Settings = read_settings(**(given | more))
    runtime = Runtime(settings, "unix:///dev/null")
    runtime.migrate()
    found = {one.part: (one.ok, f"{one.words} {one.advice}") for one in slack_findings(runtime)}
    runtime.close()
    return found


def test_all_is_well(workspace: LocalWorkspace, tmp_path: Any) -> None:
    found = _found(workspace, tmp_path, baton_channel="#content", baton_ops_channel="ops")
    assert {part: ok for part, (ok, _) in found.items()} == {
        "Slack": True, "Slack scopes": True, "Slack socket": True, "Channel #content": True, "Channel ops": True
    }  # fmt: skip
    assert "Acme" in found["Slack"][1]


def test_no_slack(workspace: LocalWorkspace, tmp_path: Any) -> None:
    found = _found(workspace, tmp_path, slack_bot_token=None)
    assert found["Slack"][0] is None
    assert "install-in-slack.md" in found["Slack"][1]


def test_channels_that_are_closed(workspace: LocalWorkspace, tmp_path: Any) -> None:
    workspace.archive("#ops")
    found = _found(workspace, tmp_path, baton_channel="#random", baton_ops_channel="#ops")
    assert found["Channel #random"] == (False, "the bot is not in it Say `/invite @Baton` there.")
    assert found["Channel #ops"][0] is False
    found = _found(workspace, tmp_path, baton_channel="#nowhere")
    assert "Correct BATON_CHANNEL" in found["Channel #nowhere"][1]


def test_people_that_are_not_there(workspace: LocalWorkspace, tmp_path: Any) -> None:
    team, ben = workspace.team_id, workspace.user("ben").id
    right = {"baton_approvers": (f"slack:{team}:{ben}", "cli:ana"), "baton_roles": {"finance": ("cli:zoe",)}}
    assert "BATON_APPROVERS" not in _found(workspace, tmp_path, **right)
    found = _found(workspace, tmp_path, baton_approvers=(f"slack:T1:{ben}",))
    assert found["BATON_APPROVERS"][0] is False
    assert f"this one is {team}" in found["BATON_APPROVERS"][1]
    assert team in found["Slack"][1]
    workspace.deactivate("carla")
    carla = workspace.user("carla").id
    for one, words in (("U1", "Slack shows nobody"), ("X1", "no person"), ("S1", "no members"), (carla, "deactivated")):
        found = _found(workspace, tmp_path, baton_roles={"editors": (f"slack:{team}:{one}",)})
        assert words in found["BATON_ROLES"][1]


def test_wrong_tokens(workspace: LocalWorkspace, tmp_path: Any) -> None:
    found = _found(workspace, tmp_path, slack_bot_token="xoxb-local-other")
    assert found["Slack"][0] is False
    assert "SLACK_BOT_TOKEN: Slack does not know it" in found["Slack"][1]
    found = _found(workspace, tmp_path, slack_app_token="xapp-local-other")
    assert "SLACK_APP_TOKEN" in found["Slack"][1]


def test_no_way_in(workspace: LocalWorkspace, tmp_path: Any) -> None:
    found = _found(workspace, tmp_path, slack_app_token=None)
    assert found["Slack"][0] is False
    assert "SLACK_SIGNING_SECRET" in found["Slack"][1]
    found = _found(workspace, tmp_path, slack_app_token=None, slack_signing_secret="s")
    assert found["Slack over HTTP"][0] is None
    found = _found(workspace, tmp_path, slack_app_token=None, slack_signing_secret="s", baton_url="https://b.example")
    assert found["Slack over HTTP"][0] is True


def test_scopes_that_are_missing(tmp_path: Any) -> None:
    described = manifest([])
    described["oauth_config"]["scopes"]["bot"].remove("users:read")
    with LocalWorkspace(described) as workspace:
        found = _found(workspace, tmp_path)
    assert found["Slack scopes"][0] is False
    assert "users:read (tell members from guests" in found["Slack scopes"][1]


def test_slack_does_not_answer(workspace: LocalWorkspace, tmp_path: Any) -> None:
    workspace.faults.down()
    found = _found(workspace, tmp_path)
    assert found["Slack"][0] is False
    assert "does not answer" in found["Slack"][1]


def test_the_command_line(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SLACK_BOT_TOKEN", "BATON_URL", "BATON_WORKFLOWS"):
        monkeypatch.delenv(name, raising=False)
    assert run(["slack", "manifest"]) == 0
    assert json.loads(capsys.readouterr().out)["features"]["slash_commands"][0]["command"] == "/baton"
    assert run(["slack", "manifest", "--http"]) == 2
    assert "BATON_URL" in capsys.readouterr().err
    assert run(["slack", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["ok"] is None


def test_the_local_workspace_refuses_real_tokens(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1-2-3")
    assert run(["sandbox", "--port", "0"]) == 2
    assert "real Slack workspace" in capsys.readouterr().err
