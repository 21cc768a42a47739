"""Reading a mailbox over IMAP: what several connectors need of it, with errors that say who acts."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date

from integrations.errors import NotFound, Unauthorized, Unavailable
from integrations.mail_servers import MailServer, one_line
from workflows.engine.policy import Effect

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PATIENCE = 30.0
"""Seconds that one answer may take."""


class Mailbox:
    """One mailbox on an IMAP server, opened for reading alone."""

    def __init__(self, server: MailServer, name: str) -> None:
        self._server = server
        self._name = name

    @contextmanager
    def opened(self) -> Iterator[OpenMailbox]:
        """Log in and select it for the block."""
        with _told(self._server):
            line = self._connected()
            try:
                self._log_in(line)
                quoted = '"' + self._name.replace("\\", "\\\\").replace('"', '\\"') + '"'
                kind, said = line.select(quoted, readonly=True)
                if kind != "OK":
                    words = one_line(said[-1] or b"")
                    raise NotFound(f"{self._server.host} has no mailbox {self._name} ({words}). Correct its name.")
                yield OpenMailbox(line)
            finally:
                with suppress(OSError, imaplib.IMAP4.error):
                    line.logout()

    def _connected(self) -> imaplib.IMAP4:
        server = self._server
        if server.security == "tls":
            return imaplib.IMAP4_SSL(server.host, server.port, ssl_context=server.context(), timeout=PATIENCE)
        line = imaplib.IMAP4(server.host, server.port, timeout=PATIENCE)
        if server.security == "starttls":
            line.starttls(server.context())
        return line

    def _log_in(self, line: imaplib.IMAP4) -> None:
        if self._server.password is None:
            return
        try:
            line.login(self._server.user, self._server.password.get_secret_value())
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            raise Unauthorized(
                f"{self._server.host} does not let {self._server.user} read mail. Check the user and the password."
            ) from None


class OpenMailbox:
    """A mailbox that is selected. Errors are those of `Mailbox.opened`."""

    def __init__(self, line: imaplib.IMAP4) -> None:
        self._line = line

    @property
    def validity(self) -> int:
        """Changes when the server numbers all messages anew."""
        _, told = self._line.response("UIDVALIDITY")
        return int(told[0] or 0)

    def with_message_id(self, message_id: str) -> list[int]:
        """The numbers of the messages that carry this id."""
        quoted = '"' + message_id.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return self._numbers("HEADER", "Message-ID", quoted)

    @property
    def newest(self) -> int:
        """No message that is there has a higher number."""
        _, told = self._line.response("UIDNEXT")
        if told and told[0]:
            return int(told[0]) - 1
        return max(self._numbers("ALL"), default=0)

    def after(self, number: int) -> list[int]:
        """The numbers of what came after this one."""
        return [one for one in self._numbers("UID", f"{number + 1}:*") if one > number]  # `*` is the last one at least

    def since(self, day: date) -> list[int]:
        """The numbers of what came on this day or later, by the server's calendar."""
        return self._numbers("SINCE", f"{day.day}-{MONTHS[day.month - 1]}-{day.year}")

    def fetch(self, number: int, most: int) -> bytes | None:
        """A message as it came, and left unread; None for one that is gone, or that is larger than `most` bytes."""
        size = re.search(rb"RFC822\.SIZE (\d+)", b" ".join(self._asked(number, "(RFC822.SIZE)")))
        if size is None or int(size[1]) > most:
            return None
        return next(iter(self._asked(number, "(BODY.PEEK[])", literal=True)), None)

    def _asked(self, number: int, what: str, *, literal: bool = False) -> list[bytes]:
        kind, told = self._line.uid("FETCH", str(number), what)
        if kind != "OK":
            raise imaplib.IMAP4.error(one_line(str(told[-1])))
        if literal:
            return [one[1] for one in told if isinstance(one, tuple)]
        return [one for one in told if isinstance(one, bytes)]

    def _numbers(self, *asked: str) -> list[int]:
        kind, told = self._line.uid("SEARCH", *asked)
        if kind != "OK":
            raise imaplib.IMAP4.error(one_line(told[-1] or b"the search failed"))
        return sorted(int(number) for line in told if line for number in line.split())


@contextmanager
def _told(server: MailServer) -> Iterator[None]:
    """Errors of the line as those of the tree; nothing was changed by any of them."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise Unauthorized(
            f"The certificate of {server.host} is not trusted ({error.verify_message}). Check it, or set SMTP_CA."
        ) from None
    except (OSError, imaplib.IMAP4.error) as error:
        words = one_line(str(error)) or type(error).__name__
        raise Unavailable(f"The mailbox at {server.place} can't be read: {words}.", effect=Effect.NONE) from None
