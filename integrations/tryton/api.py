"""Tryton's two interfaces: REST for records and their buttons, JSON-RPC for its wizards."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from integrations.errors import ConnectorError, InvalidRequest, NotFound, RateLimited, Unauthorized, Unavailable
from integrations.http import Fault, Gate, Http, Rate
from integrations.http.faults import detail_of
from integrations.tryton.models import Record, RpcAnswer, TrytonSettings
from workflows.engine.policy import Effect

PACE = Rate(20, burst=20)
"""Tryton has no limit of its own for one who is known; people work on it too."""
NOT_ALLOWED = ("You are not allowed", "Calling button")
"""How Tryton's refusals for want of a right begin, in English, for which we ask."""
R = TypeVar("R", bound=Record)


class Asks(InvalidRequest):
    """Tryton warns, and wants an answer before it goes on; nothing was done."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


class TrytonFault(Fault):
    """Tryton's own meanings: a missing right comes as a bad request, a warning as a conflict."""

    def answer(self, response: httpx.Response) -> ConnectorError:
        """The error for a response whose body was read."""
        detail = detail_of(response)
        if response.status_code == 400 and detail:
            return self.refused(detail)
        if response.status_code == 409:
            return self.asks(detail, "")
        return super().answer(response)

    def refused(self, detail: str) -> ConnectorError:
        """The error for Tryton's own words of why not."""
        told = self.clean(detail)
        if detail.startswith(NOT_ALLOWED):
            return Unauthorized(
                f"{self.service} does not allow its user for {self.what} ({told}) Give the user the group that may, "
                "then press Resume."
            )
        return InvalidRequest(f"{self.service} refused {self.what}: {told} Mend it there or here, then start again.")

    def asks(self, detail: str, name: str) -> Asks:
        """The error for a warning."""
        return Asks(
            f"{self.service} wants an answer about {self.what}: {self.clean(detail)} If it is right so, do it in "
            f"{self.service} and answer there, then press Resume.",
            name,
        )

    def rpc(self, error: Sequence[Any]) -> ConnectorError:
        """The error for an answer of JSON-RPC that holds one."""
        kind, said = str(error[0]), error[1] if len(error) > 1 else ""
        words = [str(part or "") for part in said] if isinstance(said, list | tuple) else [str(said)]
        if kind == "UserError":
            return self.refused(words[0])
        if kind == "UserWarning":
            return self.asks(" ".join(words[1:2]), words[0])
        if kind == "ConcurrencyException":
            return Unavailable(
                f"Somebody changed {self.what} in {self.service} at the same time. Baton tries again.",
                effect=Effect.NONE,
            )
        if kind == "RateLimitException":
            return RateLimited(f"{self.service} asked for a pause at {self.what}. Baton waits and tries again.")
        if kind == "LoginException":
            return Unauthorized(
                f"{self.service} wants its user to log in anew for {self.what}. Check TRYTON_USER and TRYTON_PASSWORD, "
                "then press Resume."
            )
        return self.status(500, {}, kind)


class TrytonHttp(Http):
    """HTTP with Tryton's own errors."""

    def fault(self, what: str, *, write: bool) -> TrytonFault:
        """What to say when a request for `what` fails."""
        return TrytonFault(self.service, what, write, self.redact)


class TrytonApi:
    """The requests, none of which is made twice."""

    def __init__(self, settings: TrytonSettings, gate: Gate | None, transport: httpx.BaseTransport | None) -> None:
        self.company = settings.company
        self._context = {"company": settings.company}
        headers = {
            "Authorization": f"Bearer {settings.key.get_secret_value()}",
            "X-Tryton-Context": packed(self._context),
            "Accept-Language": "en",
        }
        self._rest = TrytonHttp(
            "Tryton", f"{settings.url}/rest/model", headers=headers, limits=PACE, gate=gate, transport=transport
        )
        self._rpc: TrytonHttp | None = None
        if settings.password is not None:
            login = (settings.user, settings.password.get_secret_value())
            self._rpc = TrytonHttp("Tryton", settings.url, auth=login, limits=PACE, gate=gate, transport=transport)

    @property
    def has_wizards(self) -> bool:
        """Whether there is a login for JSON-RPC."""
        return self._rpc is not None

    # REST

    def get(self, shape: type[R], model: str, record_id: int, fields: Sequence[str], *, what: str) -> R:
        """One record; raises NotFound."""
        return self._rest.ask(shape, "GET", f"/{model}/{record_id}", what=what, params={"f": list(fields)})

    def search(
        self,
        shape: type[R],
        model: str,
        domain: Sequence[Any],
        fields: Sequence[str],
        *,
        what: str,
        limit: int = 100,
        order: Sequence[tuple[str, str]] = (("id", "ASC"),),
    ) -> tuple[R, ...]:
        """The records that fit a domain, as Tryton calls its conditions."""
        params = {"d": packed(domain), "o": packed(order), "s": str(limit), "f": list(fields)}
        return self._rest.ask(tuple[shape, ...], "GET", f"/{model}", what=what, params=params)  # type: ignore[valid-type] # the shape is an argument

    def create(self, shape: type[R], model: str, values: Mapping[str, Any], fields: Sequence[str], *, what: str) -> R:
        """Make a record."""
        params = {"f": list(fields)}
        return self._rest.ask(shape, "POST", f"/{model}", what=what, params=params, json=dict(values))

    def write(
        self, shape: type[R], model: str, record_id: int, values: Mapping[str, Any], fields: Sequence[str], *, what: str
    ) -> R:
        """Change a record."""
        path, params = f"/{model}/{record_id}", {"f": list(fields)}
        return self._rest.ask(shape, "PUT", path, what=what, params=params, json=dict(values))

    def press(self, model: str, record_id: int, button: str, *, what: str) -> None:
        """Press a button of a record; Tryton refuses one that does not go with its state."""
        path = f"/{model}/{record_id}/{quote(button, safe='')}"
        self._rest.request("POST", path, what=what, params={"f": ["id"]}, json={})

    # JSON-RPC

    def wizard(
        self,
        name: str,
        model: str,
        record_id: int,
        state: str,
        data: Mapping[str, Any],
        *,
        what: str,
        answers: Sequence[str] = (),
    ) -> None:
        """Take one step of a wizard on a record, as one transaction; warnings whose names end so are answered."""
        context = {**self._context, "active_model": model, "active_id": record_id, "active_ids": [record_id]}
        begun = self.call(f"wizard.{name}.create", [context], what=what, write=False)
        if not (isinstance(begun, list) and begun):
            raise self._rest.fault(what, write=False).nonsense("a wizard without a session")
        session = begun[0]
        step = [session, data, state, context]
        try:
            self.call(f"wizard.{name}.execute", step, what=what)
        except Asks as asked:
            if not asked.name.endswith(tuple(answers)):
                self._leave(name, session, context)
                raise
            self._answer(asked.name, what)
            self.call(f"wizard.{name}.execute", step, what=what)
        except InvalidRequest:
            self._leave(name, session, context)
            raise
        self._leave(name, session, context)

    def _leave(self, name: str, session: Any, context: Mapping[str, Any]) -> None:
        """Let Tryton forget the wizard's session; after a cut connection it stays, a row that nobody needs."""
        with suppress(ConnectorError):
            self.call(f"wizard.{name}.delete", [session, context], what="a wizard's session", write=False)

    def answer(self, warning: str, record: str, *, what: str) -> None:
        """Answer a warning about a record beforehand; Tryton makes its name from both, and takes the answer once."""
        self._answer(f"{hashlib.md5(record.encode(), usedforsecurity=False).hexdigest()}.{warning}", what)

    def _answer(self, name: str, what: str) -> None:
        self.call("model.res.user.warning.skip", [name, False, self._context], what=what, write=False)

    def call(self, method: str, params: Sequence[Any], *, what: str, write: bool = True) -> Any:
        """Call a method by JSON-RPC and give its result."""
        if self._rpc is None:
            raise Unauthorized(
                f"Tryton needs its user's login for {what}. Set TRYTON_USER and TRYTON_PASSWORD, then press Resume."
            )
        asked = {"id": 1, "method": method, "params": list(params)}
        answer = self._rpc.ask(RpcAnswer, "POST", "/rpc/", what=what, write=write, json=asked)
        if answer.error:
            raise self._rpc.fault(what, write=write).rpc(answer.error)
        return answer.result


def packed(value: Any) -> str:
    """JSON for an address, as Tryton's REST interface takes it."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def number_of(record_id: str, what: str) -> int:
    """The id as Tryton counts; raises NotFound for what can't be one."""
    if not (record_id.isascii() and record_id.isdigit() and len(record_id) < 19):
        raise NotFound(f"Tryton has no {what} {record_id[:40]!r}. Check it, then press Resume.")
    return int(record_id)


def like(text: str) -> str:
    """`text` for Tryton's ilike, in which it means itself."""
    return "".join(f"\\{one}" if one in "%_\\" else one for one in text)
