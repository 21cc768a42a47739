"""What people may do with credentials: set, list, check, seal anew, remove. Nobody is ever shown one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from bot.credentials.kinds import INSTALLATION, KINDS, CredentialKind, Values, kind_named, overlaid
from bot.credentials.vault import NO_KEYS, Unreadable, Vault
from bot.settings import Settings
from integrations.base import Health
from integrations.registry import Registry
from workflows.engine.access import Access
from workflows.engine.credentials import CredentialBook, SealedCredential
from workflows.engine.errors import Refused
from workflows.engine.model import Audit

VERB = "credential"
"""Of audit entries."""


@dataclass(frozen=True)
class Kept:
    """Where the credential of a service is, without the secret."""

    kind: CredentialKind
    place: str
    """`database`, `settings`, or "" where there is none."""
    set_by: str = ""
    set_at: datetime | None = None
    trouble: str = ""
    """Why it can't be used, or what is to be done about it."""


@dataclass(frozen=True)
class Credentials:
    """The credentials of this installation.

    `book` is asked for when it is needed: who only lists what the settings say, needs no database.
    """

    settings: Settings
    vault: Vault
    access: Callable[[], Access]
    book: Callable[[], CredentialBook]
    registry: Callable[[Settings], Registry]
    """The connectors as settings say; raises BatonError for settings that don't go together."""
    now: Callable[[], datetime]

    def may_set(self, name: str, *, by: str) -> CredentialKind:
        """The kind of credential, for who may set it and where it could be sealed; raises BatonError."""
        kind = kind_named(name)
        self.access().administer(by, f"set the credential for {kind.title}")
        if not self.vault.usable:
            raise Refused(NO_KEYS)
        return kind

    def set(self, name: str, given: Values, *, by: str, unchecked: bool = False) -> Health:
        """Try a credential with its service, and keep it; raises Refused when the service does not take it.

        What is left out stays as it was set before. `unchecked` keeps it without asking the service.
        """
        kind = kind_named(name)
        values = self.checked(name, given, by=by)
        health = Health(True, "not tried") if unchecked else self._tried(kind, values)
        if not health.ok:
            raise Refused(f"The credential for {kind.title} was not kept: {health.words}")
        sealed = SealedCredential("", kind.name, self.vault.seal("", kind.name, values), by, self.now())
        self.book().put(sealed, self._entry(by, f"set {kind.name}{', untried' if unchecked else ''}"))
        return health

    def checked(self, name: str, given: Values, *, by: str) -> Values:
        """What would be kept, for who may set it, with what was set before; raises InvalidInput for each field."""
        kind = self.may_set(name, by=by)
        return kind.checked({**self._before(kind), **{field: text for field, text in given.items() if text}})

    def remove(self, name: str, *, by: str) -> None:
        """Delete a credential; the settings' own holds again. Raises Refused when there is none."""
        kind = kind_named(name)
        self.access().administer(by, f"remove the credential for {kind.title}")
        if not self.book().remove("", kind.name, self._entry(by, f"remove {kind.name}")):
            raise Refused(f"No credential for {kind.title} is kept. `baton credentials list` shows those there are.")

    def rotate(self, *, by: str) -> int:
        """Seal all anew with the newest key; how many. Raises Unreadable, and then all stay as they were."""
        self.access().administer(by, "seal the credentials anew")
        return self.book().reseal(self.vault.reseal, self._entry(by, "rotate"))

    def check(self, name: str, *, by: str) -> Health:
        """Whether the service takes the credential that is in use."""
        kind = kind_named(name)
        self.access().administer(by, f"check the credential for {kind.title}")
        row = next((row for row in self.book().all() if row.name == kind.name), None)
        if row is None and self._from_settings(kind) is None:
            raise Refused(f"No credential for {kind.title} is set. `baton credentials set {kind.name}` sets it.")
        return self._tried(kind, self.vault.open(row) if row else {})

    def listed(self, *, by: str) -> list[Kept]:
        """Every service that takes a credential, and where it is."""
        self.access().administer(by, "list credentials")
        rows = {row.name: row for row in self.book().all()}
        return [self._kept(kind, rows.get(kind.name)) for kind in KINDS]

    def secrets(self) -> list[SecretStr]:
        """Every sealed secret that can be opened, so that it is masked wherever people look."""
        if not self.vault.usable:
            return []
        found = []
        for row in self.book().all():
            try:
                found += secrets_in(row.name, self.vault.open(row))
            except Unreadable:
                continue
        return found

    # -----------------------------------------------------------------------------------------------------

    def _tried(self, kind: CredentialKind, values: Values) -> Health:
        return self.registry(overlaid(self.settings, {kind.name: values})).health(kind.serves[0])

    def _before(self, kind: CredentialKind) -> Values:
        row = next((row for row in self.book().all() if row.name == kind.name), None)
        try:
            return self.vault.open(row) if row else {}
        except Unreadable:
            return {}

    def _kept(self, kind: CredentialKind, row: SealedCredential | None) -> Kept:
        if row is None:
            return Kept(kind, "settings" if self._from_settings(kind) else "")
        trouble = ""
        try:
            self.vault.open(row)
        except Unreadable as error:
            trouble = str(error)
        else:
            if not self.vault.is_newest(row):
                trouble = "Sealed with an older key: `baton credentials rotate` seals it anew."
        return Kept(kind, "database", row.set_by, row.set_at, trouble)

    def _from_settings(self, kind: CredentialKind) -> object:
        secret = next(field for field in kind.fields if field.secret)
        return getattr(self.settings, secret.setting)

    def _entry(self, by: str, detail: str) -> Audit:
        return Audit(self.now(), by, VERB, "", detail)


def secrets_in(name: str, values: Mapping[str, str]) -> list[SecretStr]:
    """The secret fields among what is kept for a service."""
    if name == INSTALLATION:
        return [SecretStr(values["token"])]
    kind = kind_named(name)
    return [SecretStr(values[field.name]) for field in kind.fields if field.secret and values.get(field.name)]
