"""Runs as the views are given them: small builders, hostile texts, and strategies for any snapshot."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from bot.slack.views.messages import Message
from bot.slack.views.snapshot import AlertSnapshot, ApprovalSnapshot, Edit, Handover, RunSnapshot
from tests.payloads import check_message
from workflows.engine.model import Approval, ApprovalState, Decision, Kind, Outcome, Record, Run, RunState, StepState
from workflows.engine.plan import NodeKind
from workflows.engine.progress import Item, Progress

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
ANA, BEN, EVE = "slack:T1:UANA", "slack:T1:UBEN", "slack:T9:UEVE"
EDITORS = "slack:T1:SEDIT"
HOSTILE = (
    "<!channel> <!here> <@UEVE> <#C1|general> <https://evil.example|safe>", "*_~`bold` ```code```", "x" * 5_000,
    "a\nb\r\nc\u2028d\ttab\x00\x07", "\u202eevil\u202c \u2067\u05e9\u05dc\u05d5\u05dd\u2069 \u0645\u0631\u062d",
    "👩\u200d👩\u200d👧\u200d👦🏳️\u200d🌈" * 100, "", "   ", "&lt;&amp;&" * 400, "<" * 3_000, "\ud800 lone",
    "&" * 3_000, ":smile: |", "# h\n- a\n> q\n```\nopen",
)  # fmt: skip


def a_run(state: RunState = RunState.RUNNING, **changes: Any) -> Run:
    run = Run(
        "01k9aaaaaaaaaaaaaaaaaaaaaa", "article", "Write an article", state, '{"topic": "tea"}', NOW, started_by=ANA
    )
    return replace(run, **changes)


def an_approval(show: Any = "A short text", **changes: Any) -> Approval:
    asked = Approval(
        "ap1", a_run().id, 0, "editor#1", "editor", "Editor", json.dumps(show), "d" * 64, (BEN, EDITORS), NOW,
        due_at=NOW + timedelta(days=2),
    )  # fmt: skip
    return replace(asked, **changes)


def decided(outcome: Outcome, by: str = BEN, comment: str = "", **changes: Any) -> ApprovalSnapshot:
    closed = an_approval(state=ApprovalState.DECIDED, outcome=outcome, closed_at=NOW, **changes)
    return ApprovalSnapshot(closed, (Decision(closed.id, by, outcome, NOW, comment, closed.digest),))


def a_step(number: int, state: StepState = StepState.SUCCEEDED, **changes: Any) -> Item:
    item = Item(NodeKind.STEP, f"step{number}", f"Do thing {number}", state, f"step{number}#1", 1, NOW)
    return replace(item, **changes)


def snapshot_with(run: Run, *items: Item, approvals: tuple[ApprovalSnapshot, ...] = (), **more: Any) -> RunSnapshot:
    return RunSnapshot(run, Progress(run.title, run.state, items), NOW, approvals=approvals, **more)


def a_dead_letter(error: dict[str, Any], state: RunState = RunState.FAILED, **changes: Any) -> RunSnapshot:
    run = a_run(state, error=json.dumps(error), dead_at=NOW, **changes)
    record = Record(
        run.id, 0, "publish#1", "", 1, Kind.STEP, "site.publish", StepState.FAILED, "Publish a post",
        error=json.dumps(error), attempts=6,
    )  # fmt: skip
    alert = AlertSnapshot(1, NOW, run.error or "")
    return snapshot_with(run, a_step(1), a_step(2, StepState.FAILED), records=(record,), alerts=(alert,))


def checked(message: Message) -> Message:
    """The message, once it is certain that Slack takes it."""
    if message.file is None:
        check_message({"text": message.text, "blocks": list(message.blocks)})
    return message


def shown(message: Message) -> str:
    """All that can be read in a message."""
    return "\n".join([*_texts(list(message.blocks))])


def labels(message: Message) -> list[str]:
    """The labels of its buttons."""
    rows = [block for block in message.blocks if block["type"] == "actions"]
    return [element["text"]["text"] for row in rows for element in row["elements"] if element["type"] == "button"]


def _texts(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        return own + [text for inner in node.values() for text in _texts(inner)]
    return [text for inner in node for text in _texts(inner)] if isinstance(node, list) else []


# anything ------------------------------------------------------------------------------------------------

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))
codable = texts.map(lambda text: text.encode("utf-8", "replace").decode())
actors = st.one_of(
    st.sampled_from([ANA, BEN, EVE, EDITORS, "role:finance", "cli:ana", "test:x", "", "slack:T1:C1"]), texts
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
documents = values.map(json.dumps)
problems = st.fixed_dictionaries({
    "kind": st.sampled_from(["StepFailed", "ChildFailed", "Rejected", "Failed", "NonDeterminism", "Poison", "Odd"]),
    "message": texts, "step": texts, "key": st.sampled_from(["", "publish#1"]), "attempts": st.integers(0, 9),
    "effect": st.sampled_from(["", "none", "unknown"]), "by": actors, "outcome": texts, "cause": texts,
}).map(json.dumps)  # fmt: skip
waits = st.lists(
    st.fixed_dictionaries({
        "kind": st.sampled_from(["approval", "signal", "sleep", "retry", "child", "start", "odd"]), "name": texts,
        "key": texts, "due_at": st.one_of(st.just(""), moments.map(datetime.isoformat), texts),
        "approval": st.sampled_from(["ap1", "gone"]),
    }),
    max_size=9,
).map(json.dumps)  # fmt: skip
kinds = st.sampled_from([*[str(kind) for kind in NodeKind], "round", "item"])


def items(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Item]:
    return st.builds(
        Item, kind=kinds, name=texts, title=texts, state=st.sampled_from(StepState), key=st.sampled_from(["", "a#1"]),
        attempts=st.integers(0, 5), started=st.one_of(st.none(), moments), ended=st.one_of(st.none(), moments),
        due=st.one_of(st.none(), moments), error=texts, undone=st.booleans(), children=children,
    )  # fmt: skip


trees = st.recursive(items(st.just(())), lambda inner: items(st.lists(inner, max_size=6).map(tuple)), max_leaves=40)
runs = st.builds(
    Run, id=st.just("01k9aaaaaaaaaaaaaaaaaaaaaa"), workflow=texts, title=texts,
    state=st.sampled_from(RunState), input=documents,
    created_at=moments, generation=st.integers(0, 2), output=st.one_of(st.none(), documents),
    error=st.one_of(st.none(), problems, texts), waiting=st.one_of(st.none(), waits), started_by=actors,
    parent_id=st.sampled_from([None, "parent"]), cancel=st.one_of(st.none(), texts),
    due_at=st.one_of(st.none(), moments), dead_at=st.one_of(st.none(), moments),
    started_at=st.one_of(st.none(), moments), ended_at=st.one_of(st.none(), moments),
    labels=st.dictionaries(texts, texts, max_size=3).map(json.dumps),
)  # fmt: skip
approvals = st.builds(
    Approval, id=st.sampled_from(["ap1", "ap2"]), run_id=st.just("01k9aaaaaaaaaaaaaaaaaaaaaa"),
    generation=st.integers(0, 2),
    key=st.sampled_from(["a#1", "b#1"]), name=texts, title=texts, show=documents,
    digest=st.sampled_from(["d" * 64, "e" * 64]),
    approvers=st.lists(actors, max_size=4).map(tuple), opened_at=moments, quorum=st.integers(1, 3),
    allow_self=st.booleans(),
    state=st.sampled_from(ApprovalState), outcome=st.one_of(st.none(), st.sampled_from(Outcome)),
    due_at=st.one_of(st.none(), moments), closed_at=st.one_of(st.none(), moments),
    fields=st.one_of(st.just(""), st.dictionaries(texts, st.just({"type": "string"}), max_size=3).map(
        lambda named: json.dumps({"type": "object", "properties": named}))),
    on_timeout=st.sampled_from(Outcome),
)  # fmt: skip
votes = st.builds(
    Decision, approval_id=st.just("ap1"), by=actors, outcome=st.sampled_from(Outcome), at=moments, comment=texts,
    digest=st.sampled_from(["", "d" * 64, "f" * 64]), fields=st.one_of(st.none(), documents),
)  # fmt: skip
edits = st.builds(Edit, by=actors, at=moments, before=documents, after=documents)
handovers = st.builds(Handover, by=actors, at=moments, to=st.lists(actors, max_size=3).map(tuple), reason=texts)
asked = st.builds(
    ApprovalSnapshot, approval=approvals, decisions=st.lists(votes, max_size=3).map(tuple),
    edits=st.lists(edits, max_size=2).map(tuple), handovers=st.lists(handovers, max_size=2).map(tuple),
    reminders=st.integers(0, 3),
)  # fmt: skip
alerts = st.builds(
    AlertSnapshot, number=st.just(1), at=moments, error=st.one_of(st.just(""), problems, texts), reason=texts,
    verb=st.sampled_from(["", "resume", "edit", "skip", "fork", "discard", "cancel", "odd"]), by=actors,
    resolved_at=st.one_of(st.none(), moments), detail=texts,
)  # fmt: skip
records = st.builds(
    Record, run_id=st.just("01k9aaaaaaaaaaaaaaaaaaaaaa"), generation=st.just(0),
    key=st.sampled_from(["publish#1", "a#1"]),
    scope=st.just(""), ordinal=st.integers(0, 9), kind=st.sampled_from([Kind.STEP, Kind.CHILD,
    Kind.APPROVAL]), name=texts,
    state=st.sampled_from(StepState), title=texts, error=st.one_of(st.none(), problems, texts),
)  # fmt: skip
snapshots = st.builds(
    lambda run, tree, after, **more: RunSnapshot(run, Progress(run.title, run.state, tuple(tree),
    tuple(after)), **more),
    runs, st.lists(trees, max_size=5), st.lists(trees, max_size=2), now=moments,
    records=st.lists(records, max_size=2).map(tuple), approvals=st.lists(asked, max_size=2,
    unique_by=lambda one: one.approval.id).map(tuple),
    alerts=st.lists(alerts, max_size=1).map(tuple), summary=texts,
    link=st.sampled_from(["", "https://baton.example/runs/1", "javascript:alert(1)"]), paused=texts,
)  # fmt: skip
