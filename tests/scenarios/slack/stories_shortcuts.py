"""Stories of shortcuts: a workflow is chosen from Slack's own menus."""

from __future__ import annotations

import json

from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.telling import story


@story("choose start_workflow", "choose start_from_message", "send workflow.choose", "send run.start")
def a_workflow_is_started_from_a_menu(stage: Stage) -> None:
    ana, ben, eve = stage.user("ana"), stage.user("ben"), stage.user("eve")
    ana.shortcut("start_workflow")
    ana.see_modal("Workflow")
    assert ana.submit(workflow="Write a note") is None
    assert ana.submit(topic="green tea") is None
    stage.settle()
    assert json.loads(stage.run("note").input)["topic"] == "green tea"
    ana.see("It is on its way", channel="dm")

    said = ana.upload("smoke.txt", b"smoke", "#content", "The *printer* of @ben smokes & burns")
    ben.shortcut("start_from_message", said)
    assert "1 file of it and its link" in ben.see_modal("The message").shown
    assert ben.submit(workflow="Fill in a form") is None
    assert "goes into *Paper*" in ben.see_modal("Start a run").shown
    assert ben.submit(name="fire") is None
    stage.settle()
    run = stage.run("everything")
    given = json.loads(run.input)
    assert (run.started_by, run.channel) == (stage.actor("ben"), f"slack:{stage.workspace.team_id}:{said.channel}")
    assert given["text"] == f"The *printer* of <@{ben.id}> smokes & burns"
    assert given["paper"] == f"slack:{stage.workspace.team_id}:{said.files[0].id}"

    eve.shortcut("start_workflow")
    assert "no workflow that you may start" in eve.see_modal("did not work").shown
