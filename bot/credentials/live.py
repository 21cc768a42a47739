"""Connectors that take a changed credential without a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

import structlog
from pydantic import SecretStr

from bot.credentials.keeping import secrets_in
from bot.credentials.kinds import BY_NAME, Values
from bot.credentials.vault import Unreadable, Vault
from integrations.base import Connector, Health
from integrations.errors import Unavailable
from integrations.registry import Refusing, Registry
from workflows.engine.credentials import SealedCredential
from workflows.engine.errors import BatonError, StoreUnavailable
from workflows.engine.policy import Effect

LOOK_EVERY = timedelta(seconds=1)
"""So long a change may go unnoticed."""

C = TypeVar("C", bound=Connector)
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class LiveRegistry(Registry):
    """The connectors of one process, made anew when a credential in the database changes.

    Without a key nothing can be opened, and one look is enough to refuse what is sealed. While the database is away
    the credentials that were read last stay in use.
    """

    def __init__(
        self,
        read: Callable[[], Sequence[SealedCredential]],
        vault: Vault,
        make: Callable[[Mapping[str, Values]], Registry],
        monotonic: Callable[[], float],
        hide: Callable[[list[SecretStr]], None],
    ) -> None:
        super().__init__({})
        self._read = read
        self._vault = vault
        self._make = make
        self._monotonic = monotonic
        self._hide = hide
        self._looking = threading.Lock()
        self._looked_at: float | None = None
        self._seen: tuple[SealedCredential, ...] | None = None

    def get(self, cls: type[C]) -> C:
        """The connector bound to `cls`, with the credential that is in the database now."""
        try:
            self._look()
        except StoreUnavailable as error:
            words = f"The credentials can't be read from the database: {error} Baton tries again."
            raise Unavailable(words, effect=Effect.NONE) from None
        return super().get(cls)

    def bound(self) -> tuple[type[Connector], ...]:
        """The protocols and classes that have a connector."""
        self._look_or_not()
        return super().bound()

    def unbound(self) -> Mapping[type[Connector], str]:
        """The protocols that have none."""
        self._look_or_not()
        return super().unbound()

    def health(self, cls: type[Connector]) -> Health:
        """Whether the connector bound to `cls` can work."""
        self._look_or_not()
        return super().health(cls)

    # -----------------------------------------------------------------------------------------------------

    def _look_or_not(self) -> None:
        """Look; while the database is away, those who only ask are answered by the settings."""
        try:
            self._look()
        except StoreUnavailable:
            self.rebind(self._made_of(()))

    def _look(self) -> None:
        if self._is_fresh():
            return
        with self._looking:  # the first one looks, and the others have what it found
            if self._is_fresh():
                return
            try:
                rows = tuple(self._read())
            except StoreUnavailable:
                if self._seen is None:
                    raise
                rows = self._seen
            if rows != self._seen:
                self.rebind(self._made_of(rows))
            self._seen, self._looked_at = rows, self._monotonic()

    def _is_fresh(self) -> bool:
        if self._looked_at is None:
            return False
        return not self._vault.usable or self._monotonic() - self._looked_at < LOOK_EVERY.total_seconds()

    def _made_of(self, rows: Sequence[SealedCredential]) -> Registry:
        opened: dict[str, dict[str, str]] = {}
        refused: dict[str, str] = {}
        for row in (row for row in rows if row.name in BY_NAME):
            try:
                opened[row.name] = self._vault.open(row)
            except Unreadable as error:
                refused[row.name] = str(error)
                log.warning("a credential can't be opened", service=row.name, reason=str(error))
        self._hide([secret for name, values in opened.items() for secret in secrets_in(name, values)])
        try:
            made = self._make(opened)
        except BatonError as error:
            if not opened:
                raise
            made, refused = self._make({}), refused | dict.fromkeys(opened, str(error))
        return made.with_bindings(
            {cls: Refusing(words) for name, words in refused.items() for cls in BY_NAME[name].serves}
        )
