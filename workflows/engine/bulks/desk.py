"""What people may ask of bulks. Every method says in words why it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workflows.engine import codec
from workflows.engine.bulks.model import Bulk, Move, Standing
from workflows.engine.bulks.ports import Bulks
from workflows.engine.desk import LetterDesk
from workflows.engine.errors import NotAllowed, Refused
from workflows.engine.ids import new_id
from workflows.engine.model import Audit

LATE = "Nobody confirmed this in time, or it was confirmed already. Look at the group, and ask anew if need be."


@dataclass(frozen=True)
class BulkDesk:
    """Moves of whole groups, as each person may make them.

    Who may steer every run may move all of a group, and everybody else those of its runs that they started. Who asked
    confirms, and each run is moved in their name, by what they may do at that moment.
    """

    letters: LetterDesk
    bulks: Bulks

    def ask(self, part: str, move: Move, *, by: str) -> Standing:
        """Freeze the dead letters of a group that this person may move; nothing is done until it is confirmed."""
        found = self.letters.look(part, by=by)
        group, only = found.group, self._only(by)
        asked = self.bulks.ask(Bulk(new_id(), group.id, move, by, self.letters.service.now(), only))
        if not asked.total and found.open:
            raise NotAllowed(
                f"The {found.open} dead letters of group {group.id} belong to runs that others started. "
                "Those who started them and admins may move them."
            )
        if not asked.total:
            raise Refused(f"Nothing in group {group.id} waits for a person any more.")
        return self._known(asked.id)

    def confirm(self, bulk_id: str, *, by: str, value: Any = None, reason: str = "") -> Standing:
        """Let a bulk begin: the person who asked may, as long as they still may move these runs.

        `value` is for a skip what each failed step would have given, `reason` is why they are discarded.
        """
        bulk = self._known(bulk_id).bulk
        if bulk.by != by:
            raise NotAllowed(f"{bulk.by} asked for this, and has to confirm it.")
        self.letters.look(bulk.group_id, by=by)
        if self._only(by) not in ("", bulk.only):
            raise NotAllowed(f"{by} may not move the runs of others any more. Ask anew for your own.")
        words = f"group {bulk.group_id}, bulk {bulk.id}, {bulk.total} runs"
        detail = codec.encode(value, "The value") if bulk.move is Move.SKIP else reason
        if not self.bulks.confirm(bulk_id, self._audit(by, f"{bulk.move.value} all", words), detail=detail):
            raise Refused(LATE)
        return self._known(bulk_id)

    def cancel(self, bulk_id: str, *, by: str) -> Standing:
        """Leave the runs whose turn has not come: who asked may, and whoever may steer every run."""
        bulk = self._known(bulk_id).bulk
        if by != bulk.by and not self.letters.service.access.steers_all(by):
            raise NotAllowed(f"{by} may not stop this. {bulk.by}, who asked for it, and admins may.")
        if not self.bulks.cancel(bulk_id, self._audit(by, "cancel", f"group {bulk.group_id}, bulk {bulk.id}")):
            raise Refused("It is over already.")
        return self._known(bulk_id)

    def look(self, bulk_id: str, *, by: str) -> Standing:
        """How far a bulk is, for those who may see its group."""
        found = self._known(bulk_id)
        self.letters.look(found.bulk.group_id, by=by)
        return found

    def carried_out(self, bulk_id: str, carry_on: Callable[[str], object], rest: Callable[[], None]) -> Standing:
        """Stay with a bulk until it is over, carrying it out where nobody else does."""
        while (found := self._known(bulk_id)).bulk.ended_at is None:
            if carry_on(bulk_id) is None:
                rest()
        return found

    def _known(self, bulk_id: str) -> Standing:
        found = self.bulks.look(bulk_id)
        if found is None:
            raise Refused(LATE)
        return found

    def _only(self, by: str) -> str:
        return "" if self.letters.service.access.steers_all(by) else by

    def _audit(self, by: str, verb: str, detail: str) -> Audit:
        return Audit(self.letters.service.now(), by, verb, "", detail)
