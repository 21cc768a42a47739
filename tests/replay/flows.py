"""The workflows whose histories are kept. Change one only as if it had open runs: under a patch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from workflows import ChildFailed, Effect, Failed, Outcome, Retry, Run, StepContext, StepFailed, step, workflow


class Refused(Exception):
    """A service says no, for good."""

    retryable = False
    effect = Effect.NONE


class Away(Exception):
    """A service is away for a moment."""

    retryable = True
    effect = Effect.NONE


@dataclass
class Order:
    """What the workflows are given."""

    topic: str
    items: tuple[str, ...] = ()
    round: int = 0


@dataclass
class Text:
    """What a step makes."""

    title: str
    words: int = 0


@step(idempotent=True)
def draft(ctx: StepContext, topic: str, remark: str = "") -> Text:
    """Write a draft."""
    return Text(f"{topic} {remark}".strip(), len(topic))


@step(idempotent=True, retry=Retry(attempts=3, first_delay=timedelta(minutes=1), jitter=0))
def fetch(ctx: StepContext, topic: str) -> str:
    """Fetch the sources."""
    if topic == "nowhere" or (topic == "shaky" and ctx.attempt < 3):
        raise Away("no answer") if topic == "shaky" else Refused("there is nothing")
    return f"about {topic}"


@step(idempotent=True)
def look_up(ctx: StepContext, topic: str) -> str:
    """Look it up in a book."""
    return f"a book on {topic}"


@step(idempotent=False)
def publish(ctx: StepContext, title: str) -> int:
    """Publish it."""
    if title.startswith("forbidden"):
        raise Refused("not this")
    return len(title)


@step(idempotent=True)
def withdraw(ctx: StepContext, post: int, *, quiet: bool = False) -> None:
    """Withdraw it."""


@step(idempotent=True)
def tell(ctx: StepContext, text: str) -> str:
    """Tell somebody."""
    return text


# the verbs, one after another -----------------------------------------------------------------------------


@workflow("kept_verbs")
def verbs(run: Run, order: Order) -> str:
    """Use each mark and each simple verb."""
    began = run.now()
    token = run.uuid()
    number = run.random().randint(1, 6)
    run.note(f"about {order.topic}")
    text = run.step(draft, order.topic, remark="first")
    run.step(tell, f"{began:%Y} {token} {number}")
    run.sleep(timedelta(hours=2))
    paid = run.signal("paid", dict, timeout=timedelta(days=1))
    return f"{text.title} {paid['amount']}"


@workflow("kept_fallback")
def fallback(run: Run, order: Order) -> str:
    """Try one source, then another; what was refused is told."""
    try:
        found = run.step(fetch, order.topic)
    except StepFailed as failed:
        run.note(failed.reason)
        found = run.step(look_up, order.topic)
    return run.step(tell, found)


def _reviewed(run: Run, item: str) -> str:
    """Review one item: look at it, wait, tell."""
    seen = run.step(look_up, item)
    run.sleep(timedelta(minutes=len(item)))
    return run.step(tell, seen)


@workflow("kept_branches")
def branches(run: Run, order: Order) -> list[str]:
    """Work on several things side by side, then on each item."""
    title, (text, told) = order.topic, run.parallel(run.call(draft, order.topic), run.call(_reviewed, order.topic))
    done = run.map(_reviewed, order.items, concurrency=2)
    return [title, text.title, told, *done]


@workflow("kept_race")
def race(run: Run, order: Order) -> str:
    """Wait for the money or for the end of patience."""
    won = run.first(run.call(Run.signal, "paid", str), run.call(Run.sleep, timedelta(days=3)))
    return run.step(tell, str(won.value) if won.index == 0 else "nobody paid")


# people, children, undoing --------------------------------------------------------------------------------


@workflow("kept_editing")
def editing(run: Run, order: Order) -> str:
    """Write, and write again until the editor agrees."""
    text = run.step(draft, order.topic)
    decision = run.approval("editor", show=text, timeout=timedelta(days=2))
    while decision.outcome is Outcome.CHANGES:
        text = run.step(draft, order.topic, decision.comment)
        decision = run.approval("editor", show=text, timeout=timedelta(days=2))
    decision.require_approved()
    return text.title


@workflow("kept_small")
def small(run: Run, order: Order) -> str:
    """What another workflow has done for it."""
    if order.topic == "nowhere":
        raise Failed("there is nothing to do")
    return run.step(tell, f"small {order.topic}")


@workflow("kept_parent")
def parent(run: Run, order: Order) -> str:
    """Have others do the work."""
    done = run.child(small, Order(order.topic))
    try:
        run.child(small, Order("nowhere"))
    except ChildFailed as failed:
        done = f"{done}, not {failed.state}"
    return run.step(tell, done)


def _sorry(run: Run, order: Order, reason: str) -> None:
    run.step(tell, f"sorry: {reason}")


@workflow("kept_saga", on_failure=_sorry)
def saga(run: Run, order: Order) -> int:
    """Publish everything or nothing."""
    last = 0
    with run.saga() as undo:
        for item in order.items:
            last = run.step(publish, item)
            undo.on_failure(withdraw, last, quiet=True)
        run.step(tell, "published")
    return last


# code that changed, and runs that go on for ever ----------------------------------------------------------


@workflow("kept_patched")
def patched(run: Run, order: Order) -> str:
    """Runs from before the patch tell nobody."""
    run.step(look_up, order.topic)
    if run.patched("told"):
        run.step(tell, order.topic)
    run.signal("go", str)
    return order.topic


@workflow("kept_patched")
def unpatched(run: Run, order: Order) -> str:
    """The same workflow before the patch."""
    run.step(look_up, order.topic)
    run.signal("go", str)
    return order.topic


@workflow("kept_rounds")
def rounds(run: Run, order: Order) -> int:
    """Go round, with a fresh history each time."""
    run.step(tell, f"round {order.round}")
    run.sleep(timedelta(days=1))
    if order.round < 2:
        run.continue_as_new(Order(order.topic, order.items, order.round + 1))
    run.signal("stop", str)
    return order.round


KEPT = (verbs, fallback, branches, race, editing, small, parent, saga, patched, rounds)
