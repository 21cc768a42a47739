"""The policies, calendars and quiet hours of an installation, and what a policy comes to in one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from workflows.engine.approving import agenda as agendas
from workflows.engine.approving import hours as calendars
from workflows.engine.approving.hours import CalendarError, Hours, Quiet
from workflows.engine.approving.policy import Policy, PolicyError, Rule, When, approvers_of, checked, seats_of
from workflows.engine.approving.recorded import Recorded, Step
from workflows.engine.model import Outcome

MISSING = object()


@dataclass(frozen=True)
class Opening:
    """The terms that an approval is opened with."""

    recorded: Recorded
    allow_self: bool
    due_at: datetime | None
    on_timeout: Outcome
    agenda: str
    remind_at: datetime | None


@dataclass(frozen=True)
class Book:
    """What the settings say of approvals. A policy here goes before the one of the same name in code."""

    policies: Mapping[str, Policy] = field(default_factory=dict)
    calendars: Mapping[str, Hours] = field(default_factory=dict)
    quiet: Quiet | None = None
    """When nobody is reminded, where a policy says nothing else."""

    def policy(self, asked: Policy | str) -> Policy:
        """The policy that counts, its calendar looked up; raises PolicyError."""
        name = asked if isinstance(asked, str) else asked.name
        found = self.policies.get(name, asked)
        if isinstance(found, str):
            known = ", ".join(sorted(self.policies)) or "none"
            raise PolicyError(f"There is no policy {name}: write it into the file of BATON_POLICIES. It has: {known}.")
        return replace(checked(found), calendar=self._hours(found), quiet=found.quiet or self.quiet)

    def opening(self, policy: Policy, values: Mapping[str, Any], now: datetime) -> Opening:
        """What a policy of this book comes to now. `values` by name (`show`, `input`) have what rules ask for.

        Raises PolicyError where no rule is for the case, or a calendar can't be used.
        """
        rule, facts = _rule(policy, values)
        hours = policy.calendar if isinstance(policy.calendar, Hours) else None
        try:
            due_at = _later(hours, now, policy) if policy.timeout is not None else None
            entries = agendas.agenda(now, due_at, policy.remind, policy.escalation, hours, policy.quiet)
        except (CalendarError, OverflowError) as error:
            raise PolicyError(f"The policy {policy.name} can't be used: {error}") from None
        steps = tuple(Step(one.at.isoformat(), one.to) for one in entries if one.to)
        said = rule.when.words if rule.when is not None else "all other cases" if len(policy.rules) > 1 else "all cases"
        kept = Recorded(
            policy.name,
            said,
            facts,
            approvers_of(rule),
            seats_of(rule),
            steps,
            (hours.name or hours.zone) if hours else "",
        )
        first = entries[0].at if entries else None
        return Opening(kept, not policy.four_eyes, due_at, policy.on_timeout, agendas.text_of(entries), first)

    def _hours(self, policy: Policy) -> Hours | None:
        given = policy.calendar
        if isinstance(given, str):
            if given not in self.calendars:
                known = ", ".join(sorted(self.calendars)) or "none"
                raise PolicyError(
                    f"The policy {policy.name} counts in the calendar {given}, which is not there: write it into the "
                    f"file of BATON_POLICIES. It has: {known}."
                )
            given = self.calendars[given]
        try:
            return calendars.checked(given) if given is not None else None
        except CalendarError as error:
            raise PolicyError(f"The calendar of the policy {policy.name} can't be used. {error}") from None


def _later(hours: Hours | None, now: datetime, policy: Policy) -> datetime:
    assert policy.timeout is not None
    return hours.after(now, policy.timeout) if hours is not None else now + policy.timeout


def _rule(policy: Policy, values: Mapping[str, Any]) -> tuple[Rule, dict[str, str]]:
    """The first rule that is for the case, and the values that were looked at."""
    facts: dict[str, str] = {}
    for rule in policy.rules:
        if rule.when is None:
            return rule, facts
        value = _value(rule.when.field, values)
        if value is MISSING:
            raise PolicyError(
                f"The policy {policy.name} asks for {rule.when.field}, which neither what is shown nor the input has."
            )
        facts[rule.when.field] = str(value)
        if _fits(policy, rule.when, value):
            return rule, facts
    said = ", ".join(f"{name} {value}" for name, value in facts.items())
    raise PolicyError(f"No rule of the policy {policy.name} is for {said}: add one without a `when` at its end.")


def _value(path: str, values: Mapping[str, Any]) -> Any:
    """What stands under a name, in the first of these that has it; `input.amount` looks in that one alone."""
    place, dot, rest = path.partition(".")
    looked, path = ([values[place]], rest) if dot and place in values else (list(values.values()), path)
    for value in looked:
        found = value
        for name in path.split("."):
            found = found.get(name, MISSING) if isinstance(found, Mapping) else MISSING
        if found is not MISSING and found is not None:
            return found
    return MISSING


def _fits(policy: Policy, when: When, value: Any) -> bool:
    if when.among and str(value) not in when.among:
        return False
    if when.min is None and when.max is None:
        return True
    try:
        amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("nan")
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite():
        raise PolicyError(f"The policy {policy.name} compares {when.field}, which is {str(value)[:60]!r}: no amount.")
    above = when.min is None or amount >= Decimal(str(when.min))
    return above and (when.max is None or amount <= Decimal(str(when.max)))


NO_POLICIES = Book()
"""An installation that says nothing of approvals."""
