"""The Slack part of the chaos run: people type and press while web, worker, clock and Redis are killed."""

from __future__ import annotations

import enum
import json
import random
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox import LocalUser, LocalWorkspace, Message
from bot.sandbox.courier import Delivery
from bot.slack.manifest import manifest
from tests.chaos.collect import all_runs
from tests.chaos.slack_audit import Shown, slack_audit
from tests.servers.counting import CountingServer
from tests.servers.house import House
from tests.servers.office import Premises, environment_of
from tests.servers.redis import RedisServer
from workflows.engine.model import OPEN, ApprovalState, Run
from workflows.engine.ports import RunQuery

FLOWS = Path(__file__).parents[1] / "scenarios/slack/killed"
PLACES = 4
"""Channels that the runs are spread over: Slack takes about one post a second in each."""
AT_REST = 60.0
"""Seconds without progress after which what is still open is stuck."""
STALLED = 15.0
"""Seconds without progress after which the next blow comes all the same."""
PATIENCE = 3.0
"""Seconds after which Ben presses a button again that is still there, and Ana types a command again."""
LOOK = 0.1


class Blow(enum.StrEnum):
    """What is done to the processes of the Slack part."""

    KILL_WEB = "web killed"
    KILL_WORKER = "worker killed, with its children"
    KILL_CLOCK = "clock killed"
    KILL_REDIS = "Redis killed and started again"
    FLUSH_REDIS = "Redis flushed"
    DELIVER_TWICE = "every run's delivery rung twice more"


@dataclass(frozen=True)
class SlackOutcome:
    """What came of it."""

    runs: int
    blows: Counter[Blow]
    twice: Counter[str]
    unanswered: int
    """Commands and presses that Slack itself said nobody took: they were done again."""
    findings: Mapping[str, tuple[str, ...]]
    seconds: float

    @property
    def clean(self) -> bool:
        return not any(self.findings.values())


def slack_plan(seed: int, blows: int) -> list[Blow]:
    """The same for the same seed; every blow comes up when there are enough of them."""
    dice = random.Random(f"slack {seed} {blows}")
    kinds = list(Blow)
    plan = kinds[:blows] + dice.choices(kinds, k=max(0, blows - len(kinds)))
    dice.shuffle(plan)
    return plan


def slack_chaos(url: str, *, runs: int, blows: int, seed: int, transport: str, minutes: float = 4.0) -> SlackOutcome:
    """Carry it out over the empty database at `url`; `transport` is `socket` or `http`."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baton-chaos-slack-")))
        counting = stack.enter_context(CountingServer())
        redis = stack.enter_context(RedisServer())
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
        workspace = stack.enter_context(LocalWorkspace(manifest(())))
        names = [f"press-{number}" for number in range(PLACES)]
        for name in names:
            workspace.add_channel(name)
        environment = environment_of(workspace, transport, counting)
        house = stack.enter_context(House(home, url or f"sqlite:///{home / 'b.db'}", redis.url, FLOWS, **environment))
        office = Premises(house, workspace, redis, listening)
        office.start("web", "worker", "clock")
        if transport == "http":
            workspace.deliver_to(office.url)
        try:
            return _Day(office, counting, names, runs, slack_plan(seed, blows), seed, minutes).go()
        finally:
            office.kill(*office.running())


class _Day:
    """Ana types, Ben presses, and the plan goes on beside them."""

    def __init__(
        self, office: Premises, counting: CountingServer, channels: Sequence[str], runs: int, plan: Sequence[Blow],
        seed: int, minutes: float,
    ) -> None:  # fmt: skip
        self._office = office
        self._store = office.house.store
        self._workspace = office.workspace
        self._counting = counting
        self._channels = channels
        self._titles = [f"leaflet{number}" for number in range(runs)]
        self._plan = plan
        self._dice = random.Random(f"slack people {seed}")
        self._minutes = minutes
        self._over = threading.Event()
        self._typed = 0
        self._unanswered = 0
        self._twice: Counter[str] = Counter()
        self._blows: Counter[Blow] = Counter()
        self._broken: list[BaseException] = []

    def go(self) -> SlackOutcome:
        began = time.monotonic()
        threads = [threading.Thread(target=self._kept, args=(do,), daemon=True) for do in (self._ana, self._ben)]
        for thread in threads:
            thread.start()
        self._strike(began + self._minutes * 60)
        self._rest()
        self._over.set()
        for thread in threads:
            thread.join(30)
        if self._broken:
            raise self._broken[0]
        printed = {path.split("/")[1]: times for path, times in self._counting.effects.items()}
        findings = slack_audit(self._shown(), printed)
        return SlackOutcome(
            len(self._titles), self._blows, self._twice, self._unanswered, findings, time.monotonic() - began
        )

    def _kept(self, do: Callable[[], None]) -> None:
        try:
            do()
        except BaseException as error:  # noqa: BLE001 - `go` raises it
            self._broken.append(error)

    # people ----------------------------------------------------------------------------------------------

    def _ana(self) -> None:
        ana = self._workspace.user("ana")
        for number, title in enumerate(self._titles):
            channel = self._channels[number % len(self._channels)]
            while not self._started(title):
                if self._over.is_set():
                    return
                told = self._command(ana, channel, f"run leaflet title={title}")
                if not self._deliver([told], "commands"):
                    self._await(lambda title=title: self._started(title))  # type: ignore[misc]
            self._typed += 1

    def _command(self, user: LocalUser, channel: str, words: str) -> Delivery:
        gestures = self._workspace.site.gestures
        told, _secret = gestures.typed(user.person, self._workspace.channel(f"#{channel}").now, "/baton", words)
        return told

    def _await(self, true: Callable[[], bool]) -> None:
        """A command that nobody took in time may wait at the door of a web process that starts: she gives it a while,
        since Slack's next command is another one, and would be a second run that she asked for."""
        end = time.monotonic() + PATIENCE
        while not true() and time.monotonic() < end and not self._over.wait(LOOK):
            pass

    def _started(self, title: str) -> bool:
        """What she would ask for with `/baton runs` before she types it once more."""
        return any(_title(run) == title for run in all_runs(self._store))

    def _ben(self) -> None:
        ben = self._workspace.user("ben")
        pressed: dict[str, float] = {}
        while not self._over.is_set():
            for request in self._requests():
                if time.monotonic() - pressed.get(request.ts, float("-inf")) < PATIENCE:
                    continue
                pressed[request.ts] = time.monotonic()
                button = request.button("Approve")
                action = {
                    "type": "button", "action_id": button.action_id, "block_id": button.block_id, "value": button.value,
                }  # fmt: skip
                self._deliver([self._workspace.site.gestures.pressed(ben.person, request, action, {})], "presses")
            self._over.wait(LOOK)

    def _requests(self) -> Iterator[Message]:
        for name in self._channels:
            for message in self._workspace.channel(f"#{name}").messages:
                if "Approve" in message.buttons:
                    yield message

    def _deliver(self, told: Sequence[Delivery], what: str) -> bool:
        """Let Slack tell of it, now and then twice at once; False when nobody took it."""
        times = 2 if self._dice.random() < 0.4 else 1
        if times == 2:
            self._twice[what] += 1
        courier = self._workspace.site.courier
        with ThreadPoolExecutor(times) as pool:
            acks = list(pool.map(lambda one: self._workspace.run(courier.deliver(one)), [*told] * times))
        taken = not all(bool(ack.problem) for ack in acks)
        self._unanswered += not taken
        return taken

    # the plan --------------------------------------------------------------------------------------------

    def _strike(self, until: float) -> None:
        """One blow each time so many more leaflets are printed, or when nothing came of the last for long."""
        for number, blow in enumerate(self._plan):
            moved = time.monotonic()
            wanted = number * len(self._titles) // (len(self._plan) + 1)
            while (
                len(self._counting.effects) < wanted and time.monotonic() < min(until, moved + 15) and not self._broken
            ):
                time.sleep(LOOK)
            self._do(blow)
            self._blows[blow] += 1

    def _do(self, blow: Blow) -> None:
        office = self._office
        match blow:
            case Blow.KILL_WEB | Blow.KILL_WORKER | Blow.KILL_CLOCK:
                name = blow.name.removeprefix("KILL_").lower()
                office.kill(name)
                office.start(name)
            case Blow.KILL_REDIS:
                office.redis.stop()
                time.sleep(self._dice.uniform(0.1, 1.0))  # so long it is away: the fault itself
                office.redis.start()
            case Blow.FLUSH_REDIS:
                with office.redis.client() as client:
                    client.flushall()
            case Blow.DELIVER_TWICE:
                ids = [run.id for run in all_runs(self._store)]
                office.house.runtime.queue.ring_delivery(*ids, again=True)
                office.house.runtime.queue.ring_delivery(*ids, again=True)

    def _rest(self) -> None:
        """Until every run is over and everything is shown, or nothing moves any more."""
        moved, seen = time.monotonic(), (-1, -1, -1)
        while time.monotonic() - moved < AT_REST and not self._broken:
            behind = self._office.house.runtime.outbox.behind()
            if self._typed == len(self._titles) and not behind and not self._store.runs(RunQuery(states=OPEN, limit=1)):
                return
            now = (self._typed, len(self._counting.effects), behind)
            if now != seen:
                moved, seen = time.monotonic(), now
            time.sleep(LOOK)

    # what came of it -------------------------------------------------------------------------------------

    def _shown(self) -> Mapping[str, list[Shown]]:
        standing = [m for name in self._channels for m in self._workspace.channel(f"#{name}").messages if m.metadata]
        marks: Counter[str] = Counter()
        buttons: Counter[str] = Counter()
        texts: dict[str, str] = {}
        for message in standing:
            mark = str((message.metadata or {})["event_payload"]["id"])
            marks[mark] += 1
            buttons[mark] += "Approve" in message.buttons
            texts[mark] = message.text
        found: dict[str, list[Shown]] = {title: [] for title in self._titles}
        for run in all_runs(self._store):
            rows = {row.id: row.key for row in self._office.house.runtime.outbox.deliveries(run.id)}
            approvals = self._store.approvals(run_id=run.id, state=ApprovalState.DECIDED)
            found[_title(run)].append(
                Shown(
                    run.id, run.state, sum(len(self._store.decisions(one.id)) for one in approvals),
                    {mark: marks[mark] for mark in rows if marks[mark]}, frozenset(rows),
                    sum(buttons[mark] for mark in rows),
                    any(": succeeded" in texts.get(mark, "") for mark, key in rows.items() if key == "card"),
                )
            )  # fmt: skip
        unknown = set(marks) - {mark for runs in found.values() for run in runs for mark in run.wanted}
        if unknown:
            raise AssertionError(f"{len(unknown)} messages stand there of which no run knows")
        return found


def _title(run: Run) -> str:
    title: str = json.loads(run.input)["title"]
    return title


def slack_report(outcome: SlackOutcome) -> str:
    """The figures, then what is wrong."""
    lines = [f"  in Slack: {outcome.runs} runs asked for by commands, decided by buttons, {outcome.seconds:.0f} s"]
    lines += [_row(str(blow), count) for blow, count in sorted(outcome.blows.items())]
    lines += [_row(f"{what} that Slack told of twice at once", count) for what, count in sorted(outcome.twice.items())]
    lines += [_row("commands and presses that nobody took, done again", outcome.unanswered), "  must be 0"]
    for kind, found in outcome.findings.items():
        lines += [_row(kind, len(found)), *(f"      {words}" for words in found[:5])]
    return "\n".join(lines)


def _row(what: str, count: int) -> str:
    return f"    {what:<68}{count:>8}"
