"""The database or Redis is away: people are answered in words, nothing is half done, and what was recorded goes on."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from bot.slack.words import AWAY
from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.witness import answers, approval, asked, cards, shows_the_truth
from tests.servers.redis import RedisServer
from workflows.engine.errors import StoreUnavailable
from workflows.engine.model import ApprovalState, RunState
from workflows.storage.rq_queue import RqQueue, connect


class Cable:
    """The way to the database, which can be pulled out."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        self._database = stage.runtime.store._database
        self._patch = monkeypatch

    def pull(self) -> None:
        """Nobody reaches the database."""
        for name in ("read", "write"):
            self._patch.setattr(self._database, name, _away)

    def plug(self) -> None:
        self._patch.undo()


def _then_pull(stage: Stage, method: str, cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the service do something, and lose the database right after."""
    done: Any = getattr(stage.runtime.service, method)

    def do_and_lose(_service: object, *args: Any, **more: Any) -> Any:
        made = done(*args, **more)
        cable.pull()
        return made

    monkeypatch.setattr(type(stage.runtime.service), method, do_and_lose)


def _away(*_args: object, **_more: object) -> None:
    raise StoreUnavailable("The database does not answer")


@pytest.fixture
def cable(over_http: Stage, monkeypatch: pytest.MonkeyPatch) -> Cable:
    return Cable(over_http, monkeypatch)


def test_the_database_is_away(over_http: Stage, cable: Cable) -> None:
    stage, ana, ben = over_http, over_http.user("ana"), over_http.user("ben")
    request = asked(stage)
    ben.click("Reject", message=request)
    ben.see_modal("Why?")
    cable.pull()
    for line in ("run article title=milk", "runs", "approvals", f"cancel {'0' * 26}", f"why {'0' * 26}"):
        assert ana.command(f"/baton {line}", channel="#content").shown == AWAY, line
    assert ben.submit(why="no") is None
    assert AWAY in ben.see_modal("database").shown
    ben.close_modal()
    for label in ("Approve", "Request changes", "Reject", "Reassign"):
        ben.click(label, message=request)
        stage.quiet()
        assert AWAY in answers(ben)[-1], label
        ben.reload()
    said = ana.mention("run note topic=tea", channel="#content")
    stage.quiet()
    assert [one.shown for one in stage.workspace.replies(said)] == [AWAY]
    ana.open_home()
    cable.plug()
    stage.settle()
    assert approval(stage).state is ApprovalState.OPEN
    assert not stage.runtime.store.decisions(approval(stage).id)
    assert len(stage.runs()) == 1
    ben.click("Approve", message=request)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    shows_the_truth(stage)


def test_the_database_goes_away_right_after_a_decision(
    over_http: Stage, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    _then_pull(stage, "decide", cable, monkeypatch)
    ben.click("Approve", message=request)
    stage.quiet()
    assert answers(ben), "The press is answered"
    assert "could not be done" not in answers(ben)[-1], "What was recorded must not be denied"
    cable.plug()
    stage.settle()
    assert stage.shop.sold == ["tea"]
    assert not stage.current(request).buttons
    shows_the_truth(stage)


def test_the_database_goes_away_right_after_a_start(
    over_http: Stage, cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, ana = over_http, over_http.user("ana")
    _then_pull(stage, "start", cable, monkeypatch)
    reply = ana.command("/baton run note topic=tea", channel="#content")
    assert "It is on its way" in reply.shown, "What was recorded must not be denied"
    cable.plug()
    stage.settle()
    assert stage.run().state is RunState.SUCCEEDED
    shows_the_truth(stage)


# Redis --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def silent_redis() -> Iterator[str]:
    """The address of something that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:  # nobody accepts
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"


@contextlib.contextmanager
def gone_redis() -> Iterator[str]:
    """The address of a Redis that has been stopped."""
    with RedisServer() as server:
        url = server.url
    yield url


@pytest.mark.parametrize("redis", [silent_redis, gone_redis])
def test_redis_is_away(
    over_http: Stage, monkeypatch: pytest.MonkeyPatch, redis: Callable[[], AbstractContextManager[str]]
) -> None:
    stage, ana, ben = over_http, over_http.user("ana"), over_http.user("ben")
    request = asked(stage)
    with redis() as url, contextlib.closing(connect(url)) as client, monkeypatch.context() as away:
        bell = RqQueue(client)
        away.setattr(stage.runtime.queue, "ring", bell.ring)
        away.setattr(stage.runtime.queue, "ring_delivery", bell.ring_delivery)
        reply = ana.command("/baton run note topic=tea", channel="#content")  # raises when it is not taken within 3 s
        assert "It is on its way" in reply.shown
        ben.click("Approve", message=request)
        stage.quiet()
        assert approval(stage).state is ApprovalState.DECIDED
    assert stage.shop.sold == []
    stage.skip(seconds=6)  # the clock rescues what nobody was told of
    assert stage.shop.sold == ["tea"]
    assert stage.run("note").state is RunState.SUCCEEDED
    assert not stage.current(request).buttons
    assert len(cards(stage)) == 2
    shows_the_truth(stage)
