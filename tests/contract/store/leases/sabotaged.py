"""Stores that break one promise each: what the machine has to find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from workflows.engine.model import OPEN, RunState, Writes
from workflows.engine.ports import Claim, Claimant, Committed, Lease, Ring
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_rows import leased


class AnyToken(MemoryStore):
    """A worker that lost the run writes into the next one's history."""

    def commit(
        self, lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        token = self._rows.runs[lease.run_id].token
        return super().commit(replace(lease, token=token), writes, leave=leave, expect_inbox=expect_inbox)


class NoExpiry(MemoryStore):
    """A lease that ran out is good until somebody else claims the run."""

    def commit(
        self, lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        run = self._rows.runs[lease.run_id]
        if run.lease_until is not None and not leased(run, self._clock.now()):
            self._rows.set(run.id, lease_until=self._clock.now() + timedelta(seconds=1))
        return super().commit(lease, writes, leave=leave, expect_inbox=expect_inbox)


class DeafSuspend(MemoryStore):
    """A run is suspended although a message came that its worker has not seen."""

    def commit(
        self, lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        return super().commit(lease, writes, leave=leave)


class SeesWhatItSends(MemoryStore):
    """What a run tells itself while it is being suspended counts as seen."""

    def commit(
        self, lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        done = super().commit(lease, writes, leave=leave, expect_inbox=expect_inbox)
        if leave and done.applied:
            self._rows.set(lease.run_id, seen=self._rows.runs[lease.run_id].inbox)
        return done


class ForgetsTimers(MemoryStore):
    """A suspended run has no moment at which it is woken."""

    def commit(
        self, lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        done = super().commit(lease, writes, leave=leave, expect_inbox=expect_inbox)
        if self._rows.runs[lease.run_id].state is RunState.WAITING:
            self._rows.set(lease.run_id, wake_at=None)
        return done


class TwoHolders(MemoryStore):
    """A run is given to whoever asks, held or not."""

    def claim(self, run_id: str, claimant: Claimant) -> Claim | None:
        if self._rows.runs[run_id].lease_until is not None:
            self._rows.set(run_id, lease_until=self._clock.now())
        return super().claim(run_id, claimant)


class SameToken(MemoryStore):
    """A claim after a crash gives out the token that the dead worker had."""

    def claim(self, run_id: str, claimant: Claimant) -> Claim | None:
        dead = self._rows.runs[run_id].lease_owner is not None
        claim = super().claim(run_id, claimant)
        if claim is None or not dead:
            return claim
        run = self._rows.set(run_id, token=claim.lease.token - 1)
        return replace(claim, lease=replace(claim.lease, token=run.token), run=run)


class ForgetsTheDead(MemoryStore):
    """Nothing wakes a run whose worker died."""

    def claim(self, run_id: str, claimant: Claimant) -> Claim | None:
        claim = super().claim(run_id, claimant)
        if claim is not None:
            self._rows.set(run_id, wake_at=None)
        return claim


class RevivesLeases(MemoryStore):
    """A worker that was paused too long renews what it has lost."""

    def renew(self, owner: str, ttl: timedelta) -> None:
        now = self._clock.now()
        for run in list(self._rows.runs.values()):
            if run.lease_owner == owner and run.state in OPEN:
                self._rows.set(run.id, lease_until=now + ttl, wake_at=now + ttl)


class RingsTheHeld(MemoryStore):
    """The rescue tick rings for runs that are held."""

    def rescue(self, *, limit: int, grace: timedelta) -> Sequence[Ring]:
        held = [r for r in self._rows.runs.values() if leased(r, self._clock.now())]
        rings = super().rescue(limit=limit, grace=grace)
        return [*rings, *(Ring(r.id, r.inbox, r.queue, again=True) for r in held)]


class RingsOnce(MemoryStore):
    """A ring is never repeated: one that is lost is lost with its run."""

    def rescue(self, *, limit: int, grace: timedelta) -> Sequence[Ring]:
        rings = super().rescue(limit=limit, grace=grace)
        for ring in rings:
            self._rows.set(ring.run_id, wake_at=None)
        return rings


class TakenTwice(MemoryStore):
    """A message that a record took is there for the next one too."""

    def commit(
        self, lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        return super().commit(lease, replace(writes, taken=()), leave=leave, expect_inbox=expect_inbox)


class SilentSignals(MemoryStore):
    """A message is kept, and nobody is told."""

    def transact(self, run_id: str, change: Callable[..., Writes], *, about: str = "") -> Committed:
        wake_at = self._rows.get(run_id).wake_at
        done = super().transact(run_id, change, about=about)
        if self._rows.runs[run_id].state is RunState.WAITING:
            self._rows.set(run_id, wake_at=wake_at)
        return done


class HalfRefused(MemoryStore):
    """A write that is refused for a lost lease still sends its messages."""

    def commit(
        self, lease: Lease, writes: Writes, *, leave: bool = False, expect_inbox: int | None = None
    ) -> Committed:
        if self._rows.runs[lease.run_id].token != lease.token:
            self.transact(lease.run_id, lambda _view: Writes(messages=writes.messages))
        return super().commit(lease, writes, leave=leave, expect_inbox=expect_inbox)


SABOTAGED: tuple[type[MemoryStore], ...] = (
    AnyToken, NoExpiry, DeafSuspend, SeesWhatItSends, ForgetsTimers, TwoHolders, SameToken, ForgetsTheDead,
    RevivesLeases, RingsTheHeld, RingsOnce, TakenTwice, SilentSignals, HalfRefused,
)  # fmt: skip
