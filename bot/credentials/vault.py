"""Sealing and opening credentials, with keys that only the environment knows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from bot.credentials.kinds import INSTALLATION, Values
from workflows.engine.credentials import SealedCredential
from workflows.engine.errors import BatonError

NO_KEYS = (
    "BATON_SECRET_KEYS is not set, so nothing can be sealed or opened. `baton credentials key` makes a key: "
    "set it for every process, then restart them."
)


STAMP = "stamp:"
"""Begins what is sealed as a mark, so that no credential passes for one."""


class Unreadable(BatonError):
    """A sealed credential can't be opened; the text says what to do."""


def new_key() -> str:
    """A key for BATON_SECRET_KEYS."""
    return Fernet.generate_key().decode("ascii")


class Vault:
    """Seals with the first key and opens with any; the name is sealed too, so that rows can't be swapped."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._keys = [Fernet(key.get_secret_value().encode("ascii")) for key in keys]

    @property
    def usable(self) -> bool:
        """Whether there is a key at all."""
        return bool(self._keys)

    def seal(self, workspace: str, name: str, values: Values) -> str:
        """Seal what was filled in; raises Unreadable without a key."""
        content = json.dumps([workspace, name, dict(values)], ensure_ascii=False)
        return self._all().encrypt(content.encode()).decode("ascii")

    def open(self, credential: SealedCredential) -> dict[str, str]:
        """What was filled in; raises Unreadable."""
        try:
            workspace, name, values = json.loads(self._all().decrypt(credential.sealed.encode("ascii")))
        except InvalidToken:
            raise Unreadable(
                f"The credential for {credential.name} was sealed with a key that is not in BATON_SECRET_KEYS. Add "
                f"that key, or {_again(credential.name)}."
            ) from None
        if (workspace, name) != (credential.workspace, credential.name):
            raise Unreadable(
                f"What is kept as the credential for {credential.name} was sealed for {name}: somebody changed the "
                f"database by hand. What helps: {_again(credential.name)}."
            )
        return dict(values)

    def stamp(self, text: str, at: datetime) -> str:
        """A mark that only we can make, with the moment in it; raises Unreadable without a key."""
        return self._all().encrypt_at_time(f"{STAMP}{text}".encode(), int(at.timestamp())).decode("ascii")

    def is_fresh(self, stamp: str, at: datetime, within: timedelta) -> bool:
        """Whether a mark is ours and not older than that."""
        life = int(within.total_seconds())
        try:
            text = self._all().decrypt_at_time(stamp.encode(), life, int(at.timestamp()))
        except InvalidToken:
            return False
        return text.startswith(STAMP.encode())

    def is_newest(self, credential: SealedCredential) -> bool:
        """Whether the newest key sealed it."""
        try:
            self._keys[0].decrypt(credential.sealed.encode("ascii"))
        except (InvalidToken, IndexError):
            return False
        return True

    def reseal(self, sealed: str) -> str:
        """The same, sealed with the newest key; raises Unreadable."""
        try:
            return self._all().rotate(sealed.encode("ascii")).decode("ascii")
        except InvalidToken:
            raise Unreadable(
                "A credential was sealed with a key that is not in BATON_SECRET_KEYS, so nothing was sealed anew. "
                "`baton credentials list` shows which: add that key, or remove or set that credential."
            ) from None

    def _all(self) -> MultiFernet:
        if not self._keys:
            raise Unreadable(NO_KEYS)
        return MultiFernet(self._keys)


def _again(name: str) -> str:
    """How what is kept under this name comes to be kept again."""
    if name == INSTALLATION:
        return "install Baton in Slack again"
    return f"set the credential again with `baton credentials set {name}`"
