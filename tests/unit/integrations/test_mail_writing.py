"""E-mails as they are written: whom they go to, what they carry, and what they must not carry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from icalendar import Calendar
from pydantic import ValidationError

from integrations.errors import InvalidRequest
from integrations.mail import MOST_ATTACHED, Attachment, Email, Invitation
from integrations.mail_addresses import address
from integrations.mail_writing import Written, invited, written

SENDER = address("Baton <baton@example.org>")
KEY = "0123456789abcdef0123456789abcdef"
LONG_SUBJECT = "Grüße" + " lang" * 40
START = datetime(2026, 12, 24, 18, tzinfo=timezone(timedelta(hours=1)))


def read(made: Written) -> EmailMessage:
    return message_from_bytes(made.content, policy=default)


def email(**parts: object) -> Email:
    return Email.model_validate({"to": ("ana@example.org",), "subject": "Hello", "text": "Hi."} | parts)


def test_an_email_is_written_whole_and_under_the_same_id_for_the_same_key() -> None:
    pdf = Attachment.of(b"%PDF\r\n.\r\n\xff", name="Rechnung für Ana.pdf", mime="application/pdf")
    given = email(
        to=("Ana Lima <ana@example.org>", "bo@bücher.example"), cc=("cy@example.org",), bcc=("dan@example.org",),
        reply_to="office@example.org", answers="<q1@example.org>", subject=LONG_SUBJECT,
        text="Grüße\n.\nEnde", html="<p>Grüße</p>", attachments=(pdf,),
    )  # fmt: skip
    made = written(given, sender=SENDER, key=KEY)
    assert made.recipients == ("ana@example.org", "bo@xn--bcher-kva.example", "cy@example.org", "dan@example.org")
    assert made.content.isascii()
    assert max(map(len, made.content.split(b"\r\n"))) <= 998
    message = read(made)
    assert message["Message-ID"] == f"<{KEY}.baton@example.org>" == made.message_id
    assert written(given, sender=SENDER, key=KEY).message_id == made.message_id
    assert (message["From"], message["Reply-To"]) == ("Baton <baton@example.org>", "office@example.org")
    assert message["To"] == "Ana Lima <ana@example.org>, bo@xn--bcher-kva.example"
    assert message["Subject"] == LONG_SUBJECT
    assert message["In-Reply-To"] == message["References"] == "<q1@example.org>"
    assert message["Bcc"] is None
    assert b"dan@" not in made.content
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().splitlines() == ["Grüße", ".", "Ende"]
    assert html.get_content().strip() == "<p>Grüße</p>"
    (part,) = message.iter_attachments()
    assert (part.get_filename(), part.get_content()) == ("Rechnung für Ana.pdf", pdf.content)


@pytest.mark.parametrize(
    "wrong",
    [
        "", "ana", "ana@", "@example.org", "ana@example.org, bo@example.org", "ana@example.org\r\nBcc: eve@example.org",
        "Ana\nBcc: eve@example.org <ana@example.org>", "ana@exa mple.org", "ana@example..org", "a..b@example.org",
        "<ana@example.org", "ana@example.org>", "ana\x00@example.org", "x" * 400 + "@example.org",
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["to", "cc", "bcc", "reply_to"])
def test_what_is_no_address_is_refused(place: str, wrong: str) -> None:
    if place == "reply_to" and not wrong:
        wrong = " "
    given = email(**{place: wrong if place == "reply_to" else (wrong,)})
    with pytest.raises(InvalidRequest, match="is no e-mail address"):
        written(given, sender=SENDER, key=KEY)


@pytest.mark.parametrize(
    "parts",
    [
        {"subject": "Hello\r\nBcc: eve@example.org"},
        {"subject": "Hello\nX: y"},
        {"subject": "Hello\x0bX: y"},
        {"subject": "Hello\u2028Bcc: eve@example.org"},
        {"answers": "<a@b.example>\r\nBcc: eve@example.org"},
        {"attachments": (Attachment.of(b"x", name='x"\r\nBcc: eve@example.org', mime="text/plain"),)},
        {"subject": "x" * 501},
        {"to": ()},
        {"to": tuple(f"p{number}@example.org" for number in range(101))},
    ],
)
def test_what_could_be_another_header_or_is_too_much_is_refused(parts: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        written(email(**parts), sender=SENDER, key=KEY)


def test_what_an_attachment_can_t_be() -> None:
    with pytest.raises(ValidationError, match="not base64"):
        Attachment(name="x", mime="text/plain", data="§")
    with pytest.raises(ValidationError):
        Attachment.of(b"x", name="x", mime="text/plain\r\nX: y")
    half = Attachment.of(b"x" * (MOST_ATTACHED // 2 + 10), name="x", mime="text/plain")
    assert email(attachments=(half,)).attachments
    with pytest.raises(ValidationError, match="send links"):
        email(attachments=(half, half))


def test_an_invitation_carries_an_entry_that_calendars_take() -> None:
    meeting = Invitation(
        to=('"Lima, Ana" <ana@example.org>', "bo@example.org"),
        title="Fest; mit, Zeichen", starts=START, ends=START + timedelta(hours=2), text="Bring\ncake", place="Köln",
    )  # fmt: skip
    now = datetime(2026, 12, 1, tzinfo=UTC)
    first = read(invited(meeting, sender=SENDER, key=KEY, now=now))
    part = entry_in(first)
    assert part.get_param("method") == "REQUEST"
    calendar: Any = Calendar.from_ical(part.get_content())
    assert (calendar["METHOD"], calendar["VERSION"]) == ("REQUEST", "2.0")
    (event,) = calendar.walk("VEVENT")
    assert (event["SUMMARY"], event["LOCATION"], event["DESCRIPTION"]) == ("Fest; mit, Zeichen", "Köln", "Bring\ncake")
    assert event.decoded("DTSTART") == datetime(2026, 12, 24, 17, tzinfo=UTC)
    assert event.decoded("DTEND") - event.decoded("DTSTART") == timedelta(hours=2)
    assert event["UID"] == f"{KEY}.baton@example.org"
    assert [str(one) for one in event["ATTENDEE"]] == ["MAILTO:ana@example.org", "MAILTO:bo@example.org"]
    assert event["ATTENDEE"][0].params["CN"] == "Lima, Ana"
    off = meeting.model_copy(update={"uid": str(event["UID"]), "sequence": 1, "cancelled": True})
    second = read(invited(off, sender=SENDER, key="another", now=now))
    cancelled: Any = Calendar.from_ical(entry_in(second).get_content())
    (gone,) = cancelled.walk("VEVENT")
    assert (gone["UID"], gone["SEQUENCE"], gone["STATUS"]) == (event["UID"], 1, "CANCELLED")
    assert second["Subject"] == "Cancelled: Fest; mit, Zeichen"
    assert second["Message-ID"] != first["Message-ID"]


def entry_in(message: EmailMessage) -> EmailMessage:
    return next(p for p in message.walk() if p.get_content_type() == "text/calendar")


def test_a_meeting_that_can_t_be() -> None:
    meeting = Invitation(to=("ana@example.org",), title="x", starts=START, ends=START)
    with pytest.raises(InvalidRequest, match="ends before it begins"):
        invited(meeting, sender=SENDER, key=KEY, now=START)
    longer = meeting.model_copy(update={"ends": START + timedelta(hours=1)})
    for wrong in ({"title": "x\r\nATTENDEE:MAILTO:eve@example.org"}, {"uid": "x\nX:y"}):
        with pytest.raises(InvalidRequest, match="one line"):
            invited(longer.model_copy(update=wrong), sender=SENDER, key=KEY, now=START)
