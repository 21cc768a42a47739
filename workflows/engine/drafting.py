"""What a policy would come to, before anybody is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workflows.engine.access import Access
from workflows.engine.approving.agenda import Entry, entries_of
from workflows.engine.approving.book import Book
from workflows.engine.approving.policy import Policy, PolicyError
from workflows.engine.definition import Workflow
from workflows.engine.explaining import Circle, circle_of
from workflows.engine.model import Approval
from workflows.engine.plan import plan_of
from workflows.engine.ports import Membership


@dataclass(frozen=True)
class Drafted:
    """An approval that a policy would open, who could decide it, and what would be told when."""

    approval: Approval
    circle: Circle
    agenda: tuple[Entry, ...]


def policies_in(workflows: Iterable[Workflow[Any, Any]]) -> dict[str, tuple[Policy | None, tuple[str, ...]]]:
    """The policies that approvals name, as their code has them (None for a name alone), and the workflows that do."""
    found: dict[str, tuple[Policy | None, tuple[str, ...]]] = {}
    for workflow in workflows:
        for asked in (node.policy for node in plan_of(workflow).approvals()):
            if asked is not None:
                name = asked if isinstance(asked, str) else asked.name
                before, users = found.get(name, (None, ()))
                code = before if isinstance(asked, str) else asked
                found[name] = (code, tuple(dict.fromkeys((*users, workflow.name))))
    return found


def known(book: Book, workflows: Iterable[Workflow[Any, Any]], name: str) -> Policy:
    """A policy by its name, of the settings or else of code; raises PolicyError."""
    code = policies_in(workflows).get(name, (None, ()))[0]
    return book.policy(code or name)


def drafted(
    book: Book,
    policy: Policy,
    given: Mapping[str, Any],
    now: datetime,
    access: Access,
    directory: Membership,
    starter: str,
) -> Drafted:
    """What a policy would come to with these values, for a run that `starter` started; raises PolicyError."""
    if not isinstance(given, Mapping):
        raise PolicyError("The input has no fields: give a JSON object.")
    opening = book.opening(policy, {"show": given, "input": given}, now)
    terms = opening.recorded
    approval = Approval(
        "", "", 0, "", policy.name, policy.name, "", "", terms.approvers, now, len(terms.seats), opening.allow_self,
        due_at=opening.due_at, on_timeout=opening.on_timeout, policy=terms.text(),
    )  # fmt: skip
    starters = {starter} if starter else set[str]()
    return Drafted(approval, circle_of(access, directory, approval, starters), entries_of(opening.agenda))
