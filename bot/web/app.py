"""The web process: health, metrics, the local site, and the doors for Slack and hooks. What it shows is no secret."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from bot.hooks.counting import HookCounts
from bot.hooks.standing import PATH as HOOKS_PATH
from bot.runtime import Runtime
from bot.settings import program_version
from bot.slack.manifest import EVENTS_PATH
from bot.web.hooks import HookDoor
from bot.web.metrics import Monitor
from bot.web.readiness import Readiness
from bot.web.site import PublicSite
from bot.web.slack import SlackSide
from workflows.engine.hooks.taking import Taking

T = TypeVar("T")
PATIENCE = 8.0
"""Seconds after which a question to the database or Redis counts as unanswered."""
LOCAL = frozenset({"127.0.0.1", "::1", "testclient"})
"""Addresses of this machine. A proxy on it that says for whom it asks is believed, as uvicorn does."""

PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Baton</title></head>
<body>
<h1>Baton runs here</h1>
<p>Version {version}. Workflows: {workflows}.</p>
<ul>
<li><a href="/site/">The local site</a>: what workflows published on this computer</li>
<li><a href="/readyz">Whether everything is well</a></li>
<li><a href="/metrics">Figures for a monitor</a></li>
</ul>
<p>Runs are started, shown and decided with the command <code>baton</code>: see <code>baton --help</code>.</p>
</body>
</html>
"""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_app(runtime: Runtime, *, open_metrics: bool = False, slack: SlackSide | None = None) -> Starlette:
    """The application over the parts of this process; `open_metrics` shows /metrics to other machines too.

    With `slack`, signed requests of Slack are taken at /slack/events.
    """
    counts = HookCounts()
    web = Web(Readiness(runtime), Monitor(runtime, counts), runtime, open_metrics=open_metrics)
    door = HookDoor(
        runtime.settings, lambda: runtime.catalogue, lambda: Taking(runtime.service, runtime.store.inbound),
        runtime.clock.now, counts,
    )  # fmt: skip
    return Starlette(
        routes=[
            *([Route(EVENTS_PATH, slack.events, methods=["POST"])] if slack is not None else []),
            *(slack.installing.routes() if slack is not None and slack.installing is not None else []),
            Route(f"{HOOKS_PATH}{{name}}", door.call, methods=["POST"]),
            Route("/", web.home),
            Route("/healthz", web.healthz),
            Route("/readyz", web.readyz),
            Route("/metrics", web.metrics),
            Mount("/site", PublicSite(runtime.settings.home / "site" / "public"), name="site"),
        ]
    )


class Web:
    """The pages that are not files."""

    def __init__(self, readiness: Readiness, monitor: Monitor, runtime: Runtime, *, open_metrics: bool) -> None:
        self._readiness = readiness
        self._monitor = monitor
        self._runtime = runtime
        self._open_metrics = open_metrics
        self._askers = anyio.CapacityLimiter(4)

    async def home(self, _request: Request) -> Response:
        """Say what runs here."""
        names = await self._asked(lambda: sorted(self._runtime.catalogue.names()))
        listed = ", ".join(names or ()) or "none"
        page = PAGE.format(version=html.escape(program_version()), workflows=html.escape(listed))
        return HTMLResponse(page, headers=HEADERS)

    async def healthz(self, _request: Request) -> Response:
        """This process lives."""
        return JSONResponse({"alive": True}, headers=HEADERS)

    async def readyz(self, _request: Request) -> Response:
        """Whether the database, its schema and Redis are fit for work: 200, or 503 with the reasons."""
        report = await self._asked(self._readiness.report)
        if report is None:
            unknown = {"ready": False, "words": f"Nothing answered within {PATIENCE:.0f} seconds."}
            return JSONResponse(unknown, 503, headers=HEADERS)
        ready = all(part.ok for part in report.values())
        parts = {name: {"ok": part.ok, "words": part.words} for name, part in report.items()}
        return JSONResponse({"ready": ready, **parts}, 200 if ready else 503, headers=HEADERS)

    async def metrics(self, request: Request) -> Response:
        """Figures in Prometheus' text format, for this machine alone unless they were opened."""
        if not self._open_metrics and (request.client is None or request.client.host not in LOCAL):
            return PlainTextResponse("Metrics are for this machine alone.\n", 403, headers=HEADERS)
        text = await self._asked(self._monitor.text)
        if text is None:
            return PlainTextResponse("The database and Redis do not answer.\n", 503, headers=HEADERS)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8", headers=HEADERS)

    async def _asked(self, question: Callable[[], T]) -> T | None:
        """Ask in a thread; None when the answer takes too long. A few may hang there, never all of the threads."""
        with anyio.move_on_after(PATIENCE):
            return await anyio.to_thread.run_sync(question, abandon_on_cancel=True, limiter=self._askers)
        return None
