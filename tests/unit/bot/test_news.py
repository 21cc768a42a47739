from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.runtime import NOWHERE, Runtime
from bot.settings import read_settings
from integrations.http.circuit import FAILURES, Outcome
from integrations.http.shared_turns import ShelteredTurns
from integrations.http.turns import MemoryTurns
from workflows.engine.outbox import POSTS


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    settings = read_settings(
        _env_file=None, baton_home=tmp_path, slack_bot_token="xoxb-made-up", baton_ops_channel="C0OPS",
        slack_api_url="http://127.0.0.1:9/api/", slack_signing_secret="made-up",
    )  # fmt: skip
    made = Runtime(settings, NOWHERE)
    made.migrate()
    yield made
    made.close()


def test_a_service_that_is_down_and_back_is_told_in_the_ops_channel_once_each(runtime: Runtime) -> None:
    tell = runtime.gate.news
    assert tell is not None
    tell("Word*Press", down=True)
    tell("Word*Press", down=False)
    texts = [row.payload for row in runtime.outbox.deliveries(POSTS)]
    assert len(texts) == 2
    assert "leaves it alone" in texts[0]
    assert "it is over" in texts[1]
    assert "Word*Press" not in "".join(texts)


def test_the_gate_shares_through_redis_where_there_is_one(runtime: Runtime) -> None:
    assert isinstance(runtime.gate.turns, MemoryTurns)
    shared = Runtime(runtime.settings, "unix:///tmp/nobody.sock")
    assert isinstance(shared.gate.turns, ShelteredTurns)
    assert [shared.gate.circuits.ended("shelf", Outcome.FAILED) for _ in range(FAILURES)][-1] == "opened"
    shared.close()
