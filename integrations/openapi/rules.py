"""What a project says of a service beside its document: the TOML file that `baton connectors add` writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, field_validator

from integrations.added.rules import Part, ServiceRules, web_address

KIND: Final = "openapi"


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


class Rules(ServiceRules):
    """The whole file of an OpenAPI service."""

    kind: Literal["openapi"] = KIND
    url: str
    source: str = ""
    """Where the document came from."""
    document: str
    """The document's file beside this one."""
    max_megabytes: float = Field(default=16.0, gt=0, le=256)
    idempotency_key: str = ""
    """The header in which the service takes an idempotency key with each POST and PATCH."""
    health: str = ""
    """An operation without arguments that `baton doctor` may call."""
    operations: Mapping[str, OperationRules] = {}

    @field_validator("url")
    @classmethod
    def _web(cls, value: str) -> str:
        return web_address(value)
