"""Which connector answers for which protocol, as the settings say."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from redis import Redis

from bot import added
from bot.settings import Settings, SettingsError
from integrations.ai.settings import AISettings
from integrations.base import Connector
from integrations.crm import CRM
from integrations.erp import ERP
from integrations.http.bulkhead import Bulkhead
from integrations.http.circuit import Circuits
from integrations.http.gate import Gate, News, governed_by
from integrations.http.shared_circuits import RedisCircuits, ShelteredCircuits
from integrations.http.shared_turns import RedisTurns, ShelteredTurns
from integrations.http.shelter import Shelter
from integrations.http.turns import MemoryTurns, Turns
from integrations.hubspot.models import HubSpotSettings
from integrations.local_channel.connector import LocalChannelSettings
from integrations.local_covers.connector import LocalCoversSettings
from integrations.local_crm.connector import LocalCRMSettings
from integrations.local_ledger.connector import LocalLedgerSettings
from integrations.local_library.connector import LocalLibrarySettings
from integrations.local_mail.connector import LocalMailSettings
from integrations.local_outbox.connector import LocalOutboxSettings
from integrations.local_site.models import LocalSiteSettings
from integrations.local_topics.connector import LocalTopicsSettings
from integrations.mail import Mail
from integrations.mail_servers import MailServer
from integrations.notion.models import NotionSettings
from integrations.odoo.models import OdooSettings
from integrations.openai_images.connector import OpenAIImagesSettings
from integrations.payments import Payments
from integrations.protocols import Channel, Images, Library, Models, Outbox, Search, Site, Topics
from integrations.registry import Factory, Registry, installed, lazy
from integrations.smtp.models import ArchiveSettings, SmtpSettings
from integrations.stripe.models import StripeSettings
from integrations.tavily.connector import TavilySettings
from integrations.tryton.models import TrytonSettings
from integrations.wikipedia.connector import WikipediaSettings
from integrations.wordpress.models import WordPressSettings
from workflows.engine.ports import Clock

AI = "integrations.ai.connector:PydanticAI"
SHIPPED_LIBRARY = Path(__file__).parent / "demo" / "library"
HINTS: Mapping[type[Connector], str] = {Payments: "set STRIPE_API_KEY, or run `baton credentials set stripe`."}
"""What to set for what has no connector by itself."""
Bound = dict[type[Connector], Factory]
S = TypeVar("S", bound=BaseModel)


def registry(
    settings: Settings,
    environment: Mapping[str, str] | None = None,
    *,
    channel: Factory | None = None,
    gate: Gate | None = None,
) -> Registry:
    """The connectors of one process; each is imported when it is first used. Raises SettingsError.

    `channel` makes the connector for channels, when it is not the local one. What they send goes
    through `gate`, which keeps the services' limits; without one each connector keeps to them by itself.
    """
    bindings: Bound = {Images: _images(settings)}
    for part in (_topics, _site, _search, _models, _crm, _erp, _payments, _mail, _local):
        bindings.update(part(settings))
    if channel is not None:
        bindings[Channel] = channel
    bindings.update(added.bindings(added.read(settings.baton_connectors), settings.service_secrets))
    bindings.update(installed(os.environ if environment is None else environment))
    return Registry(bindings, HINTS, lambda: governed_by(gate)) if gate else Registry(bindings, HINTS)


def gate(settings: Settings, redis: Redis | None, clock: Clock, news: News) -> Gate:
    """What the requests of one process go through; through `redis` all processes share limits and who is down."""
    shelter = Shelter()
    turns: Turns = MemoryTurns(clock.monotonic) if redis is None else ShelteredTurns(RedisTurns(redis), shelter)
    circuits: Circuits | None = None if redis is None else ShelteredCircuits(RedisCircuits(redis), shelter)
    return Gate(
        turns, settings.limits, Bulkhead(settings.baton_lanes), circuits, news=news,
        clock=clock.monotonic, sleep=lambda seconds: clock.sleep(timedelta(seconds=seconds)),
    )  # fmt: skip


def uses_model(settings: Settings) -> bool:
    """Whether a language model is set, rather than the offline writer."""
    return bool(settings.baton_model or settings.openai_api_key or settings.anthropic_api_key)


def _made(kind: type[S], variables: str, **values: Any) -> S:
    """Settings of a connector; raises SettingsError that names the variables."""
    try:
        return kind(**values)
    except ValidationError as error:
        said = "; ".join(str(e["msg"]).removeprefix("Value error, ") for e in error.errors())
        raise SettingsError(f"{variables} can't be used: {said}") from None


def _local(settings: Settings) -> Bound:
    channel = LocalChannelSettings(folder=settings.home / "channels")
    outbox = LocalOutboxSettings(folder=settings.home / "outbox")
    return {
        Channel: lazy("integrations.local_channel.connector:LocalChannel", channel),
        Outbox: lazy("integrations.local_outbox.connector:LocalOutbox", outbox),
    }


def _topics(settings: Settings) -> Bound:
    if settings.notion_token is None:
        local = LocalTopicsSettings(folder=settings.baton_topics or settings.home / "topics")
        return {Topics: lazy("integrations.local_topics.connector:LocalTopics", local)}
    if not settings.notion_data_source:
        raise SettingsError(
            "NOTION_TOKEN is set, but NOTION_DATA_SOURCE is not: give the id of the topics' data source."
        )
    made = _made(
        NotionSettings, "NOTION_TOKEN and NOTION_DATA_SOURCE",
        token=settings.notion_token, data_source=settings.notion_data_source,
    )  # fmt: skip
    return {Topics: lazy("integrations.notion.connector:Notion", made)}


def _site(settings: Settings) -> Bound:
    if not settings.wordpress_url:
        local = LocalSiteSettings(folder=settings.home / "site", url=f"{settings.address}/site")
        return {Site: lazy("integrations.local_site.connector:LocalSite", local)}
    if not settings.wordpress_user or settings.wordpress_app_password is None:
        raise SettingsError("WORDPRESS_URL is set: WORDPRESS_USER and WORDPRESS_APP_PASSWORD have to be set too.")
    made = _made(
        WordPressSettings, "WORDPRESS_URL, WORDPRESS_USER and WORDPRESS_APP_PASSWORD",
        url=settings.wordpress_url, user=settings.wordpress_user, app_password=settings.wordpress_app_password,
    )  # fmt: skip
    return {Site: lazy("integrations.wordpress.connector:WordPress", made)}


def _crm(settings: Settings) -> Bound:
    if (settings.baton_crm or ("hubspot" if settings.hubspot_token else "local")) == "local":
        local = LocalCRMSettings(path=settings.home / "crm.db")
        return {CRM: lazy("integrations.local_crm.connector:LocalCRM", local)}
    if settings.hubspot_token is None:
        raise SettingsError("BATON_CRM is hubspot: HUBSPOT_TOKEN has to be set too.")
    values: dict[str, Any] = {"token": settings.hubspot_token}
    if settings.hubspot_url:
        values["url"] = settings.hubspot_url
    if settings.hubspot_id_property:
        values["id_property"] = settings.hubspot_id_property
    made = _made(HubSpotSettings, "HUBSPOT_TOKEN, HUBSPOT_URL and HUBSPOT_ID_PROPERTY", **values)
    return {CRM: lazy("integrations.hubspot.connector:HubSpot", made)}


def _erp(settings: Settings) -> Bound:
    given = "tryton" if settings.tryton_url else "odoo" if settings.odoo_url else "local"
    kind = settings.baton_erp or given
    if kind == "tryton":
        return {ERP: _tryton(settings)}
    if kind == "odoo":
        return {ERP: _odoo(settings)}
    local = LocalLedgerSettings(path=settings.home / "ledger.db")
    return {ERP: lazy("integrations.local_ledger.connector:LocalLedger", local)}


def _tryton(settings: Settings) -> Factory:
    if not settings.tryton_url or settings.tryton_key is None:
        raise SettingsError("Tryton is to be the ERP: TRYTON_URL and TRYTON_KEY have to be set, both of them.")
    made = _made(
        TrytonSettings, "TRYTON_URL, TRYTON_KEY, TRYTON_USER and TRYTON_PASSWORD",
        url=settings.tryton_url, key=settings.tryton_key, user=settings.tryton_user, password=settings.tryton_password,
        company=settings.tryton_company, payment_method=settings.tryton_payment_method,
    )  # fmt: skip
    return lazy("integrations.tryton.connector:Tryton", made)


def _odoo(settings: Settings) -> Factory:
    if not settings.odoo_url or settings.odoo_api_key is None:
        raise SettingsError("Odoo is to be the ERP: ODOO_URL and ODOO_API_KEY have to be set, both of them.")
    made = _made(
        OdooSettings, "ODOO_URL and ODOO_API_KEY",
        url=settings.odoo_url, api_key=settings.odoo_api_key, database=settings.odoo_database,
        company=settings.odoo_company, product=settings.odoo_product, journal=settings.odoo_journal,
    )  # fmt: skip
    return lazy("integrations.odoo.connector:Odoo", made)


def _payments(settings: Settings) -> Bound:
    if settings.stripe_api_key is None:
        return {}
    values: dict[str, Any] = {"api_key": settings.stripe_api_key}
    if settings.stripe_url:
        values["url"] = settings.stripe_url
    made = _made(StripeSettings, "STRIPE_API_KEY and STRIPE_URL", **values)
    return {Payments: lazy("integrations.stripe.connector:Stripe", made)}


def _mail(settings: Settings) -> Bound:
    if not settings.smtp_host:
        local = LocalMailSettings(folder=settings.home / "mail")
        return {Mail: lazy("integrations.local_mail.connector:LocalMail", local)}
    if not settings.mail_from:
        raise SettingsError("SMTP_HOST is set: MAIL_FROM has to be set too, to the address that e-mail comes from.")
    names = "SMTP_HOST, SMTP_PORT, SMTP_SECURITY, SMTP_USER, SMTP_PASSWORD and MAIL_FROM"
    server = _made(
        MailServer, names, host=settings.smtp_host, security=settings.smtp_security,
        port=settings.smtp_port or (465 if settings.smtp_security == "tls" else 587),
        user=settings.smtp_user, password=settings.smtp_password, ca=settings.smtp_ca,
    )  # fmt: skip
    sending = _made(SmtpSettings, names, server=server, sender=settings.mail_from)
    if not settings.mail_archive:
        return {Mail: lazy("integrations.smtp.connector:Smtp", sending)}
    archive = _made(
        ArchiveSettings, "IMAP_HOST and MAIL_ARCHIVE",
        server=imap_server(settings), mailbox=settings.mail_archive, copy_to=settings.mail_copy_to,
    )  # fmt: skip
    return {Mail: lazy("integrations.smtp.archived:ArchivedSmtp", sending, archive)}


def imap_server(settings: Settings) -> MailServer:
    """The server of mailboxes; raises SettingsError."""
    if not settings.imap_host:
        raise SettingsError("IMAP_HOST has to be set, so that the mailbox can be read.")
    own = bool(settings.imap_user)
    return _made(
        MailServer, "IMAP_HOST, IMAP_PORT, IMAP_SECURITY, IMAP_USER and IMAP_PASSWORD",
        host=settings.imap_host, port=settings.imap_port, security=settings.imap_security, ca=settings.smtp_ca,
        user=settings.imap_user if own else settings.smtp_user,
        password=settings.imap_password if own else settings.smtp_password,
    )  # fmt: skip


def _search(settings: Settings) -> Bound:
    local = LocalLibrarySettings(folder=settings.baton_library or SHIPPED_LIBRARY)
    library = lazy("integrations.local_library.connector:LocalLibrary", local)
    kind = settings.baton_search or _default_search(settings)
    if kind == "local":
        return {Library: library, Search: library}
    if kind == "wikipedia":
        wikipedia = _made(WikipediaSettings, "BATON_WIKIPEDIA_URL", url=settings.baton_wikipedia_url)
        return {Library: library, Search: lazy("integrations.wikipedia.connector:Wikipedia", wikipedia)}
    if settings.tavily_api_key is None:
        raise SettingsError("BATON_SEARCH is tavily: TAVILY_API_KEY has to be set too.")
    tavily = TavilySettings(api_key=settings.tavily_api_key)
    return {Library: library, Search: lazy("integrations.tavily.connector:Tavily", tavily)}


def _default_search(settings: Settings) -> str:
    if settings.tavily_api_key is not None:
        return "tavily"
    return "wikipedia" if uses_model(settings) else "local"


def _models(settings: Settings) -> Bound:
    if not uses_model(settings):
        return {Models: lazy("integrations.local_writer.connector:LocalWriter")}
    made = _made(
        AISettings, "The settings of the language model",
        model=settings.baton_model, writer=settings.baton_model_writer, editor=settings.baton_model_editor,
        fast=settings.baton_model_fast, openai_api_key=settings.openai_api_key,
        openai_base_url=settings.openai_base_url, anthropic_api_key=settings.anthropic_api_key,
        anthropic_base_url=settings.anthropic_base_url,
    )  # fmt: skip
    return {Models: lazy(AI, made)}


def _images(settings: Settings) -> Factory:
    key = settings.openai_api_key
    if key is None or (settings.openai_base_url and not settings.openai_image_model):
        return lazy("integrations.local_covers.connector:LocalCovers", LocalCoversSettings())
    values: dict[str, Any] = {"api_key": key}
    if settings.openai_image_model:
        values["model"] = settings.openai_image_model
    if settings.openai_base_url:
        values["url"] = settings.openai_base_url
    made = _made(OpenAIImagesSettings, "OPENAI_API_KEY and OPENAI_IMAGE_MODEL", **values)
    return lazy("integrations.openai_images.connector:OpenAIImages", made)
