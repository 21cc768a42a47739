"""A group of dead letters with everything that its messages show, read from the store."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.delivery.snapshots import Snapshots
from bot.slack.views.group import NEWEST, Failed, GroupSnapshot
from workflows.engine.bulks.ports import Bulks
from workflows.engine.letters.ports import Letters


@dataclass(frozen=True)
class Groups:
    """Reads groups as they stand."""

    letters: Letters
    snapshots: Snapshots
    bulks: Bulks

    def load(self, group_id: str) -> GroupSnapshot | None:
        """A group; None for one whose runs are all deleted. Raises StoreUnavailable."""
        counted = self.letters.group(group_id)
        if counted is None:
            return None
        members = self.letters.members(group_id, limit=NEWEST)
        store = self.snapshots.store
        runs = {seen.run.id: seen.run for seen in store.recorded([member.run_id for member in members])}
        there = [member for member in members if member.run_id in runs]
        if not there:
            return None
        newest = tuple(Failed(runs[one.run_id], one.at, one.settled_at is None) for one in there)
        only = self.snapshots.load(there[0].run_id) if counted.runs == 1 else None
        people = tuple(self.letters.people(group_id))
        return GroupSnapshot(counted, newest, only, bulk=self.bulks.of_group(group_id), people=people)
