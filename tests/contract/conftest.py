"""Databases for every suite of contracts."""

from __future__ import annotations

from tests.servers import databases

templates = databases.templates
sqlite_url = databases.sqlite_url
postgres_url = databases.postgres_url
postgres = databases.postgres
url = databases.url
