"""One conversation with a mail server: everybody is accepted and the message is taken over, or nothing is sent."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from integrations.errors import ConnectorError, InvalidRequest, Unauthorized, Unavailable
from integrations.mail_servers import MailServer, one_line
from workflows.engine.policy import Effect

PATIENCE = 30.0
"""Seconds that one answer may take."""
LAST_PATIENCE = 90.0
"""Seconds for the answer to the whole message: servers look through it first."""
NOT_ALLOWED = frozenset({530, 534, 535, 538})
TOO_LARGE = frozenset({523, 552})
GO_ON, TAKEN, CLOSING = 354, 250, 421


class Away(Unavailable):
    """Nobody answered at the mail server, or no more."""


class SmtpLine:
    """Speaks with one server, a connection for each message."""

    def __init__(self, server: MailServer, name: str) -> None:
        """`name` is whom Baton says it is when it greets."""
        self._server = server
        self._name = name

    def greet(self) -> None:
        """Connect, log in, and leave."""
        with self._opened():
            pass

    def send(
        self, sender: str, recipients: Sequence[str], content: bytes, just_before: Callable[[], None] = lambda: None
    ) -> None:
        """Hand a message over. `just_before` is called last of all before it goes out, and may raise.

        Raises errors whose effect is known, except where the line broke after the message was on its way.
        """
        with self._opened() as line:
            options = self._options(line, content)
            self._ask("the sender " + sender, Unauthorized, lambda: line.mail(sender, options))
            for one in recipients:
                self._ask(f"the address {one}", InvalidRequest, lambda one=one: line.rcpt(one))  # type: ignore[misc]
            self._ask("the message", InvalidRequest, lambda: line.docmd("DATA"), GO_ON)
            just_before()
            self._ask("the message", InvalidRequest, lambda: _handed_over(line, content), sent=True)

    @contextmanager
    def _opened(self) -> Iterator[smtplib.SMTP]:
        line = self._connected()
        try:
            yield line
            with suppress(OSError, smtplib.SMTPException):
                _wait_at_most(line, 1)  # nobody waits long for a farewell
                line.quit()
        finally:
            line.close()

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        try:
            if server.security == "tls":
                line: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, self._name, timeout=PATIENCE, context=server.context()
                )
            else:
                line = smtplib.SMTP(server.host, server.port, self._name, timeout=PATIENCE)
        except (OSError, smtplib.SMTPException) as error:
            raise self._away(error, Effect.NONE) from None
        try:
            if server.security == "starttls":
                line.starttls(context=server.context())
            line.ehlo_or_helo_if_needed()
            if server.password is not None:
                line.login(server.user, server.password.get_secret_value())
        except BaseException as error:
            line.close()
            if isinstance(error, smtplib.SMTPNotSupportedError):
                raise Unauthorized(
                    f"The mail server {server.place} offers no {'STARTTLS' if 'STARTTLS' in str(error) else 'login'}. "
                    "Correct SMTP_SECURITY and SMTP_PORT, or the user."
                ) from None
            if isinstance(error, smtplib.SMTPResponseException):
                raise self._refused(
                    f"the user {server.user}", error.smtp_code, error.smtp_error, Unauthorized
                ) from None
            if isinstance(error, OSError | smtplib.SMTPException):
                raise self._away(error, Effect.NONE) from None
            raise
        return line

    def _options(self, line: smtplib.SMTP, content: bytes) -> list[str]:
        if not line.has_extn("size"):
            return []
        most = line.esmtp_features.get("size", "")
        if most.isdigit() and 0 < int(most) < len(content):
            raise InvalidRequest(
                f"The e-mail has {len(content):,} bytes, and the mail server takes {int(most):,}. Attach less."
            )
        return [f"SIZE={len(content)}"]

    def _ask(
        self,
        what: str,
        whose: type[Unauthorized | InvalidRequest],
        ask: Callable[[], tuple[int, bytes]],
        wanted: int = TAKEN,
        *,
        sent: bool = False,
    ) -> None:
        try:
            code, reply = ask()
        except (OSError, smtplib.SMTPException) as error:
            raise self._away(error, Effect.UNKNOWN if sent else Effect.NONE) from None
        if code == wanted or (wanted == TAKEN and code == 251):  # 251: it is passed on elsewhere
            return
        if code == -1:  # an answer that is none
            raise self._away(smtplib.SMTPException("it did not speak SMTP"), Effect.UNKNOWN if sent else Effect.NONE)
        raise self._refused(what, code, reply, whose)

    def _refused(
        self, what: str, code: int, reply: bytes | str, whose: type[Unauthorized | InvalidRequest]
    ) -> ConnectorError:
        """What a server said no to; nothing was sent."""
        words = f"The mail server {self._server.host} does not take {what} ({code} {one_line(reply)})"
        if code < 500:
            return Unavailable(f"{words}. Baton tries again.", effect=Effect.NONE)
        if code in NOT_ALLOWED:
            return Unauthorized(f"{words}. Check SMTP_USER and SMTP_PASSWORD.")
        if code in TOO_LARGE:
            return InvalidRequest(f"{words}. Attach less, or write to another address.")
        advice = (
            "Check MAIL_FROM and the rights of its user." if whose is Unauthorized else "Correct it; nothing was sent."
        )
        return whose(f"{words}. {advice}")

    def _away(self, error: Exception, effect: Effect) -> ConnectorError:
        place = self._server.place
        if isinstance(error, ssl.SSLCertVerificationError):
            return Unauthorized(
                f"The certificate of {place} is not trusted ({error.verify_message}). Check SMTP_HOST, or set SMTP_CA."
            )
        words = one_line(str(error)) or type(error).__name__
        if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500:
            return Unauthorized(f"The mail server {place} turns Baton away ({words}). Ask who runs it.")
        if effect is Effect.UNKNOWN:
            return Away(f"The line to {place} broke after the e-mail was on its way: {words}.", effect=effect)
        return Away(f"The mail server {place} can't be reached: {words}. Nothing was sent.", effect=effect)


def _handed_over(line: smtplib.SMTP, content: bytes) -> tuple[int, bytes]:
    """Send the message and its end, and hear what the server says."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    line.send(re.sub(rb"(?m)^\.", b"..", ended) + b".\r\n")
    _wait_at_most(line, LAST_PATIENCE)
    return line.getreply()


def _wait_at_most(line: smtplib.SMTP, seconds: float) -> None:
    if line.sock is not None:
        line.sock.settimeout(seconds)
