"""E-mail through a mail server whose sent e-mails can be looked up: a lost answer is found out by the message's id."""

from __future__ import annotations

from datetime import timedelta

from integrations.base import Health, action
from integrations.http import Gate
from integrations.imap import Mailbox
from integrations.mail import Email, Invitation, SentEmail, SentInvitation
from integrations.mail_addresses import address
from integrations.mail_writing import Written, message_id_for, written
from integrations.smtp.connector import LONG, PATIENT, Smtp
from integrations.smtp.models import ArchiveSettings, SmtpSettings

SETTLE = timedelta(minutes=5)
"""How long after an attempt its e-mail may still appear in the archive."""


class ArchivedSmtp(Smtp):
    """E-mail through a mail server, and the mailbox where what was sent is found."""

    slug = "archived_smtp"

    def __init__(self, settings: SmtpSettings, archive: ArchiveSettings, gate: Gate | None = None) -> None:
        super().__init__(settings, gate)
        self._archive = Mailbox(archive.server, archive.mailbox)
        self._archived_at = f"{archive.mailbox} at {archive.server.place}"
        self._copy_to = address(archive.copy_to).addr_spec if archive.copy_to else ""

    @action(reconcile="find_sent", settle=SETTLE, retry=PATIENT, timeout=LONG)
    def send(self, email: Email) -> SentEmail:
        """Send an e-mail through the mail server."""
        return self._sent(written(email, sender=self._sender, key=self._own_key))

    def find_sent(self, key: str, email: Email) -> SentEmail | None:
        """The e-mail that was sent with `key`, by its id in the archive."""
        made = written(email, sender=self._sender, key=key)
        return SentEmail(message_id=made.message_id, to=made.recipients) if self._is_there(made.message_id) else None

    @action(reconcile="find_invited", settle=SETTLE, retry=PATIENT, timeout=LONG)
    def invite(self, invitation: Invitation) -> SentInvitation:
        """Invite people to a meeting through the mail server."""
        return self._invited(invitation)

    def find_invited(self, key: str, invitation: Invitation) -> SentInvitation | None:
        """The invitation that was sent with `key`, by its id in the archive."""
        message_id = message_id_for(key, self._sender)
        return self._invitation(invitation, key) if self._is_there(message_id) else None

    def health(self) -> Health:
        """Whether the mail server lets Baton in, and the archive can be read."""
        health = super().health()
        with self._archive.opened():
            return Health(True, f"{health.words}; what was sent is found in {self._archived_at}")

    def _is_there(self, message_id: str) -> bool:
        with self._archive.opened() as archive:
            return bool(archive.with_message_id(message_id))

    def _envelope(self, made: Written) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*made.recipients, self._copy_to))) if self._copy_to else made.recipients
