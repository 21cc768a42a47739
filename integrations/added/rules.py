"""The TOML file of an added service, as far as all kinds have it in common."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from integrations.rates import UNLIMITED, Limits, Rate, parse_rate, service_name


class BadRules(ValueError):
    """The file can't be used; the text says what is wrong in it."""


class Part(BaseModel):
    """A table of the file; what it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Scheme(Part):
    """How the service knows us, as OpenAPI's security schemes say it."""

    type: Literal["apiKey", "http"]
    scheme: Literal["", "basic", "bearer"] = ""
    name: str = ""
    place: Literal["", "header", "query", "cookie"] = Field(default="", alias="in")

    def model_post_init(self, _context: object, /) -> None:
        """A key needs its place, HTTP's own ways their name."""
        if self.type == "apiKey" and not (self.name and self.place):
            raise ValueError('an apiKey needs `name` and `in` ("header", "query" or "cookie")')
        if self.type == "http" and not self.scheme:
            raise ValueError('http needs `scheme` ("basic" or "bearer")')

    @property
    def fields(self) -> tuple[str, ...]:
        """What is to be filled in."""
        if self.type == "apiKey":
            return ("key",)
        return ("user", "password") if self.scheme == "basic" else ("token",)


class ServiceRules(Part):
    """What the files of all kinds may say."""

    title: str = ""
    digest: str
    limit: str = ""
    timeout: float = Field(default=30.0, gt=0, le=900)
    """Seconds to wait for an answer."""
    headers: Mapping[str, str] = {}
    auth: Mapping[str, Scheme] = {}

    @field_validator("limit")
    @classmethod
    def _rate(cls, value: str) -> str:
        if value:
            parse_rate(value)
        return value

    @property
    def wait(self) -> timedelta:
        """How long an answer is waited for."""
        return timedelta(seconds=self.timeout)

    @property
    def pace(self) -> Limits | Rate:
        """How fast the service may be asked."""
        return parse_rate(self.limit) if self.limit else UNLIMITED

    def auth_fields(self) -> tuple[tuple[str, str, str], ...]:
        """What the schemes ask for: the name of each field, its scheme's name, and its name within that."""
        several = len(self.auth) > 1
        return tuple(
            (f"{service_name(scheme)}_{field}" if several else field, scheme, field)
            for scheme, one in self.auth.items()
            for field in one.fields
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of what the credential is made of."""
        return tuple(name for name, _, _ in self.auth_fields())


R = TypeVar("R", bound=ServiceRules)


def read_rules(kind: type[R], text: str) -> R:
    """The file's content; raises BadRules."""
    try:
        return kind.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadRules(f"it is no TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadRules(f"{place}: {first['msg'].removeprefix('Value error, ')}") from None


def kind_of(text: str) -> str:
    """Which kind of service a file is about; raises BadRules."""
    try:
        return str(tomllib.loads(text).get("kind", ""))
    except tomllib.TOMLDecodeError as error:
        raise BadRules(f"it is no TOML: {error}") from None


def web_address(value: str) -> str:
    """An address without a slash at its end; raises ValueError for what is none."""
    if not value.startswith(("http://", "https://")):
        raise ValueError("is no web address")
    return value.rstrip("/")


def digest_of(content: bytes) -> str:
    """A description's fingerprint, as the project keeps it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
