"""The services that were added to the project: a TOML file for each, in the folder of BATON_CONNECTORS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from integrations.base import Connector
from integrations.openapi.rules import BadRules, Rules, rules_of
from integrations.openapi.settings import OpenAPISettings
from integrations.registry import Factory, Refusing, lazy
from integrations.services import NAME, Service, service

OPENAPI = "integrations.openapi.connector:opened"


@dataclass(frozen=True)
class Added:
    """One added service, by its file."""

    path: Path
    text: str = ""
    rules: Rules | None = None
    trouble: str = ""
    """Why it can't be used."""

    @property
    def name(self) -> str:
        return self.path.stem

    @classmethod
    def of(cls, path: Path) -> Added:
        """The service of one file."""
        try:
            text = path.read_text(encoding="utf-8")
            return cls(path, text, rules_of(text))
        except (OSError, UnicodeDecodeError, BadRules) as error:
            return cls(path, trouble=str(error).rstrip("."))

    @property
    def kind(self) -> str:
        return self.rules.kind if self.rules else ""

    @property
    def service(self) -> type[Service]:
        """What authors call it by."""
        return service(self.name)

    @property
    def fields(self) -> tuple[str, ...]:
        """What its credential is made of."""
        return tuple(name for name, _, _ in self.rules.fields()) if self.rules else ()

    def setting(self, field: str) -> str:
        """What a field of the credential is called among the settings, and in capitals in the environment."""
        return f"{self.name}_{field}"


def read(folder: Path) -> tuple[Added, ...]:
    """The services of a folder, by name; none when there is no folder."""
    return tuple(Added.of(path) for path in sorted(folder.glob("*.toml")) if NAME.fullmatch(path.stem))


def secret_names(folder: Path) -> tuple[str, ...]:
    """What the credentials of a folder's services are called among the settings."""
    return tuple(one.setting(field) for one in read(folder) for field in one.fields)


def bindings(found: Iterable[Added], secrets: Mapping[str, SecretStr]) -> dict[type[Connector], Factory]:
    """What answers for each service; one that can't be used says why when it is asked for."""
    return {one.service: _factory(one, secrets) for one in found}


def _factory(one: Added, secrets: Mapping[str, SecretStr]) -> Factory:
    if one.rules is None:
        return Refusing(f"{one.path} can't be used: {one.trouble}. Correct it, then press Resume.")
    given = tuple((field, secrets[one.setting(field)]) for field in one.fields if one.setting(field) in secrets)
    return lazy(OPENAPI, OpenAPISettings(name=one.name, folder=one.path.parent, rules=one.text, secrets=given))
