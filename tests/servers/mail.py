"""Real mail servers on this machine: SMTP in this process, IMAP beside it."""

from __future__ import annotations

import asyncio
import imaplib
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ssl import SSLContext
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "baton@example.org", "made-up-mail-password"
IMAP_USER = "demouser"
DEADLINE = 60.0
PYMAP = """
from pysasl.hashing import BuiltinHash
BuiltinHash.__init__.__kwdefaults__["rounds"] = 1  # a login that is cheap, since nothing here is worth stealing
from pymap.main import main
main()
"""


class MailServer:
    """What a mail server was given, and what it is to answer instead of taking it."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], bytes]] = []
        """The recipients and the message, as they came."""
        self.answers: dict[str, list[str]] = {}
        """What is answered instead, by the command; each once."""
        self.cut_after: list[bool] = []
        """Ends the line when the whole message is there: True when it was taken before that."""
        self.on_taken: Callable[[bytes], object] = lambda _content: None
        self.port = 0

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(content, policy=default) for _, content in self.taken]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self._instead("MAIL") or "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self._instead(f"RCPT {address}"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        content = cast(bytes, envelope.content)
        if answer := self._instead("DATA"):
            return answer
        cut = self.cut_after.pop(0) if self.cut_after else None
        if cut is not False:
            self.taken.append((list(envelope.rcpt_tos), content))
            self.on_taken(content)
        if cut is not None:
            cast(asyncio.Transport, server.transport).abort()
        return "250 taken"

    def authenticated(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False)

    def _instead(self, command: str) -> str:
        waiting = self.answers.get(command)
        return waiting.pop(0) if waiting else ""


@contextmanager
def running_smtp(tls: SSLContext | None = None, *, login: bool = False) -> Iterator[MailServer]:
    """An SMTP server; with `tls` it offers STARTTLS, and with `login` it asks for the user above."""
    made, loop = MailServer(), asyncio.new_event_loop()

    def conversation() -> SMTP:
        return SMTP(
            made, hostname="mail.test", loop=loop, tls_context=tls, require_starttls=tls is not None,
            auth_required=login, authenticator=made.authenticated if login else None,
            auth_require_tls=tls is not None, data_size_limit=5_000_000,
        )  # fmt: skip

    with socket.create_server(("127.0.0.1", 0)) as listening:
        made.port = listening.getsockname()[1]
        server = loop.run_until_complete(loop.create_server(conversation, sock=listening))
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        yield made
        asyncio.run_coroutine_threadsafe(_stopped(server), loop).result(DEADLINE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(DEADLINE)
        loop.close()


async def _stopped(server: asyncio.Server) -> None:
    """Take no more, and end what is still spoken."""
    server.close()
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


class ImapServer:
    """An IMAP server with the mailboxes INBOX, Sent and Trash; tests make their own."""

    def __init__(self, port: int, password: str, line: imaplib.IMAP4) -> None:
        self.port = port
        self.password = password
        self._line = line
        """Of somebody else's mail program."""

    def leave(self) -> None:
        """End that line."""
        self._line.shutdown()

    def make(self, mailbox: str) -> None:
        """Make a mailbox."""
        kind, said = self._line.create(mailbox)
        assert kind == "OK", said

    def remake(self, mailbox: str) -> None:
        """Make it anew: nothing is in it, and it is numbered anew."""
        before = self._validity(mailbox)
        while self._validity(mailbox) == before:
            kind, said = self._line.delete(mailbox)
            assert kind == "OK", said
            self.make(mailbox)

    def _validity(self, mailbox: str) -> bytes:
        _, said = self._line.status(mailbox, "(UIDVALIDITY)")
        return cast(bytes, said[0])

    def put(self, mailbox: str, content: bytes) -> None:
        """Let a message arrive."""
        kind, said = self._line.append(mailbox, "", "", content)
        assert kind == "OK", said


@contextmanager
def running_imap() -> Iterator[ImapServer]:
    """An IMAP server in a process of its own."""
    process, server = _started()
    try:
        yield server
    finally:
        server.leave()
        process.terminate()
        process.wait(DEADLINE)


def _started() -> tuple[subprocess.Popen[bytes], ImapServer]:
    """A server that lets us in; a port that another program took meanwhile is left to it."""
    for _ in range(20):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port, password = free.getsockname()[1], secrets.token_hex(8)
        command = [
            sys.executable, "-P", "-c", PYMAP,
            "--host", "127.0.0.1", "--port", str(port), "--no-tls",
            "dict", "--demo-data", "--demo-user", IMAP_USER, "--demo-password", password,
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            try:
                line = imaplib.IMAP4("127.0.0.1", port, timeout=DEADLINE)
                line.login(IMAP_USER, password)
                return process, ImapServer(port, password, line)
            except (OSError, imaplib.IMAP4.error):
                threading.Event().wait(0.02)
    raise AssertionError("the IMAP server did not start")
