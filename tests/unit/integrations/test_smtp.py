"""E-mail through a real mail server: one e-mail whatever happens, and who has to act when it can't go."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr, ValidationError

from bot.connectors import registry
from bot.settings import SettingsError, read_settings
from integrations.errors import ConnectorError, InvalidRequest, Unauthorized, Unavailable
from integrations.http import UNLIMITED, Gate
from integrations.local_mail.connector import LocalMail, LocalMailSettings
from integrations.mail import Email, Invitation, Mail, SentInvitation
from integrations.mail_servers import MailServer as Address
from integrations.smtp import line
from integrations.smtp.archived import ArchivedSmtp
from integrations.smtp.connector import Smtp
from integrations.smtp.models import ArchiveSettings, SmtpSettings
from tests.servers.mail import IMAP_USER, PASSWORD, USER, ImapServer, MailServer, running_imap, running_smtp
from workflows import Run, workflow
from workflows.engine.model import RunState
from workflows.engine.policy import CallInProgress, Effect, call_in_progress
from workflows.engine.testing.harness import Harness

LONG = timedelta(hours=2)
HELLO = Email(to=("ana@example.org",), bcc=("bo@example.org",), subject="Hello", text="Hi.\n.\n..two\n")
START = datetime(2026, 12, 24, 18, tzinfo=UTC)
MEETING = Invitation(to=("ana@example.org",), title="Party", starts=START, ends=START + timedelta(hours=1))


@workflow("one_email")
def one_email(run: Run, given: None) -> str:
    return run.step(Mail.send, HELLO).message_id


@workflow("one_meeting")
def one_meeting(run: Run, given: None) -> SentInvitation:
    return run.step(Mail.invite, MEETING)


@pytest.fixture(scope="module")
def smtp() -> Iterator[MailServer]:
    with running_smtp() as server:
        yield server


@pytest.fixture
def server(smtp: MailServer) -> MailServer:
    """The same server with nothing in it."""
    smtp.taken.clear()
    smtp.answers.clear()
    smtp.cut_after.clear()
    smtp.on_taken = lambda _content: None
    return smtp


@pytest.fixture(scope="module")
def imap() -> Iterator[ImapServer]:
    with running_imap() as server:
        yield server


def settings(port: int) -> SmtpSettings:
    return SmtpSettings(
        server=Address(host="127.0.0.1", port=port, security="none"), sender="Baton <baton@example.org>"
    )


def gate() -> Gate:
    return Gate(rates={"smtp": UNLIMITED})


def sending(server: MailServer) -> Smtp:
    return Smtp(settings(server.port), gate())


def archived(server: MailServer, imap: ImapServer) -> ArchivedSmtp:
    at = Address(host="127.0.0.1", port=imap.port, security="none", user=IMAP_USER, password=SecretStr(imap.password))
    return ArchivedSmtp(settings(server.port), ArchiveSettings(server=at, copy_to="archive@example.org"), gate())


def test_an_email_goes_out_as_it_was_written_with_blind_copies_unseen(server: MailServer) -> None:
    harness = Harness(one_email, tools={Mail: sending(server)})
    run_id = harness.start("one_email")
    (message,) = server.messages
    assert harness.store.run(run_id).output == f'"{message["Message-ID"]}"'
    assert server.taken[0][0] == ["ana@example.org", "bo@example.org"]
    assert message["Bcc"] is None
    assert message.get_content().splitlines() == ["Hi.", ".", "..two"]
    assert sending(server).health().ok


def test_an_invitation_names_its_meeting(server: MailServer) -> None:
    harness = Harness(one_meeting, tools={Mail: sending(server)})
    run_id = harness.start("one_meeting")
    sent = SentInvitation.model_validate_json(harness.store.run(run_id).output or "")
    (message,) = server.messages
    assert message["Message-ID"] == sent.message_id
    assert f"UID:{sent.uid}" in next(p.get_content() for p in message.walk() if p.get_content_type() == "text/calendar")
    outside = sending(server).invite(MEETING)
    assert outside.uid in outside.message_id
    assert outside.uid != sent.uid


# one e-mail whatever happens ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        {"MAIL": ["451 4.7.1 later"]},
        {"RCPT ana@example.org": ["450 4.2.0 greylisted"]},
        {"RCPT bo@example.org": ["451 4.2.0 greylisted"]},
        {"DATA": ["452 4.3.1 full"]},
        {"MAIL": ["421 4.3.2 closing"]},
    ],
)
def test_what_is_refused_for_now_is_tried_again_and_goes_to_everybody_once(
    server: MailServer, answer: dict[str, list[str]]
) -> None:
    server.answers.update({name: list(codes) for name, codes in answer.items()})
    harness = Harness(one_email, tools={Mail: sending(server)})
    run_id = harness.start("one_email")
    harness.skip(LONG)
    assert harness.state(run_id) is RunState.SUCCEEDED, harness.error(run_id)
    assert [recipients for recipients, _ in server.taken] == [["ana@example.org", "bo@example.org"]]


def test_a_lost_answer_without_an_archive_is_for_a_person_to_decide(server: MailServer) -> None:
    server.cut_after.append(True)
    harness = Harness(one_email, tools={Mail: sending(server)}, admins=("test:ana",))
    run_id = harness.start("one_email")
    harness.skip(LONG)
    assert harness.state(run_id) is RunState.PARKED
    assert "broke after the e-mail was on its way" in harness.error(run_id)
    assert len(server.taken) == 1
    harness.resume(run_id, again=True)
    assert harness.state(run_id) is RunState.SUCCEEDED
    ids = [message["Message-ID"] for message in server.messages]
    assert len(ids) == 2
    assert ids[0] == ids[1], "a repeat can be recognised by whoever gets it"


@pytest.mark.parametrize("body", [one_email, one_meeting])
@pytest.mark.parametrize("arrived", [True, False])
def test_a_lost_answer_is_found_out_in_the_archive(
    server: MailServer, imap: ImapServer, body: object, *, arrived: bool
) -> None:
    server.cut_after.append(arrived)
    server.on_taken = lambda content: imap.put("Sent", content)
    harness = Harness(one_email, one_meeting, tools={Mail: archived(server, imap)})
    run_id = harness.start("one_email" if body is one_email else "one_meeting")
    harness.skip(LONG)
    assert harness.state(run_id) is RunState.SUCCEEDED, harness.error(run_id)
    assert len(server.taken) == 1
    assert server.taken[0][0][-1] == "archive@example.org"
    assert server.messages[0]["Message-ID"] in (harness.store.run(run_id).output or "")


def test_a_worker_that_dies_after_sending_finds_its_email(server: MailServer, imap: ImapServer) -> None:
    server.on_taken = lambda content: imap.put("Sent", content)
    harness = Harness(one_email, tools={Mail: archived(server, imap)}).crash_at("after_effect")
    run_id = harness.start("one_email")
    harness.skip(LONG)
    assert harness.state(run_id) is RunState.SUCCEEDED
    assert len(server.taken) == 1


def test_an_archive_that_can_t_be_read_is_said_in_words(server: MailServer, imap: ImapServer) -> None:
    assert archived(server, imap).health().words.endswith(f"found in Sent at 127.0.0.1:{imap.port}")
    good = Address(host="127.0.0.1", port=imap.port, security="none", user=IMAP_USER, password=SecretStr(imap.password))
    for change, kind, words in (
        ({"password": SecretStr("another")}, Unauthorized, "Check the user and the password"),
        ({"port": 1}, Unavailable, "can't be read"),
        ({"port": server.port}, Unavailable, "can't be read"),
    ):
        wrong = ArchiveSettings(server=good.model_copy(update=change))
        with pytest.raises(kind, match=words) as caught:
            ArchivedSmtp(settings(server.port), wrong, gate()).find_sent("key", HELLO)
        assert imap.password not in str(caught.value)
    with pytest.raises(ConnectorError, match="has no mailbox Nowhere"):
        ArchivedSmtp(settings(server.port), ArchiveSettings(server=good, mailbox="Nowhere"), gate()).health()


# who has to act ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"MAIL": ["550 5.7.1 not yours"]}, Unauthorized, "does not take the sender baton@example.org .550 5.7.1 not"),
        ({"RCPT bo@example.org": ["550 5.1.1 no such user"]}, InvalidRequest, "the address bo@example.org .550"),
        ({"DATA": ["554 5.7.1 spam"]}, InvalidRequest, "the message .554 5.7.1 spam.. Correct it"),
        ({"DATA": ["552 5.3.4 too big"]}, InvalidRequest, "Attach less"),
        ({"MAIL": ["530 5.7.0 log in"]}, Unauthorized, "Check SMTP_USER"),
        ({"MAIL": ["450 4.0.0 later"]}, Unavailable, "Baton tries again"),
    ],
)
def test_a_refusal_says_who_acts_and_sends_to_nobody(
    server: MailServer, answer: dict[str, list[str]], kind: type[ConnectorError], words: str
) -> None:
    server.answers.update({name: list(codes) for name, codes in answer.items()})
    with pytest.raises(kind, match=words) as caught:
        sending(server).send(HELLO)
    assert caught.value.effect is Effect.NONE
    assert server.taken == []


def test_nobody_there_and_no_mail_server_there(imap: ImapServer) -> None:
    for port in (1, imap.port):
        with pytest.raises((Unavailable, Unauthorized)) as caught:
            Smtp(settings(port), gate()).send(HELLO)
        assert caught.value.effect is Effect.NONE


def test_a_message_that_is_larger_than_the_server_takes_is_not_sent(server: MailServer) -> None:
    large = HELLO.model_copy(update={"text": "x" * 5_100_000})
    with pytest.raises(InvalidRequest, match=r"takes 5,000,000\. Attach less"):
        sending(server).send(large)
    assert server.taken == []


def test_a_run_that_was_lost_sends_nothing_at_the_last_moment(server: MailServer) -> None:
    class Lost(BaseException):
        pass

    def check() -> None:
        raise Lost

    with call_in_progress(CallInProgress("r1", "mail.send", "key", 1, check)), pytest.raises(Lost):
        sending(server).send(HELLO)
    assert server.taken == []


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "LAST_PATIENCE", 0.05)
    go_on = threading.Event()
    server.on_taken = lambda _content: go_on.wait(60)
    try:
        with pytest.raises(Unavailable, match="on its way") as caught:
            sending(server).send(HELLO)
    finally:
        go_on.set()
    assert caught.value.effect is Effect.UNKNOWN


# TLS and logging in --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for this machine that signs itself, and a server's side of it."""
    folder = tmp_path_factory.mktemp("tls")
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


def test_with_starttls_and_a_user(certificate: tuple[Path, ssl.SSLContext], server: MailServer) -> None:
    path, context = certificate
    with running_smtp(context, login=True) as secured:
        good = Address(
            host="127.0.0.1", port=secured.port, security="starttls", user=USER, password=SecretStr(PASSWORD), ca=path
        )

        def through(**change: object) -> Smtp:
            return Smtp(SmtpSettings(server=good.model_copy(update=change), sender="baton@example.org"), gate())

        through().send(HELLO)
        assert len(secured.taken) == 1
        refused: list[tuple[dict[str, object], str]] = [
            ({"ca": None}, "is not trusted"),
            ({"password": SecretStr("another-made-up-one")}, f"does not take the user {USER}"),
            ({"port": server.port}, "offers no STARTTLS"),
            ({"security": "none", "user": "", "password": None}, "530"),
        ]
        for change, words in refused:
            with pytest.raises(Unauthorized, match=words) as caught:
                through(**change).send(HELLO)
            assert "made-up" not in str(caught.value)
        assert len(secured.taken) == 1
    assert server.taken == []


def test_without_tls_nothing_goes_to_another_machine_and_a_user_needs_a_password() -> None:
    with pytest.raises(ValidationError, match="only a mail server on this machine"):
        Address(host="mail.example.org", port=25, security="none")
    with pytest.raises(ValidationError, match="belong together"):
        Address(host="mail.example.org", port=587, user="ana")


# settings ------------------------------------------------------------------------------------------------


def test_the_settings_say_which_connector_sends(tmp_path: Path) -> None:
    def bound(**over: object) -> Mail:
        return registry(read_settings(baton_home=tmp_path, **over), {}).get(Mail)

    assert isinstance(bound(), LocalMail)
    given = {"smtp_host": "mail.example.org", "mail_from": "baton@example.org"}
    plain = bound(**given)
    assert type(plain) is Smtp
    assert plain._place == "mail.example.org:587"
    assert bound(**given, smtp_security="tls")._place == "mail.example.org:465"  # type: ignore[attr-defined]
    full = bound(**given, mail_archive="Sent", imap_host="imap.example.org", smtp_user="baton", smtp_password="x")
    assert isinstance(full, ArchivedSmtp)
    wrong: list[tuple[dict[str, object], str]] = [
        ({"smtp_host": "mail.example.org"}, "MAIL_FROM has to be set"),
        ({**given, "mail_from": "nobody"}, "is no e-mail address"),
        ({**given, "mail_archive": "Sent"}, "IMAP_HOST has to be set"),
        ({**given, "smtp_security": "none"}, "only a mail server on this machine"),
        ({**given, "smtp_user": "baton"}, "belong together"),
    ]
    for over, words in wrong:
        with pytest.raises(SettingsError, match=words):
            bound(**over)


def test_without_a_mail_server_emails_are_files_each_once(tmp_path: Path) -> None:
    harness = Harness(one_email, one_meeting, tools={Mail: LocalMail(LocalMailSettings(folder=tmp_path))})
    harness.crash_at("after_effect")
    harness.start("one_email")
    harness.start("one_meeting")
    harness.skip(LONG)
    texts = sorted((path.read_text() for path in tmp_path.glob("*.eml")), key=len)
    assert ["Subject: Hello" in texts[0], "BEGIN:VCALENDAR" in texts[1], len(texts)] == [True, True, 2]
