"""The addresses at which Baton is installed in Slack: a link that anybody may open, and where Slack sends them back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
import anyio.to_thread
import structlog
from slack_bolt import BoltRequest, BoltResponse
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.slack.installing.flow import Way
from bot.slack.installing.pages import HEADERS, failed
from bot.slack.manifest import INSTALL_PATH, REDIRECT_PATH

THREADS = 2
"""Installations that are on their way at a time; others wait their turn."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class InstallPages:
    """Hands requests to the way of an installation, in threads of its own."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._threads = anyio.CapacityLimiter(THREADS)

    def routes(self) -> list[Route]:
        """Where they are."""
        return [Route(INSTALL_PATH, self.begin, methods=["GET"]), Route(REDIRECT_PATH, self.end, methods=["GET"])]

    async def begin(self, request: Request) -> Response:
        """Off to Slack, with a mark by which this browser is known when it comes back."""
        return await self._handed(self._way.handle_installation, request)

    async def end(self, request: Request) -> Response:
        """Back from Slack: installed, or why not."""
        return await self._handed(self._way.handle_callback, request)

    async def _handed(self, handle: Callable[[BoltRequest], BoltResponse], request: Request) -> Response:
        headers: dict[str, str | Sequence[str]] = {**request.headers}
        asked = BoltRequest(body="", query=dict(request.query_params), headers=headers)
        try:
            answer = await anyio.to_thread.run_sync(lambda: handle(asked), limiter=self._threads)
        except Exception:  # whatever it is, a person is at the other end
            log.exception("an installation broke")
            return HTMLResponse(
                failed("Something broke in Baton; its log says what.", INSTALL_PATH), 500, dict(HEADERS)
            )
        made = Response(answer.body, answer.status, answer.first_headers_without_set_cookie())
        for cookie in answer.headers.get("set-cookie") or ():
            made.headers.append("set-cookie", cookie)
        return made
