"""What an operation takes: its parameters and the parts of its body, under the names that authors give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from integrations.openapi.document import BadDocument, Document, Node, Operation

WHOLE_BODY = "request_body"
"""The argument that gives a body as it is."""
PLACES = ("path", "query", "header", "cookie")
OURS = frozenset({"accept", "content-type", "authorization"})
"""Headers that are no parameters, whatever a document says."""
STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"


@dataclass(frozen=True)
class Parameter:
    """One parameter: how an author calls it, and how it goes over the wire."""

    argument: str
    name: str
    place: str
    required: bool
    style: str
    explode: bool
    schema: Node | None
    as_json: bool = False
    words: str = ""


@dataclass(frozen=True)
class Field:
    """One property of a body."""

    name: str
    required: bool
    schema: Node
    words: str = ""
    is_file: bool = False


@dataclass(frozen=True)
class Body:
    """What goes into a request's body."""

    media: str
    required: bool
    schema: Node | None
    fields: Mapping[str, Field]
    """By argument; empty for what is no object."""
    encoding: Mapping[str, Any]


@dataclass(frozen=True)
class Signature:
    """Everything that an operation takes."""

    parameters: Mapping[str, Parameter]
    """By argument."""
    body: Body | None

    @property
    def arguments(self) -> list[str]:
        """The names of all arguments."""
        more = [*self.body.fields, WHOLE_BODY] if self.body else []
        return [*self.parameters, *more]


def signature_of(document: Document, operation: Operation) -> Signature:
    """What `operation` takes; raises BadDocument for what the document leaves open."""
    parameters = _parameters(document, operation)
    return Signature(parameters, _body(document, operation, frozenset(parameters)))


def is_json(media: str) -> bool:
    """Whether a media type is JSON."""
    plain = media.partition(";")[0].strip().lower()
    return plain == JSON or plain.endswith("+json")


def _argument(name: str) -> str:
    """A name as Python can write it: `If-Match` is `if_match`, `filter[state]` is `filter_state`."""
    if name.isidentifier():
        return name
    plain = re.sub(r"\W+", "_", name).strip("_").lower()
    return plain if plain.isidentifier() else f"_{plain}"


def _parameters(document: Document, operation: Operation) -> dict[str, Parameter]:
    found: dict[tuple[str, str], Node] = {}
    for owner in (item_of(document, operation), operation.node):
        for node in _listed(document, owner.at("parameters")):
            place, name = str(node.value.get("in", "")), str(node.value.get("name", ""))
            if place in PLACES and name and not (place == "header" and name.lower() in OURS):
                found[place, name] = node
    by_argument: dict[str, Parameter] = {}
    for place, name in sorted(found, key=lambda key: PLACES.index(key[0])):
        argument = _argument(name)
        if argument in by_argument:
            argument = f"{argument}_in_{place}"
        by_argument[argument] = _parameter(document, argument, found[place, name])
    return by_argument


def item_of(document: Document, operation: Operation) -> Node:
    """The path's own node, which an operation shares with others."""
    return document.look_up(f"{operation.node.uri}#{operation.node.pointer.rpartition('/')[0]}")


def _parameter(document: Document, argument: str, node: Node) -> Parameter:
    value, place = node.value, str(node.value["in"])
    style = str(value.get("style") or STYLES[place])
    content = node.at("content")
    as_json = isinstance(content.value, Mapping) and bool(content.value)
    schema = content.at(next(iter(content.value)), "schema") if as_json else node.at("schema")
    return Parameter(
        argument, str(value["name"]), place, place == "path" or bool(value.get("required")), style,
        bool(value.get("explode", style == "form")), schema if schema.value is not None else None, as_json,
        _words(document, node, schema),
    )  # fmt: skip


def _listed(document: Document, node: Node) -> Iterator[Node]:
    for index in range(len(node.value) if isinstance(node.value, list) else 0):
        one = document.follow(node.at(index))
        if isinstance(one.value, Mapping):
            yield one


def _body(document: Document, operation: Operation, taken: frozenset[str]) -> Body | None:
    node = document.follow(operation.node.at("requestBody"))
    content = node.at("content")
    if not isinstance(content.value, Mapping) or not content.value:
        return None
    media = _best([str(one) for one in content.value])
    schema = content.at(media, "schema")
    required = bool(node.value.get("required"))
    if schema.value is None:
        return Body(media, required, None, {}, {})
    fields: dict[str, Field] = {}
    needed: set[str] = set()
    if is_json(media) or media in {FORM, MULTIPART}:
        for name, one in _properties(document, schema, set(), needed):
            argument = _argument(name)
            if argument not in taken and argument != WHOLE_BODY and not _is(document, one, "readOnly", wanted=True):
                is_file = media == MULTIPART and _is(document, one, "format", "binary")
                fields.setdefault(argument, Field(name, False, one, _words(document, one, one), is_file))
    fields = {argument: replace(one, required=one.name in needed) for argument, one in fields.items()}
    return Body(media, required, schema, fields, content.at(media, "encoding").value or {})


def _best(medias: list[str]) -> str:
    """The way a body is sent, when a document offers several."""
    return min(medias, key=lambda one: (not is_json(one), one != FORM, one != MULTIPART, medias.index(one)))


def _properties(
    document: Document, node: Node, seen: set[str], needed: set[str], *, surely: bool = True
) -> Iterator[tuple[str, Node]]:
    """The properties of an object, of all its parts and alternatives; `needed` gathers those it can't do without."""
    node = document.follow(node)
    if node.ref in seen or not isinstance(node.value, Mapping):
        return
    seen.add(node.ref)
    if surely:
        needed.update(map(str, node.value.get("required") or ()))
    for name in node.value.get("properties") or ():
        yield str(name), node.at("properties", str(name))
    for keyword in ("allOf", "oneOf", "anyOf"):
        parts = node.at(keyword)
        for index in range(len(parts.value) if isinstance(parts.value, list) else 0):
            yield from _properties(document, parts.at(index), seen, needed, surely=surely and keyword == "allOf")


def _is(document: Document, node: Node, name: str, wanted: object) -> bool:
    value = document.follow(node).value
    return isinstance(value, Mapping) and value.get(name) == wanted


def _words(document: Document, node: Node, schema: Node) -> str:
    """What a document says of a parameter or property, in one line."""
    for one in (node, schema):
        try:
            value = document.follow(one).value
        except BadDocument:
            continue
        if isinstance(value, Mapping) and value.get("description"):
            return " ".join(str(value["description"]).split())
    return ""
