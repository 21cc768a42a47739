"""Stories of the Workflow Builder: a workflow built in Slack runs one of ours, and goes on with what came of it."""

from __future__ import annotations

import json

from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.telling import story
from workflows.engine.model import RunState


@story("build run_workflow")
def a_step_starts_a_run_and_gets_its_result(stage: Stage) -> None:
    builder, ana, eve = stage.workspace.builder, stage.user("ana"), stage.user("eve")
    content = stage.workspace.channel("#content").id
    stage.workspace.faults.duplicate_deliveries(1)
    done = builder.run(
        "run_workflow", workflow="note", person=ana.id, fields="topic=green tea\nwith milk\ncopies=2", channel=content
    )
    stage.settle()
    run = stage.run("note")
    assert json.loads(run.input) == {"topic": "green tea\nwith milk", "tone": "plain", "copies": 2}
    assert (run.started_by, run.channel) == (stage.actor("ana"), f"slack:{stage.workspace.team_id}:{content}")
    result = "A note about green tea\nwith milk"
    assert builder.look(done).outputs == {"run": run.id, "result": result, "output": json.dumps(result)}

    waits = builder.run("run_workflow", workflow="article", person=ana.id, fields='{"title": "tea"}')
    stage.shop.open = False
    fails = builder.run("run_workflow", workflow="errand", person=ana.id, fields="title=milk")
    refused = [
        builder.run("run_workflow", workflow="secret_work", person=stage.user("carla").id),
        builder.run("run_workflow", workflow="note", person=eve.id, fields="topic=tea"),
        builder.run("run_workflow", workflow="note", person=ana.id, fields="copies=many"),
        builder.run("run_workflow", workflow="note", person=ana.id, fields="no field"),
        builder.run("run_workflow", workflow="nothing", person=ana.id),
        builder.run("run_workflow", workflow="note", person="somebody", fields="topic=tea"),
    ]
    stage.settle()
    assert len(stage.runs()) == 3
    why = ["does not prove", "may not start note", "topic", "field=value", "nothing", "says nobody"]
    for execution, words in zip(refused, why, strict=True):
        assert words in builder.look(execution).error
    assert "failed: " in builder.look(fails).error
    assert builder.look(waits).running
    stage.runtime.service.cancel(stage.run("article").id, by=stage.actor("ana"), reason="never mind")
    stage.settle()
    assert stage.run("article").state is RunState.CANCELLED
    assert "never mind" in builder.look(waits).error
