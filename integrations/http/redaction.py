"""Keep secrets out of errors and logs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import SecretStr

MASK = "***"
SHORTEST_SECRET = 6
"""Shorter values are not searched for: masking every "a" of a text helps nobody."""

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-auth-token"})

_NAME = r"[\w.-]*(?:token|secret|password|passwd|api_?key|apikey|access_?key|signature|sig|credential|auth)[\w.-]*"
_QUERY = re.compile(rf"([?&;]{_NAME}=)[^&\s\"'<>]+", re.IGNORECASE)
_FIELD = re.compile(rf"([\"']{_NAME}[\"']\s*:\s*[\"'])[^\"']+", re.IGNORECASE)
_HEADER = re.compile(r"\b((?:Bearer|Basic|Digest|Token)\s+)[A-Za-z0-9._~+/=:-]{6,}", re.IGNORECASE)
_USERINFO = re.compile(r"(\w+://)[^/\s@]+@")


class Redactor:
    """Masks known secret values, and what looks like one, in text that people or logs will see."""

    def __init__(self, secrets: Iterable[str | SecretStr] = ()) -> None:
        known = {text for text in plain(secrets) if len(text) >= SHORTEST_SECRET}
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def __call__(self, text: str) -> str:
        """`text` with every secret replaced by three stars."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        text = _USERINFO.sub(rf"\1{MASK}@", text)
        for pattern in (_QUERY, _FIELD, _HEADER):
            text = pattern.sub(rf"\1{MASK}", text)
        return text

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} secrets)"


def plain(secrets: Iterable[str | SecretStr]) -> Iterable[str]:
    """The values themselves."""
    return (secret.get_secret_value() if isinstance(secret, SecretStr) else secret for secret in secrets)


def secrets_in(headers: Iterable[tuple[str, str]]) -> Iterable[str]:
    """The secret values among request headers: each whole, and without its scheme."""
    for name, value in headers:
        if name.lower() in SECRET_HEADERS:
            yield value
            _, _, credential = value.partition(" ")
            yield credential.strip()
