"""Workers that load this write under leases that they have lost: a bug on purpose, which the audit has to find.

It takes out both halves of the fence: the token in the database, and the look at the lease before a call is sent.
"""

from __future__ import annotations

from bot.renewals import Renewals
from workflows.engine.ports import Lease
from workflows.storage.ledger import Ledger
from workflows.storage.standing import Standing


def _whoever(self: Ledger, lease: Lease) -> Standing | None:
    return self._standings.rows.get(lease.run_id)


def _always(self: Renewals, lease_until: float, now: float) -> bool:
    return max(lease_until, now) >= 0


Ledger.holder = _whoever  # type: ignore[method-assign] # that is the bug
Renewals.holds = _always  # type: ignore[method-assign] # that too
