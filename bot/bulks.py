"""Moves of whole groups of dead letters in words, for the command line and Slack."""

from __future__ import annotations

from workflows.engine.bulks.model import Bulk, EndedAs, Move, Standing

SHORT = {Move.RESUME: "Resume", Move.SKIP: "Skip", Move.FORK: "Fork", Move.DISCARD: "Discard"}
GOING = {Move.RESUME: "Resuming", Move.SKIP: "Skipping", Move.FORK: "Forking", Move.DISCARD: "Discarding"}
DONE = {Move.RESUME: "Resumed", Move.SKIP: "Skipped", Move.FORK: "Forked", Move.DISCARD: "Discarded"}
EFFECT = {
    Move.RESUME: "Each goes on from the step that failed; finished steps stay done.",
    Move.SKIP: "In each, the value stands for the result of the step that failed, and the run goes on after it.",
    Move.FORK: "For each, a new run goes on from before the failed step on the code that is installed now.",
    Move.DISCARD: "They leave the list of dead letters and nobody is reminded; what was done stays done.",
}
"""What a move means for each run."""


def runs(number: int) -> str:
    """A number of runs, as people read large numbers."""
    return f"{number:,} {'run' if number == 1 else 'runs'}"


def question(bulk: Bulk, workflow: str) -> str:
    """What is to be confirmed, with the number."""
    whose = " that you started" if bulk.only else ""
    return f"{SHORT[bulk.move]} {runs(bulk.total)} of {workflow}{whose}?"


def standing(found: Standing) -> str:
    """How far a bulk is, or how it ended, in a sentence or two."""
    bulk = found.bulk
    if bulk.confirmed_at is None:
        return f"{SHORT[bulk.move]} {runs(bulk.total)}: not confirmed yet."
    said = [_counted(found)]
    if found.refused and found.why:
        said.append(f"Of one of those that could not be moved: {found.why}")
    if found.since:
        said.append(f"{found.since:,} more failed since; they were not touched.")
    return " ".join(said)


def _counted(found: Standing) -> str:
    bulk = found.bulk
    going = bulk.ended_at is None
    parts = [
        f"{GOING[bulk.move]} {runs(bulk.total)}: {found.done:,} done" if going else f"{DONE[bulk.move]} {found.done:,}"
    ]
    if found.elsewhere:
        parts.append(f"{found.elsewhere:,} had been moved already")
    if found.refused:
        parts.append(f"{found.refused:,} could not be moved")
    if found.left:
        parts.append(f"{found.left:,} left as they were")
    told = ", ".join(parts)
    return f"Stopped: {told[0].lower()}{told[1:]}." if bulk.ended_as is EndedAs.CANCELLED else f"{told}."
