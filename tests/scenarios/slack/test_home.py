"""App Home when Slack does not take it at once."""

from __future__ import annotations

from bot.slack.homing import COALESCE
from tests.scenarios.slack.stage import Stage
from workflows.engine.homes import home_id


def _published(stage: Stage) -> list[bool]:
    return [call.ok for call in stage.workspace.calls if call.method == "views.publish"]


def test_it_is_shown_in_the_end_whatever_slack_says(over_http: Stage) -> None:
    stage, ana = over_http, over_http.user("ana")
    page = home_id(stage.workspace.team_id, ana.id)
    book, faults = stage.runtime.store.homes, stage.workspace.faults

    ana.open_home()
    stage.settle()
    assert _published(stage) == [True]
    book.touch(page)
    stage.settle()
    assert _published(stage) == [True], "what shows the same already is not published again"

    for number in range(3):  # three changes in one go
        ana.command(f"/baton run note topic=tea-{number}", channel="#content")
    before = len(_published(stage))
    stage.settle()
    assert ana.home is not None
    assert ana.home.shown.count("succeeded") == 3
    assert len(_published(stage)) - before <= 4

    faults.rate_limit("views.publish", retry_after=2)
    faults.fail("views.publish", "internal_error")
    ana.open_home(within=0)
    ana.command("/baton run note topic=late", channel="#content")
    stage.settle()
    assert ana.home is not None
    assert ana.home.shown.count("succeeded") == 4
    assert _published(stage)[-1]

    known = book.find(page)
    assert known is not None
    with stage.workspace.world.changing():  # another process published, and died before it could say so
        stage.workspace.world.windows.publish(ana.id, ana.home.payload)
    ana.command("/baton run note topic=last", channel="#content")
    stage.skip(seconds=COALESCE.total_seconds())
    assert ana.home is not None
    assert ana.home.shown.count("succeeded") == 5
    assert _published(stage)[-2:] == [False, True], "a conflict is seen, and what is read anew goes over the other"

    stage.workspace.deactivate("ana")
    book.touch(page)
    stage.skip(minutes=1)
    assert book.find(page) is None, "nobody is left to look at it"
