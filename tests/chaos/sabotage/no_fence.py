"""Workers that load this write under leases that they have lost: a bug on purpose, which the audit has to find.

It takes out both halves of the fence: the token in the database, and the look at the lease before a call is sent.
"""

from __future__ import annotations

from bot.runtime import EngineHands
from workflows.engine.ports import Lease
from workflows.storage.ledger import Ledger
from workflows.storage.standing import Standing


def _whoever(self: Ledger, lease: Lease) -> Standing | None:
    return self._standings.rows.get(lease.run_id)


def _always(self: EngineHands, lease_until: float) -> bool:
    return bool(self.owner or lease_until)


Ledger.holder = _whoever  # type: ignore[method-assign] # that is the bug
EngineHands._alive = _always  # type: ignore[method-assign] # that too
