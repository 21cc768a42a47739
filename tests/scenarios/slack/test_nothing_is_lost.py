"""What people said is carried out or refused in words, and never dropped without one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.slack.stage import Stage, opened_stage
from workflows.engine.model import NewRun, RunState, Writes
from workflows.engine.ports import Created


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with opened_stage(tmp_path, "http") as made:
        yield made


class Died(BaseException):
    """The process ends here, and answers nothing."""


def test_a_mention_whose_run_was_not_written_yet_is_taken_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, create = stage.user("ana"), stage.runtime.store.create
    died: list[int] = []

    def dies_once(new: NewRun, writes: Writes) -> Created:
        if not died:
            died.append(1)
            raise Died
        return create(new, writes)

    monkeypatch.setattr(stage.runtime.store, "create", dies_once)
    asked = ana.mention("run note topic=tea", channel="#content")
    stage.settle()
    stage.skip(seconds=61)
    stage.settle()
    assert stage.run().state is RunState.SUCCEEDED
    assert len(stage.workspace.replies(asked)) == 1


def test_labels_that_a_form_can_not_carry(stage: Stage) -> None:
    ana = stage.user("ana")
    labels = {f"label{number}" + "y" * 60: "x" * 100 for number in range(20)}
    line = " ".join(f"label:{name}={text}" for name, text in labels.items())
    reply = ana.command(f"/baton run note {line}", channel="#content")
    assert "labels are too long" in reply.shown
    ana.command(f"/baton run note topic=tea {line}", channel="#content")
    stage.settle()
    assert json.loads(stage.run().labels) == labels
