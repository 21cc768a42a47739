"""Who is measured, each in the fastest of its ways that was found; README.md tells what else was tried."""

from __future__ import annotations

import platform

from benchmarks.durable_steps.contender import ROOT, Contender, no_peers, own, peer
from benchmarks.durable_steps.place import Place

WORD = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
RESTATE = ROOT / f"build/peers-node/node_modules/@restatedev/restate-server-{platform.system().lower()}-{WORD}"
SERVER = RESTATE / "bin" / "restate-server"

WAYS = {
    "restate": "--callers 16 --partitions 2",
    "celery": "--pool solo --workers 2",
    "rq": "--workers 3",
    "dbos-sqlite": "--way direct --threads 4",
    "dbos-sqlite-wal": "--way direct --threads 4 --wal",
    "dbos-postgres": "--way direct --processes 2 --threads 3",
    "baton-sqlite": "--way start --threads 4",
    "baton-postgres": "--way start --threads 4",
    "baton-sqlite-queued": "--way queued",
    "baton-postgres-queued": "--way queued",
}


def lineup(ways: dict[str, str]) -> list[Contender]:
    """All contenders; `ways` are their drivers' options by name, where they are not the usual ones."""
    options = WAYS | ways
    found = [_baton(name, words.split()) for name, words in options.items() if name.startswith("baton")]
    found += [_dbos(name, words.split()) for name, words in options.items() if name.startswith("dbos")]

    found += [_restate(name, words.split()) for name, words in options.items() if name.startswith("restate")]
    found += [_over_redis(name, words.split()) for name, words in options.items() if name.startswith(("celery", "rq"))]
    return found


def _database(name: str) -> str:
    return "postgres" if "postgres" in name else "sqlite"


def _baton(name: str, words: list[str]) -> Contender:
    def command(place: Place) -> list[str]:
        where = ("--database", place.database, "--redis", place.redis, "--folder", str(place.folder))
        return own("baton_driver", *where, *words)

    return Contender(name, command, _database(name), redis=True)


def _dbos(name: str, words: list[str]) -> Contender:
    def command(place: Place) -> list[str]:
        return peer("dbos_driver", "--database", place.database, *words)

    return Contender(name, command, _database(name), missing=no_peers)


def _over_redis(name: str, words: list[str]) -> Contender:
    def command(place: Place) -> list[str]:
        address = place.redis_tcp if name.startswith("celery") else place.redis
        return peer(f"{name.partition('-')[0]}_driver", "--redis", address, *words)

    return Contender(name, command, redis=True, records=False, missing=no_peers)


def _restate(name: str, words: list[str]) -> Contender:
    def command(place: Place) -> list[str]:
        return peer("restate_driver", "--server", str(SERVER), "--folder", str(place.folder), *words)

    return Contender(name, command, missing=_no_restate)


def _no_restate() -> str:
    """Why there is no server of Restate, if so."""
    if SERVER.exists():
        return no_peers()
    return "its server is not installed: with npm there, `make bench-durable` puts it into build/peers-node"
