"""Arguments against their schemas, before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from jsonschema import validators
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.protocols import Validator
from openapi_schema_validator import OAS30Validator, OAS30WriteValidator, OAS31Validator
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT4, DRAFT202012

from integrations.added.complaints import complaint, short
from integrations.errors import InvalidRequest
from integrations.openapi.document import BadDocument, Document, Node


def _unless_null(check: Callable[..., Iterable[ValidationError]]) -> Callable[..., Iterable[ValidationError]]:
    """`nullable` beside alternatives allows null too, as documents mean it; the letter of 3.0 ties it to `type`."""

    def checked(
        validator: Validator, value: Any, instance: Any, schema: Mapping[str, Any]
    ) -> Iterable[ValidationError]:
        return () if instance is None and schema.get("nullable") is True else check(validator, value, instance, schema)

    return checked


_extended: Callable[..., Any] = validators.extend  # its stub has no types
_LENIENT = ("allOf", "anyOf", "oneOf", "enum")
OLD_VALUE, OLD_BODY = (
    _extended(kind, {name: _unless_null(kind.VALIDATORS[name]) for name in _LENIENT})
    for kind in (OAS30Validator, OAS30WriteValidator)
)
"""What 3.0 allows a parameter to be, and a body: that holds no properties that are read only."""


class Checker:
    """Checks values by the schemas of a document, each of which is read when it is first needed."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._known: dict[tuple[str, bool], Validator] = {}

    def check(self, schema: Node, value: Any, what: str, *, body: bool = False) -> None:
        """Raise InvalidRequest when `value` is not what `schema` says; `what` names it for people."""
        validator = self._known.get((schema.ref, body))
        if validator is None:
            kind = self._kind(body=body)
            validator = kind({"$ref": schema.ref}, registry=self._registry, format_checker=kind.FORMAT_CHECKER)
            self._known[schema.ref, body] = validator
        try:
            error = best_match(validator.iter_errors(value))
        except (Unresolvable, re.error, RecursionError) as trouble:
            said = str(trouble) or type(trouble).__name__
            raise BadDocument(
                f"The document of {self._document.name} can't be read at the schema of {what}: {short(said)}"
            ) from None
        if error is not None:
            raise InvalidRequest(complaint(error, what))

    def _kind(self, *, body: bool) -> Any:
        if self._document.version != "3.0":
            return OAS31Validator
        return OLD_BODY if body else OLD_VALUE

    @cached_property
    def _registry(self) -> Registry[Any]:
        """The document alone: what it refers to elsewhere was kept with it, or is an error; nothing is fetched."""
        dialect = DRAFT4 if self._document.version == "3.0" else DRAFT202012
        whole: Mapping[str, Any] = self._document.whole
        made: Registry[Any] = Registry().with_resources(
            (uri, dialect.create_resource(content)) for uri, content in whole.items()
        )
        return made
