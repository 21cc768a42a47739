"""Which credentials there are, and which settings each stands for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from bot.settings import Settings
from integrations.base import Connector
from integrations.crm import CRM
from integrations.erp import ERP
from integrations.mail import Mail
from integrations.payments import Payments
from integrations.protocols import Images, Models, Search, Site, Topics
from workflows.engine.errors import BatonError, InvalidInput

Values = Mapping[str, str]
"""What was filled in, by field name."""
INSTALLATION = "slack"
"""Under this name the installation in a Slack workspace is kept beside the credentials; nobody fills it in."""
LONGEST = 4_000
"""Characters of one field."""


class UnknownCredential(BatonError):
    """No service of this name has a credential."""


@dataclass(frozen=True)
class CredentialField:
    """One thing to fill in, and the setting that it stands in for."""

    name: str
    setting: str
    label: str
    secret: bool = True
    required: bool = True


@dataclass(frozen=True)
class CredentialKind:
    """What one service wants to know of us."""

    name: str
    title: str
    fields: tuple[CredentialField, ...]
    serves: tuple[type[Connector], ...]
    """The protocols that work through this service once it is set; the first one's health check tries it."""

    def checked(self, given: Values) -> dict[str, str]:
        """What was filled in, without surrounding blanks; raises InvalidInput with words for each field."""
        unknown = sorted(set(given) - {field.name for field in self.fields})
        if unknown:
            known = ", ".join(field.name for field in self.fields)
            raise InvalidInput(f"A credential for {self.title} has no field {unknown[0]}. Its fields: {known}.")
        values = {field.name: given.get(field.name, "").strip() for field in self.fields}
        wrong = {field.name: words for field in self.fields if (words := _wrong(field, values[field.name]))}
        if wrong:
            told = "; ".join(f"{name}: {words}" for name, words in wrong.items())
            raise InvalidInput(f"The credential for {self.title} can't be used. {told}", wrong)
        return {name: value for name, value in values.items() if value}


def _wrong(field: CredentialField, value: str) -> str:
    if field.required and not value:
        return f"{field.label} is missing."
    if len(value) > LONGEST:
        return f"{field.label} is longer than {LONGEST:,} characters."
    return f"{field.label} must be one line of printable characters." if value and not value.isprintable() else ""


KINDS = (
    CredentialKind("hubspot", "HubSpot", (CredentialField("token", "hubspot_token", "Access token"),), (CRM,)),
    CredentialKind(
        "notion",
        "Notion",
        (
            CredentialField("token", "notion_token", "Token of the integration"),
            CredentialField("data_source", "notion_data_source", "Id of the topics' data source", secret=False),
        ),
        (Topics,),
    ),
    CredentialKind(
        "wordpress",
        "WordPress",
        (
            CredentialField("url", "wordpress_url", "Address of the site", secret=False),
            CredentialField("user", "wordpress_user", "User", secret=False),
            CredentialField("app_password", "wordpress_app_password", "Application password"),
        ),
        (Site,),
    ),
    CredentialKind("stripe", "Stripe", (CredentialField("api_key", "stripe_api_key", "Secret key"),), (Payments,)),
    CredentialKind(
        "odoo",
        "Odoo",
        (
            CredentialField("url", "odoo_url", "Address", secret=False),
            CredentialField("api_key", "odoo_api_key", "API key"),
        ),
        (ERP,),
    ),
    CredentialKind(
        "tryton",
        "Tryton",
        (
            CredentialField("url", "tryton_url", "Address with the database", secret=False),
            CredentialField("key", "tryton_key", "Key of the user application"),
            CredentialField("user", "tryton_user", "User, to pay bills", secret=False, required=False),
            CredentialField("password", "tryton_password", "The user's password", required=False),
        ),
        (ERP,),
    ),
    CredentialKind(
        "smtp",
        "Mail server",
        (
            CredentialField("host", "smtp_host", "Host", secret=False),
            CredentialField("sender", "mail_from", "Address that e-mail comes from", secret=False),
            CredentialField("user", "smtp_user", "User", secret=False),
            CredentialField("password", "smtp_password", "Password"),
        ),
        (Mail,),
    ),
    CredentialKind("tavily", "Tavily", (CredentialField("api_key", "tavily_api_key", "API key"),), (Search,)),
    CredentialKind("openai", "OpenAI", (CredentialField("api_key", "openai_api_key", "API key"),), (Models, Images)),
    CredentialKind("anthropic", "Anthropic", (CredentialField("api_key", "anthropic_api_key", "API key"),), (Models,)),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def kind_named(name: str) -> CredentialKind:
    """The kind of this name; raises UnknownCredential."""
    kind = BY_NAME.get(name.strip().lower())
    if kind is None:
        near = difflib.get_close_matches(name.lower(), BY_NAME, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(BY_NAME)}."
        raise UnknownCredential(f"No service {name[:60]!r} takes a credential. {hint}")
    return kind


def overlaid(settings: Settings, credentials: Mapping[str, Values]) -> Settings:
    """The settings with what is kept in the database in the place of the environment's."""
    update: dict[str, str | SecretStr] = {}
    for kind in (BY_NAME[name] for name in credentials if name in BY_NAME):
        for field in kind.fields:
            value = credentials[kind.name].get(field.name, "")
            if value:
                update[field.setting] = SecretStr(value) if field.secret else value
    return settings.model_copy(update=update) if update else settings
