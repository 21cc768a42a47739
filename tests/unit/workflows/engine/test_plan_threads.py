"""Plans that several threads read at once, as they do when the first commands come to a new process."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from workflows.engine.plan.source import _definitions

TEXT = "\n".join(
    f"def f{number}(x):\n    return [y + (1 if y else [z for z in {{x: x}}]) for y in x]" for number in range(60)
)


@pytest.fixture
def restless() -> Iterator[None]:
    """Garbage is collected all the time, and each time another thread has its turn."""

    def yield_turn(_phase: str, _info: dict[str, int]) -> None:
        time.sleep(0)

    threshold = gc.get_threshold()
    gc.callbacks.append(yield_turn)
    gc.set_threshold(20)
    yield
    gc.set_threshold(*threshold)
    gc.callbacks.remove(yield_turn)


@pytest.mark.usefixtures("restless")
def test_threads_do_not_get_in_each_others_way() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: _definitions(f"{number}.py", f"{TEXT}\n# {number}"), range(16)))
    assert [len(one) for one in found] == [60] * 16
