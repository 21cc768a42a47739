"""The parts of real processes: the clock rings, a worker's lane delivers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis import Redis
from rq.queue import Queue as RQQueue
from rq.serializers import JSONSerializer

from bot.parts import clock_ticks
from bot.runtime import Runtime
from bot.sandbox import LocalWorkspace
from bot.settings import Settings
from integrations.protocols import Channel
from tests.servers import redis as servers
from tests.unit.bot.lanes_stage import running, until
from tests.unit.bot.slack.delivery.stage import BOT
from workflows.engine.ports import Ring
from workflows.storage.rq_queue import ADVANCE, DELIVER

session_redis, redis_server = servers.session_redis, servers.redis_server
redis_url, redis_client = servers.redis_url, servers.redis_client

WORKFLOWS = '''
from workflows import Run, StepContext, step, workflow

@step(idempotent=True)
def brew(ctx: StepContext, what: str) -> str:
    """Brew it."""
    return what

@workflow("brews", title="Brew tea")
def brews(run: Run, given: str) -> str:
    """Brew."""
    return run.step(brew, given)
'''


@pytest.fixture
def workspace() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(BOT) as opened:
        yield opened


@pytest.fixture
def runtime(tmp_path: Path, template: Path, redis_url: str, workspace: LocalWorkspace) -> Iterator[Runtime]:
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "brewing.py").write_text(WORKFLOWS)
    shutil.copy(template, tmp_path / "baton.db")
    settings = Settings(
        _env_file=None, baton_home=tmp_path, redis_url=redis_url, baton_workflows=str(folder),
        slack_bot_token=SecretStr(workspace.bot_token), slack_api_url=workspace.api_url, baton_channel="#general",
    )  # fmt: skip
    made = Runtime(settings)
    yield made
    made.close()


def queued(redis: Redis, name: str) -> list[str]:
    return RQQueue(name, connection=redis, serializer=JSONSerializer).job_ids


def test_the_clock_rings_and_a_lane_delivers(
    runtime: Runtime, workspace: LocalWorkspace, redis_url: str, redis_client: Redis
) -> None:
    run = runtime.service.start("brews", "tea", by=f"slack:{workspace.team_id}:{workspace.user('ana').id}")
    ticks = {tick.name: tick.do for tick in clock_ticks(runtime)}
    for _ in range(2):
        ticks["deliver"]()
    assert queued(redis_client, "slack") == [f"deliver-{run.id}"]
    hands = runtime.hands("w1")
    functions = {ADVANCE: hands.advance, DELIVER: hands.deliver}
    with running(redis_url, hands.advance, queues=("default", "slack"), functions=functions, apart={"slack": 2}):
        until(lambda: runtime.store.run(run.id).output == '"tea"')
        ana = workspace.user("ana")
        ticks["deliver"]()
        until(lambda: (ticks["deliver"](), _shown(runtime, run.id))[1])
        ana.see("Brew tea", channel="#general")
    assert runtime.outbox.behind() == 0


def _shown(runtime: Runtime, run_id: str) -> bool:
    card = runtime.outbox.card(run_id)
    return card is not None and card.shown == card.wanted


def test_a_ring_for_messages_goes_to_its_own_queue(runtime: Runtime, redis_client: Redis) -> None:
    runtime.queue.ring_delivery("r1", "r2")
    runtime.queue.ring_delivery("r1")
    runtime.queue.ring([Ring("r1", 0)])
    assert queued(redis_client, "slack") == ["deliver-r1", "deliver-r2"]
    assert queued(redis_client, "default") == ["r1-0"]


def test_channels_are_slacks_where_slack_is_set_up(runtime: Runtime) -> None:
    assert type(runtime.connectors.get(Channel)).__name__ == "SlackChannel"
