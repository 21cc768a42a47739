"""What makes two failures the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.letters.fingerprint import LONGEST, class_of, fingerprint, masked
from workflows.engine.problem import Problem


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("The shop is closed", "The shop is closed"),
        ("Order 17 was refused", "Order # was refused"),
        ("Order 17, 18 and 19 were refused", "Order #, # and # were refused"),
        ("Notion page 1a2b is not shared with the bot", "Notion page # is not shared with the bot"),
        ("page 0190a3c2-7f1e-7abc-9def-0123456789ab is gone", "page # is gone"),
        ("page abcdefab-abcd-abcd-abcd-abcdefabcdef is gone", "page # is gone"),
        ("run 01kb9v3q2w8r5t7y1z4x6c0m9n is parked", "run # is parked"),
        ("customer ana.b@shop.example has no address", "customer # has no address"),
        ("at 2026-11-30T21:00:01.123Z it stopped", "at # it stopped"),
        ("took 1,234.5 s of 3:20", "took # s of #"),
        ("HTTP 503 from 10.0.0.1:8080", "HTTP # from #"),
        ("token xoxbAbCdEfGhIjKlMnOpQrStUvWx refused", "token # refused"),
        ("field content_pipeline_retry_policy is missing", "field content_pipeline_retry_policy is missing"),
        ("GET /orders/17/items/4 said no", "GET /orders/#/items/# said no"),
        ("invoice №٣٤ is not paid", "invoice №# is not paid"),
        ("  two\n lines\tof   it ", "two lines of it"),
        ("", ""),
    ],
)  # fmt: skip
def test_numbers_and_ids_are_taken_out(message: str, words: str) -> None:
    assert masked(message) == words


@given(st.text())
def test_no_digit_is_left_and_masking_twice_changes_nothing(message: str) -> None:
    words = masked(message)
    assert not any(sign.isdigit() for sign in words)
    assert len(words) <= LONGEST
    assert masked(words) == words


@given(st.integers(0), st.integers(0), st.uuids(), st.uuids())
def test_failures_that_differ_in_ids_alone_are_the_same(one: int, other: int, first: object, second: object) -> None:
    before = masked(f"Order {one} of customer {first} was refused: 3 of {one + 1} parts")
    after = masked(f"Order {other} of customer {second} was refused: 3 of {other + 1} parts")
    assert before == after
    assert fingerprint("shop", "buy", "Unavailable", before) == fingerprint("shop", "buy", "Unavailable", after)


def test_each_part_tells_failures_apart() -> None:
    known = {
        fingerprint("shop", "buy", "Unavailable", "closed"), fingerprint("mail", "buy", "Unavailable", "closed"),
        fingerprint("shop", "pay", "Unavailable", "closed"), fingerprint("shop", "buy", "NotFound", "closed"),
        fingerprint("shop", "buy", "Unavailable", "open"),
    }  # fmt: skip
    assert len(known) == 5


def test_the_class_is_that_of_the_error_behind_a_failed_step() -> None:
    assert class_of(Problem("StepFailed", "away", cause="Unavailable")) == "Unavailable"
    assert class_of(Problem("NonDeterminism", "order")) == "NonDeterminism"
