"""Within a run time goes on, whoever advances it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.unit.workflows.engine.stage import read
from workflows import Run, workflow
from workflows.engine.ports import Claim, Claimant
from workflows.engine.testing.clock import ManualClock
from workflows.engine.testing.harness import Harness
from workflows.engine.testing.memory import MemoryStore


@workflow("told_once")
def told_once(run: Run, given: None) -> str:
    run.step(read, "one")
    run.signal("go", str)
    return run.step(read, "two")


class SlowClaims(MemoryStore):
    """Claims take ever longer, so that the moment that they name is old when it is heard."""

    took = timedelta(0)

    def claim(self, run_id: str, claimant: Claimant) -> Claim | None:
        claim = super().claim(run_id, claimant)
        self.took += timedelta(seconds=3)
        return replace(claim, now=claim.now - self.took) if claim else None


def test_a_run_never_ends_before_its_last_step_nor_a_step_before_the_one_that_came_first() -> None:
    clock = ManualClock()
    harness = Harness(told_once, store=SlowClaims(clock), clock=clock)
    run_id = harness.start("told_once")
    harness.work()
    harness.signal(run_id, "go", "on")
    harness.work()
    ended = [record.ended_at for record in harness.history(run_id) if record.ended_at]
    assert len(ended) == 3
    assert ended == sorted(ended)
    over = harness.run(run_id).ended_at
    assert over is not None
    assert over >= max(ended)
