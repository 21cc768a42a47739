"""What the web process does for Slack: signed requests over HTTP, and the connection of Socket Mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import anyio.to_thread
import structlog
from slack_bolt import BoltRequest
from slack_sdk.signature import SignatureVerifier
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.runtime import Runtime
from bot.settings import Settings
from bot.slack.app import Home, SlackApp, create_slack_app
from bot.slack.calling import web_client
from bot.slack.errands import Errands
from bot.slack.incoming import Ending
from bot.slack.installing.flow import way
from bot.slack.line import SocketLine
from bot.slack.listeners import Listeners
from bot.slack.pressing import Presses
from bot.slack.speaking import Speaker
from bot.slack.submitting import Submissions
from bot.web.bodies import TooLong, TooSlow, bounded_body
from bot.web.installing import InstallPages
from workflows.engine.ids import new_id

MOST = 1024 * 1024
"""Bytes of a request that are read; Slack sends far less."""
SLOWEST = 10.0
"""Seconds that a request may take to arrive."""
THREADS = 16
"""Requests that are answered at a time; others wait their turn."""
UNSIGNED = "This is not signed by Slack.\n"
LINE_PATIENCE = 10
"""Seconds that opening the connection may take."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SlackSide:
    """Everything of Slack in the web process. Nothing here needs Slack to be there: what fails is told and retried."""

    def __init__(
        self,
        app: SlackApp,
        line: SocketLine | None,
        verifier: SignatureVerifier | None,
        installing: InstallPages | None = None,
    ) -> None:
        self.app = app
        self.installing = installing
        self.line = line
        self._verifier = verifier
        self._threads = anyio.CapacityLimiter(THREADS)

    def start(self) -> None:
        """Connect, where Socket Mode is set up, and ask who the bot is, so that the first command need not."""
        self.app.warm_up()
        if self.line is not None:
            self.line.start()
        elif self._verifier is None:
            log.warning("slack can't reach baton: set SLACK_APP_TOKEN, or SLACK_SIGNING_SECRET for HTTP")

    def close(self) -> None:
        """Take nothing more, and finish what was begun."""
        if self.line is not None:
            self.line.close()
        self.app.close()

    async def events(self, request: Request) -> Response:
        """Commands, presses, forms and events over HTTP: signed by Slack, or refused before anything is read into."""
        try:
            body = await bounded_body(request, MOST, SLOWEST)
        except TooLong:
            return PlainTextResponse("Too long.\n", 413)
        except TooSlow:
            return PlainTextResponse("Too slow.\n", 408)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return PlainTextResponse(UNSIGNED, 401)  # Slack sends UTF-8
        if not self._is_signed(text, request.headers):
            return PlainTextResponse(UNSIGNED, 401)
        headers: dict[str, str | Sequence[str]] = {**request.headers}
        answer = await anyio.to_thread.run_sync(
            lambda: self.app.dispatch(BoltRequest(body=text, headers=headers)), limiter=self._threads
        )
        return Response(answer.body, answer.status, answer.first_headers_without_set_cookie())

    def _is_signed(self, body: str, headers: Mapping[str, str]) -> bool:
        """Whether Slack signed this within five minutes; what can't be read as a time or a signature is neither."""
        if self._verifier is None:
            return False
        try:
            return self._verifier.is_valid_request(body, headers)
        except (ValueError, TypeError, OverflowError):
            return False


def slack_side(runtime: Runtime) -> SlackSide | None:
    """The Slack side of this process; None where Slack is not set up."""
    settings = runtime.settings
    if not settings.has_slack:
        return None
    client = web_client(settings, token=runtime.slack_token)
    parts, board, speaker = runtime.slack_parts, runtime.home_board(f"web-{new_id()[-8:]}"), Speaker(client)
    errands = Errands()
    presses, forms = Presses(parts, speaker, board), Submissions(parts, speaker, board)
    listeners = Listeners(parts, speaker, presses, forms, errands)
    if settings.installs:
        return _installed_side(
            runtime, lambda home: create_slack_app(listeners, errands, runtime.slack_token, client, home)
        )
    app = create_slack_app(listeners, errands, runtime.slack_token, client)
    return SlackSide(app, _line(settings, app, runtime.clock.now), _verifier(settings))


def _installed_side(runtime: Runtime, make: Callable[[Home], SlackApp]) -> SlackSide:
    """The side of a bot that comes into Slack by OAuth: over HTTP, with the pages of the installation."""
    settings, installations = runtime.settings, runtime.installations

    def left(ended: Ending) -> None:
        installations.ended(ended.team, ended.at, ended.why)

    app = make(Home(settings.slack_team, left))
    pages = InstallPages(way(settings, installations))
    return SlackSide(app, None, _verifier(settings), pages)


def _line(settings: Settings, app: SlackApp, now: Callable[[], datetime]) -> SocketLine | None:
    if settings.slack_app_token is None:
        return None
    client = web_client(settings, LINE_PATIENCE)
    return SocketLine(app.dispatch, client, settings.slack_app_token.get_secret_value(), now)


def _verifier(settings: Settings) -> SignatureVerifier | None:
    if settings.slack_signing_secret is None:
        return None
    return SignatureVerifier(settings.slack_signing_secret.get_secret_value())
