"""Real processes, really killed while somebody uses Slack: one decision, one effect, the channel shows the truth."""

from __future__ import annotations

import contextlib
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.sandbox import LocalWorkspace, Message
from bot.slack.manifest import manifest
from tests.payloads import check_message
from tests.scenarios.slack.stage import check
from tests.servers.counting import CountingServer
from tests.servers.house import House, until
from tests.servers.office import UNANSWERED, WITHIN, Premises, environment_of
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.redis import RedisServer
from workflows.engine.model import ApprovalState, RunState
from workflows.engine.ports import RunQuery

FOLDER = Path(__file__).parent / "killed"


class Office(Premises):
    """What people in the workspace see and do."""

    def crash_at(self, checkpoint: str, key: str) -> None:
        self.house.crash_file.write_text(f"{checkpoint} {key}")

    def crashed(self) -> None:
        """Wait until something died at the checkpoint."""
        try:
            until(lambda: not self.house.crash_file.exists(), "a process passed the checkpoint", WITHIN)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.house.logs()}") from None

    # what is seen ------------------------------------------------------------------------------------------

    def ask(self) -> Message:
        """The request that Ana's run comes to."""
        reply = self.workspace.user("ana").command("/baton run leaflet title=tea", channel="#content")
        assert "It is on its way" in reply.shown
        return self.request()

    def request(self) -> Message:
        return self.seen("ben", "Print this?", lambda one: "Approve" in one.buttons)

    def seen(self, name: str, text: str, fits: Callable[[Message], bool] = lambda _: True) -> Message:
        """Wait for a message in the channel."""

        def look() -> Message | None:
            found = [one for one in self.workspace.user(name).messages("#content") if text in one.shown and fits(one)]
            return found[-1] if found else None

        try:
            found: Message = until(look, f"{name} sees {text!r}", WITHIN)
        except AssertionError as late:
            shown = "\n".join(one.shown for one in self.workspace.channel("#content").messages)
            raise AssertionError(f"{late}\n{shown}\n{self.house.logs()}") from None
        return found

    def rests(self) -> None:
        """Wait until the run waits and everything is shown, so that nobody holds a lease."""

        def quiet() -> bool:
            (run,) = self.house.store.runs(RunQuery())
            return run.state is RunState.WAITING and not self.house.runtime.outbox.behind()

        until(quiet, "everything is shown", WITHIN)

    def ends_well(self, counting: CountingServer, request: Message) -> None:
        """The run goes to its end, once, and the channel shows it."""
        self.seen("ana", "It is printed")
        try:
            until(self._at_rest, "everything is shown", WITHIN)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.house.logs()}") from None
        (run,) = self.house.store.runs(RunQuery())
        assert run.state is RunState.SUCCEEDED
        (asked,) = self.house.store.approvals(state=None)
        assert asked.state is ApprovalState.DECIDED
        (decided,) = self.house.store.decisions(asked.id)
        assert decided.by.endswith(self.workspace.user("ben").id)
        assert dict(counting.effects) == {"made/tea/1": 1}
        current = self.workspace.current(request)
        assert current is not None
        assert not current.buttons
        assert "by @ben" in current.shown
        self._is_there_once(run.id)

    def _at_rest(self) -> bool:
        (run,) = self.house.store.runs(RunQuery())
        return run.state is RunState.SUCCEEDED and not self.house.runtime.outbox.behind()

    def _is_there_once(self, run_id: str) -> None:
        standing = [one for one in self.workspace.channel("#content").messages if one.metadata]
        marks = Counter(_mark(one) for one in standing)
        rows = {row.id: row for row in self.house.runtime.outbox.deliveries(run_id)}
        assert set(marks.values()) == {1}, [one.shown for one in standing]
        assert set(marks) == set(rows)
        (card,) = [one for one in standing if rows[_mark(one)].key == "card"]
        assert ": succeeded" in card.text
        for one in standing:
            check_message({"text": one.text, "blocks": list(one.blocks)})


def _mark(message: Message) -> str:
    return str((message.metadata or {})["event_payload"]["id"])


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture
def counting() -> Iterator[CountingServer]:
    with CountingServer() as server:
        yield server


@pytest.fixture(params=["sqlite-socket", "postgresql-http"])
def office(request: pytest.FixtureRequest, tmp_path: Path, counting: CountingServer) -> Iterator[Office]:
    """SQLite with Socket Mode, and PostgreSQL with signed HTTP."""
    database, _, transport = request.param.partition("-")
    with contextlib.ExitStack() as stack:
        address = f"sqlite:///{tmp_path / 'baton.db'}"
        if database == "postgresql":
            address = stack.enter_context(request.getfixturevalue("postgres").database())
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
        redis = stack.enter_context(RedisServer())
        workspace = stack.enter_context(LocalWorkspace(manifest(())))
        workspace.on_call(check)
        environment = environment_of(workspace, transport, counting)
        house = stack.enter_context(House(tmp_path, address, redis.url, FOLDER, **environment))
        made = Office(house, workspace, redis, listening)
        made.start("web", "worker", "clock")
        if transport == "http":
            workspace.deliver_to(made.url)
        yield made
        made.kill(*made.running())


# the stories --------------------------------------------------------------------------------------------------


def test_everything_is_killed_between_the_card_and_the_press(office: Office, counting: CountingServer) -> None:
    request = office.ask()
    office.rests()
    office.kill("worker", "web", "clock")
    ben = office.workspace.user("ben")
    with pytest.raises(UNANSWERED):
        ben.click("Approve", message=request)
    assert ben.notices, "Slack itself says that nobody took it"
    office.start("web", "worker", "clock")
    ben.click("Approve", message=request)
    office.ends_well(counting, request)


def test_everything_is_killed_between_the_press_and_the_update(office: Office, counting: CountingServer) -> None:
    request = office.ask()
    office.rests()
    office.kill("worker")
    office.workspace.user("ben").click("Approve", message=request)
    office.kill("web", "clock")
    assert counting.effects == {}
    office.start("web", "clock", "worker")
    office.ends_well(counting, request)


@pytest.mark.parametrize("office", ["sqlite-socket"], indirect=True)
def test_web_is_killed_right_after_the_decision_is_recorded(office: Office, counting: CountingServer) -> None:
    request = office.ask()
    office.crash_at("decided", "")
    ben = office.workspace.user("ben")
    with pytest.raises(UNANSWERED):
        ben.click("Approve", message=request)
    office.crashed()
    office.start("web")
    ben.click("Approve", message=request)  # he can't know that it was recorded
    office.seen("ben", "already approved by you")
    office.ends_well(counting, request)


@pytest.mark.parametrize("office", ["postgresql-http"], indirect=True)
def test_web_is_killed_before_it_lets_the_decision_be_shown(office: Office, counting: CountingServer) -> None:
    request = office.ask()
    office.crash_at("acknowledged", "")
    with contextlib.suppress(*UNANSWERED):
        office.workspace.user("ben").click("Approve", message=request)
    office.crashed()
    office.ends_well(counting, request)  # without the web process


@pytest.mark.parametrize(
    ("office", "checkpoint", "key"),
    [
        ("sqlite-socket", "after_effect", "print_it#1"),
        ("postgresql-http", "after_post", "card"),
        ("sqlite-socket", "after_post", "end/0"),
    ],
    indirect=["office"],
)
def test_a_worker_dies_at_the_worst_moment(office: Office, counting: CountingServer, checkpoint: str, key: str) -> None:
    office.crash_at(checkpoint, key)
    request = office.ask()
    office.workspace.user("ben").click("Approve", message=request)
    office.crashed()
    office.ends_well(counting, request)


@pytest.mark.parametrize("office", ["postgresql-http"], indirect=True)
def test_redis_is_away_while_somebody_starts_and_decides(office: Office, counting: CountingServer) -> None:
    office.redis.stop()
    reply = office.workspace.user("ana").command("/baton run leaflet title=tea", channel="#content")
    assert "It is on its way" in reply.shown
    office.redis.start()
    request = office.request()
    office.redis.stop()
    office.workspace.user("ben").click("Approve", message=request)
    office.redis.start()
    office.ends_well(counting, request)
