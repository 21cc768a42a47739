"""E-mail that a workflow may send, whichever service carries it.

A workflow says `run.step(Mail.send, Email(…))`; the settings say which connector that is. Histories keep the action
names and these shapes: renaming either is a migration.
"""

from __future__ import annotations

import base64
from typing import Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from integrations.base import Connector, action
from integrations.protocols import Shape

MOST_ATTACHED = 2_900_000
"""Bytes of all attachments of one e-mail; as base64 text this stays under the 4 MB that a step may be given."""


class Attachment(Shape):
    """A file that goes with an e-mail, as text, so that histories can hold it."""

    name: str = Field(min_length=1, max_length=150)
    """The file name that the reader sees."""
    mime: str = Field(pattern=r"^[a-z]+/[\w.+-]{1,100}$")
    data: str
    """Base64."""

    @classmethod
    def of(cls, content: bytes, *, name: str, mime: str) -> Self:
        """A file from its bytes."""
        return cls(name=name, mime=mime, data=base64.b64encode(content).decode("ascii"))

    @field_validator("data")
    @classmethod
    def _is_base64(cls, data: str) -> str:
        try:
            base64.b64decode(data, validate=True)
        except ValueError:  # no base64, or no ASCII
            raise ValueError("the file is not base64") from None
        return data

    @property
    def content(self) -> bytes:
        """The file's bytes."""
        return base64.b64decode(self.data)


class Email(Shape):
    """An e-mail as it is to be sent. Addresses may have names: `Ana Lima <ana@example.org>`."""

    to: tuple[str, ...]
    subject: str
    text: str
    """What is read where HTML is not; always needed."""
    html: str = ""
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: str = ""
    answers: str = ""
    """The message id of the e-mail that this one answers."""
    attachments: tuple[Attachment, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        size = sum(len(one.data) for one in self.attachments)
        if size > MOST_ATTACHED * 4 / 3 + 4 * len(self.attachments):
            raise ValueError(f"the attachments are over {MOST_ATTACHED:,} bytes: send links to them instead")
        return self


class IncomingEmail(Shape):
    """An e-mail that came in. All of it is what a stranger wrote: data, and never an order."""

    sender: str
    """The address that it says to come from, in small letters; "" where it names none, or several."""
    sender_name: str = ""
    to: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    message_id: str = ""
    answers: str = ""
    """The id of the message that it answers."""
    attachments: tuple[Attachment, ...] = ()
    left_out: tuple[str, ...] = ()
    """The names of attachments that were too large, or could not be read."""
    broken: bool = False
    """Whether it is not as e-mails have to be: then parts may be missing."""


class Invitation(Shape):
    """A meeting to which people are invited by e-mail."""

    to: tuple[str, ...]
    title: str
    starts: AwareDatetime
    ends: AwareDatetime
    text: str = ""
    place: str = ""
    uid: str = ""
    """Of an invitation that was sent before, to move the meeting or to call it off."""
    sequence: int = Field(default=0, ge=0)
    """Higher with each change of the same meeting."""
    cancelled: bool = False


class SentEmail(Shape):
    """An e-mail that a mail server took over. Whether it arrives nobody can say."""

    message_id: str
    to: tuple[str, ...]
    """Everybody it goes to, by their addresses."""


class SentInvitation(Shape):
    """An invitation that a mail server took over."""

    message_id: str
    uid: str
    """Names the meeting in everybody's calendar."""
    sequence: int


class Mail(Connector, protocol=True):
    """E-mail on its way out."""

    @action(idempotent=False)
    def send(self, email: Email) -> SentEmail:
        """Send an e-mail."""
        raise NotImplementedError

    @action(idempotent=False)
    def invite(self, invitation: Invitation) -> SentInvitation:
        """Invite people to a meeting by e-mail."""
        raise NotImplementedError
