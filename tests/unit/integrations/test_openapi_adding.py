"""Taking OpenAPI documents into a project: what is read, refused, followed and chosen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integrations.added.rules import BadRules, digest_of, read_rules
from integrations.added.settings import ServiceSettings
from integrations.errors import InvalidRequest
from integrations.openapi.adding import changes, rules_text, take
from integrations.openapi.connector import OpenAPI, opened
from integrations.openapi.document import OTHERS, BadDocument
from integrations.openapi.rules import Rules
from tests.servers.added import SHOP

HOME = "https://docs.example.org/api/openapi.json"


def document(paths: Any, version: str = "3.1.0", **more: Any) -> bytes:
    return json.dumps({"openapi": version, "info": {"title": "T", "version": "1"}, "paths": paths, **more}).encode()


def get(operation_id: str = "", **more: Any) -> dict[str, Any]:
    named = {"operationId": operation_id} if operation_id else {}
    return {"get": {**named, "responses": {"200": {"description": "It."}}, **more}}


def connector(folder: Path, content: bytes, follow: Any = None) -> OpenAPI:
    """What is made of a document, with nothing of it called yet."""
    taken = take("t", content, HOME, follow)
    (folder / "t.json").write_text(taken.text)
    text = rules_text("T", "http://127.0.0.1:9", HOME, "t.json", digest_of(taken.text.encode()), taken.auth)
    return opened(ServiceSettings(name="t", folder=folder, rules=text))


def test_yaml_is_read_as_json_would_be() -> None:
    taken = take("shop", SHOP.read_bytes(), HOME)
    assert list(taken.document.operations) == [
        "orders_list", "orders_create", "get_order", "orders_replace", "orders_delete", "post_orders_id_notes",
        "search", "upload_label",
    ]  # fmt: skip
    kept = json.loads(taken.text)
    assert kept["paths"]["/orders"]["get"]["responses"].keys() == {"200"}
    assert kept["components"]["schemas"]["Order"]["allOf"][1]["properties"]["due"]["example"] == "2026-12-24"
    assert taken.url == "https://eu.shop.example.org/v2"
    assert taken.auth == {"token": {"type": "http", "scheme": "bearer"}}, "one token is less to fill in than two keys"


REFUSED: list[tuple[bytes, str]] = [
    (b"<html>", "holds no OpenAPI document"),
    (b"a: [", "neither JSON nor YAML"),
    (b'{"swagger": "2.0"}', "is Swagger 2.0"),
    (b'{"openapi": "4.0.0"}', "no OpenAPI document of 3.0 or 3.1"),
    (document({}), "has no operations"),
    (document({"/a": {"$ref": "#/components/pathItems/none"}}), "where nothing is"),
    (document({"/a": {"$ref": "#/paths/~1a"}}), "refers in a circle"),
    (document({"/a": {"$ref": "other.yaml#/a"}}), "does not fetch unasked: https://docs.example.org/api/other.yaml"),
]


@pytest.mark.parametrize(("content", "words"), REFUSED)
def test_what_can_not_be_taken_is_told(content: bytes, words: str) -> None:
    with pytest.raises(BadDocument, match=words):
        take("t", content, HOME)


def test_other_documents_are_followed_when_told_to_and_kept(tmp_path: Path) -> None:
    others = {
        "https://docs.example.org/api/items/item.yaml": (
            b"get: {operationId: getItem, parameters: [{$ref: 'parts.yaml#/Id'}]}"
        ),
        "https://docs.example.org/api/items/parts.yaml": (
            b"Id: {in: query, name: id, required: true, schema: {$ref: '#/Number'}}\nNumber: {type: integer}"
        ),
    }
    asked = []

    def follow(uri: str) -> bytes:
        asked.append(uri)
        return others[uri]

    made = connector(tmp_path, document({"/item": {"$ref": "items/item.yaml"}}), follow)
    assert sorted(asked) == sorted(others)
    assert made.document.content[OTHERS].keys() == set(others)
    with pytest.raises(InvalidRequest, match="id: 'x' is not of type 'integer'"):
        made.call("getItem", id="x")


def test_names_are_the_same_in_whatever_order_operations_come() -> None:
    one, other = {"/a": get("get-thing")}, {"/b": get("getThing")}
    for paths in ({**one, **other}, {**other, **one}):
        found = take("t", document(paths), HOME).document
        assert {name: op.path for name, op in found.operations.items()} == {
            "get_thing_get_a": "/a", "get_thing_get_b": "/b"
        }  # fmt: skip
        assert found.operation("getThing").path == "/b"
    unnamed = take("t", document({"/a/{id}": get()}), HOME).document
    assert unnamed.operation("get /a/{id}").name == "get_a_id"


def test_nullable_is_a_matter_of_the_version(tmp_path: Path) -> None:
    old = get("o", parameters=[{"name": "n", "in": "query", "schema": {"type": "string", "nullable": True}}])
    new = get("o", parameters=[{"name": "n", "in": "query", "schema": {"type": ["string", "null"]}}])
    for version, paths in (("3.0.3", old), ("3.1.0", new)):
        made = connector(tmp_path, document({"/a": paths}, version))
        operation = made.document.operation("o")
        made.requests.made(operation, {"n": None}, None)
        with pytest.raises(InvalidRequest, match="n: 7"):
            made.requests.made(operation, {"n": 7}, None)


def test_schemes_that_baton_can_use_are_chosen() -> None:
    schemes = {
        "mtls": {"type": "mutualTLS"}, "basic": {"type": "http", "scheme": "Basic"},
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"}, "oauth": {"type": "oauth2", "flows": {}},
    }  # fmt: skip

    def chosen(*security: str) -> list[str]:
        content = document(
            {"/a": get()}, security=[{one: []} for one in security], components={"securitySchemes": schemes}
        )
        return list(take("t", content, HOME).auth)

    assert chosen("mtls") == []
    assert chosen("mtls", "basic", "key") == ["key"]
    assert chosen("key", "oauth") == ["oauth"], "a token is put in as bearer, wherever it was got"
    of_operation = document({"/a": get(security=[{"key": []}])}, components={"securitySchemes": schemes})
    assert list(take("t", of_operation, HOME).auth) == ["key"]


def test_changes_are_told_operation_by_operation() -> None:
    before = take("t", document({"/a": get("a"), "/b": get("b"), "/c": get("c")}), HOME).document
    after = take("t", document({"/a": get("a"), "/b": get("b", summary="New"), "/d": get("d")}), HOME).document
    assert changes(before, after) == ["- c", "+ d", "~ b"]
    assert changes(before, before) == []


BAD: list[tuple[str, str]] = [
    ("kind = ", "no TOML"),
    ('url = "http://x"\ndocument = "a"\ndigest = "d"\nlimt = "1/s"', "limt: Extra inputs"),
    ('url = "ftp://x"\ndocument = "a"\ndigest = "d"', "url: is no web address"),
    ('url = "http://x"\ndocument = "a"\ndigest = "d"\nlimit = "fast"', "limit: 'fast' is no rate"),
    ('url = "http://x"\ndocument = "a"\ndigest = "d"\n[auth.k]\ntype = "apiKey"', "an apiKey needs"),
    ('url = "http://x"\ndocument = "a"\ndigest = "d"\n[auth.k]\ntype = "http"', "http needs"),
]


@pytest.mark.parametrize(("text", "words"), BAD)
def test_rules_that_can_not_be_used_are_told(text: str, words: str) -> None:
    with pytest.raises(BadRules, match=words):
        read_rules(Rules, text)


def test_null_is_allowed_beside_alternatives_and_what_is_read_only_in_a_path(tmp_path: Path) -> None:
    number = {"type": "integer", "readOnly": True}
    either = {"nullable": True, "oneOf": [{"type": "string"}, number]}
    content = {"application/json": {"schema": {"type": "object", "properties": {"either": either, "number": number}}}}
    of_path = [{"name": "n", "in": "path", "required": True, "schema": number}]
    path = {"/a/{n}": {"put": {"operationId": "o", "parameters": of_path, "requestBody": {"content": content}}}}
    made = connector(tmp_path, document(path, "3.0.3"))
    operation = made.document.operation("o")
    made.requests.made(operation, {"n": 1, "either": None}, None)
    with pytest.raises(InvalidRequest, match="no argument number"):
        made.requests.made(operation, {"n": 1, "number": 1}, None)
    with pytest.raises(InvalidRequest, match="read-only"):
        made.requests.made(operation, {"n": 1, "request_body": {"number": 1}}, None)


def test_a_discriminator_that_leads_nowhere_is_left_out(tmp_path: Path) -> None:
    def body(ref: str) -> bytes:
        kinds = [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]
        schema = {"oneOf": kinds, "discriminator": {"propertyName": "kind", "mapping": {"a": ref}}}
        content = {"application/json": {"schema": schema}}
        schemas = {
            name: {"type": "object", "required": ["kind"], "properties": {"kind": {"const": name.lower()}}}
            for name in "AB"
        }
        post = {"operationId": "o", "requestBody": {"content": content}}
        return document({"/a": {"post": post}}, components={"schemas": schemas})

    for ref in ("#/components/schemas/A", "models/a.yml#/a"):
        made = connector(tmp_path, body(ref))
        operation = made.document.operation("o")
        made.requests.made(operation, {"kind": "a"}, None)
        with pytest.raises(InvalidRequest):
            made.requests.made(operation, {"kind": "c"}, None)
