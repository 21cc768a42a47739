"""Somebody of another workspace, at every part of the edge, with everything that a member could press or send."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, select, table, text

from bot.sandbox.seed import OTHER_TEAM
from bot.slack import ids, pressing, submitting
from bot.slack.ids import ApprovalRef, Context, ScheduleRef
from bot.slack.incoming import Caller, Command, Press, Said, Shortcut, Step, Submission
from bot.slack.manifest import SHORTCUTS, manifest
from bot.slack.phrases import VERBS
from bot.slack.reacting import Reaction
from bot.slack.replying import Offered
from tests.scenarios.slack.stage import Stage, opened_stage
from workflows.engine.bulks.model import Move
from workflows.engine.model import RunState

SECRETS = ("moonshine", "Publish an article", "Run an errand", "Admins' work", "The shop is closed")
"""What members know: inputs, titles, names, errors."""
OWN_MARKS = frozenset({"received", "home", "pace"})
"""Tables in which it is noted that something came in, whoever sent it."""


@dataclass(frozen=True)
class House:
    """What there is to find."""

    stage: Stage
    waiting: str
    dead: str
    ref: ApprovalRef
    group: str
    schedule: ScheduleRef
    draft: str
    bulk: str

    def said(self) -> dict[str, str]:
        """A phrase for each verb."""
        return {
            "run": "run note topic=stolen", "runs": "runs state:waiting", "status": f"status {self.waiting}",
            "approvals": "approvals", "resume": f"resume {self.dead}", "cancel": f"cancel {self.waiting} stop",
            "why": f"why {self.waiting}", "workflows": "workflows articl", "pause": "pause article now",
            "unpause": "unpause article", "schedule": "schedule remove nightly",
            "digest": "digest add daily_ops #ops weekdays 9:00", "alerts": "alerts", "mute": "mute crm until 18:00",
            "unmute": "unmute crm", "mutes": "mutes", "deadletters": "deadletters", "claim": f"claim {self.dead}",
            "release": f"release {self.dead}", "fork": f"fork {self.dead}", "undo": f"undo {self.dead}",
            "delegate": f"delegate <@{self.stage.user('eve').id}> until friday", "credentials": "credentials",
            "help": "help",
        }  # fmt: skip

    def pressed(self) -> dict[str, str]:
        """A value for each button."""
        named = {
            ids.APPROVAL_REPLY: Offered(self.ref, "1.2", "good").value(), ids.WORKFLOW_START: "article",
            ids.GROUP_CLAIM: self.group, ids.GROUP_RELEASE: self.group, ids.GROUP_PICK: self.dead,
            ids.GROUP_RESUME: self.group, ids.GROUP_SKIP: self.group, ids.GROUP_FORK: self.group,
            ids.GROUP_DISCARD: self.group, ids.GROUP_STOP: self.bulk,
            ids.SCHEDULE_ADD: "article", ids.DIGEST_SAVE: self.draft, ids.DIGEST_DROP: self.draft,
            ids.RUN_DETAILS: self.waiting, ids.RUN_CANCEL: self.waiting, ids.RUN_RESUME: self.dead,
        }  # fmt: skip
        approval = {one: self.ref.text() for one in ids.ACTIONS if one.startswith("approval.")}
        alert = {one: self.dead for one in ids.ACTIONS if one.startswith("alert.")}
        schedule = {one: self.schedule.text() for one in ids.ACTIONS if one.startswith("schedule.")}
        return approval | alert | schedule | named

    def sent(self) -> dict[str, Context]:
        """What stands behind each modal."""
        asked = Context(run=self.waiting, approval=self.ref.approval, digest=self.ref.digest)
        dead = Context(run=self.dead, workflow="errand", key="order")
        rule = json.dumps({"name": "stolen", "workflow": "note", "cron": "0 9 * * *", "zone": "UTC"})
        start = Context(workflow="note", rule=rule)
        return {
            ids.VIEW_START: start, ids.VIEW_CANCEL: asked, ids.VIEW_EDIT: dead, ids.VIEW_SKIP: dead,
            ids.VIEW_APPROVE: asked, ids.VIEW_CHANGES: asked, ids.VIEW_REJECT: asked, ids.VIEW_EDIT_APPROVE: asked,
            ids.VIEW_REASSIGN: asked, ids.VIEW_FORK: dead, ids.VIEW_CHOOSE: start, ids.VIEW_SCHEDULE: start,
            ids.VIEW_SCHEDULE_INPUT: start, ids.VIEW_CREDENTIAL: Context(workflow="wordpress"),
            ids.VIEW_BULK: Context(bulk=self.bulk), ids.VIEW_UNDO: dead,
        }  # fmt: skip


STATE = {
    "field.topic": {"value": {"type": "plain_text_input", "value": "stolen"}},
    "field.title": {"value": {"type": "plain_text_input", "value": "stolen"}},
    "comment": {"value": {"type": "plain_text_input", "value": "stolen"}},
    "reason": {"value": {"type": "plain_text_input", "value": "stolen"}},
    "skip_value": {"value": {"type": "plain_text_input", "value": "1"}},
}
"""Filled-in fields, by block and action."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened_stage(tmp_path_factory.mktemp("house"), "http") as stage:
        ana = stage.user("ana")
        stage.shop.open = False
        for line in (
            "run article title=moonshine", "run errand title=moonshine", "digest add daily_ops #ops weekdays 9:00",
            "schedule add nightly note daily 21:00 topic=moonshine",
        ):  # fmt: skip
            ana.command(f"/baton {line}", channel="#content")
            stage.settle()
        [approval] = stage.runtime.store.approvals()
        [dead] = [run for run in stage.runs("errand") if run.state is RunState.FAILED]
        member = stage.runtime.store.letters.of_run(dead.id)
        assert member is not None
        rows = _rows(stage)
        [schedule] = rows["schedule"]
        [draft] = rows["draft"]
        yield House(
            stage, approval.run_id, dead.id, ApprovalRef(approval.id, approval.digest), member.group_id,
            ScheduleRef(str(schedule["name"]), str(schedule["id"])), str(draft["id"]),
            stage.runtime.bulks.ask(member.group_id, Move.RESUME, by=stage.actor("ana")).bulk.id,
        )  # fmt: skip


def _rows(stage: Stage) -> dict[str, list[dict[str, object]]]:
    """Everything that is recorded."""
    engine = create_engine(stage.runtime.settings.database)
    names = [name for name in inspect(engine).get_table_names() if name not in OWN_MARKS]
    with engine.connect() as conn:
        found = {
            name: sorted(conn.execute(select(text("*")).select_from(table(name))).mappings(), key=repr)
            for name in names
        }
    engine.dispose()
    return {name: [dict(row) for row in rows if not _is_mark(row)] for name, rows in found.items()}


def _is_mark(row: Mapping[Any, Any]) -> bool:
    """Whether a row only says that somebody looked, or that their App Home is shown."""
    return str(row.get("name")).startswith("looked/") or str(row.get("run_id")).startswith("home-")


def test_each_part_is_tried(house: House) -> None:
    assert set(house.said()) == set(VERBS)
    assert set(house.pressed()) >= set(pressing.HANDLERS)
    assert set(house.sent()) == set(submitting.HANDLERS) == set(ids.VIEWS)


def _tried(house: House, caller: Caller) -> Iterator[tuple[str, Reaction]]:
    """Everything, and what came of it at once."""
    listeners, trigger = house.stage.side.app.listeners, house.stage.workspace.world.tickets.trigger
    for verb, words in house.said().items():
        yield verb, listeners.command(Command(caller, "/baton", words, trigger(caller.user)))
        yield verb, listeners.said(Said(caller, words, f"1.{verb}", "", f"Ev{verb}{caller.user}", direct=False))
    for action, value in house.pressed().items():
        yield action, listeners.press(Press(caller, action, value, trigger(caller.user)))
    for callback, context in house.sent().items():
        yield callback, listeners.submission(Submission(caller, "V1", callback, context, STATE))
    for callback, *_ in SHORTCUTS:
        yield callback, listeners.shortcut(Shortcut(caller, callback, trigger(caller.user), text="stolen"))
    yield "home", listeners.home(caller.team, caller.user)


def test_a_member_learns_all_of_it(house: House) -> None:
    stage = house.stage
    carla = Caller(stage.workspace.team_id, stage.user("carla").id, stage.workspace.channel("#content").id)
    looks = ("runs", house.said()["status"], "workflows", "deadletters")
    answers = [stage.side.app.listeners.command(Command(carla, "/baton", words, "")) for words in looks]
    told = " ".join(json.dumps(dict(answer.body or {})) for answer in answers)
    assert [secret for secret in SECRETS if secret not in told] == []


@pytest.mark.parametrize("name", ["eve", "ben", "carla", "dmitri"])
def test_an_outsider_sees_and_does_nothing(house: House, name: str) -> None:
    """Eve is a stranger, Ben and Carla have the ids of an editor and of an admin in another workspace, Dmitri is a
    guest of this one."""
    stage = house.stage
    team = stage.workspace.team_id if name == "dmitri" else OTHER_TEAM
    caller = Caller(team, stage.user(name).id, stage.workspace.channel("#content").id)
    before, calls = _rows(stage), len(stage.workspace.calls)
    told: list[tuple[str, str]] = []
    for part, reaction in _tried(house, caller):
        for errand in reaction.then:
            errand()
        told.append((part, json.dumps(dict(reaction.body or {}))))
    stage.quiet()
    after = _rows(stage)
    assert {table for table in before if before[table] != after[table]} == set()
    told += [(call.method, json.dumps(dict(call.arguments), default=str)) for call in stage.workspace.calls[calls:]]
    assert [(part, secret) for part, words in told for secret in SECRETS if secret in words] == []


def test_a_step_of_the_builder_starts_nothing_for_a_stranger(house: House) -> None:
    [callback] = manifest([])["functions"]
    before = [run.id for run in house.stage.runs()]
    inputs = {"workflow": "note", "person": house.stage.user("carla").id, "fields": "topic=stolen"}
    house.stage.side.app.listeners.step(Step(OTHER_TEAM, "Fx1", callback, inputs))
    house.stage.settle()
    assert [run.id for run in house.stage.runs()] == before
