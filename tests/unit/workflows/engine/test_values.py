"""Values at the border: what a step is given, what it gives back, and what its errors say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, Secret, SecretStr, field_serializer

from tests.unit.workflows.engine import stage
from tests.unit.workflows.engine.stage import DAY, Down, read
from workflows import ONCE, Retry, Run, StepContext, StepFailed, step, workflow
from workflows.engine.model import RunState
from workflows.engine.testing.harness import Harness


@pytest.fixture(autouse=True)
def _fresh() -> None:
    stage.clear()


# errors -------------------------------------------------------------------------------------------------


class Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class OddEffect(Exception):
    effect = "perhaps"


@step(idempotent=True, retry=ONCE)
def raises(ctx: StepContext, name: str) -> str:
    raise {"wordless": Wordless, "odd effect": OddEffect}[name]


@workflow("falls_back")
def falls_back(run: Run, name: str) -> str:
    try:
        return run.step(raises, name)
    except StepFailed:
        return "fell back"


@pytest.mark.parametrize("name", ["wordless", "odd effect"])
def test_a_malformed_error_of_a_step_is_a_failure_like_any_other(name: str) -> None:
    harness = Harness(falls_back)
    assert harness.output(harness.start("falls_back", name)) == "fell back"


@workflow("breaks_wordlessly")
def breaks_wordlessly(run: Run, name: str) -> str:
    raise Wordless


def test_a_body_that_breaks_without_words_is_parked() -> None:
    harness = Harness(breaks_wordlessly)
    run_id = harness.start("breaks_wordlessly", "a")
    assert harness.state(run_id) is RunState.PARKED


# results ------------------------------------------------------------------------------------------------


class Login(BaseModel):
    password: SecretStr

    @field_serializer("password", when_used="json")
    def _dump(self, value: SecretStr) -> str:
        return value.get_secret_value()


class Pin(BaseModel):
    pin: Secret[str]


@step(idempotent=True)
def log_in(ctx: StepContext, name: str) -> Login:
    return Login(password=SecretStr("hunter2"))


@step(idempotent=True)
def show_pin(ctx: StepContext, name: str) -> Pin:
    return Pin(pin=Secret[str]("hunter2"))


@step(idempotent=True)
def half_a_character(ctx: StepContext, name: str) -> str:
    return "\ud800"


@workflow("secretive")
def secretive(run: Run, name: str) -> str:
    run.step(log_in if name == "serializer" else show_pin, name)
    return name


@pytest.mark.parametrize("name", ["serializer", "generic"])
def test_a_secret_reaches_no_history_however_it_is_wrapped(name: str) -> None:
    harness = Harness(secretive)
    run_id = harness.start("secretive", name)
    assert harness.state(run_id) is RunState.PARKED
    assert "secret" in harness.error(run_id)
    assert "hunter2" not in repr(harness.history(run_id))


@workflow("catches_everything")
def catches_everything(run: Run, name: str) -> str:
    try:
        return run.step(half_a_character, name)
    except Exception as error:  # noqa: BLE001 - what a careless author writes
        return type(error).__name__


def test_text_that_is_no_unicode_parks_the_run() -> None:
    harness = Harness(catches_everything)
    run_id = harness.start("catches_everything", "a")
    assert harness.state(run_id) is RunState.PARKED


# arguments ----------------------------------------------------------------------------------------------


@step(idempotent=True)
def total(ctx: StepContext, numbers: Any) -> int:
    return sum(numbers)


@workflow("gives_a_generator")
def gives_a_generator(run: Run, name: str) -> int:
    return run.step(total, (n for n in [1, 2, 3]))


def test_a_generator_as_an_argument_is_not_used_up_before_the_step_gets_it() -> None:
    harness = Harness(gives_a_generator)
    run_id = harness.start("gives_a_generator", "a")
    assert harness.state(run_id) is RunState.PARKED or harness.output(run_id) == 6


@step(idempotent=True, retry=Retry(attempts=2, first_delay=timedelta(0)))
def takes_one_away(ctx: StepContext, numbers: list[int]) -> int:
    count = len(numbers)
    numbers.pop()
    if ctx.attempt == 1:
        raise Down("once more")
    return count


@workflow("gives_a_list")
def gives_a_list(run: Run, name: str) -> int:
    return run.step(takes_one_away, [1, 2, 3])


def test_each_attempt_gets_the_arguments_as_they_were_given() -> None:
    harness = Harness(gives_a_list)
    assert harness.output(harness.start("gives_a_list", "a")) == 3


@step(idempotent=True)
def adds_one(ctx: StepContext, words: list[str]) -> int:
    words.append("more")
    return len(words)


@workflow("keeps_its_list")
def keeps_its_list(run: Run, wait: bool) -> str:
    words = ["a"]
    run.step(adds_one, words)
    if wait:
        run.sleep(DAY)
    return run.step(read, " ".join(words))


@pytest.mark.parametrize("wait", [False, True], ids=["at once", "replayed"])
def test_a_step_that_changes_its_argument_changes_nothing_in_the_body(wait: bool) -> None:
    harness = Harness(keeps_its_list)
    run_id = harness.start("keeps_its_list", wait)
    harness.skip(2 * DAY)
    assert harness.output(run_id) == "a"
