"""Forms with files, as browsers and slack_sdk send them."""

from __future__ import annotations

from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP


@dataclass(frozen=True)
class Field:
    """One part of a form."""

    name: str
    filename: str
    mimetype: str
    content: bytes

    @property
    def text(self) -> str:
        """The value of a part that is no file."""
        return self.content.decode("utf-8", "replace")


def read_form(content_type: str, body: bytes) -> tuple[Field, ...]:
    """The parts of a multipart/form-data body."""
    head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    parsed = BytesParser(policy=HTTP).parsebytes(head + body)
    if not parsed.is_multipart():
        return ()
    found = []
    for part in parsed.iter_parts():
        content = part.get_payload(decode=True)
        found.append(
            Field(
                name=str(part.get_param("name", "", header="content-disposition") or ""),
                filename=part.get_filename() or "",
                mimetype=part.get_content_type(),
                content=content if isinstance(content, bytes) else b"",
            )
        )
    return tuple(found)
