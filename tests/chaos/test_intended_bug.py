"""A bug that was put in on purpose is found. Not part of `make test`: it takes half a minute for each seed."""

from __future__ import annotations

import pytest

from tests.chaos.intended_bug import found

pytestmark = pytest.mark.chaos


@pytest.mark.timeout(300)
def test_a_missing_fence_is_found_and_a_whole_one_passes() -> None:
    assert found("sqlite", 1, fence=False)
    assert not found("sqlite", 1, fence=True)
