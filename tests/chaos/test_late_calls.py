"""A killed process's call that the server carries out after its death: what really happens, and what is excused."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message

import pytest

from tests.chaos.audit import Ended, Facts, Findings, Step, audit
from tests.chaos.excuses import Hit
from tests.chaos.shapes import Sort, shape_of
from tests.servers.effects import EffectServer, Execution
from tests.servers.house import until
from workflows.engine.model import RunState

NUMBER, PLACE, KEY = 0, 8, "one key"
"""The last step of an errand."""
CALLER = """
import os, socket, sys, time
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
headers = f"Idempotency-Key: one key\\r\\nX-Pid: {os.getpid()}\\r\\nX-Looked: {time.monotonic()}\\r\\nContent-Length: 0"
connection.sendall(f"POST /keyed/0/8 HTTP/1.1\\r\\nHost: here\\r\\n{headers}\\r\\n\\r\\n".encode())
print("sent", flush=True)
sys.stdin.read()
"""


def call(server: EffectServer, place: int, key: str) -> Execution:
    """A call by this process, which is carried out at once."""
    headers = Message()
    for name, value in {"Idempotency-Key": key, "X-Pid": os.getpid(), "X-Looked": time.monotonic()}.items():
        headers[name] = str(value)
    sort = next(one.sort for one in shape_of("errand", NUMBER).calls if one.place == place)
    while server.post(f"{sort}/{NUMBER}/{place}", headers)[0] != 200:
        pass  # refused at first
    return server.executions[-1]


@pytest.fixture(scope="module")
def facts() -> Facts:
    """An errand whose last step was begun by a process that was killed, and done by another one."""
    server = EffectServer()  # it listens, and serves nobody yet: what is sent to it lies in the system's hands
    for one in shape_of("errand", NUMBER).calls:
        if one.place != PLACE:
            call(server, one.place, f"key {one.place}")
    port = server.url.rsplit(":", 1)[-1]
    with subprocess.Popen(
        [sys.executable, "-c", CALLER, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == "sent\n"
        struck, noon = time.monotonic(), datetime.now(UTC)
        caller.kill()
        caller.wait()
    hit = Hit("kill-child", noon, noon, killed=frozenset({caller.pid}), over=time.monotonic(), struck=struck)
    recorded = call(server, PLACE, KEY)
    with server:
        until(lambda: server.executions[-1].pid == caller.pid, "the dead one's call is carried out")
        steps = {execution.place: execution.serial for execution in server.executions if execution.pid == os.getpid()}
    assert server.executions[-1].serial == recorded.serial + 1
    run = Ended(
        NUMBER, "r0", "errand", RunState.SUCCEEDED, steps=tuple(Step(place, serial) for place, serial in steps.items())
    )
    return Facts({NUMBER: "errand"}, [run], list(server.executions), [hit])


def changed(facts: Facts, which: int, **changes: object) -> Findings:
    """The findings when one of the calls was otherwise."""
    executions = list(facts.executions)
    executions[which] = replace(executions[which], **changes)  # type: ignore[arg-type] # each test's own
    return audit(replace(facts, executions=executions))


def test_a_call_of_a_dead_process_is_carried_out_late_and_counted_apart(facts: Facts) -> None:
    found = audit(facts)
    assert found.clean, found
    assert len(found.posthumous) == 1


def hit_with(facts: Facts, **changes: object) -> Findings:
    (hit,) = facts.hits
    return audit(replace(facts, hits=[replace(hit, **changes)]))  # type: ignore[arg-type] # each test's own


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda facts: audit(replace(facts, hits=[])), id="nobody was killed"),
        pytest.param(lambda facts: hit_with(facts, killed=frozenset({1})), id="another one was killed"),
        pytest.param(lambda facts: hit_with(facts, struck=time.monotonic()), id="the next one came before the death"),
        pytest.param(lambda facts: hit_with(facts, over=1e-9), id="it looked at its lease after its death"),
        pytest.param(lambda facts: changed(facts, -1, looked=0.0), id="it never looked"),
        pytest.param(lambda facts: changed(facts, -1, key="another"), id="another key"),
        pytest.param(lambda facts: changed(facts, -1, sort=Sort.MADE), id="the server honours no key"),
        pytest.param(lambda facts: changed(facts, -2, pid=facts.executions[-1].pid), id="it did the step itself"),
    ],
)
def test_nothing_less_is_excused_and_the_course_is_told(facts: Facts, spoil: Callable[[Facts], Findings]) -> None:
    found = spoil(facts)
    assert not found.clean
    assert found.posthumous == ()
    (words,) = found.again
    last = facts.executions[-1]
    assert f"call {last.serial}, attempt 0 by process {last.pid}" in words


def test_the_course_of_a_step_is_told_with_what_hit_its_processes(facts: Facts) -> None:
    (words,) = changed(facts, -1, key="another").again
    first, *rest = words.splitlines()
    assert "step 8 was carried out again" in first
    assert [line.split(" s  ")[1].split(",")[0].split(" by ")[0] for line in rest] == [
        f"kill-child had hit process {facts.executions[-1].pid}", f"call {facts.executions[-2].serial}",
        f"call {facts.executions[-1].serial}",
    ]  # fmt: skip
