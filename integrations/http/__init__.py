"""HTTP for connectors: everything they need of it is named here."""

from integrations.http.client import Http
from integrations.http.faults import Fault
from integrations.http.gate import Gate, governed_by
from integrations.http.guard import AddressGuard
from integrations.http.guarded import GuardedTransport
from integrations.http.pages import Page, PageReader
from integrations.http.redaction import Redactor
from integrations.rates import UNLIMITED, EndpointClass, Limits, Rate

__all__ = [
    "UNLIMITED",
    "AddressGuard",
    "EndpointClass",
    "Fault",
    "Gate",
    "GuardedTransport",
    "Http",
    "Limits",
    "Page",
    "PageReader",
    "Rate",
    "Redactor",
    "governed_by",
]
