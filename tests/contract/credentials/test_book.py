"""What every book of credentials does, on the three stores."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from workflows.engine.credentials import CredentialBook, SealedCredential
from workflows.engine.model import Audit
from workflows.engine.ports import Store
from workflows.engine.testing.clock import START, ManualClock
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_credentials import MemoryCredentials
from workflows.storage.store import SqlStore


@dataclass(frozen=True)
class Shelf:
    """A book and the store that it shares its rows with."""

    store: Store
    book: CredentialBook


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def shelf(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    clock = ManualClock()
    if request.param == "memory":
        memory = MemoryStore(clock)
        yield Shelf(memory, MemoryCredentials(memory))
        return
    opened = SqlStore(request.getfixturevalue(f"{request.param}_url"), clock=clock)
    yield Shelf(opened, opened.credentials)
    opened.close()


def sealed(name: str, text: str = "x", workspace: str = "") -> SealedCredential:
    return SealedCredential(workspace, name, text, "cli:ana", START)


def entry(detail: str) -> Audit:
    return Audit(START, "cli:ana", "credential", "", detail)


def test_credentials_are_kept_replaced_and_removed_with_an_audit_entry_each(shelf: Shelf) -> None:
    book = shelf.book
    assert book.all() == []
    book.put(sealed("notion", "Ö"), entry("set notion"))
    book.put(sealed("hubspot", workspace="T1"), entry("set hubspot"))
    book.put(sealed("hubspot"), entry("set hubspot"))
    book.put(sealed("notion", "other"), entry("set notion again"))
    assert book.all() == [sealed("hubspot"), sealed("notion", "other"), sealed("hubspot", workspace="T1")]
    assert book.remove("T1", "hubspot", entry("remove hubspot"))
    assert not book.remove("T1", "hubspot", entry("remove nothing"))
    assert book.all() == [sealed("hubspot"), sealed("notion", "other")]
    told = [audit.detail for audit in shelf.store.audit("")]
    assert told == ["set notion", "set hubspot", "set hubspot", "set notion again", "remove hubspot"]


def test_all_are_sealed_anew_or_none(shelf: Shelf) -> None:
    for name in ("a", "b"):
        shelf.book.put(sealed(name, name), entry(f"set {name}"))

    def failing(text: str) -> str:
        if text == "b":
            raise LookupError(text)
        return text.upper()

    with pytest.raises(LookupError):
        shelf.book.reseal(failing, entry("rotate"))
    assert [row.sealed for row in shelf.book.all()] == ["a", "b"]
    assert shelf.book.reseal(str.upper, entry("rotate")) == 2
    assert shelf.book.all() == [sealed("a", "A"), sealed("b", "B")]
    assert [audit.detail for audit in shelf.store.audit("")] == ["set a", "set b", "rotate"]


def test_what_is_set_while_all_are_sealed_anew_is_not_lost(shelf: Shelf) -> None:
    """The new one is set while the old one is being sealed; it waits its turn, and is what stays."""
    shelf.book.put(sealed("a", "old"), entry("set a"))
    setting = threading.Thread(target=lambda: shelf.book.put(sealed("a", "new"), entry("set a again")))

    def seal(started: Callable[[], None]) -> Callable[[str], str]:
        def one(text: str) -> str:
            if not setting.ident:
                started()
            return text.upper()

        return one

    shelf.book.reseal(seal(setting.start), entry("rotate"))
    setting.join(60)
    assert [row.sealed for row in shelf.book.all()] == ["new"]
