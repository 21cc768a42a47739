"""The guide: tells the person at the page, in the channel, what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from bot.commands.demo.stage import CHANNEL, GUIDE, Stage
from workflows.engine.model import OVER, Run, RunState
from workflows.engine.ports import RunQuery
from workflows.library.content_pipeline import Published, content_pipeline


class Guide:
    """Follows the first run of a demo, and says each thing once."""

    def __init__(self, stage: Stage, topic: str) -> None:
        self._store = stage.session.runtime.store
        self._voice = stage.workspace.user(GUIDE.name)
        self._begun = stage.session.runtime.clock.now()
        self._lines = self._story(topic)

    def look(self) -> None:
        """Say what is due; nothing when the person has something to do first."""
        for line in self._lines:
            if line is None:
                return
            self._voice.say(line, channel=CHANNEL)

    def _story(self, topic: str) -> Iterator[str | None]:
        """What is said, in order; None while the person has to do something first."""
        yield (
            "Welcome. You are Ana, who plans the articles. Start one: copy this line into the box below, and press "
            f"Enter.\n```/baton run {content_pipeline.name} topic={topic}```"
        )
        while (run := self._newest()) is None:
            yield None
        yield "That message is the run's *card*. It follows the run, step by step, until the article needs an editor."
        while not self._asks(run) and not _over(run):
            yield None
            run = self._store.run(run.id)
        if not _over(run):
            yield (
                "The article waits for Ben, the editor: whoever starts a run can't approve it. Become Ben with "
                "*You are …* at the top left, read the article, and press *Approve*."
            )
        while not _over(run):
            yield None
            run = self._store.run(run.id)
        yield _ending(run)
        while True:
            yield None

    def _newest(self) -> Run | None:
        found = self._store.runs(RunQuery(workflow=content_pipeline.name, limit=1))
        return found[0] if found and found[0].created_at >= self._begun else None

    def _asks(self, run: Run) -> bool:
        return bool(self._store.approvals(run_id=run.id))


def _over(run: Run) -> bool:
    return run.state in OVER or run.state is RunState.PARKED


def _ending(run: Run) -> str:
    if run.state is not RunState.SUCCEEDED:
        return (
            "This run ended without an article; its card and the message under it say why. Start another one, or look "
            "around with `/baton help`."
        )
    published = Published.model_validate_json(run.output or "{}")
    return (
        f"Done, the article is on the local site: {published.url} Everything here was recorded, so it "
        "would have gone on after a crash at any moment. Look around: `/baton runs`, `/baton workflows`, `/baton help`."
    )
