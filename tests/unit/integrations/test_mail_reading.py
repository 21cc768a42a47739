"""E-mails as they come in: read whole where they are well, and in part where they are not."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.mail import MOST_ATTACHED
from integrations.mail_reading import LONGEST_TEXT, answers_by_itself, read_email


def written(**headers: str) -> EmailMessage:
    message = EmailMessage()
    for name, value in ({"From": "Ana Lima <Ana@Example.org>", "To": "us@example.org"} | headers).items():
        message[name.replace("_", "-")] = value
    message.set_content("Grüße\n")
    return message


def test_what_is_well_is_read_whole() -> None:
    message = written(Subject="Ünterlagen", Message_ID="<1@x>", In_Reply_To="<0@x>")
    message.add_alternative("<p>HTML</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a/ü.pdf")
    email = read_email(message.as_bytes())
    assert (email.sender, email.sender_name, email.to) == ("ana@example.org", "Ana Lima", ("us@example.org",))
    assert (email.subject, email.text, email.message_id, email.answers) == ("Ünterlagen", "Grüße\n", "<1@x>", "<0@x>")
    (file,) = email.attachments
    assert (file.name, file.mime, file.content) == ("a/ü.pdf", "application/pdf", b"%PDF")
    assert not email.broken


def test_html_alone_is_read_without_its_marks() -> None:
    message = written()
    message.set_content("<style>p {}</style><p>Hello <b>you</b></p><script>alert(1)</script>", subtype="html")
    assert read_email(message.as_bytes()).text == "Hello you"


def test_what_is_too_much_is_left_out_by_name() -> None:
    message = written()
    message.set_content("x" * (LONGEST_TEXT + 10))
    for name, size in (("first.bin", MOST_ATTACHED - 10), ("second.bin", 11), ("third.bin", 10)):
        message.add_attachment(b"x" * size, maintype="application", subtype="octet-stream", filename=name)
    email = read_email(message.as_bytes())
    assert len(email.text) == LONGEST_TEXT
    assert [one.name for one in email.attachments] == ["first.bin", "third.bin"]
    assert email.left_out == ("second.bin",)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"From: ana@example.org\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe",
        b"From: ana@example.org\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nbroken",
        b"From: ana@example.org\r\nContent-Type: multipart/mixed\r\n\r\nno boundary",
        b"From: ana@example.org\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!not base64",
        b"From: =?utf-8?q?broken\r\nSubject: =?nonsense?b?////?=\r\nTo: <<<>>>,,\r\n\r\nx",
        b"From: ana@example.org\r\nContent-Type: message/rfc822\r\n\r\nFrom: bo@example.org\r\n\r\ninner",
        b"From: ana@example.org\r\nContent-Disposition: attachment; filename*=bad''%ff\r\n\r\nx\0y",
    ],
)
def test_what_is_broken_is_read_all_the_same(raw: bytes) -> None:
    email = read_email(raw)
    assert "\0" not in email.model_dump_json()
    assert not answers_by_itself(raw)


PIECES = st.sampled_from(
    [
        b"From: ", b"a@b.example", b"\r\n", b"\n", b"Content-Type: multipart/mixed; boundary=", b"x", b"--x", b"--x--",
        b"Content-Type: text/html; charset=", b"utf-7", b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable",
        b"=?utf-8?b?", b"?=", b"\xff", b"\0", b";", b'"', b"filename*=", b"Content-Disposition: attachment", b"<", b">",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30))
@settings(max_examples=150, deadline=None, database=None, derandomize=True)
def test_whatever_strangers_put_together_is_read(pieces: list[bytes]) -> None:
    email = read_email(b"".join(pieces))
    email.model_dump_json().encode()
    answers_by_itself(b"".join(pieces))


@pytest.mark.parametrize(
    ("told", "machine"), [("no", False), ("auto-replied", True), ("AUTO-GENERATED; x=y", True), ("", False)]
)
def test_what_a_machine_wrote_is_known(told: str, *, machine: bool) -> None:
    assert answers_by_itself(written(Auto_Submitted=told).as_bytes()) is machine
