"""Workflows whose plans are kept as golden files; they are read and never run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.plans.parts import Library, Search, Site, Topics, fetch_both, one, smaller, three, two
from workflows.engine.definition import workflow
from workflows.engine.errors import ChildFailed, Failed, StepFailed, WaitTimeout
from workflows.engine.run import Run


@dataclass
class Order:
    """What these workflows are given."""

    topic: str
    urgent: bool = False
    kind: str = ""
    items: tuple[str, ...] = ()


@workflow("article", title="Write and publish an article")
def article(run: Run, order: Order) -> str:
    topic = run.step(Topics.get, order.topic)
    try:
        sources = run.step(Search.find, topic)
    except StepFailed:
        sources = run.step(Library.find, topic)
    text = run.step(one, sources)
    seo, cover = run.parallel(run.call(two, text), run.call(three, text))

    decision = run.approval("editor", show=text, timeout=timedelta(days=2))
    while decision.outcome == "changes":
        text = run.step(one, decision.comment)
        decision = run.approval("editor", show=text, timeout=timedelta(days=2))
    decision.require_approved()

    with run.saga() as saga:
        media = run.step(Site.upload_media, cover)
        saga.on_failure(Site.delete_media, media)
        post = run.step(Site.publish, text, seo, media)
        saga.on_failure(Site.trash_post, post)
        run.step(Topics.mark_published, topic)
    return str(post)


def _remind(run: Run, given: Any, reason: str) -> None:
    run.step(one, reason)


def _collect(run: Run, order: Order) -> None:
    """Collect the money."""
    try:
        won = run.first(run.call(Run.signal, "paid"), run.call(Run.sleep, timedelta(days=14)))
    except WaitTimeout:
        return
    if won.index == 0:
        run.step(one, order.topic)
    else:
        run.child(smaller, order.topic)


@workflow("invoice", title="Send an invoice", on_failure=_remind)
def invoice(run: Run, order: Order) -> None:
    approver = "legal" if order.urgent else "finance"
    run.approval(approver, approvers=["U1", "U2"], quorum=2)
    match order.kind:
        case "small":
            run.step(one)
        case "large" if order.urgent:
            fetch_both(run, order)
        case _:
            raise Failed("there is no such kind")
    _collect(run, order)
    run.sleep(timedelta(hours=36))


def _deliver(run: Run, item: str) -> None:
    """Deliver one item."""
    if run.patched("insured"):
        run.step(three, item)
    run.signal("arrived", timeout=timedelta(days=7))


@workflow("delivery", title="Deliver everything, for ever")
def delivery(run: Run, order: Order) -> None:
    calls = [run.call(one, item) for item in order.items]
    if order.urgent:
        calls.append(run.call(two, order.topic))
    run.parallel(*calls)
    run.map(_deliver, order.items, concurrency=2)
    for send in (one, two):
        try:
            run.step(send, order.topic)
            break
        except StepFailed:
            continue
    else:
        run.step(three)
    try:
        run.child(smaller, order.topic)
    except ChildFailed as failure:
        raise Failed(str(failure)) from failure
    finally:
        run.step(two)
    run.continue_as_new(order)
