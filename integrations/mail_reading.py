"""From a message as it came to what a workflow may be given. Whatever is broken in it, something is read."""

from __future__ import annotations

import binascii
import re
from email import message_from_bytes
from email.headerregistry import AddressHeader
from email.message import EmailMessage, MIMEPart
from email.policy import default

from integrations.mail import MOST_ATTACHED, Attachment, IncomingEmail

LONGEST_TEXT = 200_000
"""Characters of a text that are read."""
LONGEST_LINE = 1_000
MOST_PARTS = 50


def read_email(raw: bytes) -> IncomingEmail:
    """The e-mail; never raises. What can't be read as an e-mail is read as plain text, and marked as broken."""
    try:
        return _read(message_from_bytes(raw, policy=default))
    except Exception:  # noqa: BLE001 - of what strangers send, Python's parser raises whatever it likes
        return IncomingEmail(sender="", text=_clean(raw.decode("utf-8", "replace"))[:LONGEST_TEXT], broken=True)


def answers_by_itself(raw: bytes) -> bool:
    """Whether a machine wrote it in answer to something, such as a holiday note or a bounce."""
    try:
        told = str(message_from_bytes(raw, policy=default).get("Auto-Submitted", "no"))
    except Exception:  # noqa: BLE001 - as above
        return False
    return told.partition(";")[0].strip().lower() not in {"no", ""}


def _read(message: EmailMessage) -> IncomingEmail:
    sender = message.get("From")
    people = sender.addresses if isinstance(sender, AddressHeader) else ()
    attachments, left_out = _attachments(message)
    return IncomingEmail(
        sender=people[0].addr_spec.lower() if len(people) == 1 else "",
        sender_name=_line(people[0].display_name) if len(people) == 1 else "",
        to=tuple(one.addr_spec.lower() for one in getattr(message.get("To"), "addresses", ())),
        subject=_line(message.get("Subject", "")),
        text=_text(message),
        message_id=_line(message.get("Message-ID", "")),
        answers=_line(message.get("In-Reply-To", "")),
        attachments=attachments,
        left_out=left_out,
        broken=any(part.defects for part in message.walk()),
    )


def _text(message: EmailMessage) -> str:
    """The plain text; where there is HTML alone, what is left without its marks."""
    plain = message.get_body(("plain",))
    if plain is not None:
        return _clean(_content(plain))[:LONGEST_TEXT]
    html = message.get_body(("html",))
    if html is None:
        return ""
    bare = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>|<[^>]*>", " ", _content(html)[: LONGEST_TEXT * 5])
    return _clean(re.sub(r"[ \t]+", " ", bare)).strip()[:LONGEST_TEXT]


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError):  # an unknown alphabet, or one that does not fit
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _attachments(message: EmailMessage) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """What fits, and the names of the rest."""
    found: list[Attachment] = []
    left_out: list[str] = []
    room = MOST_ATTACHED
    for number, part in enumerate(_files(message), 1):
        name = _line(part.get_filename() or f"attachment-{number}")[:150] or f"attachment-{number}"
        content = _bytes(part)
        mime = part.get_content_type()
        if content is None or len(content) > room or number > MOST_PARTS:
            left_out.append(name)
            continue
        room -= len(content)
        known = re.fullmatch(r"[a-z]+/[\w.+-]{1,100}", mime) is not None
        found.append(Attachment.of(content, name=name, mime=mime if known else "application/octet-stream"))
    return tuple(found), tuple(left_out)[:MOST_PARTS]


def _files(message: EmailMessage) -> list[EmailMessage]:
    body = {id(message.get_body(("plain",))), id(message.get_body(("html",)))}
    leaves = [part for part in message.walk() if not part.is_multipart()]
    return [part for part in leaves if id(part) not in body and (part.get_filename() or part.is_attachment())]


def _bytes(part: EmailMessage) -> bytes | None:
    try:
        payload = part.get_payload(decode=True)
    except (binascii.Error, ValueError):
        return None
    return payload if isinstance(payload, bytes) else None


def _line(text: object) -> str:
    return " ".join(_clean(str(text)).split())[:LONGEST_LINE]


def _clean(text: str) -> str:
    """Without what no database holds, and with plain line ends."""
    kept = text.replace("\r\n", "\n").replace("\0", "")
    return kept.encode("utf-8", "replace").decode()
