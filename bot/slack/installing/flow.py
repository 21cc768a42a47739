"""The way of an installation: from the link to Slack's page, and back with a code that is changed for a token."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.error import BoltError
from slack_bolt.oauth import OAuthFlow
from slack_bolt.oauth.callback_options import CallbackOptions, FailureArgs, SuccessArgs
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.oauth.installation_store import Installation as Handed
from slack_sdk.oauth.installation_store import InstallationStore
from slack_sdk.oauth.state_store import OAuthStateStore

from bot.credentials.vault import Vault
from bot.settings import Settings
from bot.slack.calling import NoAnswer
from bot.slack.installing import pages
from bot.slack.installing.book import Granted, Installations
from bot.slack.manifest import REDIRECT_PATH, SCOPES
from workflows.engine.errors import BatonError, Refused
from workflows.engine.ids import new_id

LIFE = timedelta(minutes=10)
"""How long the way to Slack and back may take."""
AUTHORIZE_PATH = "/oauth/v2/authorize"
PATIENCE = 10
"""Seconds that one call may take."""

_quiet = logging.getLogger(f"{__name__}.bolt")
_quiet.setLevel(logging.CRITICAL + 1)
"""Bolt writes codes into its lines; what went wrong is told on the page."""


class SealedStates(OAuthStateStore):
    """Marks for ways that were begun here: sealed with the time, so that no process has to remember them."""

    def __init__(self, vault: Vault, now: Callable[[], datetime]) -> None:
        self._vault = vault
        self._now = now

    def issue(self, *_arguments: object, **_named: object) -> str:
        """A new mark."""
        return self._vault.stamp(new_id(), self._now())

    def consume(self, state: str) -> bool:
        """Whether a mark is ours, and not too old. Slack takes each code once, whatever the mark."""
        return self._vault.is_fresh(state, self._now(), LIFE)


class Keeping(InstallationStore):
    """Hands what Slack gave over to our book; what Baton refuses is given back to Slack."""

    def __init__(self, installations: Installations, client: WebClient) -> None:
        self._installations = installations
        self._client = client

    def save(self, installation: Handed) -> None:
        """Keep it; raises BoltError with words for the person."""
        granted = granted_by(installation)
        try:
            self._installations.keep(granted)
        except Refused as error:
            self._give_back(granted.token)
            raise BoltError(str(error)) from None
        except BatonError as error:
            raise BoltError(f"Baton could not keep the installation: {error}") from None

    def _give_back(self, token: str) -> None:
        try:
            self._client.auth_revoke(token=token)
        except NoAnswer:
            return  # nobody keeps it


def granted_by(handed: Handed) -> Granted:
    """What Slack handed over, in our words."""
    return Granted(
        handed.team_id or "",
        handed.team_name or handed.enterprise_name or "",
        handed.bot_token or "",
        handed.user_id or "",
        enterprise=handed.enterprise_id or "",
        whole_enterprise=bool(handed.is_enterprise_install),
        rotates=bool(handed.bot_refresh_token or handed.bot_token_expires_at),
    )


class Way(OAuthFlow):
    """Bolt's flow, to one workspace, whose troubles with Slack end on a page."""

    def __init__(self, *, client: WebClient, settings: OAuthSettings, team: str) -> None:
        super().__init__(client=client, logger=_quiet, settings=settings)
        self._team = team

    def build_authorize_url(self, state: str, request: BoltRequest) -> str:
        """Slack's page, with our workspace chosen; what stands in the request's address does not count."""
        del request
        return str(self.settings.authorize_url_generator.generate(state=state, team=self._team))

    def run_installation(self, code: str) -> Handed | None:
        """Change the code for a token; None when Slack does not."""
        try:
            return super().run_installation(code)
        except NoAnswer:
            return None


def way(settings: Settings, installations: Installations) -> Way:
    """The way for these settings."""
    assert settings.slack_client_secret is not None
    client = WebClient(base_url=settings.slack_api_url, timeout=PATIENCE, retry_handlers=[], logger=_quiet)
    api = urlsplit(settings.slack_api_url)
    made = OAuthSettings(
        client_id=settings.slack_client_id,
        client_secret=settings.slack_client_secret.get_secret_value(),
        scopes=sorted(SCOPES),
        user_scopes=[],
        redirect_uri=f"{settings.address}{REDIRECT_PATH}",
        install_page_rendering_enabled=False,
        authorization_url=f"{api.scheme}://{api.netloc}{AUTHORIZE_PATH}",
        installation_store=Keeping(installations, client),
        state_store=SealedStates(installations.vault, installations.now),
        state_expiration_seconds=int(LIFE.total_seconds()),
        callback_options=CallbackOptions(success=_success, failure=_failure),
        logger=_quiet,
    )
    return Way(client=client, settings=made, team=quote(settings.slack_team, safe=""))


def _success(args: SuccessArgs) -> BoltResponse:
    return _shown(pages.installed(args.installation.team_name or ""), 200, args.settings)


def _failure(args: FailureArgs) -> BoltResponse:
    words = str(args.error) if args.error is not None else pages.WHY.get(args.reason, pages.UNKNOWN)
    return _shown(pages.failed(words, args.settings.install_path), args.suggested_status_code, args.settings)


def _shown(page: str, status: int, settings: OAuthSettings) -> BoltResponse:
    forget = settings.state_utils.build_set_cookie_for_deletion()
    return BoltResponse(status=status, body=page, headers={**pages.HEADERS, "Set-Cookie": [forget]})
