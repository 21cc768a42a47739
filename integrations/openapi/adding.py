"""Taking an OpenAPI document into a project: read, completed, looked through, and told what it comes to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import yaml

from integrations.openapi.document import OTHERS, BadDocument, Document, Node
from integrations.openapi.rules import KIND

VERSIONS = ("3.0", "3.1", "3.2")
MOST_DOCUMENTS = 200
"""So many documents are followed at most."""
Fetch = Callable[[str], bytes]


class _Plain(yaml.SafeLoader):
    """YAML as JSON has it: a date stays the text that it is."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Taken:
    """What is written into the project for one service."""

    document: Document
    text: str
    """The document as it is kept."""
    url: str
    """Where the service is; "" when the document does not say."""
    auth: Mapping[str, Mapping[str, str]]
    """The security schemes that are used, as the rules write them."""


def parsed(content: bytes, where: str) -> dict[str, Any]:
    """A document's content from JSON or YAML; raises BadDocument."""
    try:
        value = json.loads(content)
    except ValueError:
        try:
            value = json.loads(json.dumps(yaml.load(content, Loader=_Plain)))  # noqa: S506 - a safe loader it is
        except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
            said = " ".join(str(error).split())[:200]
            raise BadDocument(f"{where} is neither JSON nor YAML: {said}") from None
    if not isinstance(value, dict):
        raise BadDocument(f"{where} holds no OpenAPI document.")
    return value


def take(name: str, content: bytes, source: str, follow: Fetch | None = None) -> Taken:
    """What `content` comes to as the service `name`; raises BadDocument that says why it can't be used.

    `follow` fetches the documents that it refers to; without it nothing is fetched, and such references are refused.
    """
    value = parsed(content, source)
    if "swagger" in value:
        raise BadDocument(
            f"{source} is Swagger {value['swagger']}, and Baton reads OpenAPI 3.0 and 3.1. Convert it first, for "
            "instance with https://converter.swagger.io."
        )
    document = Document(name, value, source)
    if document.version not in VERSIONS:
        raise BadDocument(f"{source} is no OpenAPI document of 3.0 or 3.1: its `openapi` is {value.get('openapi')!r}.")
    others = _followed(value, source, follow)
    if others:
        value[OTHERS] = others
    if not document.operations:
        raise BadDocument(f"{source} has no operations.")
    for operation in document.operations.values():
        document.follow(operation.node)
    _drop_lost_discriminators(document)
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    return Taken(document, text, _url_of(value, source), _auth_of(document))


def changes(before: Document, after: Document) -> list[str]:
    """What differs between two documents, a line for each operation."""
    lines = [f"- {name}" for name in before.operations if name not in after.operations]
    lines += [f"+ {name}" for name in after.operations if name not in before.operations]
    for name, old in before.operations.items():
        new = after.operations.get(name)
        if new is not None and (old.method, old.path, old.node.value) != (new.method, new.path, new.node.value):
            lines.append(f"~ {name}")
    return lines


# -----------------------------------------------------------------------------------------------------------


def _followed(value: Mapping[str, Any], source: str, follow: Fetch | None) -> dict[str, Any]:
    """The documents that this one refers to, and those that they refer to."""
    found: dict[str, Any] = {}
    waiting = _elsewhere(value, source) - {source}
    if waiting and follow is None:
        some = ", ".join(sorted(waiting)[:3])
        raise BadDocument(
            f"The document refers to {len(waiting)} other{'s' if len(waiting) > 1 else ''}, which Baton does not fetch "
            f"unasked: {some}. Look at them, then add it with --follow-references."
        )
    while waiting and follow is not None:
        uri = waiting.pop()
        if len(found) >= MOST_DOCUMENTS:
            raise BadDocument(f"The document refers to more than {MOST_DOCUMENTS} others. Bundle it first.")
        found[uri] = parsed(follow(uri), uri)
        waiting |= _elsewhere(found[uri], uri) - {source} - set(found)
    return found


def _elsewhere(value: Any, base: str) -> set[str]:
    return {urldefrag(urljoin(base, ref)).url for ref in _refs(value)} - {base}


def _refs(value: Any) -> Iterator[str]:
    return (one["$ref"] for one in _objects(value) if isinstance(one.get("$ref"), str))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            yield one
        if isinstance(one, dict | list):
            stack.extend(one.values() if isinstance(one, dict) else one)


def _drop_lost_discriminators(document: Document) -> None:
    """Leave out discriminators that lead nowhere, as bundlers leave them behind: they are hints, and what they stand
    beside says the same.
    """
    for uri, content in document.whole.items():
        for one in _objects(content):
            hint = one.get("discriminator")
            mapping = hint.get("mapping") if isinstance(hint, dict) else None
            refs = [str(ref) for ref in mapping.values()] if isinstance(mapping, dict) else []
            if not all(_leads(document, urljoin(uri, ref)) for ref in refs):
                del one["discriminator"]


def _leads(document: Document, ref: str) -> bool:
    try:
        document.look_up(ref)
    except BadDocument:
        return False
    return True


def _url_of(value: Mapping[str, Any], source: str) -> str:
    """The address of the first server, with its variables' defaults."""
    node = Node(source, "", value).at("servers", 0)
    url = node.at("url").value
    if not isinstance(url, str) or not url:
        return ""
    for name, variable in (node.at("variables").value or {}).items():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    whole = urljoin(source, url)
    return whole.rstrip("/") if urlsplit(whole).scheme in ("http", "https") else ""


def _auth_of(document: Document) -> dict[str, dict[str, str]]:
    """The schemes of the first alternative that Baton can use: those of the document, or else of its operations."""
    root = Node(document.uri, "", document.content)
    schemes = root.at("components", "securitySchemes")
    asked: list[Any] = list(root.at("security").value or ())
    if not asked:
        for operation in document.operations.values():
            asked += [one for one in operation.node.at("security").value or () if one not in asked]
    if not asked and isinstance(schemes.value, Mapping):
        asked = [{name: []} for name in schemes.value]
    usable: list[dict[str, dict[str, str]]] = []
    for alternative in asked:
        made = {str(name): _scheme(document.follow(schemes.at(str(name))).value) for name in alternative}
        if made and all(made.values()):
            usable.append({name: one for name, one in made.items() if one is not None})
    return min(usable, key=_effort, default={})


def _scheme(value: Any) -> dict[str, str] | None:
    """One scheme as the rules write it; None for what Baton can't do."""
    if not isinstance(value, Mapping):
        return None
    kind, scheme = value.get("type"), str(value.get("scheme", "")).lower()
    if kind == "apiKey" and value.get("in") in ("header", "query", "cookie") and value.get("name"):
        return {"type": "apiKey", "in": str(value["in"]), "name": str(value["name"])}
    if kind == "http" and scheme in ("basic", "bearer"):
        return {"type": "http", "scheme": scheme}
    if kind in ("oauth2", "openIdConnect"):  # with a token that was got elsewhere
        return {"type": "http", "scheme": "bearer"}
    return None


def _effort(schemes: Mapping[str, Mapping[str, str]]) -> tuple[int, bool]:
    """How much is to be filled in: a bearer token comes before a key, and a key before a user and password."""
    basic = sum(one.get("scheme") == "basic" for one in schemes.values())
    return len(schemes) + basic, any(one["type"] == "apiKey" for one in schemes.values())


def rules_text(title: str, url: str, source: str, file: str, digest: str, auth: Mapping[str, Mapping[str, str]]) -> str:
    """The TOML file of a service that was just added."""
    lines = [
        f"kind = {_quoted(KIND)}", f"title = {_quoted(title)}", f"url = {_quoted(url)}",
        f"source = {_quoted(source)}", f"document = {_quoted(file)}", f"digest = {_quoted(digest)}",
        "", "# What may be added here and below is told in docs/howto/add-a-service.md: limits, headers, idempotency.",
    ]  # fmt: skip
    for name, scheme in auth.items():
        lines += ["", f"[auth.{_quoted(name)}]", *(f"{key} = {_quoted(text)}" for key, text in scheme.items())]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
