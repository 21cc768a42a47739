"""Every mistake that a person can make is answered, to that person alone, in words that help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import pytest
import structlog
from slack_bolt import BoltRequest
from structlog.testing import capture_logs

from bot.sandbox import LocalUser, Message
from bot.slack.words import AWAY, BROKEN, LATE
from tests.scenarios.slack.stage import Stage
from workflows.engine.errors import StoreUnavailable
from workflows.engine.expiry import Expiry

TYPED = {
    "/baton stauts 12": "Did you mean `/baton status`?",
    "/baton retry 12": "Did you mean `/baton resume`?",
    "/baton note": "Start it with `/baton run note`",
    "/baton artcle": "Did you mean `/baton run article`?",
    "/baton xyzzy": "`/baton help` says what you can do",
    "/baton run": "Which workflow?",
    "/baton run nothing_like_it": "There is no workflow nothing_like_it",
    "/baton run nte topic=tea": "Did you mean note?",
    "/baton run note tpic=tea": "Did you mean `topic`?",
    "/baton run note zzz=tea": "Its fields: `topic`, `tone`, `copies`",
    "/baton run note topic=green tea": 'Did you mean `topic="green tea"`?',
    "/baton run note tea": "Give each value with its field's name",
    '/baton run note topic="green': "has no end",
    "/baton run note topic=tea topic=milk": "was given twice",
    "/baton run note topic=tea copies=many": "copies: this is no whole number",
    "/baton run note topic=tea copies=99": "copies: it has to be at most 9",
    "/baton run note topic=tea tone=rude": "tone: choose 'plain' or 'warm'",
    "/baton run note topic=tea --fast": "I don't know the option --fast",
    "/baton run note topic=tea label:blog": "Write it as `label:key=value`",
    "/baton run note topic=tea at": "When?",
    "/baton run note topic=tea at the end": "I can't read “the end” as a time",
    "/baton run note topic=tea at 2020-01-01 10:00": "has passed",
    "/baton run note topic=tea at friday": "At which time on Fri 09 Jan 2026?",
    "/baton run note topic=tea at 1.1.2050 10:00": "more than five years",
    "/baton run echo numbers=[1]": "has no field numbers",
    "/baton run echo input=[1": "This is not JSON",
    "/baton run everything name=n who=somebody": "somebody is no person",
    "/baton run secret_work": "may not start secret_work",
    "/baton runs state:tired": "There is no state tired",
    "/baton runs workflow:nothing": "There is no workflow nothing",
    "/baton status": "Which run?",
    "/baton status zzzz": "There is no run zzzz. `/baton runs` lists those there are",
    "/baton status a b": "takes one RUN",
    "/baton why": "Which run or approval?",
    "/baton cancel": "Which run?",
    "/baton resume": "Which run?",
    "/baton workflows nothing": "There is no workflow nothing",
    "/baton pause": "A workflow's name, or `everything`",
    "/baton unpause nothing": "There is no workflow nothing",
    "/baton pause everything": "may not pause everything",
}  # fmt: skip


def test_what_is_typed_wrongly(stage: Stage) -> None:
    ana = stage.user("ana")
    wrong = {}
    for line, words in TYPED.items():
        reply = ana.command(line, channel="#content")
        assert reply.message is not None, line
        assert reply.message.ephemeral_for == ana.id, line
        if words not in reply.message.text:
            wrong[line] = (words, reply.message.text)
    assert not wrong
    stage.settle()
    assert not stage.runs()
    assert not [m for m in stage.workspace.channel("#content").messages if not m.ephemeral_for]


def test_an_id_that_several_runs_share(stage: Stage) -> None:
    ana = stage.user("ana")
    ana.command("/baton run note topic=one")
    ana.command("/baton run note topic=two")
    stage.settle()
    shared = stage.runs()[0].id[:4]
    assert "More than one run's id begins or ends" in ana.command(f"/baton cancel {shared}").shown


def test_guests_strangers_and_the_deactivated(stage: Stage) -> None:
    dmitri, eve, ben = stage.user("dmitri"), stage.user("eve"), stage.user("ben")
    assert "Guests may do only" in dmitri.command("/baton run note topic=tea", channel="#content").shown
    eve.mention("run note topic=tea", channel="#content")
    eve.see("People of other workspaces", channel="#content")
    stage.user("ana").command("/baton run article title=tea", channel="#content")
    stage.settle()
    asked = ben.see("Publish this?", channel="#content")
    stage.workspace.deactivate("ben")
    stage.skip(minutes=11)
    service, approval = stage.runtime.service, stage.runtime.store.approvals()[0]
    with pytest.raises(Exception, match="deactivated"):
        service.access.decide(stage.actor("ben"), approval, ())
    assert asked.buttons
    assert "may not see" in dmitri.command(f"/baton status {stage.run().id}", channel="#content").shown


def test_private_runs_are_not_told_to_others(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run note topic=salaries", channel="#finance")
    stage.settle()
    run = stage.run()
    assert "may not see" in ben.command(f"/baton status {run.id}").shown
    assert "salaries" not in ben.command("/baton runs").shown
    assert "salaries" in ana.command("/baton runs").shown
    asked = ana.mention(f"status {run.id}", channel="#content")
    stage.quiet()
    assert "others read here" in stage.workspace.replies(asked)[-1].shown
    asked = ana.mention("runs", channel="#content")
    stage.quiet()
    assert "salaries" not in stage.workspace.replies(asked)[-1].shown


def test_the_database_is_away(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    asked = ben.see("Publish this?", channel="#content")
    ana.command("/baton run note", channel="#content")
    ana.see_modal("Topic")
    with monkeypatch.context() as away:
        for method in ("create", "transact", "run", "runs", "approval", "approvals", "received", "audit"):
            away.setattr(stage.runtime.store, method, _away)
        assert ana.command("/baton run note topic=tea", channel="#content").shown == AWAY
        assert ana.command("/baton runs").shown == AWAY
        ben.click("Approve", message=asked)
        assert ana.submit(topic="tea") is None
        assert AWAY in ana.see_modal(AWAY).shown
        said = ana.mention("runs", channel="#content")
        stage.quiet()
    assert ben.ephemerals("#content")[-1].shown == AWAY
    assert [one.shown for one in stage.workspace.replies(said)] == [AWAY]
    stage.settle()
    assert len(stage.runs()) == 1
    assert stage.current(asked).buttons


def _away(*_args: object, **_more: object) -> None:
    raise StoreUnavailable("The database does not answer")


def test_a_broken_listener_is_told_in_words_and_logged_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    asked = ben.see("Publish this?", channel="#content")
    structlog.configure(cache_logger_on_first_use=False)
    acts: list[Callable[[], str]] = [lambda: ana.command("/baton runs").shown, lambda: _pressed(ben, asked, stage)]
    for act in acts:
        with monkeypatch.context() as broken, capture_logs() as logs:
            broken.setattr(stage.runtime.store, "runs", _broken)
            broken.setattr(stage.runtime.service, "decide", _broken)
            assert act() == BROKEN
        errors = [line for line in logs if line["log_level"] == "error"]
        assert errors == [
            {
                "event": "a listener broke",
                "actor": ANY,
                "what": ANY,
                "about": ANY,
                "exc_info": ANY,
                "log_level": "error",
            }
        ]


def _pressed(ben: LocalUser, asked: Message, stage: Stage) -> str:
    ben.click("Approve", message=asked)
    stage.quiet()
    return ben.ephemerals("#content")[-1].shown


def _broken(*_args: object, **_more: object) -> None:
    raise ZeroDivisionError("secret internals")


def test_a_button_of_something_that_is_gone(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    ana.command("/baton run article title=tea", channel="#content")
    stage.settle()
    asked = ben.see("Publish this?", channel="#content")
    card = stage.workspace.channel("#content").messages[0]
    run = stage.run()
    ana.command(f"/baton cancel {run.id}")
    stage.settle()
    assert stage.runtime.store.prune(Expiry(stage.clock.now().replace(year=2027)), limit=10).runs == 1
    assert not stage.runs()
    gone = f"Run {run.id} is not kept any more: it was cancelled on"
    for label, message, words in (("Approve", asked, LATE), ("Details", card, gone)):
        ben.click(label, message=message)
        stage.quiet()
        assert words.split("`")[0] in ben.ephemerals("#content")[-1].shown
    assert gone in ana.command(f"/baton status {run.id}").shown


def test_bots_and_edited_messages_are_left_alone(stage: Stage) -> None:
    ana = stage.user("ana")
    ana.dm("help")
    stage.quiet()
    before = len(ana.messages("dm"))
    listeners = stage.side.app
    assert before == 2
    from_bot: dict[str, Any] = {
        "type": "message",
        "channel": "D1",
        "channel_type": "im",
        "ts": "1.1",
        "text": "help",
        "bot_id": "B1",
    }
    for event in (
        from_bot,
        {**from_bot, "bot_id": "", "user": ana.id, "subtype": "message_changed"},
        {**from_bot, "bot_id": "", "user": ana.id, "edited": {"user": ana.id, "ts": "1.2"}},
        {**from_bot, "bot_id": "", "user": ana.id, "subtype": "message_deleted"},
    ):
        assert _event(stage, event) == 200
    stage.quiet()
    assert listeners.idle(5)
    assert len(ana.messages("dm")) == before


def _event(stage: Stage, event: dict[str, Any]) -> int:
    """Hand an event to the edge as Slack does."""
    body = {"type": "event_callback", "team_id": stage.workspace.team_id, "event_id": "Ev1", "event": event}
    return stage.side.app.dispatch(BoltRequest(mode="socket_mode", body=body)).status
