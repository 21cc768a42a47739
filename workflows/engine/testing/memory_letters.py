"""The twin of the groups of dead letters, on the rows of an in-memory store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workflows.engine.letters.joining import letter_of
from workflows.engine.letters.model import FRESH, Closed, Counted, Group, GroupQuery, Member
from workflows.engine.letters.ports import card_of
from workflows.engine.model import Audit, RunState
from workflows.engine.outbox import Card
from workflows.engine.problem import problem_from
from workflows.engine.testing.memory import MemoryStore


class MemoryLetters:
    """Groups of dead letters; shares the rows and the lock of a MemoryStore."""

    def __init__(self, store: MemoryStore) -> None:
        self._rows, self._lock, self._clock = store.shared

    # what is to be shown

    def stir(self, *, limit: int) -> Sequence[str]:
        with self._lock:
            untold = {self._rows.letters[at].group_id: None for at in sorted(self._rows.untold)}
            found = list(untold)[:limit]
            for group_id in found:
                self._stir(group_id)
            return found

    def _stir(self, group_id: str) -> None:
        mine = [(at, letter) for at, letter in self._rows.letters.items() if letter.group_id == group_id]
        self._rows.untold -= {at for at, _ in mine}
        group = self._rows.groups[group_id]
        if group.closed_at is None:
            fresh = max(group.fresh_until, max(letter.at for _, letter in mine) + FRESH)
            waits = any(letter.settled_at is None for _, letter in mine)
            closed = {} if waits else {"closed_at": self._clock.now(), "closed_as": Closed.DEALT}
            self._rows.groups[group_id] = replace(group, **({"fresh_until": fresh} if waits else closed))
        self._touch(group_id, at_once=False)

    def touch(self, group_id: str) -> None:
        with self._lock:
            self._touch(group_id, at_once=True)

    def _touch(self, group_id: str, *, at_once: bool) -> None:
        group, now = self._rows.groups.get(group_id), self._clock.now()
        if group is None:
            return
        name = card_of(group_id)
        card = self._rows.cards.get(name) or Card(name, group.channel, 0, 0, now)
        due = min(card.due_at, now) if at_once else card.due_at
        self._rows.cards[name] = replace(card, wanted=card.wanted + 1, due_at=due)

    def astray(self, *, limit: int) -> Sequence[str]:
        with self._lock:
            joined = {run_id for (run_id, _), letter in self._rows.letters.items() if letter.settled_at is None}
            dead = {run.id for run in self._rows.runs.values() if run.dead_at is not None}
            return sorted(joined ^ dead)[:limit]

    def mend(self, run_id: str) -> bool:
        with self._lock:
            run = self._rows.runs.get(run_id)
            if run is None or run_id not in self.astray(limit=len(self._rows.runs)):
                return False
            if run.dead_at is None:
                self._rows.settle(run_id, self._clock.now())
            else:
                self._rows.join(run_id, letter_of(run, problem_from(run.error), run.dead_at))
            return True

    # whether an episode is over

    def unclosed(self, *, limit: int) -> Sequence[Group]:
        with self._lock:
            found = [group for group in self._rows.groups.values() if group.closed_at is None]
            return sorted(found, key=lambda group: group.id, reverse=True)[:limit]

    def close_if_passed(self, group_id: str, *, runs: int) -> bool:
        with self._lock:
            group, letters = self._rows.groups.get(group_id), self._of(group_id)
            if group is None or group.closed_at is not None or not letters:
                return False
            last = max(letter.at for letter in letters)
            passed = [
                run for run in self._rows.runs.values()
                if run.workflow == group.workflow and run.state is RunState.SUCCEEDED
            ]  # fmt: skip
            newest = sorted(passed, key=lambda run: run.id, reverse=True)[:runs]
            if len(newest) < runs or any(run.ended_at is None or run.ended_at <= last for run in newest):
                return False
            self._rows.groups[group_id] = replace(group, closed_at=self._clock.now(), closed_as=Closed.PASSED)
            self._touch(group_id, at_once=False)
            return True

    # owners

    def own(self, group_id: str, owner: str, *, instead_of: str, audit: Audit) -> bool:
        with self._lock:
            group = self._rows.groups.get(group_id)
            if group is None or group.owner != instead_of:
                return False
            at = self._clock.now() if owner else None
            self._rows.groups[group_id] = replace(group, owner=owner, claimed_at=at)
            self._rows.audit.append(audit)
            self._touch(group_id, at_once=True)
            return True

    # reading

    def group(self, group_id: str) -> Counted | None:
        with self._lock:
            group = self._rows.groups.get(group_id)
            return self._counted(group) if group is not None and self._of(group_id) else None

    def groups(self, query: GroupQuery) -> Sequence[Counted]:
        with self._lock:
            fit = [
                group for group in self._rows.groups.values()
                if query.workflow in ("", group.workflow) and query.owner in ("", group.owner) and self._of(group.id)
            ]  # fmt: skip
            found = [one for one in map(self._counted, fit) if one.open or not query.open]
            return sorted(found, key=lambda one: (one.last_at, one.group.id), reverse=True)[: query.limit]

    def members(self, group_id: str, *, open_only: bool = False, limit: int = 20) -> Sequence[Member]:
        with self._lock:
            last = {letter.run_id: letter for letter in sorted(self._of(group_id), key=lambda one: one.number)}
            found = [letter for letter in last.values() if letter.settled_at is None or not open_only]
            return sorted(found, key=lambda one: (one.at, one.run_id), reverse=True)[:limit]

    def people(self, group_id: str, *, limit: int = 50) -> Sequence[str]:
        with self._lock:
            mine = sorted(self._of(group_id), key=lambda one: (one.at, one.run_id))
            return list(dict.fromkeys(self._rows.runs[one.run_id].started_by for one in mine))[:limit]

    def of_run(self, run_id: str) -> Member | None:
        with self._lock:
            mine = [letter for letter in self._rows.letters.values() if letter.run_id == run_id]
            return max(mine, key=lambda letter: letter.number, default=None)

    def _of(self, group_id: str) -> list[Member]:
        return [letter for letter in self._rows.letters.values() if letter.group_id == group_id]

    def _counted(self, group: Group) -> Counted:
        letters = self._of(group.id)
        earlier = [
            one for one in self._rows.groups.values()
            if (one.fingerprint, one.channel) == (group.fingerprint, group.channel) and one.id < group.id
        ]  # fmt: skip
        return Counted(
            group, len({letter.run_id for letter in letters}), sum(letter.settled_at is None for letter in letters),
            max(letter.at for letter in letters), max(letter.release for letter in letters),
            len(earlier), min(one.release for one in [*earlier, group]),
        )  # fmt: skip
