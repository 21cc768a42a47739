"""The file of policies: what it gives, and words with a line for what is wrong."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from bot.policies import PoliciesError, policies_of, read_policies
from bot.settings import Settings
from workflows.engine.approving.hours import Hours, Quiet
from workflows.engine.approving.policy import Escalation, Policy, Rule, When
from workflows.engine.model import Outcome

FILE = dedent(
    """\
    [calendars.berlin]
    zone = "Europe/Berlin"
    hours = "8:30-17:00"
    days = "mon-thu, sat"
    country = "DE"
    region = "BE"
    closed = [2026-12-24]

    [policies.payments]
    timeout = "3d"
    on_timeout = "rejected"
    remind = "4h"
    calendar = "berlin"
    quiet = "20:00-8:00 Europe/Berlin"

    [[policies.payments.rules]]
    when = { field = "amount", min = 10000 }
    quorum = { finance = 1, "finance+lead" = 1 }

    [[policies.payments.rules]]
    approvers = ["role:finance"]
    quorum = 2

    [[policies.payments.escalation]]
    after = "1d 4h"
    to = ["role:cfo"]
    """
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policies.toml"


def test_a_file_gives_policies_and_calendars(path: Path) -> None:
    path.write_text(FILE)
    book = policies_of(Settings(baton_policies=path, baton_quiet_hours="22:00-6:30 UTC"))
    hours = Hours(
        "Europe/Berlin", time(8, 30), time(17), (0, 1, 2, 3, 5), "DE", "BE", (date(2026, 12, 24),), "berlin"
    )  # fmt: skip
    assert book.calendars == {"berlin": hours}
    assert book.policy("payments") == Policy(
        "payments",
        [
            Rule((), {"finance": 1, "finance+lead": 1}, When("amount", 10_000)),
            Rule(("role:finance",), 2),
        ],
        remind=timedelta(hours=4),
        escalation=[Escalation(timedelta(days=1, hours=4), ("role:cfo",))],
        timeout=timedelta(days=3),
        on_timeout=Outcome.REJECTED,
        calendar=hours,
        quiet=Quiet(time(20), time(8), "Europe/Berlin"),
    )
    assert book.quiet == Quiet(time(22), time(6, 30), "UTC")


@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        ('remind = "4h"', 'remind = "4 apples"', 12, "policies.payments.remind: '4 apples' is no length of time"),
        ("quorum = 2", "quorum = 0", 9, "rule 2 needs a quorum between 1 and 20"),
        ("quorum = 2", 'quorum = "two"', 22, "policies.payments.rules.2.quorum: Input should be a valid integer"),
        ('field = "amount", min', 'field = "amount", least', 17, "policies.payments.rules.1.when.least: Extra inputs"),
        ('days = "mon-thu, sat"', 'days = "mo-fr"', 4, "'mo-fr' is no day"),
        ('hours = "8:30-17:00"', 'hours = "8-17"', 3, "'8-17' are no hours"),
        ('zone = "Europe/Berlin"', 'zone = "Berlin"', 1, "There is no time zone 'Berlin'"),
        ('region = "BE"', 'region = "XX"', 1, "No holidays are known for DE, XX"),
        ('calendar = "berlin"', 'calendar = "munich"', 9, "the calendar munich, which is not there"),
        ('on_timeout = "rejected"', 'on_timeout = "yes"', 11, "policies.payments.on_timeout: Input should be"),
        ('quiet = "20:00-8:00 Europe/Berlin"', 'quiet = "20:00-8:00"', 14, "are no quiet hours"),
        ('after = "1d 4h"', 'after = "4d"', 9, "an escalation comes after the timeout"),
        ('to = ["role:cfo"]', "who = 1", 24, "policies.payments.escalation.1.to: Field required"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(path: Path, before: str, after: str, line: int, words: str) -> None:
    assert before in FILE
    path.write_text(FILE.replace(before, after, 1))
    with pytest.raises(PoliciesError) as error:
        read_policies(path)
    assert f"policies.toml, line {line}: " in str(error.value)
    assert words in str(error.value)


def test_a_file_that_can_t_be_read(path: Path) -> None:
    with pytest.raises(PoliciesError, match="can't be read: No such file"):
        read_policies(path)
    path.write_text("[policies\n")
    with pytest.raises(PoliciesError, match=r"is no TOML: .*line 1"):
        read_policies(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(PoliciesError, match="can't be read"):
        read_policies(path)


@pytest.mark.parametrize("text", ["20:00", "20:00-8:00", "20:00-8:00 Nowhere", "25:00-8:00 UTC", "8:00-8:00 UTC"])
def test_quiet_hours_of_the_settings_that_are_none(text: str) -> None:
    with pytest.raises(PoliciesError, match="BATON_QUIET_HOURS"):
        policies_of(Settings(baton_quiet_hours=text))
