"""Until when the leases of a process hold, as it is told by those who renew them."""

from __future__ import annotations

import math


class Renewals:
    """Knows which leases were renewed before they ran out. All moments are CLOCK_MONOTONIC seconds.

    A renewal extends what still holds. After a gap, as when the whole machine was stopped, it says nothing of leases
    that ran out meanwhile: another worker may have the runs.
    """

    def __init__(self, ttl: float) -> None:
        """`ttl` is how long a renewal holds from the moment at which it was asked for."""
        self._ttl = ttl
        self._since = self._until = 0.0

    def renewed(self, until: float) -> None:
        """What had not run out when that was asked for holds until then."""
        asked = until - self._ttl
        if self._until < asked < math.inf:
            self._since = asked
        self._until = max(self._until, until)

    def holds(self, lease_until: float, now: float) -> bool:
        """Whether a lease holds that was taken until `lease_until`."""
        return now < (max(lease_until, self._until) if lease_until >= self._since else lease_until)
