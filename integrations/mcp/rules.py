"""What a project says of an MCP server: the TOML file that `baton connectors add` writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from integrations.added.rules import Part, ServiceRules, web_address

KIND: Final = "mcp"


class ToolRules(Part):
    """What is to be different for one tool; what is left out, the server's own hints say."""

    read: bool | None = None
    """It only asks."""
    idempotent: bool | None = None
    """A repeat does no harm."""
    timeout: float | None = Field(default=None, gt=0, le=900)
    """Seconds for one attempt, waits for its turn included."""
    attempts: int | None = Field(default=None, ge=1, le=20)


class MCPRules(ServiceRules):
    """The whole file of an MCP server: one that is reached at `url`, or a program that is started for each call."""

    kind: Literal["mcp"] = KIND
    tools: str
    """The file of its tools, beside this one."""
    url: str = ""
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    """Variables of the program that are no secrets."""
    secret_environment: tuple[str, ...] = ()
    """Variables of the program that are: their values are the credential."""
    timeout: float = Field(default=60.0, gt=0, le=900)
    operations: Mapping[str, ToolRules] = {}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.url) == bool(self.command):
            raise ValueError("give either `url` or `command`")
        if self.url:
            web_address(self.url)
        if self.command and self.auth:
            raise ValueError("a program takes its secrets by `secret_environment`, not by `auth`")
        if self.url and (self.environment or self.secret_environment):
            raise ValueError("`environment` and `secret_environment` are for a `command`")
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of what the credential is made of."""
        return (*super().secrets, *(name.lower() for name in self.secret_environment))
