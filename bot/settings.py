"""The settings: the environment or `.env`, read here and nowhere else."""

from __future__ import annotations

import base64
import getpass
import ipaddress
import os
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot import added
from bot.times import age_of, moment_before
from integrations.mail_servers import Security
from integrations.rates import Rate, parse_rates
from workflows.engine.errors import BatonError

Listed = Annotated[tuple[str, ...], NoDecode]
Roles = Annotated[Mapping[str, tuple[str, ...]], NoDecode]
Pairs = Annotated[Mapping[str, str], NoDecode]
Secrets = Annotated[Mapping[str, tuple[SecretStr, ...]], NoDecode]
SLACK_API = "https://slack.com/api/"
SLACK_HOSTS = frozenset({"slack.com", "www.slack.com", "slack-gov.com"})
"""Hosts of Slack's own API; the bot's tokens go to no other machine."""


LEAST_HOOK_KEEP = timedelta(days=7)


class SettingsError(BatonError):
    """A setting can't be used; the text names it."""


class Settings(BaseSettings):
    """Everything that can be set. Field names are the variables' names in lower case."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    database_url: str = ""
    redis_url: str = ""
    baton_home: Path = Path(".baton")
    baton_workflows: str = ""
    """Folders, separated as in PATH."""
    baton_connectors: Path = Path("connectors")
    """The folder of services that `baton connectors add` wrote."""
    baton_url: str = ""
    baton_host: str = "127.0.0.1"
    port: int = Field(default=8010, ge=0, le=65535)
    baton_approvers: Listed = ()
    baton_admins: Listed = ()
    baton_policies: Path | None = None
    """A TOML file of approval policies and calendars."""
    baton_quiet_hours: str = ""
    """When approvers are not reminded, with the zone; empty: at any hour."""
    baton_actor: str = ""
    """Who starts runs from this command line; empty means the user of the operating system."""
    baton_release: int = 0
    """The number of this deploy; workers leave runs alone that a higher one advanced. 0 means: from the version."""

    baton_processes: int = Field(default=2, ge=1, le=64)
    baton_lanes: int = Field(default=16, ge=1, le=512)
    baton_queues: Listed = ("default", "slack")
    baton_lease: float = Field(default=15.0, gt=0)
    """Seconds that a claim on a run holds unless it is renewed."""
    baton_grace: float = Field(default=25.0, ge=0)
    """Seconds that running steps get after SIGTERM."""
    baton_tick: float = Field(default=1.0, gt=0)
    """Seconds between two ticks of the clock."""

    baton_limits: str = ""
    """How fast services may be asked, where it is to be other than their connectors say."""
    baton_keep: str = ""
    """How long runs are kept that ended; empty: for ever."""

    baton_log: Literal["", "console", "json"] = ""
    """How log lines look; empty: for people at a terminal, JSON elsewhere."""

    baton_model: str = ""
    baton_model_writer: str = ""
    baton_model_editor: str = ""
    baton_model_fast: str = ""
    openai_api_key: SecretStr | None = None
    openai_base_url: str = ""
    openai_image_model: str = ""
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str = ""
    tavily_api_key: SecretStr | None = None
    baton_secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Seal the credentials in the database; the first one seals, all of them open."""
    baton_search: Literal["", "wikipedia", "tavily", "local"] = ""
    """Empty: Tavily with a key, else Wikipedia with a model, else the local files."""
    baton_wikipedia_url: str = ""
    """Another server of the same kind; empty means the English Wikipedia."""

    baton_crm: Literal["", "local", "hubspot"] = ""
    """Empty: HubSpot with a token, else the local one."""
    hubspot_token: SecretStr | None = None
    hubspot_url: str = ""
    """Another server of the same kind; empty means HubSpot's own."""
    hubspot_id_property: str = ""
    """The unique property by which Baton knows its records; empty means baton_id."""

    baton_erp: Literal["", "local", "tryton", "odoo"] = ""
    """Empty: Tryton or Odoo with its address, else the local ledger."""
    tryton_url: str = ""
    """With the name of the database at its end."""
    tryton_key: SecretStr | None = None
    tryton_user: str = ""
    """The login that bills are paid with; empty: none are."""
    tryton_password: SecretStr | None = None
    tryton_company: int = Field(default=1, ge=1)
    tryton_payment_method: str = ""
    """The name of one of Tryton's ways to pay; empty: the company's only one."""
    odoo_url: str = ""
    odoo_api_key: SecretStr | None = None
    odoo_database: str = ""
    """Where the server has several."""
    odoo_company: int = Field(default=0, ge=0)
    """0: the user's own."""
    odoo_product: str = ""
    """The internal reference of the product that lines of orders are for."""
    odoo_journal: str = ""
    """The code of the journal that bills are paid from; empty: Odoo's own choice."""

    stripe_api_key: SecretStr | None = None
    stripe_url: str = ""
    """Another server of the same kind; empty means Stripe's own."""

    smtp_host: str = ""
    """The mail server; empty means that e-mails are files in BATON_HOME."""
    smtp_port: int = Field(default=0, ge=0, le=65535)
    """0 means the usual one: 587, or 465 where TLS begins at once."""
    smtp_security: Security = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr | None = None
    smtp_ca: Path | None = None
    """Certificates to trust at mail servers, instead of this machine's."""
    mail_from: str = ""
    mail_archive: str = ""
    """The IMAP mailbox in which what was sent is found, such as Sent."""
    mail_copy_to: str = ""
    """An address that gets a blind copy of each e-mail, to fill that mailbox."""
    imap_host: str = ""
    imap_port: int = Field(default=993, ge=1, le=65535)
    imap_security: Security = "tls"
    imap_user: str = ""
    """Empty means the mail server's user and password."""
    imap_password: SecretStr | None = None

    baton_mailboxes: Pairs = {}
    """The IMAP mailbox of each hook whose sender is a mailbox."""
    baton_mail_senders: Listed = ()
    """Whose e-mail is taken in: addresses, domains as @example.org, or * for everybody's."""

    notion_token: SecretStr | None = None
    notion_data_source: str = ""
    wordpress_url: str = ""
    wordpress_user: str = ""
    wordpress_app_password: SecretStr | None = None

    baton_topics: Path | None = None
    """The folder of Markdown topics; empty means `topics` in BATON_HOME."""
    baton_library: Path | None = None
    """The folder that the local search looks through; empty means the shipped texts."""
    baton_trigger: Literal["", "topics"] = ""
    """`topics` starts content_pipeline for each ready topic; empty means nothing is started by itself."""
    baton_trigger_channel: str = "#content"

    baton_hooks: Roles = {}
    """The workflows that each hook may start and send signals to; a hook that is not named is closed."""
    baton_hook_secrets: Secrets = {}
    """The secrets that sign the calls of each hook: several while one is replaced by another."""
    baton_hook_keep: str = "30d"
    """How long it is remembered what hooks told, so that it acts once."""

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    """For Socket Mode; without it, Slack calls the web process over HTTP."""
    slack_signing_secret: SecretStr | None = None
    slack_client_id: str = ""
    slack_client_secret: SecretStr | None = None
    slack_team: str = ""
    """The id of the workspace that may install Baton by OAuth."""
    slack_api_url: str = SLACK_API
    baton_channel: str = ""
    """Where runs are shown that were started elsewhere than in a channel."""
    baton_ops_channel: str = ""
    """Where alerts go as well."""
    baton_roles: Roles = {}
    """The people and groups of each role, by the role's name."""

    baton_away: Listed = ("palm_tree", "face_with_thermometer")
    """The emoji of a Slack status that say that somebody is away; `none` for none."""

    baton_alerts: Path | None = None
    """A TOML file: from when on something is wrong, and which alert goes where."""
    baton_night: str = "20:00-7:00"
    """When digests write to no person, by the clock where they are."""
    baton_holidays: Pairs = {}
    """Whose holidays count in a time zone, where it is not those of its country: Europe/Berlin=DE-BY."""

    _service_secrets: Mapping[str, SecretStr] = PrivateAttr(default_factory=dict)

    @field_validator("slack_api_url")
    @classmethod
    def _slack_or_here(cls, value: str) -> str:
        parts = urlsplit(value)
        theirs = parts.scheme == "https" and parts.hostname in SLACK_HOSTS and parts.port in (None, 443)
        if not theirs and not (parts.scheme in ("http", "https") and is_loopback(parts.hostname or "")):
            raise ValueError("must be Slack's own address or one on this machine, since the tokens are sent there")
        return value if value.endswith("/") else f"{value}/"

    @field_validator("baton_roles", mode="before")
    @classmethod
    def _role_by_role(cls, value: Any) -> Any:
        return _roles(value) if isinstance(value, str) else value

    @field_validator("baton_hooks", mode="before")
    @classmethod
    def _hook_by_hook(cls, value: Any) -> Any:
        return _lists(value, "no hook", "name=workflow,workflow; name=workflow") if isinstance(value, str) else value

    @field_validator("baton_hook_secrets", mode="before")
    @classmethod
    def _secrets_by_hook(cls, value: Any) -> Any:
        return _lists(value, "", "name=secret,secret; name=secret") if isinstance(value, str) else value

    @field_validator("baton_hook_keep")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        try:
            age = age_of(value, "BATON_HOOK_KEEP")
            moment_before(datetime.now(UTC), age, "BATON_HOOK_KEEP")
        except BatonError as error:
            raise ValueError(str(error)) from None
        if age < LEAST_HOOK_KEEP:
            raise ValueError(f"must be {LEAST_HOOK_KEEP.days}d at least, since services tell again for days")
        return value

    @field_validator("baton_holidays", mode="before")
    @classmethod
    def _zone_by_zone(cls, value: Any) -> Any:
        return _pairs(value) if isinstance(value, str) else value

    @field_validator("baton_mailboxes", mode="before")
    @classmethod
    def _mailbox_by_hook(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        sample = "inbox=INBOX; orders=Orders"
        return _pairs(value, f"no hook with its mailbox: write {sample}")

    @field_validator("baton_night")
    @classmethod
    def _hours(cls, value: str) -> str:
        _night(value)
        return value

    @field_validator("baton_keep")
    @classmethod
    def _age(cls, value: str) -> str:
        if value:
            try:
                moment_before(datetime.now(UTC), age_of(value, "BATON_KEEP"), "BATON_KEEP")
            except BatonError as error:
                raise ValueError(str(error)) from None
        return value

    @field_validator("baton_secret_keys", mode="before")
    @classmethod
    def _keys(cls, value: Any) -> Any:
        keys = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        for number, key in enumerate(keys, 1):
            plain = key.get_secret_value() if isinstance(key, SecretStr) else str(key)
            if not is_secret_key(plain):
                raise ValueError(f"key {number} is none: `baton credentials key` makes one")
        return tuple(keys)

    @field_validator("baton_limits")
    @classmethod
    def _rates(cls, value: str) -> str:
        parse_rates(value)
        return value

    @field_validator("baton_away", mode="before")
    @classmethod
    def _emoji(cls, value: Any) -> Any:
        listed = value.split(",") if isinstance(value, str) else value
        found = tuple(name for one in listed if (name := str(one).strip().strip(":")))
        return () if found == ("none",) else found

    @field_validator("baton_approvers", "baton_admins", "baton_queues", "baton_mail_senders", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @model_validator(mode="after")
    def _one_way_into_slack(self) -> Self:
        if self.installs and (problem := _installing_problem(self)):
            raise ValueError(problem)
        return self

    @cached_property
    def home(self) -> Path:
        """Where local data lives, absolute."""
        return self.baton_home.expanduser().absolute()

    @property
    def database(self) -> str:
        """The database's address; SQLite in the home when none is set."""
        return self.database_url or f"sqlite:///{self.home / 'baton.db'}"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders of workflows beside the shipped ones."""
        return tuple(Path(part).expanduser() for part in self.baton_workflows.split(os.pathsep) if part.strip())

    @property
    def address(self) -> str:
        """Where the web process is reached."""
        return (self.baton_url or f"http://{self.baton_host}:{self.port}").rstrip("/")

    @property
    def actor(self) -> str:
        """Who acts at this command line."""
        return self.baton_actor or f"cli:{os_user()}"

    @property
    def has_slack(self) -> bool:
        """Whether Baton is in a Slack workspace."""
        return self.slack_bot_token is not None or self.installs

    @property
    def installs(self) -> bool:
        """Whether the bot's token comes by installation, not from the settings."""
        return bool(self.slack_client_id) or self.slack_client_secret is not None

    @property
    def night(self) -> tuple[time, time]:
        """When the night begins and ends for people."""
        return _night(self.baton_night)

    @property
    def keep(self) -> timedelta | None:
        """After how long the clock deletes runs that ended; None for never."""
        return age_of(self.baton_keep, "BATON_KEEP") if self.baton_keep else None

    @property
    def hook_keep(self) -> timedelta:
        """After how long the clock forgets what hooks told."""
        return age_of(self.baton_hook_keep, "BATON_HOOK_KEEP")

    @property
    def service_secrets(self) -> Mapping[str, SecretStr]:
        """The credentials of added services, by names such as `github_token`."""
        return self._service_secrets

    def with_service_secrets(self, more: Mapping[str, SecretStr]) -> Settings:
        """These settings, with `more` in the place of what services were given before."""
        made = self.model_copy()
        made._service_secrets = {**self._service_secrets, **more}  # noqa: SLF001 - its own copy
        return made

    @property
    def limits(self) -> Mapping[str, Rate]:
        """The rates of services, by name or by name and class of endpoints."""
        return parse_rates(self.baton_limits)

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.baton_lease)

    @property
    def release(self) -> int:
        """The number of this deploy."""
        return self.baton_release or _number(program_version())


def read_settings(**over: Any) -> Settings:
    """The settings from the environment and `.env`; raises SettingsError that names what is wrong."""
    try:
        settings = Settings(**over)
    except ValidationError as error:
        said = "; ".join(
            ": ".join(
                filter(None, (".".join(str(p) for p in e["loc"]).upper(), e["msg"].removeprefix("Value error, ")))
            )
            for e in error.errors()
        )
        raise SettingsError(f"These settings can't be used. {said}") from None
    wanted = added.secret_names(settings.baton_connectors)
    if not wanted:
        return settings
    there = {**dotenv_values(".env"), **os.environ}
    found = {name: SecretStr(text) for name in wanted if (text := there.get(name.upper()))}
    return settings.with_service_secrets(found)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name alone: nobody is asked."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_secret_key(text: str) -> bool:
    """Whether a text is a key for sealing: 32 bytes in URL-safe base64."""
    try:
        return len(base64.urlsafe_b64decode(text.encode("ascii"))) == 32
    except ValueError:
        return False


def secrets_of(settings: Settings) -> list[SecretStr]:
    """Every secret among the settings."""
    values = [*(getattr(settings, name) for name in type(settings).model_fields), settings.service_secrets]
    return [secret for value in values for secret in _secrets_in(value)]


def _secrets_in(value: Any) -> list[SecretStr]:
    match value:
        case SecretStr():
            return [value]
        case tuple():
            return [one for one in value if isinstance(one, SecretStr)]
        case Mapping():
            return [one for listed in value.values() for one in _secrets_in(listed)]
    return []


def _installing_problem(settings: Settings) -> str:
    """What does not go together with installation by OAuth, or is missing for it; "" when all is well."""
    needed = {
        "SLACK_CLIENT_ID": settings.slack_client_id, "SLACK_CLIENT_SECRET": settings.slack_client_secret,
        "SLACK_SIGNING_SECRET": settings.slack_signing_secret, "SLACK_TEAM": settings.slack_team,
        "BATON_SECRET_KEYS": settings.baton_secret_keys, "BATON_URL": settings.baton_url,
    }  # fmt: skip
    missing = [name for name, value in needed.items() if not value]
    if missing:
        return f"To install Baton in Slack by OAuth, {' and '.join(missing)} must be set too"
    if settings.slack_bot_token is not None:
        return "SLACK_BOT_TOKEN and SLACK_CLIENT_ID are two ways to a token: set one of them"
    if settings.slack_app_token is not None:
        return "SLACK_APP_TOKEN (Socket Mode) does not go with SLACK_CLIENT_ID: installation by OAuth works over HTTP"
    if not settings.slack_team.startswith("T"):
        return f"SLACK_TEAM must be the id of a workspace, which begins with T, not {settings.slack_team!r}"
    return ""


def _roles(text: str) -> dict[str, tuple[str, ...]]:
    return _lists(text, "no role", "name=member,member; name=member", "role:")


def _lists(text: str, not_one: str, sample: str, prefix: str = "") -> dict[str, tuple[str, ...]]:
    """Several names, each with what is listed for it; what can't be read is quoted, unless `not_one` is empty."""
    found: dict[str, tuple[str, ...]] = {}
    for place, part in enumerate(filter(None, map(str.strip, text.split(";"))), 1):
        name, equals, members = part.partition("=")
        name = name.strip().removeprefix(prefix)
        listed = tuple(filter(None, map(str.strip, members.split(","))))
        if not name or not equals or not listed:
            wrong = f"{part!r} is {not_one}" if not_one else f"entry {place} can't be read"
            raise ValueError(f"{wrong}: write {sample}")
        found[name] = (*found.get(name, ()), *listed)
    return found


def _pairs(
    text: str, wanted: str = "no zone with its holidays: write Europe/Berlin=DE-BY; Asia/Tokyo=JP"
) -> dict[str, str]:
    found = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        zone, equals, place = (word.strip() for word in part.partition("="))
        if not zone or not equals or not place:
            raise ValueError(f"{part!r} is {wanted}")
        found[zone] = place
    return found


def _night(text: str) -> tuple[time, time]:
    begins, _, ends = text.partition("-")
    try:
        first, last = (datetime.strptime(word.strip(), "%H:%M").time() for word in (begins, ends))  # noqa: DTZ007 - a time on the wall
    except ValueError:
        raise ValueError(f"{text!r} is no night: write when it begins and ends, as in 20:00-7:00") from None
    return first, last


def os_user() -> str:
    """The name of the operating system's user, or its number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def program_version() -> str:
    """The installed version of Baton."""
    try:
        return version("baton-chatops")
    except PackageNotFoundError:
        return "0.0.0"


def _number(text: str) -> int:
    parts = [int("".join(c for c in part if c.isdigit()) or 0) for part in text.split(".")[:3]]
    major, minor, patch = [*parts, 0, 0, 0][:3]
    return major * 1_000_000 + minor * 1_000 + patch
