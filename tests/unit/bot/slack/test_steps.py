"""A real workflow's progress as lines: fallbacks, loops, branches, sagas, what is undone and what may happen."""

from __future__ import annotations

from datetime import timedelta

from bot.slack.views.card import run_card
from bot.slack.views.reading import snapshot_of
from bot.slack.views.snapshot import RunSnapshot
from bot.slack.views.steps import step_lines
from tests.unit.bot.slack.snapshots import checked
from workflows import Outcome, Retry, Run, StepContext, StepFailed, step, workflow
from workflows.engine.plan import plan_of
from workflows.engine.testing.harness import Harness

ONCE_ONLY = Retry(attempts=1)


@step(idempotent=True, retry=ONCE_ONLY)
def search(ctx: StepContext) -> str:
    """Search the web."""
    raise ConnectionError("the web is down")


@step(idempotent=True)
def library(ctx: StepContext) -> str:
    """Ask the library."""
    return "books"


@step(idempotent=True)
def write(ctx: StepContext, words: str) -> str:
    """Write it."""
    return words


@step(idempotent=True)
def upload(ctx: StepContext) -> str:
    """Upload the cover."""
    return "m1"


@step(idempotent=True)
def take_down(ctx: StepContext, media: str) -> None:
    """Delete the cover."""


@step(idempotent=True, retry=ONCE_ONLY)
def publish(ctx: StepContext, text: str) -> str:
    """Publish it."""
    return "u1"


@step(idempotent=True)
def tell(ctx: StepContext) -> None:
    """Tell everybody."""


@workflow("story", title="A story")
def story(run: Run, urgent: bool) -> str:
    try:
        sources = run.step(search)
    except StepFailed:
        sources = run.step(library)
    text = run.step(write, sources)
    run.parallel(run.call(write, "a"), run.call(write, "b"))
    decision = run.approval("editor", show=text, timeout=timedelta(days=2))
    while decision.outcome is Outcome.CHANGES:
        text = run.step(write, decision.comment)
        decision = run.approval("editor", show=text, timeout=timedelta(days=2))
    decision.require_approved()
    with run.saga() as saga:
        media = run.step(upload)
        saga.on_failure(take_down, media)
        run.step(publish, text)
    if urgent:
        run.step(tell)
    return text


def taken(harness: Harness, run_id: str) -> RunSnapshot:
    """The snapshot as it is read from the store."""
    store = harness.store
    approvals = [(one, store.decisions(one.id)) for one in store.approvals(run_id=run_id, state=None)]
    run = store.run(run_id)
    return snapshot_of(
        run, plan_of(story), store.records(run_id), approvals, store.events(run_id), now=harness.clock.now()
    )


def test_a_fallback_is_told_and_what_comes_is_told_as_perhaps() -> None:
    harness = Harness(story)
    snapshot = taken(harness, harness.start("story", True))
    lines = step_lines(snapshot)
    assert lines[0].startswith("❌ Search the web  _the web is down")
    assert lines[1] == "✅ Instead: Ask the library"
    assert lines[3] == "✅ Side by side"
    assert [line.strip() for line in lines if "Editor" in line] == [
        "⏳ Editor  _waits_", "⚪ Again if needed: Write it, Editor"
    ]  # fmt: skip
    assert lines[-1] == "⚪ If needed: Tell everybody"
    checked(run_card(snapshot))


def test_rounds_of_a_loop_are_shown_with_who_asked_for_what() -> None:
    harness = Harness(story)
    run_id = harness.start("story", False)
    harness.decide(Outcome.CHANGES, comment="shorter")
    snapshot = taken(harness, run_id)
    text = "\n".join(step_lines(snapshot))
    assert "✅ Editor  _changes asked for by editor_\n✅ Round 1" in text or "Round 1" in text
    assert len(snapshot.approvals) == 2
    assert snapshot.approvals[0].decisions[0].comment == "shorter"


def test_undone_steps_are_marked() -> None:
    harness = Harness(story).given(publish, RuntimeError("refused"))
    run_id = harness.start("story", False)
    harness.decide(Outcome.APPROVED)
    snapshot = taken(harness, run_id)
    text = "\n".join(step_lines(snapshot))
    assert "↩️ Upload the cover  _undone_" in text
    assert "✅ Undo: Delete the cover" in text
    assert "❌ Publish it  _refused" in text
    assert snapshot.alerts
    assert snapshot.alerts[0].number == 1
    checked(run_card(snapshot))
