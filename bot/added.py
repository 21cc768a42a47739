"""The services that were added to the project: a TOML file for each, in the folder of BATON_CONNECTORS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from integrations.added.rules import BadRules, kind_of, read_rules
from integrations.added.settings import ServiceSettings
from integrations.base import Connector
from integrations.mcp import rules as mcp
from integrations.mcp.rules import MCPRules
from integrations.openapi import rules as openapi
from integrations.openapi.rules import Rules
from integrations.registry import Factory, Refusing, lazy
from integrations.services import NAME, Service, service


@dataclass(frozen=True)
class Kind:
    """One kind of service: what its file may say, and what makes its connector."""

    rules: type[Rules | MCPRules]
    path: str


KINDS = {
    openapi.KIND: Kind(Rules, "integrations.openapi.connector:opened"),
    mcp.KIND: Kind(MCPRules, "integrations.mcp.connector:opened"),
}


@dataclass(frozen=True)
class Added:
    """One added service, by its file."""

    path: Path
    text: str = ""
    rules: Rules | MCPRules | None = None
    trouble: str = ""
    """Why it can't be used."""

    @property
    def name(self) -> str:
        return self.path.stem

    @classmethod
    def of(cls, path: Path) -> Added:
        """The service of one file."""
        try:
            return cls.read_from(path, path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            return cls(path, trouble=str(error).rstrip("."))

    @classmethod
    def read_from(cls, path: Path, text: str) -> Added:
        """The service of a file with this text."""
        try:
            kind = kind_of(text)
            if kind not in KINDS:
                return cls(path, text, trouble=f"its kind is {kind!r}, and must be one of: {', '.join(KINDS)}")
            return cls(path, text, read_rules(KINDS[kind].rules, text))
        except BadRules as error:
            return cls(path, text, trouble=str(error).rstrip("."))

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
        return self.rules.secrets if self.rules else ()

    @property
    def url(self) -> str:
        """Where it is: an address, or a program."""
        if isinstance(self.rules, MCPRules) and self.rules.command:
            return " ".join(self.rules.command)
        return self.rules.url if self.rules else ""

    @property
    def file(self) -> str:
        """The file of its description, beside the rules."""
        if self.rules is None:
            return ""
        return self.rules.tools if isinstance(self.rules, MCPRules) else self.rules.document

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
    return lazy(
        KINDS[one.kind].path, ServiceSettings(name=one.name, folder=one.path.parent, rules=one.text, secrets=given)
    )
