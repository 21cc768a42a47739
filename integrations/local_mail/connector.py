"""E-mail as files that a mail program opens; nothing is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from integrations.base import Health, action
from integrations.files import folder_health, id_for, write_whole
from integrations.mail import Email, Invitation, Mail, SentEmail, SentInvitation
from integrations.mail_addresses import address
from integrations.mail_writing import Written, invitation_uid, invited, written


class LocalMailSettings(BaseModel):
    """Where the e-mails are put."""

    model_config = ConfigDict(frozen=True)

    folder: Path
    sender: str = "Baton <baton@baton.example>"


class LocalMail(Mail):
    """E-mail as one file each, as mail programs open it."""

    def __init__(self, settings: LocalMailSettings) -> None:
        self._folder = settings.folder
        self._sender = address(settings.sender)

    @action(idempotent=True, writes=True)
    def send(self, email: Email) -> SentEmail:
        """Put an e-mail into the local folder."""
        made = self._kept(written(email, sender=self._sender, key=self._own_key))
        return SentEmail(message_id=made.message_id, to=made.recipients)

    @action(idempotent=True, writes=True)
    def invite(self, invitation: Invitation) -> SentInvitation:
        """Put an invitation to a meeting into the local folder."""
        key = self._own_key
        made = self._kept(invited(invitation, sender=self._sender, key=key, now=datetime.now(UTC)))
        uid = invitation_uid(invitation, self._sender, key)
        return SentInvitation(message_id=made.message_id, uid=uid, sequence=invitation.sequence)

    def health(self) -> Health:
        """Whether the e-mails can be written."""
        return folder_health(self._folder, "E-mails are files", must_exist=False)

    @property
    def _own_key(self) -> str:
        return id_for(self.key)

    def _kept(self, made: Written) -> Written:
        name = made.message_id.strip("<>").partition(".")[0]
        write_whole(self._folder / f"{name}.eml", made.content)
        return made
