"""Published documents of real services: every operation is read, and calls pass a server that holds to the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from integrations.errors import ConnectorError, InvalidRequest
from integrations.openapi.connector import OpenAPI
from integrations.openapi.document import Document, Node, Operation
from tests.servers.added import added_service
from tests.servers.documents import DIGITALOCEAN, GITHUB, STRIPE, HoldingServer, Published, holding

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("documents")]
DEEPEST = 6


@dataclass(frozen=True)
class Service:
    """One published document, and what it takes to call it."""

    published: Published
    url: str
    operations: int
    """At least so many are in it."""
    calls: Mapping[str, Mapping[str, Any]]
    wrong: tuple[str, Mapping[str, Any]]


SERVICES = (
    Service(
        GITHUB,
        "https://api.github.com",
        1_200,
        {
            "meta/root": {},
            "issues/create": {"owner": "o", "repo": "r", "title": "Ten chairs", "labels": ["a", {"name": "b"}]},
            "issues/list-for-repo": {"owner": "o", "repo": "r", "state": "all", "per_page": 5},
            "issues/update": {"owner": "o", "repo": "r", "issue_number": 7, "state": "closed", "assignees": ["ada"]},
            "repos/create-or-update-file-contents": {
                "owner": "o", "repo": "r", "path": "docs-a.md", "message": "Add", "content": "QQ=="
            },
            "checks/create": {"owner": "o", "repo": "r", "name": "lint", "head_sha": "abc", "status": "queued"},
            "actions/create-workflow-dispatch": {
                "owner": "o", "repo": "r", "workflow_id": "ci.yml", "ref": "main", "inputs": {"level": "1"}
            },
        },
        ("issues/create", {"owner": "o", "repo": "r", "title": ["no text"]}),
    ),
    Service(
        STRIPE,
        "https://api.stripe.com",
        450,
        {
            "GetBalance": {},
            "PostCustomers": {"email": "ada@example.org", "metadata": {"baton": "k"}, "expand": ["subscriptions"]},
            "GetCharges": {"limit": 3, "created": {"gte": 1_790_000_000}, "expand": ["data.customer"]},
            "PostPaymentIntents": {"amount": 1500, "currency": "eur", "automatic_payment_methods": {"enabled": True}},
            "DeleteCustomersCustomer": {"customer": "cus_1"},
        },
        ("PostPaymentIntents", {"amount": "much", "currency": "eur"}),
    ),
    Service(
        DIGITALOCEAN,
        "https://api.digitalocean.com",
        280,
        {
            "account_get": {},
            "droplets_list": {"per_page": 2, "tag_name": "web"},
            "droplets_create": {
                "request_body": {
                    "name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "ubuntu-24", "tags": ["web"]
                }
            },
            "sshKeys_create": {"public_key": "ssh-ed25519 AAAA", "name": "ada"},
            "domains_create_record": {"domain_name": "example.org", "type": "A", "name": "www", "data": "192.0.2.1"},
        },
        ("droplets_list", {"per_page": 0}),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Stage:
    service: Service
    connector: OpenAPI
    server: HoldingServer


@pytest.fixture(scope="module", params=SERVICES, ids=lambda one: one.published.name)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    service: Service = request.param
    path: Path = service.published.path()
    name = f"{service.published.name}_api"
    reader = added_service(tmp_path_factory.mktemp("read"), name, service.url, document=path)
    with holding(reader.document.content, service.url) as server:
        made = added_service(tmp_path_factory.mktemp("call"), name, server.url, document=path)
        yield Stage(service, made, server)


def test_every_operation_is_read(stage: Stage) -> None:
    operations = stage.connector.document.operations.values()
    assert len(operations) >= stage.service.operations
    for operation in operations:
        stage.connector.requests.signature(operation)
        assert stage.connector.spec(operation).title


def test_calls_are_what_the_document_allows(stage: Stage) -> None:
    for operation, arguments in stage.service.calls.items():
        assert stage.connector.call(operation, **arguments) == {"ok": True}, operation
    assert len(stage.server.asked) == len(stage.service.calls)


def test_the_server_holds_to_the_document_and_so_does_the_connector(stage: Stage) -> None:
    operation, arguments = stage.service.wrong
    before = len(stage.server.asked)
    with pytest.raises(InvalidRequest, match="was not called"):
        stage.connector.call(operation, **arguments)
    assert len(stage.server.asked) == before
    with pytest.raises(InvalidRequest):
        stage.connector._http.request("GET", "/no/such/path", what="nothing")


def test_a_call_of_every_read_with_the_least_that_it_takes(stage: Stage) -> None:
    """Made from the schemas: what our own check lets through, the other one does too."""
    failed = []
    reads = [one for one in stage.connector.document.operations.values() if one.method == "GET"][::4]
    for operation in reads:
        arguments = least(stage.connector, operation)
        try:
            stage.connector.call(operation.name, **arguments)
        except ConnectorError as error:
            if "422" in str(error) and "read-only" in str(error):
                continue  # openapi-core takes a path's parameter for a property that is written
            failed.append(f"{operation.id} {arguments}: {error}")
    assert not failed, f"{len(failed)} of {len(reads)}: {failed[:3]}"


def least(connector: OpenAPI, operation: Operation) -> dict[str, Any]:
    """The arguments that an operation can't do without."""
    signature = connector.requests.signature(operation)
    return {
        name: value_for(connector.document, one.schema)
        for name, one in signature.parameters.items()
        if one.required
    }  # fmt: skip


def value_for(document: Document, schema: Node | None, deep: int = DEEPEST) -> Any:
    """Some value that a schema allows, for the schemas that parameters have."""
    node = document.follow(schema) if schema is not None else None
    value = node.value if node is not None else {}
    for keyword in ("oneOf", "anyOf", "allOf"):
        if node is not None and value.get(keyword) and deep:
            return value_for(document, node.at(keyword, 0), deep - 1)
    if value.get("enum"):
        return value["enum"][0]
    for keyword in ("example", "default"):
        if value.get(keyword) not in (None, ""):
            return value[keyword]
    kind = value.get("type", "string")
    if kind == "array" and node is not None and deep:
        return [value_for(document, node.at("items"), deep - 1)]
    known = {"uuid": "5a4981aa-9653-4bd1-bef5-d6bff52042e4", "ipv4": "192.0.2.1", "date-time": "2026-12-01T00:00:00Z"}
    if value.get("format") in known:
        return known[value["format"]]
    plain = {"integer": max(1, value.get("minimum", 1)), "number": 1.5, "boolean": True, "object": {}}
    return plain.get(kind, "x" * max(1, value.get("minLength", 1)))
