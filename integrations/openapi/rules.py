"""What a project says of a service beside its document: the TOML file that `baton connectors add` writes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from integrations.rates import parse_rate, service_name

KIND = "openapi"


class Part(BaseModel):
    """A table of the file; what it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Scheme(Part):
    """How the service knows us, as OpenAPI's security schemes say it."""

    type: Literal["apiKey", "http"]
    scheme: Literal["", "basic", "bearer"] = ""
    name: str = ""
    place: Literal["", "header", "query", "cookie"] = Field(default="", alias="in")

    def model_post_init(self, _context: Any, /) -> None:
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


class LookUp(Part):
    """How to find out whether a call took effect: another operation, and what its answer must hold.

    Texts may hold `{key}`, the idempotency key, and `{argument}`, an argument of the call. `items` leads to the list in
    the answer, as a JSON pointer; `match` leads from an item to what must be equal there.
    """

    operation: str
    arguments: Mapping[str, Any] = {}
    items: str = ""
    match: Mapping[str, str] = Field(min_length=1)
    settle: float = Field(default=10.0, ge=0)
    """Seconds after an attempt's deadline until which its effect may still appear."""


class OperationRules(Part):
    """What is to be different for one operation."""

    read: bool = False
    """It only asks, whatever its method."""
    idempotent: bool = False
    """A repeat does no harm."""
    idempotency_key: str | None = None
    """The header in which the service takes an idempotency key; "" for none."""
    mark: Mapping[str, str] = {}
    """Where the request's body is to carry what a look-up finds it by: JSON pointers and texts."""
    reconcile: LookUp | None = None
    check: bool = True
    """Whether arguments are held to their schemas; not where the document is wrong."""
    url: str = ""
    """Where this operation is served, when it is elsewhere than the others."""
    timeout: float | None = Field(default=None, gt=0, le=900)
    """Seconds for one attempt, waits for its turn included."""
    attempts: int | None = Field(default=None, ge=1, le=20)


class Rules(Part):
    """The whole file of an OpenAPI service."""

    kind: Literal["openapi"] = "openapi"
    title: str = ""
    url: str
    source: str = ""
    """Where the document came from."""
    document: str
    """The document's file beside this one."""
    digest: str
    limit: str = ""
    timeout: float = Field(default=30.0, gt=0, le=900)
    """Seconds to wait for an answer."""
    max_megabytes: float = Field(default=16.0, gt=0, le=256)
    idempotency_key: str = ""
    """The header in which the service takes an idempotency key with each POST and PATCH."""
    health: str = ""
    """An operation without arguments that `baton doctor` may call."""
    headers: Mapping[str, str] = {}
    auth: Mapping[str, Scheme] = {}
    operations: Mapping[str, OperationRules] = {}

    @field_validator("limit")
    @classmethod
    def _rate(cls, value: str) -> str:
        if value:
            parse_rate(value)
        return value

    @field_validator("url")
    @classmethod
    def _web(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("is no web address")
        return value.rstrip("/")

    @property
    def wait(self) -> timedelta:
        """How long an answer is waited for."""
        return timedelta(seconds=self.timeout)

    def fields(self) -> tuple[tuple[str, str, str], ...]:
        """What the credential is made of: the name of each field, its scheme's name, and its name within that."""
        several = len(self.auth) > 1
        return tuple(
            (f"{service_name(scheme)}_{field}" if several else field, scheme, field)
            for scheme, one in self.auth.items()
            for field in one.fields
        )


class BadRules(ValueError):
    """The file can't be used; the text says what is wrong in it."""


def rules_of(text: str) -> Rules:
    """The file's content; raises BadRules."""
    try:
        return Rules.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadRules(f"it is no TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadRules(f"{place}: {first['msg'].removeprefix('Value error, ')}") from None
