"""Copies of frozen records."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from workflows.engine.copying import replace
from workflows.engine.model import Attempt, AttemptState, Event, Writes
from workflows.engine.testing.clock import START


def test_a_copy_is_what_dataclasses_makes() -> None:
    attempt = Attempt("r1", 0, "a#1", 1, AttemptState.RUNNING, START, START)
    changed: dict[str, Any] = {"state": AttemptState.FAILED, "error": "no"}
    copied = replace(attempt, **changed)
    assert copied == dataclasses.replace(attempt, **changed)
    assert (type(copied), attempt.state) == (Attempt, AttemptState.RUNNING)
    assert hash(copied) == hash(dataclasses.replace(attempt, **changed))


def test_a_copy_is_frozen_too() -> None:
    copied = replace(Event("r1", "run.queued", START), kind="run.started")
    with pytest.raises(dataclasses.FrozenInstanceError):
        copied.kind = "run.over"  # type: ignore[misc]


def test_an_unknown_field_is_refused() -> None:
    unknown: dict[str, Any] = {"record": ()}
    with pytest.raises(TypeError, match="Writes has no field record"):
        replace(Writes(), **unknown)
