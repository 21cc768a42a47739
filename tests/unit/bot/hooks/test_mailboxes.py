"""A mailbox as the sender of a hook, on a real IMAP server: each new e-mail acts once, whatever comes in."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from pydantic import SecretStr

from bot.hooks.mailboxes import LARGEST, MailboxWatch
from bot.hooks.standing import hook_standings, is_open, of_mailboxes
from bot.parts import clock_ticks
from bot.runtime import NOWHERE, Runtime
from bot.settings import SettingsError, read_settings
from integrations.errors import Unavailable
from integrations.imap import Mailbox
from integrations.mail import IncomingEmail
from integrations.mail_servers import MailServer
from tests.servers.mail import IMAP_USER, ImapServer, running_imap
from workflows import Act, Hook, HookEvent, Run, StartRun, workflow
from workflows.catalog import Catalogue
from workflows.engine.errors import StoreUnavailable
from workflows.engine.hooks.model import InboundState
from workflows.engine.hooks.taking import Taking
from workflows.engine.ports import RunQuery
from workflows.engine.testing.harness import Harness
from workflows.engine.testing.memory import MemoryStore
from workflows.engine.testing.memory_inbound import MemoryInbound

NUMBERS = itertools.count()
GOOD = b"From: Ana <ana@example.org>\r\nTo: us@example.org\r\nMessage-ID: <%d@x>\r\nSubject: Hi\r\n\r\nHello.\r\n"


@workflow("ticket")
def ticket(run: Run, email: IncomingEmail) -> str:
    return email.subject


def opens(event: HookEvent) -> Act:
    return StartRun("ticket", event.data)


@pytest.fixture(scope="module")
def imap() -> Iterator[ImapServer]:
    with running_imap() as server:
        yield server


class Office:
    """A mailbox of its own, and an installation that watches it with any number of clocks."""

    def __init__(self, imap: ImapServer, act: Callable[[HookEvent], Act | None] = opens) -> None:
        self.imap, self.name = imap, f"box{next(NUMBERS)}"
        imap.make(self.name)
        self.harness = Harness(ticket)
        service, store = self.harness.service, self.harness.store
        assert isinstance(store, MemoryStore)
        service.access = replace(service.access, hooks={"inbox": ("ticket",)})
        self.store, self.book = store, MemoryInbound(store)
        self.act = act
        self.watch = self.clock()

    def clock(self, server: int = 0) -> MailboxWatch:
        at = MailServer(
            host="127.0.0.1", port=server or self.imap.port, security="none", user=IMAP_USER,
            password=SecretStr(self.imap.password),
        )  # fmt: skip
        hook = Hook("inbox", "Inbox", "mailbox", self._acts)
        return MailboxWatch(
            hook, self.name, Mailbox(at, self.name), ("@example.org", "bo@else.example"),
            lambda: Taking(self.harness.service, self.book), self.store, self.book, self.harness.clock.now,
        )  # fmt: skip

    def _acts(self, event: HookEvent) -> Act | None:
        return self.act(event)

    def put(self, *contents: bytes) -> None:
        for content in contents:
            self.imap.put(self.name, content)

    def inputs(self) -> list[IncomingEmail]:
        """What runs were started with, oldest first."""
        runs = self.store.runs(RunQuery(limit=500))
        return [IncomingEmail.model_validate_json(run.input) for run in reversed(runs)]

    def words(self) -> list[str]:
        return sorted(
            one.words for one in self.book.latest("hook:inbox", limit=99) if one.state is InboundState.IGNORED
        )


def test_each_new_email_starts_one_run_whoever_looks_and_whatever_dies(
    imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(imap)
    office.put(GOOD % 0)
    assert office.watch.look() == 0, "what was there before is not new"
    office.put(GOOD % 1, GOOD % 2)

    def dies(*_: object) -> None:
        raise StoreUnavailable("the process died here")

    with monkeypatch.context() as patch:
        patch.setattr(office.store, "set_cursor", dies)
        with pytest.raises(StoreUnavailable):
            office.watch.look()
    assert [email.message_id for email in office.inputs()] == ["<1@x>", "<2@x>"]
    assert (office.clock().look(), office.watch.look()) == (2, 0)
    assert len(office.inputs()) == 2
    office.put(GOOD % 3)
    assert office.clock().look() == 1
    (*_, last) = office.inputs()
    assert (last.message_id, last.sender, last.sender_name, last.text) == (
        "<3@x>",
        "ana@example.org",
        "Ana",
        "Hello.\n",
    )
    assert {run.started_by for run in office.store.runs(RunQuery())} == {"hook:inbox"}


def test_a_mailbox_that_is_numbered_anew_starts_what_is_new_alone(imap: ImapServer) -> None:
    office = Office(imap)
    office.watch.look()
    office.put(GOOD % 1)
    assert office.watch.look() == 1
    imap.remake(office.name)
    office.put(GOOD % 1, GOOD % 2)
    office.clock().look()
    assert [email.message_id for email in office.inputs()] == ["<1@x>", "<2@x>"]


@pytest.mark.parametrize("mended", [True, False])
def test_one_that_failed_is_tried_again_and_holds_up_no_other(imap: ImapServer, *, mended: bool) -> None:
    office = Office(imap)
    office.watch.look()

    def fails_on_the_first(event: HookEvent) -> Act:
        if event.data["message_id"] == "<1@x>":
            raise LookupError("not yet")
        return opens(event)

    office.act = fails_on_the_first
    office.put(GOOD % 1, GOOD % 2)
    office.watch.look()
    office.put(GOOD % 3)
    office.watch.look()
    assert [email.message_id for email in office.inputs()] == ["<2@x>", "<3@x>"]
    if mended:
        office.act = opens
    office.clock().look()
    assert len(office.inputs()) == (3 if mended else 2)


def test_strangers_machines_and_what_is_too_large_start_nothing(
    imap: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(imap)
    office.watch.look()
    office.put(
        (GOOD % 1).replace(b"ana@example.org", b"eve@evil.example"),
        (GOOD % 2).replace(b"ana@example.org", b"ana@example.org.evil.example"),
        (GOOD % 3).replace(b"Ana <ana@example.org>", b"ana@example.org, eve@evil.example"),
        (GOOD % 4).replace(b"From:", b"X-From:"),
        b"Auto-Submitted: auto-replied (vacation)\r\n" + GOOD % 5,
        GOOD % 6 + b"x" * 5_000,
        (GOOD % 7).replace(b"Ana <ana@example.org>", b'"eve@evil.example" <BO@else.example>'),
    )
    monkeypatch.setattr("bot.hooks.mailboxes.LARGEST", 2_000)
    assert LARGEST > 2_000
    assert office.watch.look() == 7
    assert [email.sender for email in office.inputs()] == ["bo@else.example"]
    assert [words.split(":")[0].split(" does not name ")[-1] for words in office.words()] == [
        "A machine wrote it in answer to something", "ana@example.org.evil.example.", "eve@evil.example.",
        "its sender.", "its sender.", "It is gone, or larger than 25 MB.",
    ]  # fmt: skip


def test_a_server_that_is_away_is_said_in_words(imap: ImapServer) -> None:
    with pytest.raises(Unavailable, match="can't be read"):
        Office(imap).clock(server=1).look()


FLOW = dedent(
    """
    from integrations.mail import IncomingEmail
    from workflows import HookEvent, Run, StartRun, hook, workflow


    @workflow("ticket")
    def ticket(run: Run, email: IncomingEmail) -> str:
        return email.subject


    @hook("inbox", sender="mailbox")
    def inbox(event: HookEvent) -> StartRun:
        return StartRun("ticket", event.data)


    @hook("other", sender="mailbox")
    def other(event: HookEvent) -> None:
        return None
    """
)


def test_the_clock_looks_into_the_mailboxes_that_are_open(imap: ImapServer, tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "tickets.py").write_text(FLOW)
    imap.make("clocked")
    runtime = Runtime(
        read_settings(
            baton_home=tmp_path / "home", database_url="", redis_url="", baton_workflows=str(tmp_path / "flows"),
            baton_hooks="inbox=ticket; other=ticket", baton_mailboxes="inbox=clocked", baton_mail_senders="*",
            imap_host="127.0.0.1", imap_port=imap.port, imap_security="none", imap_user=IMAP_USER,
            imap_password=imap.password,
        ),
        NOWHERE,
    )  # fmt: skip
    runtime.migrate()
    (tick,) = (tick for tick in clock_ticks(runtime) if tick.name.startswith("mailbox"))
    tick.do()
    imap.put("clocked", GOOD % 1)
    tick.do()
    (run,) = runtime.store.runs(RunQuery(workflow="ticket"))
    assert IncomingEmail.model_validate_json(run.input).subject == "Hi"
    runtime.close()


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("baton_hooks", "Set BATON_HOOKS=inbox=WORKFLOW"),
        ("imap_host", "Set IMAP_HOST"),
        ("baton_mailboxes", "Set BATON_MAILBOXES=inbox=INBOX"),
        ("baton_mail_senders", "Set BATON_MAIL_SENDERS"),
        ("", ""),
    ],
)
def test_what_keeps_a_mailbox_closed_is_said(missing: str, words: str) -> None:
    given = {
        "baton_hooks": "inbox=ticket", "imap_host": "imap.example.org", "baton_mailboxes": "inbox=INBOX; gone=X",
        "baton_mail_senders": "@example.org",
    } | ({missing: ""} if missing else {})  # fmt: skip
    catalogue = Catalogue({"ticket": ticket}, hooks={"inbox": Hook("inbox", "Inbox", "mailbox", opens)})
    settings = read_settings(**given)
    found = {one.name: one for one in hook_standings(settings, catalogue)}
    assert words in found["inbox"].trouble
    assert found["inbox"].is_open is (not missing)
    assert bool(of_mailboxes(settings, catalogue)) is (not missing)
    assert is_open("inbox", settings, lambda: catalogue) is None, "nobody calls it over HTTP"
    if not missing:
        assert found["inbox"].address == "INBOX at imap.example.org"
        assert found["gone"].trouble.startswith("No such hook is installed")


def test_settings_of_mailboxes_that_can_t_be_used() -> None:
    with pytest.raises(SettingsError, match=r"BATON_MAILBOXES.*'inbox' is no hook with its mailbox: write inbox=INBOX"):
        read_settings(baton_mailboxes="inbox")
