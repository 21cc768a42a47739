"""E-mail through a mail server, which knows no idempotency keys: a person decides what became of a lost answer."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from integrations.base import Health, action
from integrations.errors import ConnectorError
from integrations.http import Gate, Limits, Rate
from integrations.http.gate import governing
from integrations.mail import Email, Invitation, Mail, SentEmail, SentInvitation
from integrations.mail_addresses import address
from integrations.mail_writing import Written, invitation_uid, invited, message_id_for, written
from integrations.smtp.line import Away, SmtpLine
from integrations.smtp.models import SmtpSettings
from workflows.engine.policy import Retry, current_call

PATIENT = Retry(attempts=8, first_delay=timedelta(seconds=30))
"""A mail server that does not know Baton yet may ask it to come again after some minutes."""
LONG = timedelta(minutes=5)
PACE = Limits(Rate(5, burst=10))
SENDING = ("SEND", "/")


class Smtp(Mail):
    """E-mail through a mail server."""

    slug = "smtp"

    def __init__(self, settings: SmtpSettings, gate: Gate | None = None) -> None:
        server = settings.server
        self._sender = address(settings.sender)
        self._line = SmtpLine(server, self._sender.domain)
        self._place = server.place
        secrets = (server.password.get_secret_value(),) if server.password else ()
        self._way = (gate or governing()).way("SMTP", server.place, PACE, (server.user, *secrets))

    @action(idempotent=False, retry=PATIENT, timeout=LONG)
    def send(self, email: Email) -> SentEmail:
        """Send an e-mail through the mail server."""
        return self._sent(written(email, sender=self._sender, key=self._own_key))

    @action(idempotent=False, retry=PATIENT, timeout=LONG)
    def invite(self, invitation: Invitation) -> SentInvitation:
        """Invite people to a meeting through the mail server."""
        return self._invited(invitation)

    def health(self) -> Health:
        """Whether the mail server lets Baton in."""
        self._line.greet()
        return Health(True, f"Sends as {self._sender.addr_spec} through {self._place}")

    # -----------------------------------------------------------------------------------------------------

    @property
    def _own_key(self) -> str:
        """The step's idempotency key; outside of a run, one that nobody asks for again."""
        return self.key or uuid.uuid4().hex

    def _invited(self, invitation: Invitation) -> SentInvitation:
        key = self._own_key
        self._sent(invited(invitation, sender=self._sender, key=key, now=datetime.now(UTC)))
        return self._invitation(invitation, key)

    def _invitation(self, invitation: Invitation, key: str) -> SentInvitation:
        uid = invitation_uid(invitation, self._sender, key)
        return SentInvitation(message_id=message_id_for(key, self._sender), uid=uid, sequence=invitation.sequence)

    def _sent(self, made: Written) -> SentEmail:
        call = current_call()
        with self._way.entered(*SENDING):
            try:
                self._line.send(
                    self._sender.addr_spec, self._envelope(made), made.content, call.check if call else lambda: None
                )
            except Away:
                self._way.unanswered()
                raise
            except ConnectorError:
                self._way.answered(*SENDING, 200, {})
                raise
            self._way.answered(*SENDING, 200, {})
        self._way.left()
        return SentEmail(message_id=made.message_id, to=made.recipients)

    def _envelope(self, made: Written) -> tuple[str, ...]:
        return made.recipients
