"""Addresses of e-mail, checked before anything is sent to them."""

from __future__ import annotations

from email.headerregistry import Address

from email_validator import EmailNotValidError, validate_email

from integrations.errors import InvalidRequest


def address(text: str) -> Address:
    """An address with or without a name; raises InvalidRequest."""
    if not text.isprintable():
        raise InvalidRequest(f"{text[:100]!r} is no e-mail address: it must be one line. Correct it.")
    try:
        found = validate_email(
            text, check_deliverability=False, globally_deliverable=False, allow_smtputf8=False, allow_display_name=True
        )
    except EmailNotValidError as error:
        words = " ".join(str(error).split()).rstrip(".")
        raise InvalidRequest(f"{text[:100]!r} is no e-mail address: {words}. Correct it.") from None
    return Address(found.display_name or "", addr_spec=found.ascii_email or found.normalized)
