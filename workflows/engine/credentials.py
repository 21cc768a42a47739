"""Where credentials are kept, sealed. The twin is `workflows.engine.testing.memory_credentials`.

The store never sees a secret: what it keeps was sealed before, by keys that it does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from workflows.engine.model import Audit


@dataclass(frozen=True)
class SealedCredential:
    """The secret of one service, sealed."""

    workspace: str
    """Whose it is; "" for everybody of this installation."""
    name: str
    """The service, such as `hubspot`."""
    sealed: str
    set_by: str
    set_at: datetime


class CredentialBook(Protocol):
    """The credentials of this installation. Methods raise StoreUnavailable."""

    def put(self, credential: SealedCredential, audit: Audit) -> None:
        """Keep a credential in place of one that is there for this workspace and name."""

    def remove(self, workspace: str, name: str, audit: Audit) -> bool:
        """False when there was none; nothing is written then."""

    def reseal(self, seal: Callable[[str], str], audit: Audit) -> int:
        """Seal all anew in one transaction; how many. `seal` may raise to write nothing, and may be called again.

        Whoever sets one at the same time comes before or after: nothing that was set is lost.
        """

    def all(self) -> Sequence[SealedCredential]:
        """By workspace and name."""
