"""HTTP for connectors: everything they need of it is named here."""

from integrations.http.client import Http
from integrations.http.faults import Fault
from integrations.http.guard import AddressGuard
from integrations.http.guarded import GuardedTransport
from integrations.http.pages import Page, PageReader
from integrations.http.rate import LocalRateLimit, RateLimit, Unlimited
from integrations.http.redaction import Redactor

__all__ = [
    "AddressGuard",
    "Fault",
    "GuardedTransport",
    "Http",
    "LocalRateLimit",
    "Page",
    "PageReader",
    "RateLimit",
    "Redactor",
    "Unlimited",
]
