"""A web process on a real port, with the hooks of the documentation and one of a team's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import httpx
import pytest

from bot.runtime import NOWHERE, Runtime
from bot.settings import Settings, read_settings
from bot.web.app import create_app
from tests.servers.stripe import KEY, StripeServer, running_stripe
from tests.servers.web import serving
from tests.unit.bot.hooks import signing
from workflows.engine.hooks.model import Inbound
from workflows.engine.model import Run
from workflows.engine.ports import RunQuery

PAGE = Path(__file__).parents[4] / "docs" / "howto" / "hooks.md"
OWN = dedent(
    '''
    from workflows import SendSignal, StartRun, hook, workflow


    @workflow("forbidden", starters=("cli:ana",))
    def forbidden(run, given: str) -> str:
        return given


    @hook("own", sender="standard")
    def own(event):
        """Do as the event says."""
        match event.type:
            case "start":
                return StartRun(event.data["workflow"], event.data.get("input"))
            case "raise":
                raise KeyError("made-up")
            case "odd":
                return "nonsense"


    class Strange:
        def check(self, call, secrets):
            if b"boom" in call.body:
                raise ZeroDivisionError

        def events(self, call):
            return [{}["nothing"]]


    own_kind = hook("strange", sender=Strange())(lambda event: None)
    closed = hook("closed", sender="stripe")(lambda event: None)
    no_secret = hook("no_secret", sender="stripe")(lambda event: None)
    unknown = hook("unknown", sender="nobody")(lambda event: None)
    boxed = hook("boxed", sender="mailbox")(lambda event: None)
    '''
)


@dataclass
class Door:
    """The web process from outside, and what is recorded behind it."""

    url: str
    runtime: Runtime
    client: httpx.Client
    stripe: StripeServer

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def post(self, name: str, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.client.post(f"{self.url}/hooks/{name}", content=body, headers=headers)

    def runs(self, workflow: str) -> list[Run]:
        return list(self.runtime.store.runs(RunQuery(workflow=workflow)))

    def event(self, hook: str, event_id: str) -> Inbound | None:
        return self.runtime.store.inbound.find(f"hook:{hook}", event_id)


@pytest.fixture(scope="module")
def hook_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, StripeServer]]:
    folder = tmp_path_factory.mktemp("hooks")
    flows = folder / "flows"
    flows.mkdir()
    for place, text in re.findall(
        r"^```python\n# flows/(\w+\.py)\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE
    ):
        (flows / place).write_text(text)
    (flows / "own.py").write_text(OWN)
    with running_stripe() as stripe:
        yield read_settings(
            baton_home=folder / "home", database_url="", redis_url="", baton_workflows=str(flows),
            baton_url=signing.URL, stripe_api_key=KEY, stripe_url=stripe.url,
            baton_hooks="stripe=order; hubspot=welcome; own=welcome,forbidden; strange=welcome; no_secret=x; unknown=x;"
            "boxed=x",
            baton_hook_secrets=f"stripe={signing.STRIPE_SECRET},{signing.OLD_STRIPE_SECRET}; own={signing.OWN_SECRET};"
            f"hubspot={signing.HUBSPOT_SECRET}; strange=x; closed=x; unknown=x; boxed=x",
            baton_mailboxes="boxed=INBOX", baton_mail_senders="*", imap_host="127.0.0.1",
        ), stripe  # fmt: skip


@pytest.fixture(scope="module")
def door(hook_settings: tuple[Settings, StripeServer]) -> Iterator[Door]:
    settings, stripe = hook_settings
    runtime = Runtime(settings, NOWHERE)
    runtime.migrate()
    with serving(create_app(runtime)) as (host, port), httpx.Client(timeout=60) as client:
        yield Door(f"http://{host}:{port}", runtime, client, stripe)
    runtime.close()
