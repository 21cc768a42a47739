"""Who is measured, each in the fastest of its ways that was found; README.md tells what else was tried."""

from __future__ import annotations

from benchmarks.durable_steps.contender import Contender, no_peers, own, peer
from benchmarks.durable_steps.place import Place

WAYS = {
    "dbos-sqlite": "--way direct --threads 4",
    "dbos-sqlite-wal": "--way direct --threads 4 --wal",
    "dbos-postgres": "--way direct --processes 2 --threads 4",
    "baton-sqlite": "--way start",
    "baton-postgres": "--way start",
    "baton-sqlite-queued": "--way queued",
    "baton-postgres-queued": "--way queued",
}


def lineup(ways: dict[str, str]) -> list[Contender]:
    """All contenders; `ways` are their drivers' options by name, where they are not the usual ones."""
    options = WAYS | ways
    found = [_baton(name, words.split()) for name, words in options.items() if name.startswith("baton")]
    found += [_dbos(name, words.split()) for name, words in options.items() if name.startswith("dbos")]
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
