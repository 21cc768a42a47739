"""How mail servers are reached: with TLS from the start, with TLS after a greeting, or plainly on this machine."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Security = Literal["tls", "starttls", "none"]


class MailServer(BaseModel):
    """One mail server and who asks it."""

    model_config = ConfigDict(frozen=True)

    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    security: Security = "tls"
    user: str = ""
    password: SecretStr | None = None
    ca: Path | None = None
    """A file of certificates to trust beside no others; None: those of this machine."""

    @model_validator(mode="after")
    def _in_the_open_only_here(self) -> MailServer:
        if self.security == "none" and not is_here(self.host):
            raise ValueError(f"without TLS only a mail server on this machine is used, not {self.host}")
        if bool(self.user) != (self.password is not None):
            raise ValueError("a user and a password belong together: set both or none")
        return self

    @property
    def place(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    def context(self) -> ssl.SSLContext:
        """What its certificate is checked by."""
        return ssl.create_default_context(cafile=str(self.ca) if self.ca else None)


def is_here(host: str) -> bool:
    """Whether a host is this machine, by its name alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def one_line(reply: bytes | str) -> str:
    """What a server said, as people read it."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split())[:200].rstrip(".")
