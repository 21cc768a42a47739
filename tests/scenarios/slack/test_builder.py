"""A step of the Workflow Builder gets one answer, whatever breaks on the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.slack.stage import Stage
from workflows.engine.errors import StoreUnavailable
from workflows.engine.outbox import Delivery, DeliveryState


def _row(stage: Stage) -> Delivery:
    (found,) = [row for row in stage.runtime.outbox.deliveries(stage.run("note").id) if row.kind == "handback"]
    return found


def _answers(stage: Stage) -> list[str]:
    return [call.error for call in stage.workspace.calls if call.method.startswith("functions.")]


def test_one_start_and_one_answer_whatever_breaks(over_http: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, ana = over_http, over_http.user("ana")
    builder, faults, outbox = stage.workspace.builder, stage.workspace.faults, stage.runtime.outbox
    real, left = outbox.post, [StoreUnavailable("it went away between the two writes")]

    def post(delivery: Delivery) -> Any:
        if left:
            raise left.pop()
        return real(delivery)

    monkeypatch.setattr(outbox, "post", post)
    faults.rate_limit("functions.completeSuccess", retry_after=2)
    faults.fail("functions.completeSuccess", "internal_error")
    faults.lose_answer("functions.completeSuccess")
    begun = builder.run("run_workflow", workflow="note", person=ana.id, fields="topic=tea")
    stage.settle()
    assert not left
    outputs = builder.look(begun).outputs
    assert outputs is not None, "Slack tells of a step again when it could not be recorded"
    assert outputs["run"] == stage.run("note").id
    assert _answers(stage) == ["ratelimited", "internal_error", "", "execution_not_in_running_state"]
    assert _row(stage).state is DeliveryState.GONE, "the answer that was lost is found to be there"
    stage.skip(minutes=5)
    assert len(_answers(stage)) == 4


def test_outputs_that_do_not_fit_an_older_manifest_end_the_step_in_words(over_http: Stage) -> None:
    stage, ana = over_http, over_http.user("ana")
    stage.workspace.faults.fail("functions.completeSuccess", "parameter_validation_failed")
    begun = stage.workspace.builder.run("run_workflow", workflow="note", person=ana.id, fields="topic=tea")
    stage.settle()
    assert "install the app again" in stage.workspace.builder.look(begun).error
    assert _row(stage).state is DeliveryState.POSTED
