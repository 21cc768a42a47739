"""Every kept history replays; `BATON_ADD_HISTORIES=1 pytest tests/replay` adds those that this release lacks."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.settings import program_version
from tests.replay.flows import KEPT, Order, look_up
from tests.replay.stories import STORIES, all_of, played
from workflows import Run
from workflows.engine.definition import Workflow
from workflows.engine.exporting import export_of, exported, read_export
from workflows.engine.model import Kind, RunState
from workflows.engine.replaying import replay
from workflows.engine.testing.exported import replayed_export
from workflows.engine.testing.installed import Installed
from workflows.engine.verdict import Verdict

HERE = Path(__file__).parent
RELEASE = f"v{program_version()}"


def _add() -> None:
    """Write the stories that this release has no history of."""
    for name in STORIES:
        file = HERE / RELEASE / f"{name}.json"
        if file.exists():
            continue
        harness, run_id = played(name)
        for number, one in enumerate(all_of(harness, run_id)):
            path = file if not number else file.with_name(f"{name}-{number}.json")
            (seen,) = harness.store.recorded([one])
            document = exported(seen, baton=program_version())
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if os.environ.get("BATON_ADD_HISTORIES"):
    _add()

HISTORIES = sorted(HERE.glob("v*/*.json"))


def named(files: list[Path]) -> list[Any]:
    return [pytest.param(file, id=f"{file.parent.name}-{file.stem}") for file in files]


@pytest.mark.parametrize("file", named(HISTORIES))
def test_the_history_replays(file: Path) -> None:
    found = replayed_export(file, *KEPT)
    assert found.fits, found.words
    if found.run.state in (RunState.SUCCEEDED, RunState.FAILED):
        assert found.verdict is Verdict.SAME
    elif found.run.state is RunState.WAITING and not found.run.inbox > found.run.seen:
        waits = {wait["key"] for wait in json.loads(found.run.waiting or "[]")}
        assert {one.key for one in found.then} == waits


def test_this_release_has_a_history_of_each_story() -> None:
    assert {file.stem for file in (HERE / RELEASE).glob("*.json")} >= set(STORIES)


def test_the_histories_hold_each_kind_of_record() -> None:
    seen = {record.kind for file in HISTORIES for record in read_export(file).seen.records}
    assert seen >= set(Kind) - {Kind.TIMEOUT}


@pytest.mark.parametrize("code", KEPT, ids=lambda code: code.name)
def test_a_changed_body_makes_them_fail(code: Workflow[Any, Any]) -> None:
    def body(run: Run, order: Order) -> str:
        return run.step(look_up, "something else")

    changed = [*(one for one in KEPT if one.name != code.name), replace(code, fn=body)]
    mine = [file for file in HISTORIES if read_export(file).seen.run.workflow == code.name]
    assert mine
    assert [file.name for file in mine if replayed_export(file, *changed).fits] == []


@pytest.mark.parametrize("name", STORIES)
def test_what_is_written_is_read_as_it_was(name: str) -> None:
    harness, run_id = played(name)
    (seen,) = harness.store.recorded([run_id])
    read = export_of(json.dumps(exported(seen))).seen
    assert [(r.key, r.kind, r.state, r.position, r.digest, r.generation, r.attempts, r.ordinal, r.scope, r.due_at)
            for r in read.records] == \
           [(r.key, r.kind, r.state, r.position, r.digest, r.generation, r.attempts, r.ordinal, r.scope, r.due_at)
            for r in seen.records]  # fmt: skip
    assert (read.run.state, read.run.input, read.run.output) == (seen.run.state, seen.run.input, seen.run.output)
    assert read.inbox == seen.inbox
    assert [(a.key, a.number, a.state, a.deadline) for a in read.attempts] == [
        (a.key, a.number, a.state, a.deadline) for a in seen.attempts
    ]
    code = Installed(KEPT)
    told = [replay(one, code, approvers=("test:editor",), approval=harness.store.approval) for one in (seen, read)]
    assert (told[0].verdict, told[0].then) == (told[1].verdict, told[1].then)
