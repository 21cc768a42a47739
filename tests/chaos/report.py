"""What came of a chaos run, as text that can be pasted."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.audit import AGAIN, Findings
from tests.chaos.drive import Outcome
from tests.chaos.plan import WORDS
from tests.chaos.shapes import Sort

SHOWN = 5
"""So many findings of a kind are shown."""
SORTS = {
    Sort.KEYED: "with a key that the service honours",
    Sort.MADE: "reconciled",
    Sort.HOPED: "neither",
}


def report(outcome: Outcome) -> str:
    """The figures, then what is wrong."""
    return "\n".join(_lines(outcome))


def _lines(outcome: Outcome) -> Iterator[str]:
    order, findings = outcome.order, outcome.findings
    yield (
        f"{order.database}: seed {order.seed}, {order.runs} runs and {order.faults} faults asked for, "
        f"{outcome.at_work:.0f} s at work, {outcome.seconds:.0f} s in all"
    )
    if outcome.cut_short:
        yield f"  {outcome.cut_short}"
    yield "  runs by final state (children count as runs)"
    for (workflow, state), count in sorted(outcome.states.items()):
        yield _row(f"{workflow}, {state}", count)
    yield "  faults"
    for kind, count in sorted(outcome.faults.items()):
        yield _row(WORDS[kind], count)
    if outcome.in_transaction:
        yield _row("connections cut between a write and its commit", outcome.in_transaction)
    yield "  done twice on purpose"
    for what, count in sorted(outcome.twice.items()):
        yield _row(what, count)
    yield f"  effects ({outcome.calls} calls carried out, {outcome.refused} refused at first)"
    for sort, words in SORTS.items():
        yield _row(words, outcome.effects[sort])
    yield "  parked for an effect of unknown outcome"
    yield _row("with cause", len(outcome.parked))
    yield _row("of these the effect was there: skipped with its result", outcome.skipped)
    yield _row("of these it was not: repeated", outcome.repeated)
    yield from _excused(findings)
    yield "  must be 0"
    for what, found in findings.wrongs().items():
        yield _row(what, len(found))
        shown = found if what == AGAIN else found[:SHOWN]
        for words in shown:
            yield f"      {words}"


def _excused(findings: Findings) -> Iterator[str]:
    """What may be, each proven by the journal and counted apart."""
    yield "  sent late by a worker that was stopped past its last look at its lease"
    yield from (_row("calls", len(findings.late)), *(f"      {words}" for words in findings.late[:SHOWN]))
    yield "  sent by a process that was killed, carried out after another had done the step, under the same key"
    yield from (_row("calls", len(findings.posthumous)), *(f"      {words}" for words in findings.posthumous[:SHOWN]))
    yield "  parked since a lease ran out under a worker that lived: the machine was too busy"
    yield _row("runs", len(findings.starved))


def _row(what: str, count: int) -> str:
    return f"    {what:<68}{count:>8}"
