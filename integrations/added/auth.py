"""Making oneself known to a service, as its security schemes say."""

from __future__ import annotations

import base64
from collections.abc import Generator, Mapping

import httpx

from integrations.added.rules import Scheme, ServiceRules


class Known(httpx.Auth):
    """Puts the credential into every request: headers, query parameters and cookies."""

    def __init__(self, rules: ServiceRules, values: Mapping[str, str]) -> None:
        self._headers: dict[str, str] = {}
        self._query: dict[str, str] = {}
        self._cookies: dict[str, str] = {}
        of_scheme: dict[str, dict[str, str]] = {}
        for name, scheme, field in rules.auth_fields():
            of_scheme.setdefault(scheme, {})[field] = values[name]
        for scheme, given in of_scheme.items():
            self._take(rules.auth[scheme], given)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send `request` with the credential in it."""
        request.headers.update(self._headers)
        if self._query:
            request.url = request.url.copy_merge_params(self._query)
        if self._cookies:
            there = request.headers.get("Cookie")
            ours = [f"{name}={value}" for name, value in self._cookies.items()]
            request.headers["Cookie"] = "; ".join([there, *ours] if there else ours)
        yield request

    def _take(self, scheme: Scheme, given: Mapping[str, str]) -> None:
        if scheme.type == "apiKey":
            places = {"header": self._headers, "query": self._query, "cookie": self._cookies}
            places[scheme.place][scheme.name] = given["key"]
        elif scheme.scheme == "bearer":
            self._headers["Authorization"] = f"Bearer {given['token']}"
        else:
            pair = f"{given['user']}:{given['password']}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
