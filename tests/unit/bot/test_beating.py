"""A process says that it lives, looks at the others, and says farewell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bot.beating import Pulse, beating, pulse_of, this_part
from bot.living import part_findings
from bot.runtime import NOWHERE, Runtime
from bot.sandbox import LocalWorkspace
from bot.settings import read_settings
from bot.slack.manifest import manifest
from tests.unit.bot.command_stage import eventually
from workflows.engine.beats.model import BEAT_EVERY, Beat, End, PartKind
from workflows.engine.errors import StoreUnavailable
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_beats import MemoryBeats

ME = this_part(PartKind.WORKER)


class Table(MemoryBeats):
    """A table that may be away."""

    away = False

    def beat(self, beats: Sequence[Beat]) -> None:
        if self.away:
            raise StoreUnavailable("The database is away.")
        super().beat(beats)

    def end(self, beat: Beat, end: End) -> None:
        if self.away:
            raise StoreUnavailable("The database is away.")
        super().end(beat, end)

    def endings(self) -> dict[str, End]:
        return {one.id: one.ending for one in self.heard(limit=9)}


class Stage:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.table = Table(MemoryStore(self.clock))
        self.looks = 0
        self.pulse = Pulse(ME, self.table, self._look, trust=2 * BEAT_EVERY, seconds=self.clock.monotonic)

    def _look(self) -> None:
        self.looks += 1

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.clock.advance(BEAT_EVERY)
            self.pulse.tick()


def test_it_beats_now_and_then_for_itself_and_for_those_that_were_seen() -> None:
    stage = Stage()
    stage.pulse.tick()
    stage.pulse.tick()
    assert (stage.looks, stage.table.endings()) == (1, {ME.id: End.UNTOLD})
    stage.pulse.saw("child")
    stage.pulse.tick()
    assert stage.table.endings() == {ME.id: End.UNTOLD, "child": End.UNTOLD}
    stage.pulse.saw("child")
    stage.pulse.tick()
    assert stage.looks == 2
    stage.tick(6)
    child = next(one for one in stage.table.heard(limit=9) if one.id == "child")
    assert (child.kind, child.parent, child.pid) == (PartKind.PROCESS, ME.id, 0)
    assert stage.clock.now() - child.seen_at == 4 * BEAT_EVERY  # it was trusted for a while


def test_who_ended_is_told_at_once_and_again_when_the_database_was_away() -> None:
    stage = Stage()
    stage.tick()
    stage.table.away = True
    stage.pulse.ended("child", crashed=True)
    stage.pulse.tick()
    stage.pulse.ended("other", crashed=False)
    stage.pulse.leave()  # nobody hears it, and it fails nobody
    assert stage.table.endings() == {ME.id: End.UNTOLD}
    stage.table.away = False
    stage.tick()
    assert stage.table.endings() == {ME.id: End.UNTOLD, "child": End.CRASHED, "other": End.LEFT}
    stage.pulse.leave()
    assert stage.table.endings()[ME.id] is End.LEFT


def test_a_part_beats_in_a_thread_and_says_farewell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runtime = Runtime(read_settings(baton_home=tmp_path, database_url="", redis_url=""), NOWHERE)
    runtime.migrate()
    beats = runtime.store.beats
    with beating(runtime, PartKind.CLOCK):
        eventually(lambda: [one.ending for one in beats.heard(limit=9)] == [End.UNTOLD])
        found = {finding.part: finding for finding in part_findings(runtime)}
    eventually(lambda: [one.ending for one in beats.heard(limit=9)] == [End.LEFT])
    [clock] = beats.heard(limit=9)
    assert f"process {clock.pid}, version" in found[f"clock on {clock.host}"].words
    assert "baton worker" in found["worker"].advice
    runtime.close()


def test_what_is_missing_and_what_differs_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    class Moved(Runtime):
        judge = ManualClock()

    runtime = Moved(read_settings(baton_home=tmp_path, database_url="", redis_url=""), NOWHERE)
    runtime.migrate()
    assert list(part_findings(runtime)) == []
    web, worker, clock = (
        Beat(k.value, k, "one", 7, "1.0", ME.began_at, ME.seen_at) for k in PartKind if k != "process"
    )
    runtime.store.beats.beat([web, worker])
    Moved.judge.advance(timedelta(minutes=5))
    runtime.store.beats.beat([worker, Beat("clock", PartKind.CLOCK, "one", 8, "2.0", clock.began_at, clock.seen_at)])
    words = [f"{finding.part}: {finding.words}" for finding in part_findings(runtime)]
    assert any(line.startswith("Parts: The web on one (process 7, version 1.0) died") for line in words)
    assert "Parts: they run different versions: 1.0, 2.0" in words
    runtime.close()


def test_while_no_worker_delivers_who_finds_that_brings_the_alert_to_slack(tmp_path: Path) -> None:
    with LocalWorkspace(manifest([])) as workspace:
        settings = read_settings(
            _env_file=None, baton_home=tmp_path, slack_bot_token=workspace.bot_token, baton_ops_channel="#ops",
            slack_api_url=workspace.api_url, slack_signing_secret="made-up",
        )  # fmt: skip
        runtime = Runtime(settings, NOWHERE)
        runtime.migrate()
        runtime.alerts.raise_("circuit", "connector:shop", "The shop is left alone", "Wait.")
        runtime.store.beats.beat([ME])
        pulse_of(runtime, this_part(PartKind.WEB)).tick()
        assert not workspace.channel("#ops").messages  # that is a worker's part
        runtime.store.beats.end(ME, End.LEFT)
        pulse_of(runtime, this_part(PartKind.WEB)).tick()
        assert "The shop is left alone" in workspace.channel("#ops").messages[-1].shown
        runtime.close()
