"""Small workflows for the tests of deliveries."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel

from workflows import Outcome, Retry, Run, StepContext, step, workflow

BEN = "role:editor"


class Text(BaseModel):
    """What is written about."""

    text: str = "tea"
    approvers: tuple[str, ...] = (BEN,)


@step(idempotent=True)
def write(ctx: StepContext, text: str) -> str:
    """Write the article."""
    return text


@step(idempotent=True, retry=Retry(attempts=1))
def break_down(ctx: StepContext, text: str) -> str:
    """Send it to the printer."""
    raise ValueError(f"the printer is out of {text}")


@workflow("article", title="Write an article", summary=lambda done: f"*{done}* is out")
def article(run: Run, given: Text) -> str:
    """Write, ask, publish."""
    text = run.step(write, given.text)
    run.approval("editor", show=text, approvers=given.approvers, remind=timedelta(hours=1)).require_approved()
    run.step(write, "published")
    return "published"


@workflow("waits", title="Wait for a word")
def waits(run: Run, given: Text) -> str:
    """Step by step, each at a word from outside."""
    for _ in range(50):
        word = run.signal("go", str)
        run.step(write, word)
        if word == "end":
            break
    return "done"


@workflow("breaks", title="Print it")
def breaks(run: Run, given: Text) -> str:
    """Fail for good."""
    return run.step(break_down, given.text)


@workflow("asks_again", title="Ask until it is good")
def asks_again(run: Run, given: Text) -> str:
    """Ask anew after each change."""
    while run.approval("editor", show=given.text, approvers=(BEN,)).outcome is Outcome.CHANGES:
        run.step(write, "changed")
    return "good"


class Words(BaseModel):
    """What may be edited."""

    text: str


@workflow("drafts", title="Agree on a draft")
def drafts(run: Run, given: Text) -> str:
    """Two have to agree on what one may edit."""
    return str(run.approval("editor", show={"text": given.text}, approvers=(BEN,), quorum=2, editable=Words).outcome)


def ask(run: Run, number: int) -> str:
    """One of many questions."""
    return run.approval("piece", show=number, approvers=(BEN,)).outcome.value


@workflow("many", title="Ask many")
def many(run: Run, given: Text) -> list[str]:
    """Ask for thirty things at once."""
    return run.map(ask, range(30), concurrency=30)


FLOWS = (article, waits, breaks, asks_again, many, drafts)
