"""The bot's token as the installation says now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from pydantic import SecretStr

from bot import logs
from bot.credentials.kinds import INSTALLATION
from bot.credentials.vault import Unreadable
from bot.slack.installing.book import Installations
from workflows.engine.errors import StoreUnavailable

LOOK_EVERY = timedelta(seconds=1)
"""So long a change may go unnoticed."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class InstalledToken:
    """The installation's token, looked at once a second at most; "" while there is none. Safe across threads.

    While the database is away, the token that was read last stays in use.
    """

    def __init__(self, installations: Installations, monotonic: Callable[[], float]) -> None:
        self._installations = installations
        self._monotonic = monotonic
        self._looking = threading.Lock()
        self._looked_at: float | None = None
        self._token = ""
        self._told = ""

    def __call__(self) -> str:
        """The token; raises StoreUnavailable when the database was away from the beginning."""
        if self._is_fresh():
            return self._token
        with self._looking:
            if not self._is_fresh():
                self._look()
        return self._token

    def _look(self) -> None:
        try:
            found = self._installations.find()
        except StoreUnavailable:
            if self._looked_at is None:
                raise
        except Unreadable as error:
            self._token = ""
            self._tell(str(error))
        else:
            token = found.token if found is not None else ""
            if token != self._token:
                logs.hide([SecretStr(token)], INSTALLATION)
            self._token, self._told = token, ""
        self._looked_at = self._monotonic()

    def _is_fresh(self) -> bool:
        return self._looked_at is not None and self._monotonic() - self._looked_at < LOOK_EVERY.total_seconds()

    def _tell(self, words: str) -> None:
        if words != self._told:
            log.warning("the installation in slack can't be opened", reason=words)
            self._told = words
