"""Texts that people and models write: they forge nothing, break nothing, and are whole or say that they are not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import Message
from tests.scenarios.slack import stage as stages
from tests.scenarios.slack.stage import Stage, opened_stage
from tests.scenarios.slack.witness import EVERYBODY, asked, requests, shows_the_truth, standing
from tests.scenarios.slack.workflows import ALL, EDITORS, Story, publish
from tests.servers import databases
from workflows import Run, workflow
from workflows.engine.model import RunState

WORDS = " ".join(f"word{number:04}" for number in range(560))
"""Five thousand characters, of which each can be looked for."""
NASTY = {
    "broadcasts": "<!channel> <!here|here> <!everyone>",
    "mentions": "<@EVE> <!subteam^GROUP> <#CHANNEL>",
    "ids": "slack:TEAM:EVE, slack:TEAM:GROUP",
    "an id alone": "slack:TEAM:GROUP",
    "styles": "*bold* _slanted_ ~gone~ `code` ```fence * _ ~ `",
    "escapes": "&lt;!channel&gt; &amp; &#60;!here&#62; %3C!channel%3E",
    "a link": "<https://evil.example|https://bank.example> [bank](https://evil.example/<!channel>)",
    "turned around": "\u202e\u2066gnp.exe\u2069 \u0634\u0627\u064a \u05ea\u05d4",
    "emoji": "👩\u200d👩\u200d👧\u200d👦 🇩🇪 🏳️\u200d🌈 :tada: 🫖",
    "unseen": "a\u200bb\u200c\u200dc\u2060\ufeff d\u00ad\u115f\u3164",
    "lines": "one\ntwo\r\n\n> three\n• four\n\n\n# five\n---\n```\nsix",
    "controls": "bell\x07 nul\x00 del\x7f\x1b[31m",
    "quotes": "\"'“”\\ {} {{x}} ${x} %s %(x)s",
    "long": WORDS,
    "one word": "x" * 5_000,
    "hidden broadcast": "<!chan\u200bnel> <\u200b!channel> \uff1c!channel\uff1e",
}  # fmt: skip


@workflow("weird", title="<!channel> *Sale* `now` <@EVE> " + "very " * 40)
def weird(run: Run, story: Story) -> str:
    """<!here> Say *anything* `at all` & <more>."""
    run.approval(
        "ask", title="<!channel> *Really*? " + "why " * 60, show={"<!here>": story.title, "*x*": [story.title] * 2},
        approvers=EDITORS,
    ).require_approved()  # fmt: skip
    return run.step(publish, story.title)


templates, postgres_url = databases.templates, databases.postgres_url


@pytest.fixture
def over_postgres(tmp_path: Path, postgres_url: str) -> Iterator[Stage]:
    with opened_stage(tmp_path, "http", database_url=postgres_url) as made:
        yield made


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(stages, "ALL", (*ALL, weird))
    with opened_stage(tmp_path, "http") as made:
        yield made


def filled(stage: Stage, text: str) -> str:
    """A nasty text with ids of this workspace."""
    world = stage.workspace.world
    group = next(one.id for one in world.groups.values() if one.handle == "editors")
    known = {"EVE": stage.user("eve").id, "GROUP": group, "TEAM": world.team_id}
    known["CHANNEL"] = stage.workspace.channel("#ops").id
    for name, found in known.items():
        text = text.replace(name, found)
    return text


BROADCASTS = ("<!channel", "<!here", "<!everyone", "\u202e", "\u2066")


def forges_nothing(stage: Stage, *people: str) -> None:
    """Nothing that the bot ever said calls a channel, and nothing that notifies calls a group or these people."""
    calls = [call for call in stage.workspace.calls if call.ok]
    alone = [one for name in EVERYBODY for one in stage.user(name).ephemerals()]
    said = [text for part in (*(call.arguments for call in calls), *alone) for text in parsed(part)]
    _without(said, *BROADCASTS)
    loud = [text for call in calls if call.method == "chat.postMessage" for text in parsed(call.arguments)]
    loud += [text for message in standing(stage) for text in parsed(message)]
    _without(loud, *BROADCASTS, "<!subteam", *(f"<@{stage.user(name).id}" for name in people))


def _without(said: list[str], *tokens: str) -> None:
    for token in tokens:
        assert [text for text in said if token in text] == []


def parsed(part: Any) -> Iterator[str]:
    """The texts in which Slack looks for what is to be called."""
    if isinstance(part, Message):
        part = {"text": part.text, "blocks": part.blocks}
    if isinstance(part, dict):
        if part.get("type") == "plain_text":
            return
        if isinstance(part.get("text"), str):
            yield part["text"]
        for inner in part.values():
            yield from parsed(inner)
    elif isinstance(part, list | tuple):
        for inner in part:
            yield from parsed(inner)
    elif isinstance(part, str) and part[:1] in ("[", "{"):
        yield from parsed(json.loads(part)) if part[1:2] in ('"', "{") else ()


def start(stage: Stage, name: str, title: str) -> None:
    channel = f"slack:{stage.workspace.team_id}:{stage.workspace.channel('#content').id}"
    stage.runtime.service.start(name, {"title": title}, by=stage.actor("ana"), channel=channel)
    stage.settle()


def everything_under(stage: Stage, message: Message) -> str:
    """What stands in a message, in its thread, and in the files there."""
    found = [stage.workspace.current(message), *stage.workspace.replies(message)]
    shown = [one.shown for one in found if one is not None]
    files = [file.content.decode() for one in found if one is not None for file in one.files]
    return "\n".join([*shown, *files])


@pytest.mark.parametrize("where", ["stage", "over_postgres"])
def test_inputs_and_comments(request: pytest.FixtureRequest, where: str) -> None:
    stage: Stage = request.getfixturevalue(where)
    ben = stage.user("ben")
    for text in NASTY.values():
        nasty = filled(stage, text)
        start(stage, "article", nasty)
        asking = requests(stage)[-1]
        ben.click("Request changes", message=asking)
        ben.submit(what_should_change=nasty[:2_900])
        stage.settle()
        again = requests(stage)[-1]
        ben.click("Reject", message=again)
        ben.submit(why=nasty[:2_900])
        stage.settle()
    assert {run.state for run in stage.runs()} == {RunState.FAILED}
    forges_nothing(stage, "eve")
    shows_the_truth(stage)


def test_results_and_summaries(stage: Stage) -> None:
    ben = stage.user("ben")
    for text in NASTY.values():
        start(stage, "article", filled(stage, text))
        ben.click("Approve", message=requests(stage)[-1])
        stage.settle()
    assert {run.state for run in stage.runs()} == {RunState.SUCCEEDED}
    assert len(stage.shop.sold) == len(NASTY)
    forges_nothing(stage, "eve")
    shows_the_truth(stage)


def test_titles_of_workflows_and_approvals(stage: Stage) -> None:
    ana, ben = stage.user("ana"), stage.user("ben")
    for name in ("styles", "lines", "long", "mentions"):
        start(stage, "weird", filled(stage, NASTY[name]))
    for line in ("workflows", "workflows weird", "runs", "approvals", f"status {stage.runs()[0].id}", "run weird"):
        assert ana.command(f"/baton {line}", channel="#content") is not None
    stage.quiet()
    ana.open_home()
    ben.open_home()
    stage.quiet()
    for request in requests(stage):
        ben.click("Approve", message=request)
    stage.settle()
    assert {run.state for run in stage.runs()} == {RunState.SUCCEEDED}
    forges_nothing(stage, "eve")
    shows_the_truth(stage)


def test_reasons_and_errors(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, ben, carla = stage.user("ana"), stage.user("ben"), stage.user("carla")
    for text in NASTY.values():
        nasty = filled(stage, text)

        def closed(_what: str, why: str = nasty) -> str:
            raise RuntimeError(why)

        with monkeypatch.context() as failing:
            failing.setattr(stage.shop, "sell", closed)
            start(stage, "errand", nasty)
        failed = stage.runs()[-1]
        assert failed.state is RunState.FAILED
        ana.command(f"/baton why {failed.id}", channel="#content")
        ana.command(f"/baton status {failed.id}", channel="#content")
        stage.runtime.recovery.discard(failed.id, by=stage.actor("ana"), reason=nasty)
        start(stage, "article", "tea")
        service, approval = stage.runtime.service, stage.runtime.store.approvals()[0]
        service.reassign(approval.id, [stage.actor("ben")], by=stage.actor("carla"), reason=nasty)
        service.pause("article", by=stage.actor("carla"), reason=nasty)
        stage.settle()
        ana.command("/baton workflows", channel="#content")
        service.unpause("article", by=stage.actor("carla"))
        service.cancel(approval.run_id, by=stage.actor("ana"), reason=nasty)
        stage.settle()
    assert ben.messages("#content")
    assert carla.messages("#content")
    forges_nothing(stage, "eve")
    shows_the_truth(stage)


@pytest.mark.parametrize("name", ["long", "one word", "lines"])
def test_what_is_to_be_approved_is_there_as_a_whole(stage: Stage, name: str) -> None:
    start(stage, "article", NASTY[name])
    shown = everything_under(stage, requests(stage)[-1])
    if name == "one word":
        assert shown.count("x") >= 5_000
    else:
        assert [word for word in NASTY[name].split() if word.isalnum() and word not in shown] == []


def test_commands_typed_with_everything(stage: Stage) -> None:
    ana = stage.user("ana")
    for text in NASTY.values():
        nasty = filled(stage, text).replace("\x00", "")
        for line in (
            f"run article title=“{nasty.replace(chr(0x201c), '').replace(chr(0x201d), '').replace(chr(34), '')}”",
            f"run {nasty}", f"status {nasty}", f"runs {nasty}", nasty, f"cancel x {nasty}", f"run note topic={nasty}",
        ):  # fmt: skip
            reply = ana.command(f"/baton {line}"[:7_000], channel="#content")
            assert "Something went wrong" not in reply.shown, line
            if reply.message is None:
                ana.see_modal()
                ana.close_modal()
        ana.mention(f"run {nasty}"[:3_000], channel="#content")
        stage.settle()
    forges_nothing(stage)


def test_names_of_people_and_channels(stage: Stage) -> None:
    workspace = stage.workspace
    workspace.add_user("mallory", real_name="<!channel> *Boss* `x`\u202e")
    workspace.invite("#content", "mallory")
    workspace.rename("#content", "a-b_c")
    request = asked(stage, by="mallory", channel="#a-b_c")
    stage.user("mallory").click("Approve", message=request)
    stage.user("ben").click("Approve", message=request)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    forges_nothing(stage, "eve")
    shows_the_truth(stage)
