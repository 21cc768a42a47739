"""Where an added service's files are, what they say, and its credential."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr


class ServiceSettings(BaseModel):
    """What the connector of one added service is made from."""

    model_config = ConfigDict(frozen=True)

    name: str
    folder: Path
    rules: str
    """The TOML file's text."""
    secrets: tuple[tuple[str, SecretStr], ...] = ()
    """By the names that `ServiceRules.secrets` has."""
