"""What people, workers and clocks ask of the store and the outbox, by name: the statements come from the real code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from benchmarks.grown.rows import BUSY, CHANNELS, PEOPLE, WORKFLOWS, Grown
from workflows.engine.alerts.model import Alert, Severity, Told
from workflows.engine.beats.model import Beat, End, PartKind
from workflows.engine.bulks.model import Bulk, CameTo, Move
from workflows.engine.drafts import Draft
from workflows.engine.expiry import Expiry
from workflows.engine.hooks.model import Inbound, InboundState
from workflows.engine.hooks.ports import Arrival
from workflows.engine.ids import new_id
from workflows.engine.letters.joining import letter_of
from workflows.engine.letters.model import GroupQuery
from workflows.engine.model import OPEN, ApprovalState, Audit, NewRun, Pause, Run, RunChange, RunState, Writes
from workflows.engine.outbox import POSTS, Budget, Delivery, Left
from workflows.engine.ports import Claimant, RunQuery
from workflows.engine.problem import Problem
from workflows.storage.store import SqlStore

Ask = Callable[[SqlStore, Grown], Any]
SECOND = timedelta(seconds=1)
PAGE = 50

LISTS: dict[str, Callable[[Grown], RunQuery]] = {
    "the newest runs": lambda _: RunQuery(),
    "the page after": lambda made: RunQuery(before=made.over),
    "runs in one state": lambda _: RunQuery(states=frozenset({RunState.SUCCEEDED})),
    "runs in rare states": lambda _: RunQuery(states=frozenset({RunState.PARKED, RunState.WAITING})),
    "open runs, as doctor asks": lambda _: RunQuery(states=OPEN, limit=1_000),
    "runs of a workflow": lambda _: RunQuery(workflow=WORKFLOWS[3]),
    "open runs of a workflow, as a dry run asks": lambda _: RunQuery(states=OPEN, workflow=WORKFLOWS[3], limit=1_000),
    "failed runs of a workflow": lambda _: RunQuery(states=frozenset({RunState.FAILED}), workflow=WORKFLOWS[3]),
    "runs that somebody started, as Home asks": lambda _: RunQuery(started_by=PEOPLE[3], limit=6),
    "parked runs that a trigger started": lambda _: RunQuery(states=frozenset({RunState.PARKED}), started_by=BUSY),
    "dead letters": lambda _: RunQuery(dead=True, limit=1_000),
    "dead letters, as Home asks": lambda _: RunQuery(dead=True, limit=200),
    "child runs": lambda made: RunQuery(parent_id=made.parent),
    "a run by the beginning of its id": lambda made: RunQuery(id_part=made.over[:16], limit=2),
    "a run by the end of its id": lambda made: RunQuery(id_part=made.over[-5:], limit=2),
    "a run by its id": lambda made: RunQuery(id_part=made.over, limit=2),
    "runs with a rare label": lambda _: RunQuery(labels=(("customer", "c0042"),)),
    "runs with two labels": lambda _: RunQuery(labels=(("customer", "c0042"), ("team", "red"))),
    "runs with a common label": lambda _: RunQuery(labels=(("team", "red"),)),
    "words that are found": lambda _: RunQuery(text="invoice refund"),
    "words that are not found": lambda _: RunQuery(text="nowhere"),
    "words in runs of a workflow": lambda _: RunQuery(text="nowhere", workflow=WORKFLOWS[3]),
    "runs of a channel": lambda _: RunQuery(channel=CHANNELS[3]),
}
"""Lists of runs: `baton runs`, `/baton runs`, Home, doctor, dry runs."""


def _asks(query: Callable[[Grown], RunQuery]) -> Ask:
    return lambda store, made: store.runs(query(made))


PEOPLE_ASK: dict[str, Ask] = {name: _asks(query) for name, query in LISTS.items()} | {
    "a run": lambda store, made: store.run(made.over),
    "its steps": lambda store, made: store.records(made.over, superseded=True),
    "its attempts": lambda store, made: store.attempts(made.over),
    "its events": lambda store, made: store.events(made.over),
    "runs with all that is recorded": lambda store, made: store.recorded([made.over, made.waiting]),
    "who had a hand in it": lambda store, made: (store.lineage(made.over), store.lineage("pruned")),
    "its audit": lambda store, made: store.audit(made.over),
    "the newest of the audit": lambda store, _: store.audited(limit=50),
    "its approvals": lambda store, made: store.approvals(run_id=made.waiting, state=None, limit=1_000),
    "its card": lambda store, made: store.outbox.card(made.over),
    "its messages": lambda store, made: store.outbox.deliveries(made.over),
    "open approvals": lambda store, _: store.approvals(limit=1_000),
    "decided approvals": lambda store, _: store.approvals(state=ApprovalState.DECIDED, limit=100),
    "an approval, as a press asks": lambda store, made: store.approval(made.approval),
    "its decisions": lambda store, made: store.decisions(made.approval),
    "a decision, as a transaction": lambda store, made: store.transact(
        made.waiting,
        lambda view: Writes(
            approvals=tuple(view.approvals()), decisions=tuple(view.decisions(made.approval)),
            audit=(Audit(view.now, PEOPLE[0], "decide approved", made.waiting, f"{len(view.children())}"),),
        ),
        about=made.approval,
    ),
    "the message that was pressed": lambda store, made: store.outbox.at(*made.message),
    "a press's address": lambda store, made: store.outbox.reply_at(made.over, *made.message, "u", until=made.now),
    "a message's address": lambda store, made: store.outbox.reply_via(made.over, "card", "u", until=made.now),
    "pauses": lambda store, _: store.pauses(),
    "groups of dead letters": lambda store, _: store.letters.groups(GroupQuery()),
    "all groups of a workflow": lambda store, _: store.letters.groups(GroupQuery(WORKFLOWS[3], open=False)),
    "a group of dead letters": lambda store, made: (
        store.letters.group("g01500"), store.letters.members("g01500"), store.letters.members("g01500", open_only=True),
        store.letters.of_run(made.over), store.letters.people("g01500"),
    ),
    "a group's owner": lambda store, made: store.letters.own(
        "g01500", PEOPLE[0], instead_of="", audit=Audit(made.now, PEOPLE[0], "claim")
    ),
    "what is delegated to somebody, as a press asks": lambda store, _: store.delegations.to(PEOPLE[0]),
    "all delegations": lambda store, _: store.delegations.all(),
    "what a monitor asks": lambda store, _: store.totals(),
    "runs that are not seen in Slack": lambda store, _: store.outbox.troubled(limit=5),
    "whether a message was received": lambda store, _: store.received("slack", "Ev0"),
}  # fmt: skip
"""What somebody waits for in front of a terminal or in Slack."""

CLAIMANT = Claimant("w2", 15 * SECOND, 1_000_000, frozenset(WORKFLOWS))


def _claimed(store: SqlStore, made: Grown) -> None:
    """A start, and all that a worker does with the run."""
    run = Run("zz-new", WORKFLOWS[0], "New", RunState.QUEUED, "{}", made.now, dedupe="new", labels='{"team": "red"}')
    store.create(NewRun(run), Writes())
    store.create(NewRun(run), Writes())  # the same start once more
    claim = store.claim(run.id, CLAIMANT)
    assert claim is not None
    store.inbox(run.id)
    store.renew("w2", 15 * SECOND)
    store.commit(claim.lease, Writes(run={"state": RunState.WAITING}), leave=True)
    store.release("w2", crashed=False)


def _limited(store: SqlStore, made: Grown) -> None:
    """Two runs that share a limit of one."""
    for number in (1, 2):
        run = Run(f"zz-limited-{number}", WORKFLOWS[0], "New", RunState.QUEUED, "{}", made.now)
        store.create(NewRun(replace(run, limit_key="k", limit_runs=1)), Writes())
    claim = store.claim("zz-limited-1", CLAIMANT)
    assert claim is not None
    assert store.claim("zz-limited-2", CLAIMANT) is None
    store.commit(claim.lease, Writes(run={"state": RunState.SUCCEEDED, "ended_at": made.now}), leave=True)


def _delivered(store: SqlStore, made: Grown) -> None:
    """Cards that are due, and one of them delivered."""
    outbox = store.outbox
    outbox.watch(made.over)
    outbox.touch(made.over)
    outbox.due(limit=200)
    outbox.behind()
    for run_id in (made.over, POSTS):
        outbox.post(Delivery(f"zz-{run_id}", run_id, "post/zz", "post", made.now))
        claim = outbox.claim(run_id, "d1", 15 * SECOND)
        assert claim is not None
        outbox.save(claim.lease, *claim.deliveries[-1:])
        outbox.release("d1")
    claim = outbox.claim(made.over, "d1", 15 * SECOND)
    assert claim is not None
    outbox.leave(claim.lease, Left(claim.card.wanted, claim.card.wanted), *claim.deliveries[-1:])


def _failed(store: SqlStore, made: Grown) -> None:
    """A run fails, is seen with its group, and is put right."""
    run = Run("zz-failed", WORKFLOWS[0], "New", RunState.QUEUED, "{}", made.now)
    store.create(NewRun(run), Writes())
    claim = store.claim(run.id, CLAIMANT)
    assert claim is not None
    letter = replace(letter_of(run, Problem("Failed", "no"), made.now), group="zz-group")
    dead: RunChange = {"state": RunState.FAILED, "dead_at": made.now, "ended_at": made.now}
    store.commit(claim.lease, Writes(run=dead, letter=letter), leave=True)
    store.letters.stir(limit=200)
    store.letters.touch("zz-group")
    store.transact(run.id, lambda _: Writes(run={"dead_at": None}))


def _paced(store: SqlStore, _: Grown) -> None:
    for _number in range(2):
        store.outbox.reserve(Budget("chat.update", 60 * SECOND, place="slack:T1:C03"))
    store.outbox.hold("chat.update", SECOND)


def _paused(store: SqlStore, made: Grown) -> None:
    store.pause(Pause(WORKFLOWS[0], PEOPLE[0], made.now))
    store.rescue(limit=200, grace=5 * SECOND)
    store.totals()
    store.unpause(WORKFLOWS[0], PEOPLE[0])


def _happened(store: SqlStore, made: Grown) -> None:
    """What a digest asks of a day."""
    since, until = made.now - timedelta(days=2), made.now - timedelta(days=1)
    store.happenings.counts(since, until)
    store.happenings.ended(since, until, states=frozenset({RunState.FAILED}), limit=2_000)
    store.happenings.steps([run.id for run in store.happenings.ended(since, until, limit=20)] or [made.over])


def _drafted(store: SqlStore, made: Grown) -> None:
    store.drafts.keep(Draft("zz-draft", "digest", "{}", PEOPLE[0], made.now))
    store.drafts.find("zz-draft")
    store.drafts.forget(limit=20)
    store.drafts.drop("zz-draft")


def _bulked(store: SqlStore, made: Grown) -> None:
    """A move of a whole group: asked, confirmed, carried out, looked at, stopped, forgotten."""
    bulks, audit = store.bulks, Audit(made.now, PEOPLE[0], "discard all")
    group = store.letters.groups(GroupQuery(limit=1))[0].group.id
    asked = bulks.ask(Bulk(new_id(), group, Move.DISCARD, PEOPLE[0], made.now))
    bulks.ask(Bulk(new_id(), group, Move.DISCARD, PEOPLE[0], made.now, only=PEOPLE[0]))
    bulks.confirm(asked.id, audit)
    bulks.claim("w2", 15 * SECOND)
    for turn in bulks.turns(asked.id, limit=1):
        bulks.settle(asked.id, turn.run_id, CameTo.REFUSED, "no")
    bulks.rest(asked.id, "w2")
    bulks.look(asked.id)
    bulks.of_group(group)
    bulks.cancel(asked.id, audit)
    bulks.forget(limit=5)


def _beaten(store: SqlStore, made: Grown) -> None:
    """What a part writes and asks to know who lives."""
    worker = Beat("zz-worker", PartKind.WORKER, "h", 1, "1", made.now, made.now)
    store.beats.beat([worker, replace(worker, id="zz-child", kind=PartKind.PROCESS, parent=worker.id)])
    store.beats.heard(limit=1000)
    store.beats.end(worker, End.LEFT)
    store.beats.forget(made.now - timedelta(days=1))


def _alerted(store: SqlStore, made: Grown) -> None:
    """What a clock asks to find out what is wrong, and to tell it."""
    alerts = store.alerts
    alert = Alert("zz-alert", "errors", "workflow:x", Severity.ERROR, "w", "a", made.now, made.now)
    store.happenings.failed_attempts(made.now - timedelta(hours=1), made.now)
    store.happenings.queued_since()
    alerts.begin(alert)
    alerts.begin(replace(alert, id="zz-alert-2"))
    alerts.open("errors")
    alerts.untold(limit=100)
    alerts.tell(alert.id, Told.BEGIN)
    alerts.over("errors", "workflow:x")
    alerts.recent(limit=20)
    alerts.mutes()
    alerts.forget(made.now - timedelta(days=90))


def _told(store: SqlStore, made: Grown) -> None:
    """Something that a service tells twice, what is listed of it, and that it is forgotten."""
    told = Arrival(Inbound("hook:shop", "zz-event", "order.placed", InboundState.IGNORED, made.now))
    store.inbound.find("hook:shop", "zz-event")
    store.inbound.take(told)
    store.inbound.take(told)
    store.inbound.latest("hook:shop", limit=20)
    store.inbound.forget(timedelta(0), limit=200)


MACHINES_ASK: dict[str, Ask] = {
    "runs that are due": lambda store, _: store.rescue(limit=200, grace=5 * SECOND),
    "reminders that are due": lambda store, _: store.remind(limit=200),
    "runs that nobody sees yet": lambda store, _: store.outbox.adopt(limit=200),
    "a start and its worker": _claimed,
    "runs that share a limit": _limited,
    "cards that are due": _delivered,
    "a failure and its group": _failed,
    "dead letters without a group": lambda store, made: (
        store.letters.astray(limit=200),
        store.letters.mend(made.over),
    ),
    "whether an error is gone": lambda store, _: (
        store.letters.unclosed(limit=100),
        store.letters.close_if_passed("zz-group", runs=20),
    ),
    "the pace of messages": _paced,
    "a paused workflow": _paused,
    "what happened in a day": _happened,
    "what was shown before it is saved": _drafted,
    "what is wrong": _alerted,
    "who lives": _beaten,
    "what a service tells": _told,
    "a move of a whole group": _bulked,
    "a trigger's cursor": lambda store, _: (store.set_cursor("topics", "1"), store.cursor("topics")),
    "a batch of old runs": lambda store, made: store.prune(Expiry(made.now - timedelta(days=300)), limit=20),
    "old rows of no run": lambda store, made: store.sweep(
        Expiry(made.now - timedelta(days=300), audit_before=made.now - timedelta(days=360)), limit=20
    ),
}
"""What workers and clocks ask all the time."""
