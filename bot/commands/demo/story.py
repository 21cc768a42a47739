"""The demo's story without a person: Ana starts, Ben asks for changes and approves, and the article is read."""

from __future__ import annotations

from typing import NoReturn

import httpx

from bot import printing
from bot.commands.demo.stage import CHANNEL, DemoFailed, Stage
from bot.commands.documents import reason
from bot.commands.watching import Watch
from workflows.engine.model import Run, RunState
from workflows.engine.ports import RunQuery
from workflows.library.content_pipeline import Published, content_pipeline

COMMENT = "Shorter, please."
PATIENCE = 60.0
"""Seconds that something gets to appear in the channel."""


def play(stage: Stage, topic: str) -> Published:
    """Play it, and print what happens; what was published. Raises DemoFailed."""
    try:
        return _played(stage, topic)
    except AssertionError as unseen:
        raise DemoFailed(f"What should have happened did not: {unseen}") from None


def _played(stage: Stage, topic: str) -> Published:
    ana, ben = stage.workspace.user("ana"), stage.workspace.user("ben")
    command = f"/baton run {content_pipeline.name} topic={topic}"
    printing.say("", f"Ana types: {command}")
    ana.command(command, channel=CHANNEL)
    ana.see(content_pipeline.title, channel=CHANNEL, within=PATIENCE)
    watch, run_id = Watch(stage.session, quiet=False), _started(stage).id
    watch.until_it_rests(run_id)

    ben.see("Approve", channel=CHANNEL, within=PATIENCE)
    printing.say("", f"Ben presses Request changes, and writes: {COMMENT}", "")
    ben.click("Request changes")
    ben.submit(comment=COMMENT)
    watch.until_it_rests(run_id)

    printing.say("", "Ben reads it again, and presses Approve.", "")
    ben.click("Approve")
    run = watch.until_it_rests(run_id)
    if run.state is not RunState.SUCCEEDED:
        _failed(run)
    published = Published.model_validate_json(run.output or "{}")
    ana.see(published.url, channel=CHANNEL, within=PATIENCE)
    printing.say("", f"Published: {published.title}", published.url)
    return published


def read(stage: Stage, published: Published) -> None:
    """Read the page as any visitor would; only a site of our own is asked. Raises DemoFailed."""
    if not published.url.startswith(f"{stage.settings.address}/site/"):
        return
    page = httpx.get(published.url, timeout=10, trust_env=False)
    if page.status_code != 200 or "<article>" not in page.text:
        raise DemoFailed(f"{published.url} is not served: the answer was {page.status_code}.")
    printing.say(f"The page is there: {len(page.content):,} bytes.")


def _started(stage: Stage) -> Run:
    return stage.session.runtime.store.runs(RunQuery(workflow=content_pipeline.name, limit=1))[0]


def _failed(run: Run) -> NoReturn:
    raise DemoFailed(f"The run is {run.state}: {reason(run)}")
