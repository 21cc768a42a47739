"""Which addresses a request may go to when a user or a model supplied them: public ones only."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable, Iterator

import httpx

from integrations.errors import InvalidRequest, NotFound

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Iterable[str]]

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
SITE_LOCAL = ipaddress.IPv6Network("fec0::/10")


def resolve(host: str, port: int) -> Iterable[str]:
    """The addresses of `host` by the system's resolver, which also reads `2130706433` and `0x7f.1`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return dict.fromkeys(str(entry[4][0]) for entry in found)


class AddressGuard:
    """Says to which addresses a request may go.

    `allow` lists host names (any address they have is allowed), addresses, and networks such as
    `10.1.0.0/16`; everything else must be public.
    """

    def __init__(self, allow: Iterable[str] = (), resolver: Resolver = resolve) -> None:
        self._hosts, self._networks = _split(allow)
        self._resolve = resolver

    def check_url(self, url: httpx.URL) -> None:
        """Refuse a URL by its form alone: scheme, missing host, or credentials in it."""
        if url.scheme not in ("http", "https"):
            raise InvalidRequest(f"Baton opens http and https addresses only, not {url.scheme!r}. Give a web address.")
        if not url.host:
            raise InvalidRequest("The address names no host. Give a whole web address.")
        if url.port is not None and not 0 < url.port < 65536:
            raise InvalidRequest(f"The address of {url.host} has no possible port. Give a whole web address.")
        if url.userinfo:
            raise InvalidRequest(f"The address of {url.host} holds a user name or password. Give it without them.")

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The checked addresses of `host`; raises InvalidRequest when one of them is off limits."""
        try:
            found = tuple(self._resolve(host, port))
        except (OSError, UnicodeError):
            raise NotFound(f"The host {host} is not known. Check the address.") from None
        if not found:
            raise NotFound(f"The host {host} has no address. Check it.")
        if host.rstrip(".").lower() not in self._hosts:
            for text in found:
                self._check(host, text)
        return found

    def _check(self, host: str, text: str) -> None:
        address = ipaddress.ip_address(text.partition("%")[0])
        meant = tuple(embedded(address))
        for one in meant:
            allowed = any(one in network for network in self._networks if network.version == one.version)
            if not allowed and not is_public(one):
                words = f"The host {host} leads to {one}, which is no public address."
                raise InvalidRequest(f"{words} Give another one, or ask an admin to allow this one.")


def is_public(address: Address) -> bool:
    """Whether `address` is one that everybody on the internet can reach."""
    if isinstance(address, ipaddress.IPv6Address) and (address in LOCAL_NAT64 or address in SITE_LOCAL):
        return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not (special or address.is_loopback or address.is_link_local)


def embedded(address: Address) -> Iterator[Address]:
    """The IPv4 addresses that an IPv6 address stands for (mapped, 6to4, Teredo, NAT64), else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
    elif address.ipv4_mapped:
        yield address.ipv4_mapped
    elif address.sixtofour:
        yield address.sixtofour
    elif address.teredo:
        yield from address.teredo
    elif address in NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    else:
        yield address


def _split(allow: Iterable[str]) -> tuple[frozenset[str], tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]]:
    hosts, networks = set(), []
    for entry in allow:
        try:
            networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            hosts.add(entry.rstrip(".").lower())
    return frozenset(hosts), tuple(networks)
