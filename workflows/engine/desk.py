"""What people may ask of groups of dead letters. Every method says in words why it refuses."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workflows.engine.errors import NotAllowed, Refused
from workflows.engine.letters.model import Counted, GroupQuery
from workflows.engine.letters.ports import Letters
from workflows.engine.model import Audit, Run
from workflows.engine.service import Service

LOOKED_THROUGH = 500
"""Groups of which those that a person may see are looked for."""


@dataclass(frozen=True)
class LetterDesk:
    """Groups of dead letters, as each person may see them: who may see a run may see its group."""

    service: Service
    letters: Letters

    def listed(self, query: GroupQuery, *, by: str) -> list[Counted]:
        """The groups that this person may see, newest failure first."""
        found = self.letters.groups(replace(query, limit=LOOKED_THROUGH))
        return [one for one in found if self._sees(by, one)][: query.limit]

    def look(self, part: str, *, by: str) -> Counted:
        """The group whose id is, begins or ends with `part`, or that a run belongs to; raises Refused."""
        wanted = part.strip("` ").lower()
        found = self.letters.group(wanted)
        if found is None:
            every = self.letters.groups(GroupQuery(open=False, limit=LOOKED_THROUGH)) if len(wanted) > 3 else ()
            near = [one for one in every if one.group.id.startswith(wanted) or one.group.id.endswith(wanted)]
            if len(near) > 1:
                raise Refused(f"Several groups are called {part}: give more of the id.")
            member = None if near else self.letters.of_run(self.service.find(wanted).id)
            found = near[0] if near else self.letters.group(member.group_id) if member else None
        if found is None:
            raise Refused(f"There is no group of dead letters {part}. `baton deadletters` lists them.")
        if not self._sees(by, found):
            raise NotAllowed(f"{by} may not see group {found.group.id}. Those who see its runs may.")
        return found

    def claim(self, part: str, *, by: str) -> Counted:
        """Make a person the owner of a group, so that others know who sees to it."""
        found = self.look(part, by=by)
        group = found.group
        if group.owner == by:
            return found
        if group.owner:
            raise Refused(f"Group {group.id} was claimed by {group.owner} already; they can release it.")
        return self._own(found, by, by, "claim")

    def release(self, part: str, *, by: str) -> Counted:
        """Give a group back: its owner may, and admins."""
        found = self.look(part, by=by)
        group, access = found.group, self.service.access
        if not group.owner:
            raise Refused(f"Group {group.id} is claimed by nobody.")
        if by != group.owner and not access.is_admin(by):
            raise NotAllowed(f"{by} may not release group {group.id}. Its owner ({group.owner}) and admins may.")
        return self._own(found, "", by, "release")

    def _own(self, found: Counted, owner: str, by: str, verb: str) -> Counted:
        group = found.group
        audit = Audit(self.service.now(), by, verb, "", f"group {group.id}")
        if not self.letters.own(group.id, owner, instead_of=group.owner, audit=audit):
            raise Refused(f"Somebody else was faster: look at group {group.id} again.")
        return self.letters.group(group.id) or found

    def _sees(self, by: str, one: Counted) -> bool:
        """Whether this person may see the newest run of the group; all are in one channel."""
        members = self.letters.members(one.group.id, limit=5)
        seen = self.service.store.recorded([member.run_id for member in members])
        return any(self._may(by, each.run) for each in seen)

    def _may(self, by: str, run: Run) -> bool:
        return self.service.access.may_see(by, run, self.service.store.approvals(run_id=run.id, state=None))
