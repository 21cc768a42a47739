"""What came of runs that people started and decided in Slack: one run, one decision, one effect, each post once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workflows.engine.model import RunState


@dataclass(frozen=True)
class Shown:
    """A run as the store has it, and what the channel shows of it."""

    run_id: str
    state: RunState
    decisions: int
    posts: Mapping[str, int] = field(default_factory=dict)
    """How often each of its messages stands in the workspace, by the id in its metadata."""
    wanted: frozenset[str] = frozenset()
    """The ids of the messages that the store says were posted."""
    buttons: int = 0
    """Buttons that still ask for a decision."""
    ended: bool = True
    """Whether the card says how it ended."""


def slack_audit(runs: Mapping[str, Sequence[Shown]], effects: Mapping[str, int]) -> Mapping[str, tuple[str, ...]]:
    """What must be empty: `runs` and `effects` are by what was asked for."""
    found: dict[str, list[str]] = {
        "lost": [], "started twice": [], "stuck or ended wrongly": [], "not decided once": [], "not printed once": [],
        "posted twice": [], "not shown": [],
    }  # fmt: skip
    for title, started in runs.items():
        if effects.get(title, 0) != 1:
            found["not printed once"].append(f"{title} was printed {effects.get(title, 0)} times")
        if not started:
            found["lost"].append(f"{title} is not in the store")
        if len(started) > 1:
            found["started twice"].append(f"{title} is {', '.join(run.run_id for run in started)}")
        for run in started:
            for kind, words in _of(run):
                found[kind].append(f"{title} ({run.run_id}) {words}")
    return {kind: tuple(words) for kind, words in found.items()}


def _of(run: Shown) -> Iterator[tuple[str, str]]:
    if run.state is not RunState.SUCCEEDED:
        yield "stuck or ended wrongly", f"is {run.state}"
    if run.decisions != 1:
        yield "not decided once", f"has {run.decisions} decisions"
    for mark, times in run.posts.items():
        if times > 1:
            yield "posted twice", f"shows the message {mark} {times} times"
    if missing := run.wanted - set(run.posts):
        yield "not shown", f"lacks {len(missing)} of its messages"
    if unknown := set(run.posts) - run.wanted:
        yield "posted twice", f"shows {len(unknown)} messages that the store does not know"
    if run.buttons:
        yield "not shown", f"still asks with {run.buttons} buttons"
    if not run.ended:
        yield "not shown", "has a card that does not say how it ended"
