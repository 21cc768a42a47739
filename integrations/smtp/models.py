"""What the connector for mail servers is told."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_validator

from integrations.errors import InvalidRequest
from integrations.mail_addresses import address
from integrations.mail_servers import MailServer


class SmtpSettings(BaseModel):
    """The mail server, and who e-mail comes from."""

    model_config = ConfigDict(frozen=True)

    server: MailServer
    sender: str
    """An address, with or without a name."""

    @field_validator("sender")
    @classmethod
    def _is_address(cls, value: str) -> str:
        try:
            address(value)
        except InvalidRequest as error:
            raise ValueError(str(error)) from None
        return value


class ArchiveSettings(BaseModel):
    """The mailbox in which every e-mail that was sent is found after a while."""

    model_config = ConfigDict(frozen=True)

    server: MailServer
    mailbox: str = "Sent"
    copy_to: str = ""
    """An address that gets a blind copy of everything, where the mail server itself keeps nothing."""
