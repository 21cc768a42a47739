"""The smallest connector over HTTP: shows how one is put under the contract, and keeps the suite honest."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, SecretStr

from integrations.base import Connector, Health, action
from integrations.http import Http


class ShelfSettings(BaseModel):
    """Where the shelf is."""

    model_config = ConfigDict(frozen=True)

    url: str
    token: SecretStr


class Thing(BaseModel):
    """A thing on a shelf."""

    id: str


class Shelf(Connector):
    """Things on a shelf."""

    def __init__(self, settings: ShelfSettings) -> None:
        token = settings.token.get_secret_value()
        self._http = Http("Shelf", settings.url, headers={"Authorization": f"Bearer {token}"})

    @action(idempotent=True)
    def get(self, thing_id: str) -> Thing:
        """Fetch a thing."""
        return self._http.ask(Thing, "GET", f"/things/{thing_id}", what=f"thing {thing_id}")

    @action(reconcile="find_put")
    def put(self, name: str) -> Thing:
        """Put a thing on the shelf."""
        return self._http.ask(
            Thing, "POST", "/things", what=f"a new thing {name!r}", json={"name": name, "key": self.key}
        )

    def find_put(self, key: str, name: str) -> Thing | None:
        """The thing that was put there with `key`."""
        found = self._http.ask(list[Thing], "GET", "/things", what=f"thing {name!r}", params={"key": key})
        return found[0] if found else None

    def health(self) -> Health:
        """Whether the shelf answers."""
        self._http.request("GET", "/", what="the shelf itself")
        return Health(True, "The shelf answers")
