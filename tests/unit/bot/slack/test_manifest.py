"""The manifest, held against what Slack's published schema asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from bot.slack.manifest import EVENTS, EVENTS_PATH, MOST_COMMANDS, SCOPES, ManifestError, commands_of, manifest
from workflows import Run, Workflow, workflow


def _flow(name: str, command: str = "", title: str = "A workflow") -> Workflow[Any, Any]:
    def body(run: Run, given: None) -> None:
        """Do nothing."""

    return workflow(name, title=title, command=command)(body)


def _check(made: Mapping[str, Any]) -> None:
    """The limits of the schema's parts that Baton uses."""
    assert set(made) - {"functions"} == {"display_information", "features", "oauth_config", "settings"}
    _check_functions(made)
    shown, features, settings = made["display_information"], made["features"], made["settings"]
    assert 1 <= len(shown["name"]) <= 35
    assert 1 <= len(shown["description"]) <= 140
    assert re.fullmatch(r"#[0-9a-fA-F]{6}", shown["background_color"])
    assert set(features) == {"app_home", "bot_user", "shortcuts", "slash_commands"}
    assert 1 <= len(features["shortcuts"]) <= 10
    for one in features["shortcuts"]:
        assert set(one) == {"callback_id", "type", "name", "description"}
        assert one["type"] in ("global", "message")
        assert len(one["name"]) <= 24
        assert len(one["callback_id"]) <= 255
        assert len(one["description"]) <= 150
    assert all(isinstance(value, bool) for value in features["app_home"].values())
    assert 1 <= len(features["bot_user"]["display_name"]) <= 80
    assert 1 <= len(features["slash_commands"]) <= 50
    for command in features["slash_commands"]:
        assert set(command) <= {"command", "url", "description", "usage_hint", "should_escape"}
        assert command["command"].startswith("/")
        assert 2 <= len(command["command"]) <= 32
        assert 1 <= len(command["description"]) <= 2_000
        assert 1 <= len(command["usage_hint"]) <= 1_000
    names = [command["command"] for command in features["slash_commands"]]
    assert len(set(names)) == len(names)
    scopes = made["oauth_config"]["scopes"]["bot"]
    assert len(set(scopes)) == len(scopes) <= 255
    assert all(len(scope) <= 50 for scope in scopes)
    assert len(set(settings["event_subscriptions"]["bot_events"])) <= 100
    assert settings["interactivity"]["is_enabled"] is True
    for url in _urls(made):
        assert re.match(r"https?://", url)
        assert len(url) <= 3_000
    json.dumps(made)


def _check_functions(made: Mapping[str, Any]) -> None:
    """A custom step needs an app that is ready for organisations; its parameters are described."""
    assert made["settings"]["org_deploy_enabled"] is ("functions" in made)
    for callback, step in made.get("functions", {}).items():
        assert re.fullmatch(r"[a-z_]{1,100}", callback)
        assert set(step) == {"title", "description", "input_parameters", "output_parameters"}
        for name, one in {**step["input_parameters"], **step["output_parameters"]}.items():
            assert set(one) == {"name", "type", "title", "description", "is_required"}
            assert one["name"] == name
            assert one["type"] in ("string", "slack#/types/user_id", "slack#/types/channel_id")


def _urls(made: Mapping[str, Any]) -> list[str]:
    settings = made["settings"]
    given = [settings["event_subscriptions"].get("request_url"), settings["interactivity"].get("request_url")]
    return [url for url in (*given, *(c.get("url") for c in made["features"]["slash_commands"])) if url]


def test_socket_mode_needs_no_address() -> None:
    made = manifest([_flow("note", "/note"), _flow("plain")])
    _check(made)
    assert [one["command"] for one in made["features"]["slash_commands"]] == ["/baton", "/note"]
    assert made["settings"]["socket_mode_enabled"] is True
    assert _urls(made) == []
    assert made["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS)
    assert set(made["oauth_config"]["scopes"]["bot"]) == set(SCOPES)


def test_over_http_slack_is_told_where_to_call() -> None:
    made = manifest([_flow("note", "/note")], socket=False, url="https://baton.example.org/")
    _check(made)
    assert made["settings"]["socket_mode_enabled"] is False
    assert set(_urls(made)) == {f"https://baton.example.org{EVENTS_PATH}"}
    assert len(_urls(made)) == 4


def test_the_step_for_the_workflow_builder_may_be_left_out() -> None:
    assert list(manifest([])["functions"]) == ["run_workflow"]
    without = manifest([], builder=False)
    _check(without)
    assert "functions" not in without


@pytest.mark.parametrize(
    "url", ["", "http://baton.example.org", "https://", "https://127.0.0.1:8010", "https://localhost"]
)
def test_over_http_the_address_has_to_be_public(url: str) -> None:
    with pytest.raises(ManifestError, match="BATON_URL"):
        manifest([], socket=False, url=url)


def test_a_long_title_is_cut() -> None:
    _check(manifest([_flow("note", "/note", "x" * 5_000)]))


def test_two_workflows_want_the_same_command() -> None:
    with pytest.raises(ManifestError, match="a and b both want the command /note"):
        commands_of([_flow("b", "/note"), _flow("a", "/note")])


def test_more_commands_than_slack_takes() -> None:
    flows = [_flow(f"w{number}", f"/w{number}") for number in range(MOST_COMMANDS)]
    with pytest.raises(ManifestError, match="50 commands"):
        manifest(flows)
    _check(manifest(flows[1:]))
