"""Every finding of the audit is found, and a run without faults gives none."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.audit import UNCLEAR, Ended, Facts, Findings, Step, Unclear, audit
from tests.chaos.excuses import Hit
from tests.chaos.shapes import CHILDREN, Sort, output_of, shape_of, workflow_of
from tests.servers.effects import Execution
from workflows.engine.model import RunState

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ERRAND = 0
HOPEFUL = 17
TRIP = 13
TOLD = 8
FAMILY = 1
NUMBERS = (ERRAND, HOPEFUL, TRIP, TOLD, FAMILY)


class Story:
    """Runs that went well, to be spoilt."""

    def __init__(self) -> None:
        self.executions: list[Execution] = []
        self.runs: list[Ended] = []
        for number in NUMBERS:
            workflow = workflow_of(number)
            for name in filter(None, (workflow, CHILDREN.get(workflow))):
                self._add(name, number)
        self.asked = {number: workflow_of(number) for number in NUMBERS}
        self.hits: list[Hit] = []
        self.pids: dict[str, int] = {}
        self.starved: set[tuple[str, str]] = set()

    def _add(self, workflow: str, number: int) -> None:
        shape = shape_of(workflow, number)
        in_order = sorted(shape.calls, key=lambda one: one.rank)
        steps = tuple(Step(call.place, self.call(number, call.place, call.sort)) for call in in_order)
        ended = Ended(number, f"r{number}", workflow, shape.end, output_of(workflow, number), steps=steps)
        self.runs.append(ended)

    def call(self, number: int, place: int, sort: str = "keyed", *, key: str = "", pid: int = 7) -> int:
        serial = len(self.executions) + 1
        made = key or f"{number}/{place}"
        self.executions.append(
            Execution(serial, sort, number, place, made, f"r{number}", 1, pid, float(serial), at=serial + 0.5)
        )
        return serial

    def without(self, number: int, place: int) -> None:
        self.executions = [e for e in self.executions if (e.number, e.place) != (number, place)]

    def change(self, number: int, **changes: object) -> None:
        at = next(i for i, run in enumerate(self.runs) if run.number == number)
        self.runs[at] = dataclasses.replace(self.runs[at], **changes)  # type: ignore[arg-type] # each test's own

    def park(self, worker: str = "w1", *, sort: str = "hoped", error: str = f"{UNCLEAR}, and so on") -> None:
        """The hopeful run stands before its second step."""
        unclear = Unclear(sort, 2, worker, NOON, "hope#1")
        self.change(HOPEFUL, state=RunState.PARKED, error=error, unclear=(unclear,), steps=(), output=None)
        for place in range(3, 9):
            self.without(HOPEFUL, place)

    def audit(self) -> Findings:
        return audit(Facts(self.asked, self.runs, self.executions, self.hits, self.pids, frozenset(self.starved)))


def test_the_numbers_are_of_the_workflows_that_these_stories_need() -> None:
    named = [workflow_of(number) for number in NUMBERS]
    assert named == ["errand", "hopeful", "trip", "told", "family"]
    assert shape_of("trip", TRIP).end is RunState.FAILED


def test_runs_that_went_well_give_no_findings() -> None:
    found = Story().audit()
    assert found == Findings()
    assert found.clean


def lose(story: Story) -> None:
    story.runs = [run for run in story.runs if run.number != TOLD]


def lose_the_child(story: Story) -> None:
    """Its parent is there, and did not wait for it."""
    story.runs = [run for run in story.runs if run.workflow != "little_errand"]


def stick(story: Story) -> None:
    story.change(ERRAND, state=RunState.WAITING)


def fail(story: Story) -> None:
    story.change(ERRAND, state=RunState.FAILED, error="retries are spent")


def succeed_without_undoing(story: Story) -> None:
    story.change(TRIP, state=RunState.SUCCEEDED)


def lose_an_effect(story: Story) -> None:
    story.without(ERRAND, 3)


def lose_an_undoing(story: Story) -> None:
    story.without(TRIP, 13)


def lose_a_record(story: Story) -> None:
    story.change(ERRAND, steps=story.runs[0].steps[1:])


def mishear(story: Story) -> None:
    story.change(TOLD, output='"another word"')


def run_the_last_step_again(story: Story) -> None:
    story.call(ERRAND, 8)


def run_an_early_step_again_and_forget_the_first(story: Story) -> None:
    """The second answer is in history, so only the order tells."""
    again = story.call(ERRAND, 6)
    steps = [Step(6, again) if step.place == 6 else step for step in story.runs[0].steps]
    story.change(ERRAND, steps=tuple(steps))


def run_a_step_of_the_child_again(story: Story) -> None:
    story.call(FAMILY, 5)


def give_a_new_key(story: Story) -> None:
    story.call(ERRAND, 3, key="another")


def make_twice(story: Story) -> None:
    story.call(ERRAND, 2, "made")


def hope_twice(story: Story) -> None:
    story.call(HOPEFUL, 2, "hoped")


def park_without_any_fault(story: Story) -> None:
    story.park()


def park_for_a_fault_elsewhere(story: Story) -> None:
    story.park("w1")
    story.pids = {"w1": 11, "w2": 22}
    story.hits = [Hit("kill-child", NOON, NOON, killed=frozenset({22}))]


def park_while_another_run_lost_its_lease(story: Story) -> None:
    story.park("w1")
    story.starved = {("r1", "w1"), (f"r{HOPEFUL}", "w2")}


def park_for_another_reason(story: Story) -> None:
    story.park("w1", error="The body of hopeful is broken")
    story.pids = {"w1": 11}
    story.hits = [Hit("kill-child", NOON, NOON, killed=frozenset({11}))]


def park_a_step_that_could_be_asked_for(story: Story) -> None:
    story.park("w1", sort="made")
    story.pids = {"w1": 11}
    story.hits = [Hit("kill-child", NOON, NOON, killed=frozenset({11}))]


def park_long_before_the_database_was_away(story: Story) -> None:
    story.park()
    late = NOON - timedelta(minutes=1)
    story.hits = [Hit("postgres-cut", late, late, database=True)]


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lose, "lost"),
        (lose_the_child, "lost"),
        (stick, "stuck"),
        (fail, "ended wrongly"),
        (succeed_without_undoing, "ended wrongly"),
        (lose_an_effect, "ended wrongly"),
        (lose_an_undoing, "ended wrongly"),
        (lose_a_record, "ended wrongly"),
        (mishear, "ended wrongly"),
        (run_the_last_step_again, "finished steps run again"),
        (run_an_early_step_again_and_forget_the_first, "finished steps run again"),
        (run_a_step_of_the_child_again, "finished steps run again"),
        (give_a_new_key, "duplicate effects, keyed"),
        (make_twice, "duplicate effects, reconciled"),
        (hope_twice, "duplicate effects, neither"),
        (park_without_any_fault, "parked without cause"),
        (park_for_a_fault_elsewhere, "parked without cause"),
        (park_while_another_run_lost_its_lease, "parked without cause"),
        (park_for_another_reason, "parked without cause"),
        (park_a_step_that_could_be_asked_for, "parked without cause"),
        (park_long_before_the_database_was_away, "parked without cause"),
    ],
)
def test_what_is_wrong_is_found(spoil: Callable[[Story], None], kind: str) -> None:
    story = Story()
    spoil(story)
    found = story.audit()
    assert found.wrongs()[kind], found
    assert not found.clean


@pytest.mark.parametrize(
    "hit",
    [
        Hit("kill-child", NOON, NOON, killed=frozenset({11})),
        Hit("stop-worker", NOON, NOON, stopped=frozenset({11})),
        Hit("postgres-restart", NOON, NOON + timedelta(seconds=1), database=True),
    ],
)
def test_a_run_whose_worker_was_hit_in_an_unclear_step_is_rightly_parked(hit: Hit) -> None:
    story = Story()
    story.park("w1")
    story.pids = {"w1": 11}
    story.hits = [hit]
    found = story.audit()
    assert found.clean, found
    assert [run.number for run in found.parked] == [HOPEFUL]


def test_a_lease_that_ran_out_under_a_worker_that_lived_is_a_cause_and_counted_apart() -> None:
    story = Story()
    story.park("w1")
    story.starved = {(f"r{HOPEFUL}", "w1")}
    found = story.audit()
    assert found.clean, found
    assert [run.number for run in found.starved] == [HOPEFUL]


def test_a_call_repeated_before_it_was_recorded_is_no_finding() -> None:
    story = Story()
    story.without(ERRAND, 8)
    story.call(ERRAND, 8)
    second = story.call(ERRAND, 8)
    steps = [Step(8, second) if step.place == 8 else step for step in story.runs[0].steps]
    story.change(ERRAND, steps=tuple(steps))
    assert story.audit() == Findings()


@pytest.mark.parametrize("sort", [Sort.MADE, Sort.KEYED])
def test_what_a_stopped_worker_sends_when_it_wakes_is_counted_apart(sort: Sort) -> None:
    story = Story()
    place = 2 if sort is Sort.MADE else 3
    story.call(ERRAND, place, sort, pid=99)
    assert not story.audit().clean
    story.hits = [Hit("stop-worker", NOON, NOON, stopped=frozenset({99}), over=1000.0)]
    found = story.audit()
    assert found.clean, found
    assert found.late


def test_a_second_key_is_never_excused() -> None:
    story = Story()
    story.call(ERRAND, 3, key="another", pid=99)
    story.hits = [Hit("stop-worker", NOON, NOON, stopped=frozenset({99}), over=1000.0)]
    assert story.audit().keyed_twice


def test_a_call_sent_before_its_process_was_stopped_excuses_no_repetition_by_another() -> None:
    story = Story()
    story.without(ERRAND, 7)
    story.call(ERRAND, 7, "made", pid=99)
    story.call(ERRAND, 7, "made", pid=7)
    story.hits = [Hit("stop-worker", NOON, NOON, stopped=frozenset({99}), over=1000.0)]
    assert story.audit().made_twice


@pytest.mark.parametrize("sort", [Sort.MADE, Sort.KEYED])
def test_who_looked_at_its_lease_after_it_woke_is_not_excused(sort: Sort) -> None:
    story = Story()
    story.call(ERRAND, 2 if sort is Sort.MADE else 3, sort, pid=99)
    story.hits = [Hit("stop-worker", NOON, NOON, stopped=frozenset({99}), over=1.0)]
    assert not story.audit().clean


@pytest.mark.parametrize("sort", [Sort.MADE, Sort.KEYED])
def test_a_stop_that_came_after_a_call_excuses_nothing(sort: Sort) -> None:
    story = Story()
    story.call(ERRAND, 2 if sort is Sort.MADE else 3, sort, pid=99)
    story.hits = [Hit("stop-worker", NOON, NOON, stopped=frozenset({99}), over=1000.0, struck=999.0)]
    assert not story.audit().clean


def test_what_nobody_can_find_out_about_is_never_excused() -> None:
    story = Story()
    story.call(HOPEFUL, 2, "hoped", pid=99)
    story.hits = [Hit("stop-worker", NOON, NOON, stopped=frozenset({99}), over=1000.0)]
    assert story.audit().hoped_twice


def test_the_second_effect_of_a_made_step_is_excused_for_the_stopped_alone() -> None:
    story = Story()
    story.call(ERRAND, 2, "made", pid=99)
    story.hits = [Hit("kill-child", NOON, NOON, killed=frozenset({99}))]
    assert story.audit().made_twice
