"""Lists, and values of every size."""

from __future__ import annotations

import json

import pytest

from tests.contract.store.opened import Opened, approval, event, message, record
from workflows.engine.errors import CodecError, InvalidInput
from workflows.engine.model import RunState, Writes
from workflows.engine.ports import RunQuery
from workflows.engine.testing.clock import START

BIG = '"' + "é" * 2_000_000 + '"'
"""Four megabytes of JSON."""


def ids(made: Opened, query: RunQuery) -> list[str]:
    return [run.id for run in made.store.runs(query)]


def test_runs_are_listed_newest_first_and_narrowed(made: Opened) -> None:
    made.create("0a1-x", started_by="ada")
    made.create("0a2-y", workflow="v", parent_id="0a1-x")
    made.over("0a3-z", state=RunState.FAILED)
    made.store.transact("0a3-z", lambda _view: Writes(run={"dead_at": START}))
    assert ids(made, RunQuery()) == ["0a3-z", "0a2-y", "0a1-x"]
    assert ids(made, RunQuery(states=frozenset({RunState.QUEUED}))) == ["0a2-y", "0a1-x"]
    assert ids(made, RunQuery(states=frozenset({RunState.QUEUED, RunState.FAILED}), workflow="w")) == ["0a3-z", "0a1-x"]
    assert ids(made, RunQuery(dead=True)) == ["0a3-z"]
    assert ids(made, RunQuery(parent_id="0a1-x")) == ["0a2-y"]
    assert ids(made, RunQuery(started_by="ada")) == ["0a1-x"]
    assert ids(made, RunQuery(limit=2)) == ["0a3-z", "0a2-y"]
    assert ids(made, RunQuery(limit=2, before="0a2-y")) == ["0a1-x"]


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ((("team", "red"),), ["r3", "r1"]),
        ((("team", "red"), ("size", "x_l")), ["r1"]),
        ((("team", "re"),), []),
        ((("eam", "red"),), []),
        ((("team", "Red"),), []),
        ((("size", "x%l"),), []),
        ((('say "a"', 'b", "team": "blue'),), ["r2"]),
        ((("team", "blue"),), []),
        ((("ort", "Köln"),), ["r3"]),
    ],
)
def test_runs_are_found_by_their_labels(made: Opened, labels: tuple[tuple[str, str], ...], found: list[str]) -> None:
    carried = {
        "r1": {"size": "x_l", "team": "red"},
        "r2": {'say "a"': 'b", "team": "blue'},
        "r3": {"ort": "Köln", "team": "red"},
    }
    for run_id, each in carried.items():
        made.create(run_id, labels=json.dumps(each, sort_keys=True))
    assert ids(made, RunQuery(labels=labels)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tea", ["r2", "r1"]),
        ("TEA", ["r2", "r1"]),
        ("write", ["r1"]),
        ("tea green", ["r1"]),
        ("green tea coffee", []),
        ("Über", ["r2"]),
        ("100%", ["r2"]),
        ("1__", []),
        ('"tea"', ["r1"]),
        ("zq9", ["zq9-long"]),
        ("LONG", ["zq9-long"]),
        ("needle", []),
        ("blob", []),
        ("  ", ["zq9-long", "r2", "r1"]),
    ],
)
def test_runs_are_found_by_words(made: Opened, text: str, found: list[str]) -> None:
    made.create("r1", title="Write about Green", input='{"say":"\\"tea\\""}')
    made.create("r2", title="Über Teas, 100% true", input="{}")
    made.create("zq9-long", title="Other", input='"needle ' + "x" * 100_000 + '"')
    assert ids(made, RunQuery(text=text)) == found


def test_runs_are_found_by_their_channel(made: Opened) -> None:
    made.create("r1", channel="slack:T1:C1")
    made.create("r2", channel="slack:T1:C2")
    assert ids(made, RunQuery(channel="slack:T1:C1")) == ["r1"]


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("0a", ["0a-1", "0a%b_c/d"]),
        ("-1", ["0a-1"]),
        ("_c/d", ["0a%b_c/d"]),
        ("%", []),
        ("_", []),
        ("/", []),
        ("A", []),
    ],
)
def test_an_id_is_found_by_its_beginning_or_end(made: Opened, part: str, found: list[str]) -> None:
    made.create("0a-1")
    made.create("0a%b_c/d")
    assert sorted(ids(made, RunQuery(id_part=part))) == sorted(found)


def test_ids_sort_by_their_bytes(made: Opened) -> None:
    for run_id in ("a-b", "aB", "ab", "a_b", "Ab"):
        made.create(run_id)
    assert ids(made, RunQuery()) == ["ab", "a_b", "aB", "a-b", "Ab"]
    assert ids(made, RunQuery(before="aB")) == ["a-b", "Ab"]


@pytest.mark.parametrize("value", ['"' + "x" * 65_533 + '"', '"' + "x" * 65_535 + '"', BIG, '""', "blob:not a hash"])
def test_values_of_every_size_come_back_exactly(made: Opened, value: str) -> None:
    claim = made.claimed(input=value)
    assert claim.run.input == value
    written = record(input=value, output=value)
    shown = approval(show=value)
    sent = message(payload=value)
    made.store.commit(
        claim.lease, Writes(records=(written,), approvals=(shown,), messages=(sent,), run={"output": value})
    )
    run = made.store.run("r1")
    assert (run.input == value, run.output == value) == (True, True)
    assert made.store.records("r1")[0] == written
    assert made.store.approval("a1") == shown
    assert made.store.inbox("r1").messages[0].payload == value
    assert made.store.runs(RunQuery())[0].input == value


def test_what_no_database_can_hold_fails_alone_and_by_name(made: Opened) -> None:
    claim = made.claimed()
    with pytest.raises(CodecError, match="can't hold"):
        made.store.commit(claim.lease, Writes(records=(record(output='"\ud800"'),)))
    with pytest.raises(InvalidInput, match="can't hold"):
        made.store.transact("r1", lambda _view: Writes(messages=(message(payload='"\ud800"'),)))
    with pytest.raises(InvalidInput, match="can't hold"):
        made.create("r2", writes=Writes(events=(event(data='"\ud800"'),)))
    assert made.store.records("r1") == []
    assert made.store.inbox("r1").counter == 0
    assert ids(made, RunQuery()) == ["r1"]
    made.store.commit(claim.lease, Writes(records=(record(),)))


def test_the_store_says_what_it_is(made: Opened) -> None:
    assert made.store.ping()


def test_one_way_to_ask_narrows_another(made: Opened) -> None:
    red, failed = (("team", "red"),), frozenset({RunState.FAILED})
    labels = json.dumps({"team": "red"})
    made.over("r1", state=RunState.FAILED, labels=labels, started_by="ada", parent_id="p")
    made.store.transact("r1", lambda _view: Writes(run={"dead_at": START}))
    made.over("r2", state=RunState.FAILED, labels=labels, workflow="v")
    made.create("r3", labels=labels, parent_id="p")
    made.create("r4", started_by="ada", parent_id="p")
    asked = {
        RunQuery(labels=red, states=failed): ["r2", "r1"],
        RunQuery(labels=red, workflow="v"): ["r2"],
        RunQuery(labels=red, parent_id="p"): ["r3", "r1"],
        RunQuery(labels=red, dead=True): ["r1"],
        RunQuery(labels=red, id_part="3"): ["r3"],
        RunQuery(labels=red, before="r3"): ["r2", "r1"],
        RunQuery(labels=red, started_by="ada", text="tea"): ["r1"],
        RunQuery(parent_id="p", dead=True): ["r1"],
        RunQuery(parent_id="p", id_part="4", started_by="ada"): ["r4"],
        RunQuery(dead=True, id_part="r"): ["r1"],
        RunQuery(dead=True, states=frozenset({RunState.PARKED})): [],
        RunQuery(id_part="r", states=failed, workflow="w"): ["r1"],
        RunQuery(started_by="ada", workflow="w", states=failed): ["r1"],
        RunQuery(started_by="ada", limit=1): ["r4"],
    }
    assert {query: ids(made, query) for query in asked} == asked


def test_words_are_looked_for_in_the_newest_runs(made: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("workflows.storage.lists", "workflows.engine.testing.memory_view"):
        monkeypatch.setattr(f"{module}.LOOKED_THROUGH", 2)
    for number in range(1, 5):
        made.create(f"r{number}", workflow="v" if number % 2 else "w")
    assert ids(made, RunQuery(text="tea")) == ["r4", "r3"]
    assert ids(made, RunQuery(text="tea", before="r3")) == ["r2", "r1"]
    assert ids(made, RunQuery(text="tea", workflow="v")) == ["r3", "r1"]
    assert ids(made, RunQuery(text="tea", deep=True)) == ["r4", "r3", "r2", "r1"]
    assert ids(made, RunQuery(text="tea", deep=True, limit=3)) == ["r4", "r3", "r2"]
