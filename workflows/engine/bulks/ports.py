"""Where bulks are kept. The twin is `workflows.engine.testing.memory_bulks`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from workflows.engine.bulks.model import Bulk, CameTo, Standing, Turn
from workflows.engine.model import Audit


class Bulks(Protocol):
    """The bulks of an installation. Methods raise StoreUnavailable; all times are the store's.

    That a run was moved is noted in the transaction that moves it (`Writes.bulk`); here is what is noted besides.
    """

    # asking
    def ask(self, bulk: Bulk) -> Bulk:
        """Keep a bulk with the dead letters of its group that wait at this moment, in one statement, and count them.

        Nothing is kept where there are none.
        """

    def confirm(self, bulk_id: str, audit: Audit, *, detail: str = "") -> bool:
        """Let a bulk begin that was asked for lately; False for any other, and when it was confirmed already.

        `detail` is what is only known then: the value of a skip, the reason of a discard.
        """

    def cancel(self, bulk_id: str, audit: Audit) -> bool:
        """End a bulk; the runs whose turn has not come are left. False when it is over or was never confirmed."""

    # carrying out
    def claim(self, owner: str, ttl: timedelta, *, bulk_id: str = "") -> Bulk | None:
        """Take the oldest bulk that goes on and that nobody holds, or this one."""

    def turns(self, bulk_id: str, *, limit: int) -> Sequence[Turn]:
        """The next runs whose turn it is; none once the bulk is over."""

    def settle(self, bulk_id: str, run_id: str, came_to: CameTo, why: str = "") -> None:
        """Note that a run was not moved; nothing happens where its turn is over."""

    def rest(self, bulk_id: str, owner: str) -> bool:
        """Give a bulk back, end it when no turn is left, and have its group shown; whether it is over."""

    # reading
    def look(self, bulk_id: str) -> Standing | None: ...
    def of_group(self, group_id: str) -> Standing | None:
        """The last bulk of a group that was confirmed."""

    # keeping it small
    def forget(self, *, limit: int) -> int:
        """Delete bulks that nobody confirmed in time, and those long over, so many at most; how many."""
