"""Mailboxes that the clock looks into: each new e-mail is an event of a hook, and acts once.

The cursor says how far a mailbox was looked through; what an e-mail did is recorded under the hash of all of it. So any
number of clocks may look, a crash between the two does no harm, and neither does a server that numbers everything anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog

from bot.hooks.counting import HookCounts
from integrations.imap import Mailbox, OpenMailbox
from integrations.mail_reading import answers_by_itself, read_email
from workflows.engine.hooks.definition import Hook, HookEvent
from workflows.engine.hooks.model import Inbound, InboundState
from workflows.engine.hooks.ports import Arrival, InboundBook
from workflows.engine.hooks.taking import Taking
from workflows.engine.ports import Store

TYPE = "email"
LARGEST = 25_000_000
"""Bytes of an e-mail that are read."""
BATCH = 50
"""E-mails of one look; the next look goes on."""
HELD = 200
"""So many newer e-mails may pass one that failed before it is given up."""
EVERYBODY = "*"
BY_ITSELF = "A machine wrote it in answer to something: that starts nothing, so that nothing goes round for ever."

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Cursor:
    """How far a mailbox was looked through."""

    validity: int
    number: int
    day: date
    """Of the last look, by which what is new is found when the server numbered everything anew."""

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """From its text; None for none."""
        if not text:
            return None
        validity, number, day = text.split(":")
        return cls(int(validity), int(number), date.fromisoformat(day))

    def text(self) -> str:
        return f"{self.validity}:{self.number}:{self.day.isoformat()}"


class MailboxWatch:
    """Looks into the mailbox of one hook."""

    def __init__(
        self,
        hook: Hook,
        name: str,
        mailbox: Mailbox,
        senders: Collection[str],
        taking: Callable[[], Taking],
        store: Store,
        book: InboundBook,
        now: Callable[[], datetime],
    ) -> None:
        self._hook = hook
        self._cursor_name = f"mailbox:{hook.name}:{name}"
        self._mailbox = mailbox
        self._senders = frozenset(one.lower() for one in senders)
        self._taking = taking
        self._store = store
        self._book = book
        self._now = now
        self._done: set[tuple[int, int]] = set()
        self._failures = HookCounts()

    def look(self) -> int:
        """Deal with what is new, once; how many e-mails that were. At the first look of all, nothing is new."""
        today = self._now().date()
        cursor = Cursor.read(self._store.cursor(self._cursor_name))
        with self._mailbox.opened() as mailbox:
            validity = mailbox.validity
            if cursor is None:
                self._keep(Cursor(validity, mailbox.newest, today))
                return 0
            same = cursor.validity == validity
            found = mailbox.after(cursor.number) if same else mailbox.since(cursor.day - timedelta(days=1))
            new = [one for one in found if (validity, one) not in self._done][:BATCH]
            failed = [one for one in new if not self._take(mailbox, validity, one)]
        reached = max((*new, cursor.number if same else 0))
        number = max(min((*(one - 1 for one in failed), reached)), reached - HELD)
        self._done = {(of, one) for of, one in self._done if of == validity and one > number}
        self._keep(Cursor(validity, number, today))
        return len(new)

    def _keep(self, cursor: Cursor) -> None:
        self._store.set_cursor(self._cursor_name, cursor.text())

    def _take(self, mailbox: OpenMailbox, validity: int, number: int) -> bool:
        """Deal with one e-mail; False when it is to be tried again."""
        raw = mailbox.fetch(number, LARGEST)
        if raw is None:
            self._ignore(f"{validity}:{number}", "It is gone, or larger than 25 MB.")
            self._done.add((validity, number))
            return True
        event_id = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        email = read_email(raw)
        if not self._is_welcome(email.sender):
            self._ignore(event_id, f"BATON_MAIL_SENDERS does not name {email.sender or 'its sender'}.")
        elif answers_by_itself(raw):
            self._ignore(event_id, BY_ITSELF)
        else:
            took = self._taking().take(self._hook, HookEvent(event_id, TYPE, email.model_dump(mode="json")))
            if took.inbound.state is InboundState.FAILED:
                self._tell(took.inbound)
                return False
            if took.new:
                log.info("an e-mail came in", hook=self._hook.name, run_id=took.inbound.run_id, event_id=event_id)
        self._done.add((validity, number))
        return True

    def _is_welcome(self, sender: str) -> bool:
        domain = f"@{sender.rpartition('@')[2]}"
        return EVERYBODY in self._senders or (bool(sender) and not self._senders.isdisjoint({sender, domain}))

    def _ignore(self, event_id: str, words: str) -> None:
        about = Inbound(self._hook.actor, event_id, TYPE, InboundState.IGNORED, self._now(), words=words)
        self._book.take(Arrival(about))

    def _tell(self, failed: Inbound) -> None:
        number = self._failures.count(failed.event_id, failed.words)
        if (number & (number - 1)) == 0:  # it is tried at each look: the first, second, fourth, eighth … is told
            log.warning("an e-mail could not be dealt with", hook=self._hook.name, words=failed.words, number=number)
