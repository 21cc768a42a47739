"""The connectors that the contract suite runs over. Add yours: one `ConnectorCase` in `CASES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from integrations.ai.connector import PydanticAI
from integrations.ai.settings import AISettings
from integrations.base import Connector
from integrations.crm import Company, Deal, RecordRef
from integrations.erp import Line, VendorBill
from integrations.http import UNLIMITED, Gate
from integrations.hubspot.connector import HubSpot
from integrations.hubspot.models import HubSpotSettings
from integrations.local_channel.connector import LocalChannel, LocalChannelSettings
from integrations.local_covers.connector import LocalCovers, LocalCoversSettings
from integrations.local_crm.connector import LocalCRM, LocalCRMSettings
from integrations.local_ledger.connector import LocalLedger, LocalLedgerSettings
from integrations.local_library.connector import LocalLibrary, LocalLibrarySettings
from integrations.local_mail.connector import LocalMail, LocalMailSettings
from integrations.local_outbox.connector import LocalOutbox, LocalOutboxSettings
from integrations.local_site.connector import LocalSite
from integrations.local_site.models import LocalSiteSettings
from integrations.local_topics.connector import LocalTopics, LocalTopicsSettings
from integrations.local_writer.connector import LocalWriter
from integrations.mail_servers import MailServer
from integrations.mcp.connector import MCP
from integrations.notion.connector import Notion
from integrations.notion.models import NotionSettings
from integrations.odoo.connector import Odoo
from integrations.odoo.models import OdooSettings
from integrations.openai_images.connector import OpenAIImages, OpenAIImagesSettings
from integrations.openapi.connector import OpenAPI
from integrations.protocols import Image, Prompt, Topic
from integrations.smtp.archived import ArchivedSmtp
from integrations.smtp.connector import Smtp
from integrations.smtp.models import ArchiveSettings, SmtpSettings
from integrations.stripe.connector import Stripe
from integrations.stripe.models import StripeSettings
from integrations.tavily.connector import Tavily, TavilySettings
from integrations.tryton.connector import Tryton
from integrations.tryton.models import TrytonSettings
from integrations.wikipedia.connector import Wikipedia, WikipediaSettings
from integrations.wordpress.connector import WordPress
from integrations.wordpress.models import WordPressSettings
from tests.contract.connectors.sample import Shelf, ShelfSettings
from tests.servers.added import added_shelf, added_tools, speak_mcp
from tests.servers.http import Answer, Route, as_json

MADE_UP = "made-up-secret-for-tests"
AN_IMAGE = Image.of(b"png", name="cover.png", mime="image/png")
NOBODY = MailServer(host="127.0.0.1", port=1, security="none")
NO_MAIL = SmtpSettings(server=NOBODY, sender="baton@example.org")
A_NOTION_ID = "28399f72-bada-81b2-8d25-000b442ed14b"

A_BILL = VendorBill(
    partner="7", currency="EUR", lines=(Line(description="Chairs", unit_price=Decimal(20)),), reference="A-1",
    billed_on=date(2026, 11, 30),
)  # fmt: skip

MakeHttp = Callable[[str], Connector]
"""From a server's base address to a connector that speaks to it."""


@dataclass(frozen=True)
class HttpCall:
    """A call that the error map is tried with: how to make it, and whether it may change something there."""

    call: Callable[[Any], object]
    write: bool


@dataclass(frozen=True)
class ConnectorCase:
    """One connector under the contract.

    `make` gives one that works, in a folder of its own. `misconfigured` gives one whose health check must
    fail in words; None for a connector that can't be misconfigured. For a connector over HTTP, `over_http`
    makes it for a server's address, `healthy` are the routes that its health check needs, and `calls` are
    tried against every kind of failure (each should be a single request). `secret` is what its credential
    is in `over_http`: no error may show it.
    """

    cls: type[Connector]
    make: Callable[[Path], Connector] | None = None
    misconfigured: Callable[[Path], Connector] | None = None
    over_http: MakeHttp | None = None
    healthy: Mapping[str, Route | list[Route]] = field(default_factory=dict)
    calls: Mapping[str, HttpCall] = field(default_factory=dict)
    secret: str = "made-up-secret-for-tests"

    @property
    def name(self) -> str:
        """The test's id."""
        return self.cls.slug


CASES: tuple[ConnectorCase, ...] = (
    ConnectorCase(
        LocalTopics,
        make=lambda folder: LocalTopics(LocalTopicsSettings(folder=folder)),
        misconfigured=lambda folder: LocalTopics(LocalTopicsSettings(folder=folder / "none")),
    ),
    ConnectorCase(
        LocalLibrary,
        make=lambda folder: LocalLibrary(LocalLibrarySettings(folder=folder)),
        misconfigured=lambda folder: LocalLibrary(LocalLibrarySettings(folder=folder / "none")),
    ),
    ConnectorCase(
        LocalSite,
        make=lambda folder: LocalSite(LocalSiteSettings(folder=folder / "site", url="http://127.0.0.1:1")),
        misconfigured=lambda folder: LocalSite(LocalSiteSettings(folder=a_file(folder), url="http://127.0.0.1:1")),
    ),
    ConnectorCase(
        LocalChannel,
        make=lambda folder: LocalChannel(LocalChannelSettings(folder=folder / "channels")),
        misconfigured=lambda folder: LocalChannel(LocalChannelSettings(folder=a_file(folder))),
    ),
    ConnectorCase(
        LocalOutbox,
        make=lambda folder: LocalOutbox(LocalOutboxSettings(folder=folder / "outbox")),
        misconfigured=lambda folder: LocalOutbox(LocalOutboxSettings(folder=a_file(folder))),
    ),
    ConnectorCase(
        LocalMail,
        make=lambda folder: LocalMail(LocalMailSettings(folder=folder / "mail")),
        misconfigured=lambda folder: LocalMail(LocalMailSettings(folder=a_file(folder))),
    ),
    ConnectorCase(Smtp, misconfigured=lambda folder: Smtp(NO_MAIL)),
    ConnectorCase(ArchivedSmtp, misconfigured=lambda folder: ArchivedSmtp(NO_MAIL, ArchiveSettings(server=NOBODY))),
    ConnectorCase(
        LocalCRM,
        make=lambda folder: LocalCRM(LocalCRMSettings(path=folder / "crm.db")),
        misconfigured=lambda folder: LocalCRM(LocalCRMSettings(path=a_file(folder) / "crm.db")),
    ),
    ConnectorCase(
        LocalLedger,
        make=lambda folder: LocalLedger(LocalLedgerSettings(path=folder / "ledger.db")),
        misconfigured=lambda folder: LocalLedger(LocalLedgerSettings(path=a_file(folder) / "ledger.db")),
    ),
    ConnectorCase(LocalCovers, make=lambda folder: LocalCovers(LocalCoversSettings())),
    ConnectorCase(LocalWriter, make=lambda folder: LocalWriter()),
    ConnectorCase(
        MCP,
        over_http=lambda url: added_tools(f"{url}/mcp", MADE_UP),
        healthy={"POST /mcp": speak_mcp, "GET /mcp": Answer(405), "DELETE /mcp": Answer(200)},
        calls={"a tool": HttpCall(lambda tools: tools.call("look", name="cup"), write=False)},
    ),
    ConnectorCase(
        Notion,
        over_http=lambda url: Notion(
            NotionSettings(token=SecretStr(MADE_UP), data_source=A_NOTION_ID, api_url=url),
            gate=Gate(rates={"notion": UNLIMITED}),
        ),
        healthy={
            "GET /v1/users/me": as_json({"object": "user", "name": "Baton"}),
            f"GET /v1/data_sources/{A_NOTION_ID}": as_json(
                {"object": "data_source", "properties": {"Status": {"type": "status"}, "URL": {"type": "url"}}}
            ),
        },
        calls={
            "get": HttpCall(lambda notion: notion.get(A_NOTION_ID), write=False),
            "query": HttpCall(lambda notion: notion.query(A_NOTION_ID), write=False),
            "read_markdown": HttpCall(lambda notion: notion.read_markdown(A_NOTION_ID), write=False),
            "append_blocks": HttpCall(lambda notion: notion.append_blocks(A_NOTION_ID, "Text"), write=True),
        },
    ),
    ConnectorCase(
        WordPress,
        over_http=lambda url: WordPress(WordPressSettings(url=url, user="ada", app_password=SecretStr(MADE_UP))),
        healthy={
            "GET /wp-json/wp/v2/users/me": as_json(
                {"name": "Ada", "capabilities": {"publish_posts": True, "upload_files": True}}
            )
        },
        calls={
            "publish": HttpCall(lambda site: site.publish("Cats", "Text", ""), write=True),
            "find_published": HttpCall(lambda site: site.find_published("key", "Cats", "Text", ""), write=False),
            "upload_media": HttpCall(lambda site: site.upload_media(AN_IMAGE), write=True),
            "get_post": HttpCall(lambda site: site.get_post("7"), write=False),
            "ensure_term": HttpCall(lambda site: site.ensure_term("tag", "Cats"), write=True),
        },
    ),
    ConnectorCase(
        HubSpot,
        over_http=lambda url: HubSpot(
            HubSpotSettings(token=SecretStr(MADE_UP), url=url),
            gate=Gate(rates={"hubspot": UNLIMITED, "hubspot:search": UNLIMITED}),
        ),
        healthy={
            "GET /account-info/2026-03/details": as_json({"portalId": 123456, "uiDomain": "app.hubspot.com"}),
            **{
                f"GET /crm/properties/2026-03/{kind}/baton_id": as_json({"name": "baton_id", "hasUniqueValue": True})
                for kind in ("contacts", "companies", "deals", "tickets")
            },
        },
        calls={
            "get_deal": HttpCall(lambda crm: crm.get_deal("7"), write=False),
            "search_contacts": HttpCall(lambda crm: crm.search_contacts("Ada"), write=False),
            "save_deal": HttpCall(lambda crm: crm.save_deal(Deal(title="Ten chairs", stage="s")), write=True),
            "save_company": HttpCall(lambda crm: crm.save_company(Company(id="7", name="Acme")), write=True),
            "add_note": HttpCall(lambda crm: crm.add_note(RecordRef(kind="deal", id="7"), "Called"), write=True),
            "prepare": HttpCall(lambda crm: crm._records.make_ready("deal"), write=True),
        },
    ),
    ConnectorCase(
        Stripe,
        over_http=lambda url: Stripe(
            StripeSettings(api_key=SecretStr(MADE_UP), url=url),
            gate=Gate(rates={"stripe": UNLIMITED, "stripe:search": UNLIMITED}),
        ),
        healthy={"GET /v1/balance": as_json({"object": "balance", "livemode": False})},
        calls={
            "get": HttpCall(lambda stripe: stripe.get("pi_1"), write=False),
            "find_created": HttpCall(lambda stripe: stripe.find_created("key", 100, "EUR"), write=False),
            "create": HttpCall(lambda stripe: stripe.create(100, "EUR"), write=True),
            "refund": HttpCall(lambda stripe: stripe.refund("pi_1"), write=True),
        },
    ),
    ConnectorCase(
        Odoo,
        over_http=lambda url: Odoo(
            OdooSettings(url=url, api_key=SecretStr(MADE_UP)), gate=Gate(rates={"odoo": UNLIMITED})
        ),
        healthy={"POST /json/2/res.company/search_read": as_json([{"id": 1, "name": "Baton Co"}])},
        calls={
            "get_bill": HttpCall(lambda erp: erp.get_bill("7"), write=False),
            "find_partner": HttpCall(lambda erp: erp.find_partner("FR12"), write=False),
            "created": HttpCall(lambda erp: erp._api.create("account.move", {}, what="a bill"), write=True),
            "pressed": HttpCall(
                lambda erp: erp._api.press("account.move", 7, "action_post", what="bill 7"), write=True
            ),
        },
    ),
    ConnectorCase(
        Tryton,
        over_http=lambda url: Tryton(
            TrytonSettings(url=f"{url}/books", key=SecretStr(MADE_UP), user="ada", password=SecretStr(MADE_UP)),
            gate=Gate(rates={"tryton": UNLIMITED}),
        ),
        healthy={
            "GET /books/rest/model/company.company/1": as_json(
                {"id": 1, "party": 1, "currency": {"id": 1, "code": "EUR"}}
            ),
            "GET /books/rest/model/party.party/1": as_json({"id": 1, "name": "Baton Co"}),
            "GET /books/rest/model/account.invoice.payment.method": as_json([{"id": 1, "name": "Bank"}]),
            "POST /books/rpc/": as_json({"id": 1, "result": 7}),
        },
        calls={
            "get_bill": HttpCall(lambda erp: erp.get_bill("7"), write=False),
            "search_partners": HttpCall(lambda erp: erp.search_partners("Acme"), write=False),
            "find_created_bill": HttpCall(lambda erp: erp.find_created_bill("key", A_BILL), write=False),
            "pressed": HttpCall(lambda erp: erp._api.press("account.invoice", 7, "post", what="bill 7"), write=True),
            "wizard": HttpCall(lambda erp: erp._api.call("wizard.x.execute", [], what="bill 7"), write=True),
        },
    ),
    ConnectorCase(
        PydanticAI,
        misconfigured=lambda folder: PydanticAI(AISettings()),
        over_http=lambda url: PydanticAI(
            AISettings(model="openai-chat:m", openai_api_key=SecretStr(MADE_UP), openai_base_url=f"{url}/v1")
        ),
        healthy={"GET /v1/models": as_json({"object": "list", "data": []})},
        calls={"ask": HttpCall(lambda ai: ai.ask(Topic, Prompt(task="outline", instructions="Plan.")), write=False)},
    ),
    ConnectorCase(
        OpenAPI,
        over_http=lambda url: added_shelf(url, MADE_UP),
        healthy={"GET /things": as_json([])},
        calls={
            "a read": HttpCall(lambda shelf: shelf.call("getThing", id="7"), write=False),
            "a post": HttpCall(lambda shelf: shelf.call("putThing", name="cup"), write=True),
            "a delete": HttpCall(lambda shelf: shelf.call("dropThing", id="7"), write=True),
        },
    ),
    ConnectorCase(
        Tavily,
        over_http=lambda url: Tavily(TavilySettings(api_key=SecretStr(MADE_UP), url=url)),
        healthy={"GET /usage": as_json({"key": {"usage": 1, "limit": 1000}})},
        calls={"find": HttpCall(lambda search: search.find("cats"), write=False)},
    ),
    ConnectorCase(
        Wikipedia,
        over_http=lambda url: Wikipedia(WikipediaSettings(url=url, token=SecretStr(MADE_UP))),
        healthy={"GET /w/rest.php/v1/search/page": as_json({"pages": []})},
        calls={"find": HttpCall(lambda search: search.find("cats"), write=False)},
    ),
    ConnectorCase(
        OpenAIImages,
        over_http=lambda url: OpenAIImages(OpenAIImagesSettings(api_key=SecretStr(MADE_UP), url=f"{url}/v1")),
        healthy={"GET /v1/models/gpt-image-2.5-flare": as_json({"id": "gpt-image-2.5-flare", "object": "model"})},
        calls={"draw_cover": HttpCall(lambda images: images.draw_cover("Cats"), write=False)},
    ),
)

SAMPLE = ConnectorCase(
    Shelf,
    over_http=lambda url: Shelf(ShelfSettings(url=url, token=SecretStr("made-up-secret-for-tests"))),
    healthy={"GET /": Answer(200)},
    calls={
        "get": HttpCall(lambda shelf: shelf.get("7"), write=False),
        "put": HttpCall(lambda shelf: shelf.put("cup"), write=True),
        "find_put": HttpCall(lambda shelf: shelf.find_put("key", "cup"), write=False),
    },
)
"""Not shipped: the pattern to follow for a connector over HTTP."""


def a_file(folder: Path) -> Path:
    """A file where a folder should be."""
    path = folder / "a-file"
    path.write_text("not a folder")
    return path
