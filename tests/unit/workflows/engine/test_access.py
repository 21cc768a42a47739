"""Who may do what: people, roles, groups, channels; and no whenever it can't be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.contract.store.opened import approval, run
from workflows import Run, workflow
from workflows.engine.access import Access
from workflows.engine.directory import LocalDirectory, is_group
from workflows.engine.errors import NotAllowed
from workflows.engine.ports import RunQuery, Standing
from workflows.engine.testing.harness import Harness

ANA, BEN, EVA, SAM = "slack:T1:UANA", "slack:T1:UBEN", "slack:T1:UEVA", "slack:T2:USAM"
EDITORS, ROLE, SECRET = "slack:T1:SEDIT", "role:finance", "slack:T1:GSECRET"


@dataclass
class Book:
    """A directory of a few people. Whoever is not in it can't be judged."""

    standings: dict[str, Standing] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)
    channels: dict[str, set[str]] = field(default_factory=dict)

    def belongs(self, actor: str, to: str) -> bool:
        return actor == to or actor in self.groups.get(to, ())

    def standing(self, actor: str) -> Standing:
        return self.standings.get(actor, Standing.UNKNOWN)

    def sees(self, actor: str, channel: str) -> bool:
        return actor in self.channels.get(channel, ())


@pytest.fixture
def book() -> Book:
    return Book(
        {ANA: Standing.MEMBER, BEN: Standing.MEMBER, EVA: Standing.GUEST, SAM: Standing.STRANGER},
        {EDITORS: {BEN, EVA}, ROLE: {BEN}},
        {SECRET: {ANA, EVA}},
    )


def declared(*starters: str) -> Any:
    @workflow("declared", starters=starters)
    def made(run: Run, given: None) -> None: ...

    return made


def refused(rule: Callable[[], object]) -> str:
    with pytest.raises(NotAllowed) as caught:
        rule()
    return str(caught.value)


# starting -----------------------------------------------------------------------------------------------


def test_any_member_starts_what_names_nobody(book: Book) -> None:
    access = Access(directory=book)
    access.start(ANA, declared())
    said = refused(lambda: access.start(EVA, declared()))
    assert f"{EVA} may not start declared. Those who may: members of this workspace." in said
    assert "Guests may do only what a workflow names them for in person." in said
    assert "People of other workspaces" in refused(lambda: access.start(SAM, declared()))
    assert "can't be found out just now" in refused(lambda: access.start("slack:T1:UNEW", declared()))
    assert "may not start" in refused(lambda: access.start("", declared()))


def test_starters_are_people_roles_and_groups(book: Book) -> None:
    access = Access(frozenset({ANA}), book)
    access.start(BEN, declared(ROLE))
    access.start(BEN, declared(EDITORS))
    access.start(ANA, declared(ROLE))  # an admin
    assert "Those who may: role:finance" in refused(lambda: Access(directory=book).start(ANA, declared(ROLE)))


def test_guests_and_strangers_count_only_when_named_in_person(book: Book) -> None:
    access = Access(directory=book)
    assert refused(lambda: access.start(EVA, declared(EDITORS)))
    access.start(EVA, declared(EVA))
    access.start(SAM, declared(SAM))
    access.decide(EVA, approval(approvers=(EVA,)), {ANA})
    assert refused(lambda: access.decide(EVA, approval(approvers=(EDITORS,)), {ANA}))


def test_a_deactivated_person_does_nothing_at_all(book: Book) -> None:
    book.standings[BEN] = Standing.GONE
    access = Access(frozenset({BEN}), book)
    own = run(started_by=BEN)
    for rule in (
        lambda: access.start(BEN, declared(BEN)),
        lambda: access.decide(BEN, approval(approvers=(BEN,)), set()),
        lambda: access.reassign(BEN, approval(approvers=(BEN,))),
        lambda: access.steer(BEN, own, "cancel"),
        lambda: access.see(BEN, own),
        lambda: access.administer(BEN, "pause everything"),
    ):
        assert "This account is deactivated." in refused(rule)


# looking and steering -----------------------------------------------------------------------------------


def test_who_sees_a_run(book: Book) -> None:
    access = Access(frozenset({"slack:T1:SADMIN"}), book)
    book.groups["slack:T1:SADMIN"] = {"slack:T1:UTOM"}
    book.standings["slack:T1:UTOM"] = Standing.MEMBER
    secret, bare = run(channel=SECRET, started_by="slack:T1:UX"), run(started_by="slack:T1:UX")
    assert [access.may_see(who, secret) for who in (ANA, BEN, EVA, SAM)] == [True, False, False, False]
    assert [access.may_see(who, bare) for who in (ANA, BEN, EVA, SAM, "")] == [True, True, False, False, False]
    assert access.may_see(BEN, secret, [approval(approvers=(EDITORS,))])
    assert access.may_see("cli:ana", secret)
    assert access.may_see("slack:T1:UTOM", secret)
    assert access.may_see(SAM, replace(secret, started_by=SAM))
    assert f"those who are in {SECRET} may" in refused(lambda: access.see(BEN, secret))


def test_who_steers_a_run(book: Book) -> None:
    access, made = Access(frozenset({BEN}), book), run(started_by=ANA)
    for who in (ANA, BEN, "cli:eve"):
        access.steer(who, made, "cancel")
    said = refused(lambda: access.steer(EVA, made, "cancel"))
    assert f"{EVA} may not cancel run r1. Its starter ({ANA}) and admins ({BEN}) may." in said
    assert refused(lambda: access.steer("", run(started_by=""), "cancel"))


def test_who_administers(book: Book) -> None:
    access = Access(frozenset({ROLE}), book)
    access.administer(BEN, "pause everything")
    access.administer("cli:eve", "pause everything")
    assert refused(lambda: access.administer(ANA, "pause everything")) == (
        f"{ANA} may not pause everything. Admins (role:finance) may."
    )


# deciding -----------------------------------------------------------------------------------------------


def test_who_decides(book: Book) -> None:
    access, asked = Access(frozenset({ANA}), book), approval(approvers=(EDITORS, ROLE), title="Publish")
    access.decide(BEN, asked, {ANA})
    assert f"{ANA} may not decide “Publish”. Those who may: {EDITORS}, role:finance." in refused(
        lambda: access.decide(ANA, asked, set())  # an admin is no approver
    )
    assert "somebody else has to decide" in refused(lambda: access.decide(BEN, asked, {BEN}))
    access.decide(BEN, replace(asked, allow_self=True), {BEN})
    assert refused(lambda: access.decide(BEN, replace(asked, approvers=()), set()))


def test_a_command_line_user_decides_nothing_unless_listed() -> None:
    access = Access(frozenset({"cli:root"}), LocalDirectory({"chiefs": ("cli:ben",)}))
    assert refused(lambda: access.decide("cli:root", approval(approvers=("cli:ana",)), set()))
    access.decide("cli:ana", approval(approvers=("cli:ana",)), set())
    access.decide("cli:ben", approval(approvers=("role:chiefs",)), set())


def test_who_hands_an_approval_on(book: Book) -> None:
    access, asked = Access(frozenset({ANA}), book), approval(approvers=(EDITORS,))
    access.reassign(BEN, asked)
    access.reassign(ANA, asked)
    assert refused(lambda: access.reassign(SAM, asked))


# the local directory and the service --------------------------------------------------------------------


def test_the_local_directory_knows_ids_and_roles_and_no_channels() -> None:
    local = LocalDirectory({"finance": ("cli:ana", "slack:T1:SEDIT")})
    assert local.belongs("cli:ana", "cli:ana")
    assert local.belongs("cli:ana", "role:finance")
    assert not local.belongs("cli:ben", "role:finance")
    assert not local.belongs("cli:ana", "role:none")
    assert not local.belongs("cli:ana", "finance")
    assert [local.standing(who) for who in ("cli:a", "test:a", "demo:a", "ana", "slack:T1:U1", "")] == [
        *[Standing.MEMBER] * 4, Standing.UNKNOWN, Standing.UNKNOWN
    ]  # fmt: skip
    assert not local.sees("cli:ana", "slack:T1:C1")
    assert [is_group(one) for one in ("role:x", "slack:T1:S1", "slack:T1:U1", "cli:sam", "S")] == [
        True, True, False, False, False
    ]  # fmt: skip


def test_lists_hold_what_a_person_may_see(book: Book) -> None:
    @workflow("shown")
    def shown(run: Run, given: None) -> None:
        run.approval("editor", show=1, approvers=[BEN])

    harness = Harness(shown)
    harness.service.access = Access(directory=book)
    secret = harness.service.start("shown", None, by=ANA, channel=SECRET)
    plain = harness.service.start("shown", None, by=ANA)
    hidden = harness.service.start("shown", None, by=BEN, channel="slack:T1:GOTHER")
    service = harness.service
    assert [run.id for run in service.listed(RunQuery(), by=ANA)] == [plain.id, secret.id]
    assert [run.id for run in service.listed(RunQuery(), by=BEN)] == [hidden.id, plain.id]
    harness.work()
    assert [run.id for run in service.listed(RunQuery(limit=1), by=BEN)] == [hidden.id]
    assert service.look(secret.id, by=BEN).id == secret.id  # asked for a decision by now
    with pytest.raises(NotAllowed, match="may not see run"):
        service.look(hidden.id, by=ANA)
    assert service.listed(RunQuery(), by=EVA) == []


def test_the_directory_is_never_asked_within_a_transaction() -> None:
    """It may be slow, and a transaction holds the run."""

    @workflow("locked")
    def locked(run: Run, given: None) -> None:
        run.approval("editor", show=1, approvers=["role:x"])

    harness = Harness(locked)
    inside: list[bool] = []
    transact = harness.store.transact

    def noted(run_id: str, change: Any, *, about: str = "") -> Any:
        inside.append(True)
        try:
            return transact(run_id, change, about=about)
        finally:
            inside.pop()

    class Watching(LocalDirectory):
        def standing(self, actor: str) -> Standing:
            assert not inside
            return super().standing(actor)

    harness.store.transact = noted  # type: ignore[method-assign]
    harness.service.access = Access(frozenset({"test:root"}), Watching({"x": ("test:ben",)}))
    first = harness.start("locked")
    asked = harness.store.approvals()[0]
    harness.service.reassign(asked.id, ["test:ben"], by="test:ben")
    harness.decide(by="test:ben")
    second = harness.start("locked")
    harness.service.signal(second, "x", by="test:root")
    harness.cancel(second, by="test:root")
    with pytest.raises(NotAllowed):
        harness.recovery.fork(first, by="slack:T1:U1")


# hooks ---------------------------------------------------------------------------------------------------


def test_a_hook_may_do_what_the_settings_grant_it_and_nothing_else() -> None:
    @workflow("granted")
    def granted(run: Run, given: str) -> str:
        return given

    @workflow("of_ana", starters=("cli:ana",))
    def of_ana(run: Run, given: str) -> str:
        return given

    harness = Harness(granted, of_ana, admins=("hook:admin",))
    rules = replace(harness.service.access, hooks={"shop": ("granted", "of_ana")})
    harness.service.access = rules
    assert rules.may_start("hook:shop", granted)
    assert not rules.may_start("hook:shop", of_ana), "a workflow's starters hold for hooks too"
    for other in ("hook:other", "hook:", "hook:admin", "hook:hook:shop"):
        assert not rules.may_start(other, granted)
    mine = harness.service.start("granted", "a", by="hook:shop")
    rules.steer("hook:shop", mine, "signal")
    for actor, verb in (
        ("hook:shop", "cancel"),
        ("hook:shop", "edit"),
        ("hook:other", "signal"),
        ("hook:admin", "signal"),
    ):
        with pytest.raises(NotAllowed, match="BATON_HOOKS"):
            rules.steer(actor, mine, verb)
    with pytest.raises(NotAllowed, match="BATON_HOOKS"):
        replace(rules, hooks={}).steer("hook:shop", mine, "signal")
