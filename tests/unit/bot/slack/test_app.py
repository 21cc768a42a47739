"""The edge's last resort: what no listener foresaw."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import structlog
from slack_bolt import BoltRequest
from slack_sdk import WebClient
from structlog.testing import capture_logs

from bot.slack.app import Home, SlackApp, create_slack_app
from bot.slack.errands import Errands
from bot.slack.incoming import Ending, Step, press_of, said_of, step_of, submission_of
from bot.slack.listeners import Listeners
from bot.slack.words import BROKEN, NOT_HERE, mrkdwn, words_of
from workflows.engine.errors import Refused


class Broken:
    """Listeners that break at everything."""

    def identity(self) -> None:
        return None

    def __getattr__(self, _name: str) -> Any:
        raise ZeroDivisionError("secret internals")


@pytest.fixture
def app() -> SlackApp:
    structlog.configure(cache_logger_on_first_use=False)
    return create_slack_app(cast(Listeners, Broken()), Errands(), lambda: "xoxb-local-1", WebClient("xoxb-local-1"))


@pytest.mark.parametrize(("team", "token"), [("T2", "xoxb-local-1"), ("T1", "")])
def test_nobody_is_answered_where_baton_is_not_installed(team: str, token: str) -> None:
    client, home = WebClient(), Home("T1", lambda _ended: None)
    app = create_slack_app(cast(Listeners, Broken()), Errands(), lambda: token, client, home)
    body = {"command": "/baton", "text": "runs", "team_id": team, "user_id": "U1", "channel_id": "C1"}
    answer = app.dispatch(BoltRequest(mode="socket_mode", body=body))
    assert (answer.status, answer.body) == (200, NOT_HERE)
    app.close()


def test_the_end_of_an_installation_is_told_of_unless_only_people_revoked_their_own() -> None:
    told: list[Ending] = []
    home = Home("T1", told.append)
    app = create_slack_app(cast(Listeners, Broken()), Errands(), lambda: "", WebClient(), home)
    for event in (
        {"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}},
        {"type": "tokens_revoked", "tokens": {"bot": ["U9"]}},
        {"type": "app_uninstalled"},
    ):
        body = {"type": "event_callback", "team_id": "T1", "event_time": 60, "event": event}
        assert app.dispatch(BoltRequest(mode="socket_mode", body=body)).status == 200
    at = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    assert told == [Ending("T1", at, "tokens_revoked"), Ending("T1", at, "app_uninstalled")]
    app.close()


def test_a_command_that_breaks_is_answered_in_words_and_logged_once(app: SlackApp) -> None:
    body = {"command": "/baton", "text": "runs", "team_id": "T1", "user_id": "U1", "channel_id": "C1"}
    with capture_logs() as logs:
        answer = app.dispatch(BoltRequest(mode="socket_mode", body=body))
    assert answer.status == 200
    assert BROKEN in answer.body
    assert "internals" not in answer.body
    assert [line["event"] for line in logs] == ["a listener broke"]
    app.close()


def test_an_event_that_breaks_is_sent_again_by_slack(app: SlackApp) -> None:
    event = {"type": "app_mention", "user": "U1", "text": "help", "ts": "1.2", "channel": "C1"}
    answer = app.dispatch(
        BoltRequest(mode="socket_mode", body={"type": "event_callback", "team_id": "T1", "event": event})
    )
    assert answer.status == 500
    app.close()


def test_a_step_of_the_builder_that_can_not_be_recorded_is_told_of_again(app: SlackApp) -> None:
    event = {"type": "function_executed", "function": {"callback_id": "run_workflow"}, "function_execution_id": "Fx1"}
    body = {"type": "event_callback", "team_id": "T1", "event": event | {"inputs": {"workflow": "a\x00b"}}}
    assert app.dispatch(BoltRequest(mode="socket_mode", body=body)).status == 500
    assert step_of(body) == Step("T1", "Fx1", "run_workflow", {"workflow": "ab"})
    app.close()


def test_a_press_that_breaks_says_nothing_of_the_inside(app: SlackApp) -> None:
    body = {
        "type": "block_actions",
        "user": {"id": "U1", "team_id": "T1"},
        "actions": [{"action_id": "x", "block_id": "b"}],
    }
    answer = app.dispatch(BoltRequest(mode="socket_mode", body=body))
    assert (answer.status, answer.body) == (200, "")
    app.close()


def test_what_comes_in_is_read_by_its_ids() -> None:
    press = press_of({
        "user": {"id": "U1", "team_id": "T2", "name": "ana"}, "team": {"id": "T1"}, "trigger_id": "t",
        "channel": {"id": "C1"}, "container": {"type": "message", "message_ts": "1.2", "channel_id": "C1"},
        "actions": [{"action_id": "run.cancel", "value": "r1"}],
    })  # fmt: skip
    assert (press.caller.actor, press.caller.place, press.ts, press.value) == (
        "slack:T2:U1",
        "slack:T2:C1",
        "1.2",
        "r1",
    )
    sent = submission_of({
        "user": {"id": "U1"}, "team": {"id": "T1"},
        "view": {"id": "V1", "callback_id": "run.start", "private_metadata": '{"channel":"C1","nonsense":1}'},
    })  # fmt: skip
    assert (sent.caller.actor, sent.caller.channel, sent.state) == ("slack:T1:U1", "C1", {})
    assert said_of({"event": {"type": "message", "text": "hi", "ts": "1", "channel": "D1", "bot_id": "B1"}}) is None


def test_errands_are_done_and_a_broken_one_is_no_end() -> None:
    errands, done = Errands(2), threading.Event()

    def broken() -> None:
        raise ZeroDivisionError

    errands.run(broken)
    errands.run(done.set)
    assert errands.idle(5)
    assert done.is_set()
    errands.close()
    errands.run(done.clear)
    assert errands.idle(1)


def test_slow_work_is_left_alone_after_a_while() -> None:
    errands, go_on = Errands(2), threading.Event()
    late: list[int] = []

    def slow() -> int:
        go_on.wait(10)
        return 7

    assert errands.within(0.01, slow, late.append) is None
    go_on.set()
    assert errands.idle(10)
    assert late == [7]
    assert errands.within(10, lambda: 8, late.append) == 8
    assert late == [7]
    errands.close()


def test_words_name_people_and_call_nobody() -> None:
    words = words_of(
        Refused("slack:T1:U1 may not start x. Those who may: role:editors. See `baton runs`, <!channel> *b*")
    )
    assert words.startswith("<@U1> may not start x")
    assert "`/baton runs`" in words
    assert "&lt;!channel&gt;" in words
    assert words_of(ZeroDivisionError("secret")) == BROKEN
    assert mrkdwn("`baton show 1`") == "`/baton status 1`"
