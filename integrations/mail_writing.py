"""From an e-mail's parts to the message as it is sent: checked addresses, no foreign headers, and ids that stay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from icalendar import Calendar, Event, vCalAddress, vText

from integrations.errors import InvalidRequest
from integrations.mail import Email, Invitation
from integrations.mail_addresses import address

POLICY = SMTP.clone(cte_type="7bit")
"""Every mail server takes what is written so."""
MOST_PEOPLE = 100
LONGEST_SUBJECT = 500


@dataclass(frozen=True)
class Written:
    """A message and whom it goes to."""

    message: EmailMessage
    recipients: tuple[str, ...]
    """Addresses alone, those of blind copies too."""

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def content(self) -> bytes:
        """As it goes over the wire, before dots are doubled."""
        return self.message.as_bytes(policy=POLICY)


def message_id_for(key: str, sender: Address) -> str:
    """The id of the message that a step sends: the same for each of its attempts."""
    return f"<{key}.baton@{sender.domain}>"


def written(email: Email, *, sender: Address, key: str) -> Written:
    """An e-mail as a message; raises InvalidRequest for what can't be sent."""
    to, cc, bcc = (tuple(map(address, group)) for group in (email.to, email.cc, email.bcc))
    message = _begun(email.subject, to, sender, key)
    if cc:
        message["Cc"] = cc
    if email.reply_to:
        message["Reply-To"] = address(email.reply_to)
    if email.answers:
        message["In-Reply-To"] = message["References"] = _one_line(email.answers, "The id of the message answered")
    message.set_content(email.text)
    if email.html:
        message.add_alternative(email.html, subtype="html")
    for one in email.attachments:
        kind, _, subtype = one.mime.partition("/")
        name = _one_line(one.name, "The name of an attachment").replace("/", "_").replace("\\", "_")
        message.add_attachment(one.content, maintype=kind, subtype=subtype, filename=name)
    return Written(message, _recipients((*to, *cc, *bcc)))


def invitation_uid(invitation: Invitation, sender: Address, key: str) -> str:
    """What names the meeting in calendars."""
    given = _one_line(invitation.uid, "The uid of a meeting")
    return given or message_id_for(key, sender).strip("<>")


def invited(invitation: Invitation, *, sender: Address, key: str, now: datetime) -> Written:
    """An invitation as a message with its calendar entry; raises InvalidRequest for what can't be sent."""
    if invitation.ends <= invitation.starts:
        raise InvalidRequest(f"The meeting {invitation.title!r} ends before it begins. Correct its times.")
    to = tuple(map(address, invitation.to))
    begin = "Cancelled: " if invitation.cancelled else "Updated: " if invitation.sequence else ""
    message = _begun(f"{begin}{invitation.title}", to, sender, key)
    when = f"{_utc(invitation.starts):%Y-%m-%d %H:%M} to {_utc(invitation.ends):%Y-%m-%d %H:%M} UTC"
    lines = (invitation.title, when, invitation.place, invitation.text)
    message.set_content("\n".join(filter(None, lines)) + "\n")
    method = "CANCEL" if invitation.cancelled else "REQUEST"
    uid = invitation_uid(invitation, sender, key)
    entry = _calendar(invitation, uid, to, sender, method, now)
    message.add_alternative(entry, subtype="calendar", params={"method": method})
    return Written(message, _recipients(to))


def _begun(subject: str, to: tuple[Address, ...], sender: Address, key: str) -> EmailMessage:
    if not to:
        raise InvalidRequest("An e-mail needs somebody it goes to. Give at least one address.")
    if len(subject) > LONGEST_SUBJECT:
        raise InvalidRequest(f"The subject is over {LONGEST_SUBJECT} characters. Shorten it.")
    message = EmailMessage(policy=POLICY)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = _one_line(subject, "The subject")
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = message_id_for(key, sender)
    message["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday note answers it
    return message


def _calendar(
    invitation: Invitation, uid: str, to: Iterable[Address], sender: Address, method: str, now: datetime
) -> str:
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", _utc(now))
    event.add("dtstart", _utc(invitation.starts))
    event.add("dtend", _utc(invitation.ends))
    event.add("summary", invitation.title)
    event.add("sequence", invitation.sequence)
    event.add("status", "CANCELLED" if invitation.cancelled else "CONFIRMED")
    if invitation.text:
        event.add("description", invitation.text)
    if invitation.place:
        event.add("location", invitation.place)
    event["organizer"] = _person(sender)
    for one in to:
        guest = _person(one)
        guest.params["RSVP"] = vText("TRUE")
        guest.params["PARTSTAT"] = vText("NEEDS-ACTION")
        event.add("attendee", guest, encode=False)
    calendar = Calendar()
    calendar.add("prodid", "-//Baton//Baton//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    return str(calendar.to_ical(), "utf-8")


def _person(one: Address) -> vCalAddress:
    person = vCalAddress(f"MAILTO:{one.addr_spec}")
    if one.display_name:
        person.params["CN"] = vText(one.display_name)
    return person


def _recipients(people: tuple[Address, ...]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(one.addr_spec for one in people))
    if len(found) > MOST_PEOPLE:
        raise InvalidRequest(f"{len(found)} people are too many for one e-mail: {MOST_PEOPLE} at most.")
    return found


def _one_line(text: str, what: str) -> str:
    """Text for a header; raises InvalidRequest for what could begin another one."""
    if not text.isprintable():
        raise InvalidRequest(f"{what} must be one line of characters that can be printed. Nothing was sent.")
    return text


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
