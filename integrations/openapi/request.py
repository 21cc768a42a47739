"""From the arguments of a call to its request: named, checked by their schemas, and put where the document says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from integrations.added.complaints import unknown_argument
from integrations.errors import InvalidRequest
from integrations.openapi.checking import Checker
from integrations.openapi.document import BadDocument, Document, Node, Operation
from integrations.openapi.finding import marked
from integrations.openapi.rules import OperationRules, Rules
from integrations.openapi.signature import WHOLE_BODY, Body, Signature, item_of, signature_of
from integrations.openapi.wire import Pairs, body_options, header_text, path_text, query_pairs


@dataclass(frozen=True)
class Request:
    """What is to be sent: the path or whole address, and what httpx takes beside it."""

    path: str
    options: Mapping[str, Any]


class Requests:
    """Makes the requests of one service."""

    def __init__(self, name: str, rules: Rules, document: Document) -> None:
        self._name = name
        self._rules = rules
        self._document = document
        self._checker = Checker(document)
        self._signatures: dict[str, Signature] = {}

    def signature(self, operation: Operation) -> Signature:
        """What an operation takes, worked out once."""
        if operation.name not in self._signatures:
            self._signatures[operation.name] = signature_of(self._document, operation)
        return self._signatures[operation.name]

    def rules_for(self, operation: Operation) -> OperationRules:
        """What the project says of one operation."""
        return self._own_rules.get(operation.name, OperationRules())

    @cached_property
    def _own_rules(self) -> Mapping[str, OperationRules]:
        return {self._document.operation(name).name: rules for name, rules in self._rules.operations.items()}

    def made(self, operation: Operation, arguments: Mapping[str, Any], key: str | None) -> Request:
        """The request of one call; raises InvalidRequest for arguments that don't fit."""
        signature = self.signature(operation)
        self._check_names(operation, signature, arguments)
        path, headers = operation.path, dict[str, str]()
        query, cookies = Pairs(), Pairs()
        for argument, parameter in signature.parameters.items():
            if argument not in arguments or (arguments[argument] is None and not parameter.required):
                continue
            value = arguments[argument]
            if parameter.schema is not None:
                self._checked(operation, parameter.schema, value, argument)
            if parameter.place == "path":
                path = path.replace(f"{{{parameter.name}}}", path_text(parameter, value))
            elif parameter.place == "header":
                headers[parameter.name] = header_text(parameter, value)
            else:
                (query if parameter.place == "query" else cookies).extend(query_pairs(parameter, value))
        options = self._body(operation, signature.body, arguments, key) if signature.body else {}
        headers |= options.pop("headers", {}) | self._keyed(operation, key)
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies)
        if query:
            options["params"] = query
        return Request(self._address(operation) + path, options | {"headers": headers})

    def _check_names(self, operation: Operation, signature: Signature, arguments: Mapping[str, Any]) -> None:
        known = signature.arguments
        unknown = [name for name in arguments if name not in known]
        if unknown:
            raise self._wrong(operation, unknown_argument(unknown[0], known))
        missing = [a for a, p in signature.parameters.items() if p.required and arguments.get(a) is None]
        if missing:
            raise self._wrong(operation, f"{', '.join(missing)} must be given.")

    def _body(self, operation: Operation, body: Body, arguments: Mapping[str, Any], key: str | None) -> dict[str, Any]:
        given = {field.name: arguments[name] for name, field in body.fields.items() if name in arguments}
        if WHOLE_BODY in arguments:
            if given:
                raise self._wrong(operation, f"give either {WHOLE_BODY} or its parts ({', '.join(given)}), not both.")
            value = arguments[WHOLE_BODY]
        elif body.fields:
            value = given
        elif body.required:
            raise self._wrong(operation, f"{WHOLE_BODY} must be given ({body.media}).")
        else:
            return {}
        files = [name for name, field in body.fields.items() if field.is_file and name in arguments]
        if files:
            raise self._wrong(operation, f"{files[0]} is a file, which can't be sent this way. Write a step for it.")
        if not (value or body.required or WHOLE_BODY in arguments):
            return {}
        value = marked(value, self.rules_for(operation).mark, key, arguments)
        if body.schema is not None:
            what = "the body" if WHOLE_BODY in arguments else ""
            self._checked(operation, body.schema, value, what, body=True)
        return body_options(body, value)

    def _checked(self, operation: Operation, schema: Node, value: Any, what: str, *, body: bool = False) -> None:
        if not self.rules_for(operation).check:
            return
        try:
            self._checker.check(schema, value, what, body=body)
        except InvalidRequest as error:
            raise self._wrong(operation, f"{error}.") from None

    def _wrong(self, operation: Operation, words: str) -> InvalidRequest:
        """The error for arguments that don't fit; nothing was sent."""
        shown = f"`baton connectors show {self._name} {operation.name}` tells what it takes."
        return InvalidRequest(f"{operation.id} of {self._name} was not called: {words} {shown}")

    def key_header(self, operation: Operation) -> str:
        """The header in which the service takes an idempotency key with this operation; "" for none."""
        own = self.rules_for(operation).idempotency_key
        if own is not None:
            return own
        return self._rules.idempotency_key if operation.method in {"POST", "PATCH"} else ""

    def _keyed(self, operation: Operation, key: str | None) -> dict[str, str]:
        name = self.key_header(operation)
        return {name: key} if name and key else {}

    def _address(self, operation: Operation) -> str:
        """Where an operation is, if elsewhere than the others; only the project's file may send a credential there."""
        own = self.rules_for(operation).url
        if own:
            return own.rstrip("/")
        servers = (
            operation.node.at("servers", 0, "url").value
            or item_of(self._document, operation).at("servers", 0, "url").value
        )
        if isinstance(servers, str) and "{" not in servers:
            there, here = urlsplit(servers), urlsplit(self._rules.url)
            if there.netloc and there.netloc != here.netloc:
                raise BadDocument(
                    f"{operation.id} of {self._name} is served at {servers}. If your credential may go there, write it "
                    f'into {self._name}.toml: [operations.{operation.name}] url = "{servers}"'
                )
        return ""
