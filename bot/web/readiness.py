"""Whether this installation is fit for work: the database, its schema, and Redis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from redis.exceptions import RedisError

from bot.runtime import Runtime
from workflows.engine.errors import BatonError

NO_REDIS = "Redis does not answer. Look whether it runs and REDIS_URL is right; runs wait until it is back."
OLD_SCHEMA = "The tables are missing or of an older release. Run `baton migrate`."


@dataclass(frozen=True)
class Part:
    """How one part is, in words."""

    ok: bool
    words: str


class Readiness:
    """Looks at the parts anew at each call; threads may share it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._migrated = False

    def report(self) -> Mapping[str, Part]:
        """Each part by name."""
        database = _looked(self._database)
        schema = _looked(self._schema) if database.ok else Part(False, "Nobody knows while the database is away.")
        return {"database": database, "schema": schema, "redis": _looked(self._redis)}

    def _database(self) -> Part:
        return Part(True, self._runtime.store.ping())

    def _schema(self) -> Part:
        if not self._migrated:  # once it is up to date, nothing makes it older
            self._migrated = not self._runtime.needs_migration()
        return Part(True, "up to date") if self._migrated else Part(False, OLD_SCHEMA)

    def _redis(self) -> Part:
        self._runtime.redis.ping()
        return Part(True, "answers")


def _looked(look: Callable[[], Part]) -> Part:
    try:
        return look()
    except BatonError as error:
        return Part(False, str(error))
    except RedisError:
        return Part(False, NO_REDIS)
