"""Approval policies and calendars as a TOML file: read at the border, with words and lines for what is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.settings import Settings
from workflows.engine.approving import hours as calendars
from workflows.engine.approving.book import Book
from workflows.engine.approving.hours import CalendarError, Hours, Quiet
from workflows.engine.approving.policy import Escalation, Policy, PolicyError, Rule, When, checked
from workflows.engine.errors import BatonError
from workflows.engine.model import Outcome

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"(\d{1,4})\s*(m|h|d|w)")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
Place = tuple[str | int, ...]
"""Where something stands in the file: `("policies", "payments", "rules", 0, "quorum")`."""


class PoliciesError(BatonError):
    """The file of policies can't be used; the text says where and why."""


def span_of(text: object) -> timedelta:
    """A length of time such as 30m, 8h, 2d or `1d 4h`; raises ValueError in words."""
    words = str(text).strip().lower()
    if not _SPAN.search(words) or _SPAN.sub("", words).strip():
        raise ValueError(f"{text!r} is no length of time: write 30m, 8h, 2d, 1w or `1d 4h`")
    return sum((int(count) * _UNITS[unit] for count, unit in _SPAN.findall(words)), timedelta(0))


def hours_of(text: str) -> tuple[time, time]:
    """Two times of day as in 9:00-17:00; raises ValueError in words."""
    found = re.fullmatch(r"\s*(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)\s*", text)
    if found is None:
        raise ValueError(f"{text!r} are no hours: write them as 9:00-17:00")
    a, b, c, d = map(int, found.groups())
    return time(a, b), time(c, d)


def quiet_of(text: object) -> Quiet:
    """Quiet hours with their zone, as in `20:00-8:00 Europe/Berlin`; raises ValueError in words."""
    clock, _, zone = str(text).strip().partition(" ")
    begins, ends = hours_of(clock)
    if not zone.strip() or begins == ends:
        raise ValueError(f"{text!r} are no quiet hours: write them as 20:00-8:00 Europe/Berlin")
    calendars.zone_of(zone.strip())
    return Quiet(begins, ends, zone.strip())


def days_of(given: object) -> tuple[int, ...]:
    """Days of the week by their first three letters: mon-fri, or a list; raises ValueError in words."""
    parts = given if isinstance(given, list) else re.split(r"[\s,]+", str(given).strip())
    found: list[int] = []
    for part in parts:
        first, _, last = str(part).lower().partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise ValueError(f"{part!r} is no day: write mon-fri, or a list of {', '.join(DAYS)}")
        a, b = DAYS.index(first), DAYS.index(last or first)
        found += range(a, b + 1) if a <= b else [*range(a, 7), *range(b + 1)]
    return tuple(dict.fromkeys(found))


Span = Annotated[timedelta, BeforeValidator(span_of)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Case(_Strict):
    field: str
    min: float | None = None
    max: float | None = None
    among: tuple[str, ...] = ()


class _Rule(_Strict):
    approvers: tuple[str, ...] = ()
    quorum: int | dict[str, int] = 1
    when: _Case | None = None


class _Escalation(_Strict):
    after: Span
    to: tuple[str, ...]


class _Policy(_Strict):
    rules: list[_Rule]
    four_eyes: bool = True
    remind: Span | None = None
    escalation: list[_Escalation] = Field(default_factory=list)
    timeout: Span | None = None
    on_timeout: Outcome = Outcome.EXPIRED
    calendar: str | None = None
    quiet: Annotated[Quiet | None, BeforeValidator(quiet_of)] = None


class _Calendar(_Strict):
    zone: str
    hours: Annotated[tuple[time, time], BeforeValidator(hours_of)] = (time(9), time(17))
    days: Annotated[tuple[int, ...], BeforeValidator(days_of)] = (0, 1, 2, 3, 4)
    country: str = ""
    region: str = ""
    closed: tuple[date, ...] = ()


class _File(_Strict):
    policies: dict[str, _Policy] = Field(default_factory=dict)
    calendars: dict[str, _Calendar] = Field(default_factory=dict)


def policies_of(settings: Settings) -> Book:
    """What the settings say of approvals; raises PoliciesError."""
    try:
        quiet = quiet_of(settings.baton_quiet_hours) if settings.baton_quiet_hours else None
    except (ValueError, CalendarError) as error:
        raise PoliciesError(f"BATON_QUIET_HOURS: {error}".rstrip(".") + ".") from None
    return read_policies(settings.baton_policies, quiet) if settings.baton_policies else Book(quiet=quiet)


def read_policies(path: Path, quiet: Quiet | None = None) -> Book:
    """The policies and calendars of a file; raises PoliciesError with the line of what is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise PoliciesError(f"BATON_POLICIES: {path} can't be read: {why}.") from None
    try:
        given = _File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise PoliciesError(f"BATON_POLICIES: {path} is no TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(part for part in first["loc"] if part not in ("int", "dict[str,int]"))
        said = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        raise _wrong(path, text, place, f"{_dotted(place)}: {said}") from None
    return _book(path, text, given, quiet)


def _book(path: Path, text: str, given: _File, quiet: Quiet | None) -> Book:
    hours: dict[str, Hours] = {}
    for name, one in given.calendars.items():
        made = Hours(one.zone, *one.hours, one.days, one.country, one.region, one.closed, name)
        try:
            hours[name] = calendars.checked(made)
        except CalendarError as error:
            raise _wrong(path, text, ("calendars", name), str(error)) from None
    book = Book({name: _policy(name, one) for name, one in given.policies.items()}, hours, quiet)
    for name in given.policies:
        try:
            checked(book.policy(name))
        except PolicyError as error:
            raise _wrong(path, text, ("policies", name), str(error)) from None
    return book


def _policy(name: str, given: _Policy) -> Policy:
    rules = [Rule(one.approvers, one.quorum, When(**dict(one.when)) if one.when else None) for one in given.rules]
    escalation = [Escalation(one.after, one.to) for one in given.escalation]
    return Policy(
        name, rules, given.four_eyes, given.remind, escalation, given.timeout, given.on_timeout, given.calendar,
        given.quiet,
    )  # fmt: skip


# where it is wrong ---------------------------------------------------------------------------------------------


def _wrong(path: Path, text: str, place: Place, words: str) -> PoliciesError:
    line = line_of(text, place)
    return PoliciesError(f"BATON_POLICIES: {path}, line {line}: {words.rstrip('.')}.")


def _dotted(place: Sequence[str | int]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in place)


def line_of(text: str, place: Place) -> int:
    """The line at which something stands, or what it would stand in: the deepest header or key that leads there."""
    best, depth = 1, 0
    header: Place = ()
    counts: dict[tuple[str | int, ...], int] = {}
    for number, row in enumerate(text.splitlines(), 1):
        if found := re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", row):
            header = _path(found[2].split("."), counts)
            if found[1] == "[[":
                counts[header] = counts.get(header, -1) + 1
                header = (*header, counts[header])
            here = header
        elif found := re.match(r"\s*([\w.\"'-]+)\s*=", row):
            here = (*header, *(part.strip("\"' ") for part in found[1].split(".")))
        else:
            continue
        if len(here) > depth and here == place[: len(here)]:
            best, depth = number, len(here)
    return best


def _path(names: Sequence[str], counts: Mapping[tuple[str | int, ...], int]) -> tuple[str | int, ...]:
    """A header's names, with the number of the item that each list is at."""
    path: tuple[str | int, ...] = ()
    for name in names:
        if path in counts:
            path = (*path, counts[path])
        path = (*path, name.strip("\"' "))
    return path
