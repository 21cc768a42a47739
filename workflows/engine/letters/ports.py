"""Where groups of dead letters are kept. The twin is `workflows.engine.testing.memory_letters`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from workflows.engine.letters.model import Counted, Group, GroupQuery, Member
from workflows.engine.model import Audit

PREFIX = "group/"
"""Before a group's id in the id of its card."""


def card_of(group_id: str) -> str:
    """The id of the card that shows a group."""
    return f"{PREFIX}{group_id}"


def group_of(card_id: str) -> str:
    """The group that a card shows; "" for another card."""
    return card_id.removeprefix(PREFIX) if card_id.startswith(PREFIX) else ""


class Letters(Protocol):
    """Groups of dead letters. Methods raise StoreUnavailable.

    A run joins its group in the transaction that makes it a dead letter, and what is done about it is noted in the
    transaction that does it. Each writes a row of its own, from which everything is counted: no failure waits for
    another.
    """

    # what is to be shown
    def stir(self, *, limit: int) -> Sequence[str]:
        """Have groups shown in which something happened, and close those in which nothing waits any more; their ids."""

    def touch(self, group_id: str) -> None:
        """Have a group shown anew."""

    def astray(self, *, limit: int) -> Sequence[str]:
        """Runs that are dead letters without a group, or the other way round: an earlier release knows no groups."""

    def mend(self, run_id: str) -> bool:
        """Let such a run join its group, or leave it; False when there is nothing to mend."""

    # whether an episode is over
    def unclosed(self, *, limit: int) -> Sequence[Group]:
        """Groups that the next failure of their kind would join, the newest first."""

    def close_if_passed(self, group_id: str, *, runs: int) -> bool:
        """Close a group when so many runs of its workflow succeeded since its last failure; whether that was now."""

    # owners
    def own(self, group_id: str, owner: str, *, instead_of: str, audit: Audit) -> bool:
        """Give a group an owner ("" for none) if it has the one that was seen; False when it has another."""

    # reading
    def group(self, group_id: str) -> Counted | None: ...
    def groups(self, query: GroupQuery) -> Sequence[Counted]:
        """The one with the newest failure first."""

    def members(self, group_id: str, *, open_only: bool = False, limit: int = 20) -> Sequence[Member]:
        """The newest first; of several dead letters of one run, only its last."""

    def people(self, group_id: str, *, limit: int = 50) -> Sequence[str]:
        """Who started its runs, in the order in which a run of each failed first."""

    def of_run(self, run_id: str) -> Member | None:
        """The last dead letter of a run."""
