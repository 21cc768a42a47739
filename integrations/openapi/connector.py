"""Any service that has an OpenAPI document: its operations are actions."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from functools import cached_property, partial
from typing import Any

import httpx
from pydantic_core import to_jsonable_python

from integrations.added.actions import BoundAction
from integrations.added.auth import Known
from integrations.added.rules import digest_of, read_rules
from integrations.added.settings import ServiceSettings
from integrations.base import ACTION_TIMEOUT, Health
from integrations.errors import NotFound, Unauthorized
from integrations.http import Gate, Http
from integrations.openapi.document import BadDocument, Document, Operation
from integrations.openapi.finding import Finding
from integrations.openapi.request import Requests
from integrations.openapi.rules import Rules
from integrations.openapi.signature import is_json
from integrations.services import DOES, FINDS, Service, service
from workflows.engine.policy import CallSpec, Retry, current_call

_log = logging.getLogger("baton.connectors")


class OpenAPI(Service):
    """Any service that has an OpenAPI document."""

    slug = "openapi"

    def __init__(
        self, settings: ServiceSettings, gate: Gate | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.name = settings.name
        self.rules = read_rules(Rules, settings.rules)
        self._file = settings.folder / self.rules.document
        self._values = {name: secret.get_secret_value() for name, secret in settings.secrets}
        self._missing = [name for name in self.rules.secrets if not self._values.get(name)]
        self._title = self.rules.title or settings.name.replace("_", " ").capitalize()
        self._http = Http(
            self._title,
            self.rules.url,
            headers=self.rules.headers,
            auth=None if self._missing else Known(self.rules, self._values),
            secrets=[value for value in self._values.values() if value],
            timeout=self.rules.wait,
            max_bytes=int(self.rules.max_megabytes * 1_000_000),
            limits=self.rules.pace,
            gate=gate,
            transport=transport,
        )

    @cached_property
    def document(self) -> Document:
        """The service's document, read when it is first needed; raises BadDocument."""
        try:
            text = self._file.read_bytes()
            content = json.loads(text)
        except (OSError, ValueError) as error:
            raise BadDocument(f"The document of {self.name}, {self._file}, can't be read: {error}") from None
        if digest_of(text) != self.rules.digest:
            _log.warning("the document of %s was changed since it was added: %s", self.name, self._file)
        return Document(self.name, content, self.rules.source)

    @cached_property
    def requests(self) -> Requests:
        """What makes requests of calls."""
        return Requests(self.name, self.rules, self.document)

    def spec(self, operation: Operation) -> CallSpec:
        """How the engine treats an operation: by its method, unless the project says otherwise."""
        rules = self.requests.rules_for(operation)
        reads = rules.read or operation.reads
        again = (
            reads
            or rules.idempotent
            or operation.method in {"PUT", "DELETE"}
            or bool(self.requests.key_header(operation))
        )
        look_up = rules.reconcile if not again else None
        return CallSpec(
            f"{self.slug}.{operation.name}",
            operation.title,
            again,
            Retry(attempts=rules.attempts) if rules.attempts else Retry(),
            timedelta(seconds=rules.timeout) if rules.timeout else max(ACTION_TIMEOUT, self.rules.wait * 2),
            f"{FINDS}{operation.name}" if look_up else None,
            timedelta(seconds=look_up.settle) if look_up else timedelta(0),
            writes=not reads,
            owner=type(self),
        )

    def __getattr__(self, name: str) -> Any:
        """The action or look-up of an operation, by the name that `Service.action` gave it."""
        if name.startswith(DOES):
            operation = self.document.operation(name.removeprefix(DOES))
            return BoundAction(partial(self.call, operation.name), self.spec(operation))
        if name.startswith(FINDS):
            return partial(self._find, self.document.operation(name.removeprefix(FINDS)))
        raise AttributeError(name)

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """Call an operation and return its answer: what the JSON holds, or the text; None for nothing."""
        found = self.document.operation(operation)
        rules = self.requests.rules_for(found)
        request = self.requests.made(found, to_jsonable_python(arguments), self.key)
        if self._missing:
            raise Unauthorized(self._no_credential())
        writes = not (rules.read or found.reads)
        what = f"{found.id} of {self.name}"
        try:
            response = self._http.request(found.method, request.path, what=what, write=writes, **request.options)
        except NotFound:
            call = current_call()
            if found.method == "DELETE" and call is not None and call.attempt > 1:
                return None  # an earlier attempt deleted it
            raise
        return self._answer(response, what, write=writes)

    def _find(self, operation: Operation, key: str, /, **arguments: Any) -> Any:
        """What an earlier attempt with `key` left behind, by the project's look-up; None for nothing."""
        look_up = self.requests.rules_for(operation).reconcile
        assert look_up is not None
        finding = Finding(look_up, key, arguments)
        return finding.among(self.call(look_up.operation, **finding.arguments()))

    def health(self) -> Health:
        """Whether the document and the credential are there, and the service answers where the rules name a call."""
        count = len(self.document.operations)
        if digest_of(self._file.read_bytes()) != self.rules.digest:
            words = f"The document {self._file} is not the one that was added."
            return Health(False, f"{words} `baton connectors check {self.name}` says what changed.")
        if self._missing:
            return Health(False, self._no_credential())
        if self.rules.health:
            self.call(self.rules.health)
            return Health(True, f"{self._title} answers, and offers {count} operations")
        return Health(True, f"{self._title} offers {count} operations; whether it answers shows at the first call")

    def _no_credential(self) -> str:
        names = " and ".join(f"{self.name}_{name}".upper() for name in self._missing)
        return f"{self._title} has no credential. Set {names}, then press Resume."

    # the answer ------------------------------------------------------------------------------------------

    def _answer(self, response: httpx.Response, what: str, *, write: bool) -> Any:
        media = response.headers.get("content-type", "")
        if not response.content:
            return None
        if is_json(media):
            try:
                return json.loads(response.content)
            except ValueError:
                raise self._http.fault(what, write=write).nonsense("its JSON is broken") from None
        if media.startswith("text/") and "html" not in media:
            return response.text
        raise self._http.fault(what, write=write).nonsense(f"it is {media or 'of no named kind'}, not JSON")


def opened(settings: ServiceSettings) -> OpenAPI:
    """The connector of an added service, which answers for `service(name)`."""
    fields = {"__doc__": f"The service {settings.name}.", "slug": settings.name}
    made = type(settings.name.capitalize(), (OpenAPI, service(settings.name)), fields)
    connector: OpenAPI = made(settings)
    return connector
