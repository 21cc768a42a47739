"""Restate: its server on a folder of its own, and one handler in processes of Hypercorn; callers wait for results."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import restate
from restate.serde import JsonSerde
from telling import STEPS, Answer, serve

eight = restate.Service("eight")


async def add(number: int) -> int:
    return number + 1


@eight.handler()
async def run(ctx: restate.Context, number: int) -> int:
    for _ in range(STEPS):
        number = await ctx.run_typed("add", add, restate.RunOptions(serde=JsonSerde()), number=number)
    return number


app = restate.app([eight])


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody had a moment ago."""
    taken = [socket.socket() for _ in range(count)]
    for one in taken:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in taken]
    for one in taken:
        one.close()
    return ports


class Driver:
    """The callers: so many requests under way at a time."""

    def __init__(self, ingress: str, admin: str, callers: int) -> None:
        self._ingress = ingress
        self._admin = admin
        self._callers = callers
        self._loop = asyncio.new_event_loop()
        self._asked = 0
        self._results: list[int] = []
        limits = httpx.Limits(max_connections=callers, max_keepalive_connections=callers)
        self._client = httpx.AsyncClient(limits=limits, timeout=60)

    def run(self, count: int) -> Answer:
        self._asked += 1
        start = time.monotonic()
        self._results = self._loop.run_until_complete(self._all(count))
        seconds = time.monotonic() - start
        return {"seconds": seconds, "right": self._results == [number + STEPS for number in range(count)]}

    def look(self) -> Answer:
        """What the server's own tables hold of the last calls."""
        mine = f"idempotency_key LIKE 'r{self._asked}-%' AND status = 'completed'"
        runs = f"SELECT count(*) AS found FROM sys_invocation WHERE {mine}"
        steps = (
            "SELECT count(*) AS found FROM sys_journal j JOIN sys_invocation i ON i.id = j.id "
            f"WHERE j.entry_type = 'Notification: Run' AND {mine}"
        )
        return {"runs": self._found(runs), "steps": self._found(steps)}

    def _found(self, query: str) -> int:
        answer = httpx.post(
            f"{self._admin}/query", json={"query": query}, headers={"accept": "application/json"}, timeout=60
        )
        answer.raise_for_status()
        return int(answer.json()["rows"][0]["found"])

    async def _all(self, count: int) -> list[int]:
        room = asyncio.Semaphore(self._callers)

        async def one(number: int) -> int:
            async with room:
                answer = await self._client.post(
                    f"{self._ingress}/eight/run", json=number, headers={"idempotency-key": f"r{self._asked}-{number}"}
                )
                answer.raise_for_status()
                return int(answer.json())

        return await asyncio.gather(*(one(number) for number in range(count)))


@contextmanager
def started(server: str, folder: Path, processes: int, partitions: int) -> Iterator[tuple[str, str]]:
    """Server and handlers; gives the addresses for calls and for administration."""
    ingress, admin, node, service = free_ports(4)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "RESTATE_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1",
        "RESTATE_BASE_DIR": str(folder / "restate"), "RESTATE_INGRESS__BIND_PORT": str(ingress),
        "RESTATE_ADMIN__BIND_PORT": str(admin), "RESTATE_BIND_PORT": str(node), "RESTATE_BIND_IP": "127.0.0.1",
        "RESTATE_ADVERTISED_HOST": "127.0.0.1", "RESTATE_LISTEN_MODE": "tcp", "RESTATE_LOG_FILTER": "error",
        "RESTATE_DEFAULT_NUM_PARTITIONS": str(partitions), "RUST_LOG": "error",
    }  # fmt: skip
    hypercorn = [sys.executable, "-m", "hypercorn", "--workers", str(processes), "--worker-class", "uvloop"]
    started = [
        subprocess.Popen([server], env=environment, cwd=folder, stdout=sys.stderr),
        subprocess.Popen(
            [*hypercorn, "--bind", f"127.0.0.1:{service}", "restate_driver:app"],
            cwd=Path(__file__).parent, stdout=sys.stderr,
        ),
    ]  # fmt: skip
    try:
        register(f"http://127.0.0.1:{admin}", f"http://127.0.0.1:{service}", started)
        yield f"http://127.0.0.1:{ingress}", f"http://127.0.0.1:{admin}"
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(15)


def register(admin: str, service: str, processes: list[subprocess.Popen[bytes]]) -> None:
    """Make the handlers known to the server, once both are up."""
    end = time.monotonic() + 60
    while True:
        try:
            answer = httpx.post(f"{admin}/deployments", json={"uri": service}, timeout=30)
            if answer.is_success:
                return
            trouble = answer.text
        except httpx.HTTPError as error:
            trouble = str(error)
        if time.monotonic() > end or any(process.poll() is not None for process in processes):
            raise SystemExit(f"Restate does not come up: {trouble}")
        time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--callers", type=int, default=32, help="calls under way at a time")
    parser.add_argument("--processes", type=int, default=2, help="that serve the handler")
    parser.add_argument("--partitions", type=int, default=24, help="of the server's log and state")
    parser.add_argument("--warm", type=int, default=64, help="calls before the first answer")
    options = parser.parse_args()
    with started(options.server, options.folder, options.processes, options.partitions) as (ingress, admin):
        driver = Driver(ingress, admin, options.callers)
        driver.run(options.warm)
        version = subprocess.run([options.server, "--version"], capture_output=True, text=True, check=True).stdout
        serve(driver.run, driver.look, detail=version.strip().split("\n")[0])


if __name__ == "__main__":
    main()
