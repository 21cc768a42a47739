"""An OpenAPI document: its operations by name, and its references. Nothing is worked out before it is asked for."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urljoin

from integrations.errors import NotConnected
from integrations.services import action_name

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
OTHERS = "x-baton-documents"
"""Under this name the kept document holds those that it refers to."""
DEEPEST = 50
"""So many references in a row are followed."""


class BadDocument(NotConnected):
    """The document can't be used as it is."""


@dataclass(frozen=True)
class Node:
    """A place in a document, and what is there."""

    uri: str
    pointer: str
    value: Any

    @property
    def ref(self) -> str:
        """The place as a whole reference."""
        return f"{self.uri}#{self.pointer}"

    def at(self, *keys: str | int) -> Node:
        """The place below; its value is None when there is nothing."""
        value, pointer = self.value, self.pointer
        for key in keys:
            inside = isinstance(value, Mapping) if isinstance(key, str) else isinstance(value, list)
            there = inside and (key in value if isinstance(key, str) else key < len(value))
            value = value[key] if there else None
            pointer = f"{pointer}/{_escaped(str(key))}"
        return Node(self.uri, pointer, value)


@dataclass(frozen=True)
class Operation:
    """One operation, as far as the index of a document says."""

    name: str
    """As histories and the rules call it."""
    id: str
    """As the document calls it; the method and path when it does not."""
    method: str
    path: str
    title: str
    node: Node

    @property
    def reads(self) -> bool:
        """Whether HTTP says that it changes nothing."""
        return self.method in {"GET", "HEAD", "OPTIONS", "TRACE"}


class Document:
    """The document of one service, called `name` in what is told of it."""

    def __init__(self, name: str, content: Mapping[str, Any], uri: str) -> None:
        self.name = name
        self.uri = uri
        self.content = content

    @property
    def version(self) -> str:
        """`3.0`, `3.1` or `3.2`."""
        return ".".join(str(self.content.get("openapi", "")).split(".")[:2])

    @cached_property
    def whole(self) -> Mapping[str, Any]:
        """Every document by its address: this one, and those that it refers to."""
        return {**self.content.get(OTHERS, {}), self.uri: self.content}

    @cached_property
    def operations(self) -> Mapping[str, Operation]:
        """Every operation by name, in the document's order."""
        found = list(self._operations())
        counts = Counter(one.name for one in found)
        by_name: dict[str, Operation] = {}
        for one in found:
            name = one.name if counts[one.name] == 1 else action_name(f"{one.name} {one.method} {one.path}")
            if name in by_name:
                other = by_name[name]
                raise BadDocument(
                    f"The document of {self.name} gives {other.method} {other.path} and {one.method} {one.path} the "
                    f"same name, {name}. Give one of them another operationId in the document"
                )
            by_name[name] = Operation(name, one.id, one.method, one.path, one.title, one.node)
        return by_name

    @cached_property
    def _by_id(self) -> Mapping[str, Operation]:
        return {one.id: one for one in self.operations.values()}

    def operation(self, wanted: str) -> Operation:
        """The operation of this name, operationId or `METHOD /path`; raises BadDocument that says what is near."""
        method, _, path = wanted.partition(" ")
        found = self._by_id.get(wanted) or self.operations.get(action_name(wanted))
        if found is None and path:
            found = next((o for o in self.operations.values() if (o.method, o.path) == (method.upper(), path)), None)
        if found is None:
            near = difflib.get_close_matches(wanted, self._by_id, n=3) or [
                self.operations[name].id
                for name in difflib.get_close_matches(action_name(wanted), self.operations, n=3)
            ]
            hint = f"Near it: {', '.join(near)}." if near else "None has a name like it."
            raise BadDocument(
                f"{self.name} has no operation {wanted!r}. {hint} `baton connectors show {self.name}` lists all"
            )
        return found

    def follow(self, node: Node) -> Node:
        """What a place stands for, through references of any number; raises BadDocument for one that leads nowhere."""
        for _ in range(DEEPEST):
            if not (isinstance(node.value, Mapping) and isinstance(node.value.get("$ref"), str)):
                return node
            node = self.look_up(urljoin(node.uri, node.value["$ref"]))
        raise BadDocument(f"The document of {self.name} refers in a circle at {node.ref}. Correct it")

    def look_up(self, ref: str) -> Node:
        """The place that a whole reference names."""
        uri, _, pointer = ref.partition("#")
        if uri not in self.whole:
            raise BadDocument(
                f"The document of {self.name} refers to {uri}, which is not kept. Add the connector again with "
                "--follow-references"
            )
        node = Node(uri, "", self.whole[uri])
        for part in unquote(pointer).split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            node = node.at(int(key) if isinstance(node.value, list) and key.isdigit() else key)
            if node.value is None:
                raise BadDocument(f"The document of {self.name} refers to {ref}, where nothing is. Correct it")
        return node

    def _operations(self) -> Iterator[Operation]:
        root = Node(self.uri, "", self.content)
        for path in _keys(root.at("paths")):
            item = self.follow(root.at("paths", path))
            for method in METHODS:
                node = item.at(method)
                if not isinstance(node.value, Mapping):
                    continue
                id_ = str(node.value.get("operationId") or f"{method.upper()} {path}")
                yield Operation(action_name(id_), id_, method.upper(), path, _title(node, id_), node)


def _title(node: Node, id_: str) -> str:
    """The first sentence of what a document says of an operation, without markup."""
    text = re.sub(r"<[^>]+>", " ", str(node.value.get("summary") or node.value.get("description") or id_))
    first = " ".join(text.split()).split(". ")[0].rstrip(". ")
    return (first[:1].upper() + first[1:])[:120] or id_


def _keys(node: Node) -> Sequence[str]:
    return [str(key) for key in node.value] if isinstance(node.value, Mapping) else []


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
