"""Rules of schedules as people say them: `weekdays 9:00`, `every 15 minutes`, `the 1st of the month at 8am`."""

from __future__ import annotations

import re

from workflows.engine.errors import InvalidInput

EXAMPLES = (
    "For example: weekdays 9:00, mondays and fridays at 14:30, daily at 8am, every 15 minutes, the 1st of the month "
    "at 8:00; or five fields of cron, such as 0 9 * * mon-fri."
)
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY_NAMES = {name: name[:3] for name in ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")}
_DAY_NAMES |= {day: day for day in DAYS} | {"tues": "tue", "wednes": "wed", "thur": "thu", "thurs": "thu"}
_GROUPS = {
    "": "*", "day": "*", "days": "*", "daily": "*", "morning": "*", "evening": "*",
    "weekday": "mon-fri", "weekdays": "mon-fri", "workday": "mon-fri", "workdays": "mon-fri",
    "weekend": "sat,sun", "weekends": "sat,sun",
}  # fmt: skip
_EVERY = re.compile(r"every (?:(\d{1,4}) )?(minute|hour|min|hr)s?|(hourly)")
_CLOCK = r"(?:(\d{1,2})(?::(\d\d))?\s?(am|pm)?|noon|midday|midnight)"
_TIMES = re.compile(rf"(?:\bat )?(?<![\d:])({_CLOCK}(?:(?:,| and|, and) ?{_CLOCK})*)$")
_MONTHLY = re.compile(
    r"(?:(?:monthly|month|of the month|of each month|of every month)(?: on)? ?)?"
    r"(?:the )?(\d{1,2})(?:st|nd|rd|th)(?: (?:of (?:the|each|every) month|monthly))?"
)


def rule_of(text: str) -> str:
    """The cron rule that a text means, which may be one already; raises InvalidInput with examples."""
    words = " ".join(text.lower().split())
    if words.startswith("@") or _is_cron(words):
        return " ".join(text.split())
    every = _EVERY.fullmatch(words)
    if every is not None:
        return _every(int(every[1] or 1), every[2] or "hour", text)
    days, minutes, hours = _timed(words, text)
    return f"{minutes} {hours} {_days(days, text)}"


def _is_cron(words: str) -> bool:
    """Whether somebody meant cron's fields, even if they are not right: cron itself says what is wrong."""
    fields = words.split()
    return "*" in words or (len(fields) == 5 and all(re.fullmatch(r"[\da-z,/-]+", one) for one in fields[:2])
                            and fields[0][0].isdigit() and fields[1][0].isdigit())  # fmt: skip


def _every(count: int, unit: str, text: str) -> str:
    whole = 60 if unit.startswith("min") else 24
    if not count or count > whole or whole % count:
        fits = ", ".join(str(one) for one in range(2, whole) if whole % one == 0)
        of = "an hour" if whole == 60 else "a day"
        raise InvalidInput(f"{text!r}: {of} can be cut into equal parts of {fits} {unit}s. Say one of these.")
    step = "*" if count == 1 else f"*/{count}"
    if whole == 60:
        return "0 * * * *" if count == 60 else f"{step} * * * *"
    return "0 0 * * *" if count == 24 else f"0 {step} * * *"


def _timed(words: str, text: str) -> tuple[str, str, str]:
    """The days, and cron's minutes and hours; the times may stand before the days too."""
    found = _TIMES.search(words)
    days = words[: found.start()] if found else ""
    if found is None:
        before = re.match(rf"(?:at )?({_CLOCK}(?:(?:,| and|, and) ?{_CLOCK})*) ", words)
        if before is None:
            raise InvalidInput(f"{text!r} says no time of the day that can be read. {EXAMPLES}")
        times, days = before[1], words[before.end() :]
    else:
        times = found[1]
    moments = [_time(one, text) for one in re.split(r",? and |, ?", times)]
    minutes = {minute for _, minute in moments}
    if len(minutes) > 1:
        raise InvalidInput(f"{text!r}: one rule has the same minute in each hour. Make a schedule for each time.")
    hours = ",".join(str(hour) for hour in sorted({hour for hour, _ in moments}))
    return re.sub(r"^(?:every|each|on|all) ", "", days.strip() + " ").strip().strip(","), str(minutes.pop()), hours


def _time(words: str, text: str) -> tuple[int, int]:
    named = {"noon": (12, 0), "midday": (12, 0), "midnight": (0, 0)}.get(words)
    if named is not None:
        return named
    found = re.fullmatch(r"(\d{1,2})(?::(\d\d))?\s?(am|pm)?", words)
    hour, minute, half = (int(found[1]), int(found[2] or 0), found[3]) if found else (99, 0, None)
    if half and not 1 <= hour <= 12:
        hour = 99
    elif half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59:
        raise InvalidInput(f"{text!r}: {words} is no time of the day. {EXAMPLES}")
    return hour, minute


def _days(words: str, text: str) -> str:
    """Cron's last three fields."""
    if words in _GROUPS:
        return f"* * {_GROUPS[words]}"
    monthly = _MONTHLY.fullmatch(words)
    if monthly is not None:
        return f"{int(monthly[1])} * *"
    named = [_day_or_range(one) for one in re.split(r",? and |, ?| ", words)]
    if not all(named):
        raise InvalidInput(f"{text!r} can't be read as a rule. {EXAMPLES}")
    return f"* * {','.join(dict.fromkeys(one for one in named if one))}"


def _day_or_range(word: str) -> str:
    first, dash, last = word.partition("-")
    begin, end = _day(first), _day(last)
    if dash:
        return f"{begin}-{end}" if begin and end and DAYS.index(begin) < DAYS.index(end) else ""
    return begin


def _day(word: str) -> str:
    return _DAY_NAMES.get(word) or _DAY_NAMES.get(word.removesuffix("s"), "")
