"""What a command works with: the settings, the parts of this process, and who is at the keyboard."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from redis.exceptions import RedisError

from bot.embedded import embedded_redis_url
from bot.masking import Masks
from bot.printing import tell
from bot.runtime import NOWHERE, Runtime
from bot.settings import Settings, read_settings
from workflows.engine.errors import BatonError, StoreUnavailable


@dataclass(frozen=True)
class Session:
    """One command's parts."""

    settings: Settings
    runtime: Runtime
    redis_url: str

    @property
    def actor(self) -> str:
        return self.settings.actor

    @property
    def masks(self) -> Masks:
        """Takes secrets out of what leaves a history: those of the settings, and those that are kept sealed."""
        return Masks(self.settings, self.runtime.credentials.secrets())

    def warn_if_nobody_works(self, then: str = "the run is recorded and goes on then") -> None:
        """Say on stderr when a ring can't have been heard; `then` says what becomes of what was asked for."""
        if not self.redis_url:
            tell(f"Nothing is running here: start `baton up` ({then}).")
            return
        try:
            self.runtime.redis.ping()
        except (RedisError, OSError) as error:
            said = str(error).split("\n", 1)[0].rstrip(".")
            tell(f"Redis can't be reached: {said} ({then}, when the clock rings).")


@contextmanager
def opened(*, rings: bool = False, reads: bool = False) -> Iterator[Session]:
    """The parts of one command; `rings` is for what changes runs. The SQLite default is brought up to date here.

    `reads` is for what must write nothing at all: then an older database is refused.
    """
    quiet()
    settings = read_settings()
    redis_url = (settings.redis_url or embedded_redis_url(settings) or "") if rings else ""
    runtime = _runtime(settings, redis_url)
    try:
        if reads:
            _check_schema(runtime, settings)
        else:
            _migrate(runtime, settings)
        yield Session(settings, runtime, redis_url)
    finally:
        runtime.close()


def _runtime(settings: Settings, redis_url: str) -> Runtime:
    runtime = Runtime(settings, redis_url or NOWHERE)
    try:
        _ = runtime.redis  # made, not yet connected
    except ValueError as error:
        raise BatonError(f"REDIS_URL is no address of a Redis server: {error}") from None
    return runtime


def _migrate(runtime: Runtime, settings: Settings) -> None:
    """Bring the SQLite file that nobody named up to this release; other databases are `baton migrate`'s."""
    if settings.database_url:
        return
    try:
        if not Path(settings.home / "baton.db").exists() or runtime.needs_migration():
            runtime.migrate()
    except OSError as error:
        raise StoreUnavailable(
            f"{settings.home} can't be used for data ({error.strerror or error}): "
            "give this user the right to write there, or set BATON_HOME."
        ) from None


def _check_schema(runtime: Runtime, settings: Settings) -> None:
    if not settings.database_url and not (settings.home / "baton.db").exists():
        raise BatonError(
            f"There is no database in {settings.home} yet: set BATON_HOME or DATABASE_URL to that of Baton."
        )
    if runtime.needs_migration():
        raise BatonError(
            "The database is older than this release, and this command changes nothing: run `baton migrate` first. "
            "The release that runs now works on the new schema too."
        )


def quiet() -> None:
    """Keep log lines of the parts out of what a command prints."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.getLogger("baton").setLevel(logging.CRITICAL)
