"""A recorded run in a test: pinned results, played again, on today's code."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.replay.flows import KEPT, Order, draft, editing, fallback, look_up, saga, tell
from tests.replay.stories import STORIES, played
from workflows import Run
from workflows.engine.errors import BatonError
from workflows.engine.exporting import exported
from workflows.engine.model import RunState
from workflows.engine.testing.exported import replayed_export
from workflows.engine.testing.harness import Harness

PLAYED = [name for name in STORIES if name not in ("skipped", "saga_resumed") and "cancelled" not in name]


def export_of(name: str, folder: Path, *, change: Any = None) -> tuple[Path, Harness, str]:
    """The story's run as a file, with the harness that it happened in."""
    harness, run_id = played(name)
    (seen,) = harness.store.recorded([run_id])
    document = exported(seen)
    if change is not None:
        change(document)
    file = folder / "run.json"
    file.write_text(json.dumps(document))
    return file, harness, run_id


@pytest.mark.parametrize("name", PLAYED)
def test_a_run_that_is_played_goes_as_it_went(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, first, first_id = export_of(name, tmp_path)
    monkeypatch.setattr("workflows.engine.calls._step", lambda fn, _spec: pytest.fail(f"{fn.__name__} was called"))
    workflow = next(one for one in KEPT if one.name == first.run(first_id).workflow)
    again = Harness.from_export(file, workflow)
    run_id = again.play()
    if name in ("verbs_signal_in_the_inbox", "branches_waiting", "retrying", "begun_before_the_patch",
                "ended_before_the_patch"):  # fmt: skip
        return  # where it is in the middle, or took the other side of a patch, the rest is for the test to give
    assert (again.state(run_id), again.error(run_id)) == (first.state(first_id), first.error(first_id))
    assert again.run(run_id).output == first.run(first_id).output or name == "verbs_done"
    kept = [record for record in first.history(first_id) if record.kind not in ("uuid", "now")]
    assert {r.key: r.output for r in again.history(run_id) if r.key in {k.key for k in kept}} | {
        r.key: r.output for r in kept
    } == {r.key: r.output for r in again.history(run_id) if r.kind not in ("uuid", "now")} or name == "continued_as_new"


def test_a_pinned_result_is_taken_by_its_key(tmp_path: Path) -> None:
    def change(document: Any) -> None:
        for record in document["records"]:
            if record["key"] == "draft#2":
                record["output"] = {"title": "as recorded", "words": 5}

    file, _, _ = export_of("edited_twice", tmp_path, change=change)
    harness = Harness.from_export(file, editing)
    run_id = harness.start("kept_editing", {"topic": "something else"})
    harness.decide("changes", comment="of another kind")
    shown = [json.loads(approval.show) for approval in harness.store.approvals()]
    assert shown == [{"title": "as recorded", "words": 5}]
    assert harness.state(run_id) is RunState.WAITING


def test_a_failure_that_was_recorded_is_raised_again(tmp_path: Path) -> None:
    file, _, _ = export_of("fallback_taken", tmp_path)
    harness = Harness.from_export(file, fallback)
    run_id = harness.play()
    assert harness.output(run_id) == "a book on nowhere"
    (failed,) = [record for record in harness.history(run_id) if record.state == "failed"]
    assert json.loads(failed.error or "{}")["cause"] == "Refused"
    assert "there is nothing" in str(failed.error)


def test_todays_code_with_the_recorded_results(tmp_path: Path) -> None:
    file, _, _ = export_of("edited_twice", tmp_path)

    def body(run: Run, order: Order) -> str:
        return run.step(draft, order.topic).title.upper()

    harness = Harness.from_export(file, replace(editing, fn=body))
    assert harness.output(harness.play()) == "TEA"


def test_a_step_that_is_not_in_the_export_says_so(tmp_path: Path) -> None:
    file, first, first_id = export_of("edited_twice", tmp_path)

    def body(run: Run, order: Order) -> str:
        return run.step(tell, run.step(draft, order.topic).title)

    code = replace(editing, fn=body)
    harness = Harness.from_export(file, code)
    run_id = harness.play()
    assert harness.state(run_id) is RunState.PARKED
    assert harness.error(run_id) == (
        f"The export of run {first_id} holds no result of tell#1. Give it one with harness.given(…) for tell."
    )
    assert first.state(first_id) is RunState.SUCCEEDED
    harness = Harness.from_export(file, code).given(tell, "given")
    assert harness.output(harness.play()) == "given"


def test_what_a_test_gives_goes_before_what_is_pinned(tmp_path: Path) -> None:
    file, _, _ = export_of("fallback_taken", tmp_path)
    harness = Harness.from_export(file, fallback).given(look_up, "another book")
    run_id = harness.play()
    assert [r.output for r in harness.history(run_id) if r.key == "look_up#1"] == ['"another book"']


def test_undoing_is_pinned_too(tmp_path: Path) -> None:
    file, _, _ = export_of("saga_undone", tmp_path)
    harness = Harness.from_export(file, saga)
    run_id = harness.play()
    assert harness.state(run_id) is RunState.FAILED
    assert {"undo.withdraw#1", "undo.withdraw#2", "on_failure/tell#1"} <= set(harness.keys(run_id))


def test_time_starts_when_the_run_did(tmp_path: Path) -> None:
    file, first, first_id = export_of("race_open", tmp_path)
    harness = Harness.from_export(file, next(one for one in KEPT if one.name == "kept_race"))
    assert harness.clock.now() == first.run(first_id).created_at
    run_id = harness.play()
    assert harness.state(run_id) is RunState.WAITING
    harness.given(tell, "late")
    harness.skip(timedelta(days=4))
    assert harness.output(run_id) == "late"


WRONG: list[tuple[str, str]] = [
    ("[]", "is no exported run"),
    ('{"format": "baton-run", "version": 2}', "has version 2 of the form, and this release reads 1"),
    ("{", "is no JSON"),
    ('{"format": "baton-run", "version": 1, "exported_at": "x", "run": {}, "records": [{}]}', "is no whole export: "),
]


@pytest.mark.parametrize(("text", "words"), WRONG, ids=[words for _, words in WRONG])
def test_what_is_no_export_is_told(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(text)
    with pytest.raises(BatonError) as told:
        Harness.from_export(file, editing)
    assert words in str(told.value)
    assert str(file) in str(told.value)


def test_a_file_that_is_not_there_and_another_workflow(tmp_path: Path) -> None:
    with pytest.raises(BatonError, match="can't be read"):
        Harness.from_export(tmp_path / "none.json", editing)
    file, _, _ = export_of("race_open", tmp_path)
    with pytest.raises(BatonError, match="a run of kept_race"):
        Harness.from_export(file, editing)
    with pytest.raises(AssertionError, match="from_export"):
        Harness(editing).play()


def test_an_export_replays_with_the_order_check(tmp_path: Path) -> None:
    file, _, _ = export_of("edited_twice", tmp_path)
    assert replayed_export(file, editing).fits

    def body(run: Run, order: Order) -> str:
        return run.step(tell, order.topic)

    assert not replayed_export(file, replace(editing, fn=body)).fits
