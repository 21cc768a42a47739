"""The installation that Baton works by: kept sealed beside the credentials, found again, and given up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog

from bot.credentials.kinds import INSTALLATION
from bot.credentials.vault import Vault
from bot.slack.directory import SLACK
from workflows.engine.credentials import CredentialBook, SealedCredential
from workflows.engine.errors import Refused
from workflows.engine.model import Audit

INSTALL, UNINSTALL = "install", "uninstall"
"""Verbs of audit entries."""
ITSELF = "slack"
"""Who is written down where Slack tells of something and not by whom."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Granted:
    """What Slack hands over when somebody lets Baton in."""

    team: str
    team_name: str
    token: str
    user: str
    """Who let it in."""
    enterprise: str = ""
    """The organisation that the workspace is of; "" for none."""
    whole_enterprise: bool = False
    """Whether it holds for all workspaces of the organisation."""
    rotates: bool = False
    """Whether the token ends by itself, to be changed for another."""


@dataclass(frozen=True)
class Installation:
    """The bot's place in a workspace."""

    team: str
    team_name: str
    token: str
    enterprise: str = ""


@dataclass(frozen=True)
class Installations:
    """The installation of one workspace; every other workspace is refused."""

    team: str
    """The id of the workspace that may install."""
    vault: Vault
    read: Callable[[], Sequence[SealedCredential]]
    book: Callable[[], CredentialBook]
    now: Callable[[], datetime]

    def keep(self, granted: Granted) -> None:
        """Keep an installation in the place of the one before; raises Refused for what Baton can't work by."""
        self._check(granted)
        kept = Installation(granted.team, granted.team_name, granted.token, granted.enterprise)
        by = f"{SLACK}{granted.team}:{granted.user}"
        sealed = SealedCredential(
            granted.team, INSTALLATION, self.vault.seal(granted.team, INSTALLATION, asdict(kept)), by, self.now()
        )
        entry = Audit(self.now(), by, INSTALL, "", f"Slack workspace {granted.team_name} ({granted.team})")
        self.book().put(sealed, entry)
        log.info("installed in slack", team=granted.team, by=by)

    def find(self) -> Installation | None:
        """The installation there is; None for none. Raises Unreadable, and StoreUnavailable."""
        row = self._row()
        return Installation(**self.vault.open(row)) if row is not None else None

    def ended(self, team: str, at: datetime, why: str) -> bool:
        """Give up the installation of a workspace that ended at a moment; False when there is none, or a newer one."""
        row = self._row() if team == self.team else None
        if row is None or row.set_at.replace(microsecond=0) > at:
            return False
        if not self.book().remove(team, INSTALLATION, Audit(self.now(), ITSELF, UNINSTALL, "", f"{team}: {why}")):
            return False
        log.warning("baton is no longer installed in slack; what it has to show waits for a new installation",
                    team=team, reason=why)  # fmt: skip
        return True

    def _row(self) -> SealedCredential | None:
        return next((row for row in self.read() if (row.workspace, row.name) == (self.team, INSTALLATION)), None)

    def _check(self, granted: Granted) -> None:
        if granted.whole_enterprise:
            raise Refused(
                f"Baton is installed in one workspace, not in a whole organisation: choose the workspace {self.team} "
                "when Slack asks where."
            )
        if granted.team != self.team:
            raise Refused(
                f"This Baton serves the workspace {self.team}, and {granted.team_name} ({granted.team}) is another "
                "one. One Baton serves one workspace: set up a second Baton, with an app of its own, for the other."
            )
        other = next((row.workspace for row in self.read() if row.name == INSTALLATION), self.team)
        if other != self.team:
            raise Refused(
                f"The database of this Baton is that of the workspace {other}, whose runs it holds. Give the workspace "
                f"{self.team} a database of its own, or remove the app in {other} first."
            )
        if granted.rotates:
            raise Refused(
                "The app's tokens end by themselves, which Baton can't work by. Turn token rotation off in the app's "
                "manifest, then install it again."
            )
