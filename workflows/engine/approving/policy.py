"""An approval policy as its author writes it, beside workflows or in the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from workflows.engine.approving.hours import Hours, Quiet
from workflows.engine.errors import BatonError
from workflows.engine.model import Outcome

ROLE = "role:"
"""How the entries begin that stand for a role."""
BOTH = "+"
"""Between the roles of a seat for somebody who holds them all."""
Seat = tuple[str, ...]
"""Those whom somebody has to be, all of them, to take a seat; none for any approver."""
Quorum = int | Mapping[str, int]
"""So many approvers, or so many seats by role: `{"finance": 1, "finance+lead": 1}`."""
MOST_SEATS = 20


class PolicyError(BatonError):
    """A policy can't be used; the text says which and what to change."""


@dataclass(frozen=True)
class When:
    """The cases that a rule is for: a field of what is shown, or else of the run's input, and its bounds."""

    field: str
    """Its name; `order.amount` for one within another."""
    min: float | None = None
    """The least amount, included."""
    max: float | None = None
    """The largest amount, included."""
    among: Sequence[str] = ()
    """The texts that it may be, where it is no amount."""

    @property
    def words(self) -> str:
        """The same in plain words."""
        said = [f"of at least {self.min:,g}"] if self.min is not None else []
        said += [f"of at most {self.max:,g}"] if self.max is not None else []
        said += [f"that is {' or '.join(self.among)}"] if self.among else []
        return f"{self.field} {' and '.join(said)}" if said else f"any {self.field}"


@dataclass(frozen=True)
class Rule:
    """Who decides in some cases, and how many have to agree."""

    approvers: Sequence[str] = ()
    """People, roles and groups; none where the quorum names roles: then those are asked."""
    quorum: Quorum = 1
    when: When | None = None
    """None for all cases that no rule before it is for."""


@dataclass(frozen=True)
class Escalation:
    """Who is asked as well when nobody decided for a while; they may take any seat."""

    after: timedelta
    to: Sequence[str]


@dataclass(frozen=True)
class Policy:
    """Who may decide, how many have to agree, and what happens while nobody does.

    Rules are tried in order, and the first that fits counts. With a calendar all spans are counted in its working
    hours: a whole day of a span is a working day, the rest is working time.
    """

    name: str
    rules: Sequence[Rule]
    four_eyes: bool = True
    """Whoever started or changed the run does not decide."""
    remind: timedelta | None = None
    escalation: Sequence[Escalation] = ()
    timeout: timedelta | None = None
    on_timeout: Outcome = Outcome.EXPIRED
    """What it counts as when nobody decided in time."""
    calendar: Hours | str | None = None
    """Working hours, or the name that the settings give them; None counts every hour."""
    quiet: Quiet | None = None
    """When nobody is reminded; None for the quiet hours of the settings."""


def entry(name: str) -> str:
    """A role's bare name as an entry of a policy; people, groups and whole entries stay as they are."""
    return name if ":" in name else ROLE + name


def seats_of(rule: Rule) -> tuple[Seat, ...]:
    """The seats that have to be taken, one each by different people."""
    if isinstance(rule.quorum, int):
        return ((),) * rule.quorum
    named = [(tuple(entry(part.strip()) for part in key.split(BOTH)), count) for key, count in rule.quorum.items()]
    return tuple(seat for seat, count in named for _ in range(count))


def approvers_of(rule: Rule) -> tuple[str, ...]:
    """Who is asked: those named, else the roles of the seats."""
    named = tuple(rule.approvers) or tuple(seat[0] for seat in seats_of(rule) if seat)
    return tuple(dict.fromkeys(named))


def checked(policy: Policy) -> Policy:
    """The policy, if it makes sense; raises PolicyError."""
    for problem in _problems(policy):
        raise PolicyError(f"The policy {policy.name or '(without a name)'} can't be used: {problem}.")
    return policy


def _problems(policy: Policy) -> list[str]:
    found = [] if policy.name.strip() else ["give it a name"]
    found += [] if policy.rules else ["it has no rule: say who decides"]
    for number, rule in enumerate(policy.rules, 1):
        found += [f"rule {number} {problem}" for problem in _rule_problems(rule)]
        if rule.when is None and number < len(policy.rules):
            found.append(f"rule {number} is for all cases, so the rules after it are never looked at: put it last")
    spans = [policy.remind, policy.timeout, *(one.after for one in policy.escalation)]
    found += ["a span of time must be longer than nothing"] if any(s and s <= timedelta(0) for s in spans) else []
    if any(not one.to or isinstance(one.to, str) for one in policy.escalation):
        found.append("an escalation needs a list of people, roles or groups as `to`")
    late = [one for one in policy.escalation if policy.timeout is not None and one.after >= policy.timeout]
    return found + (["an escalation comes after the timeout, so it would never happen"] if late else [])


def _rule_problems(rule: Rule) -> list[str]:
    if isinstance(rule.approvers, str):
        return [f"names its approvers as one text, {rule.approvers!r}: give a list"]
    if isinstance(rule.quorum, int):
        wrong = not 1 <= rule.quorum <= MOST_SEATS
    else:
        wrong = not 1 <= len(seats_of(rule)) <= MOST_SEATS or any(count < 1 for count in rule.quorum.values())
    found = [f"needs a quorum between 1 and {MOST_SEATS}"] if wrong else []
    if not approvers_of(rule):
        found.append("names nobody: give approvers, or roles in its quorum")
    when = rule.when
    if when is not None and when.min is not None and when.max is not None and when.min > when.max:
        found.append(f"is for {when.field} between {when.min:g} and {when.max:g}, which nothing is")
    return found
