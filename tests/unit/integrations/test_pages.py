from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import httpcore
import httpx
import pytest

from integrations.errors import ConnectorError, InvalidRequest, NotFound, Unavailable
from integrations.http import AddressGuard, GuardedTransport, Http, PageReader
from integrations.http.guard import resolve
from tests.servers.http import Answer, CannedServer, as_json, serving
from workflows.engine.policy import CallInProgress, Effect, call_in_progress

HTML = {"Content-Type": "text/html; charset=utf-8"}


def names(host: str, port: int) -> Iterable[str]:
    """A name server that knows site.test, and reads addresses as the system does."""
    if host.endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")
    return ["127.0.0.1"] if host == "site.test" else resolve(host, port)


@pytest.fixture
def server() -> Iterator[CannedServer]:
    with serving({"GET /": Answer(200, "<p>café</p>".encode(), HTML)}) as running:
        yield running


def reader(**options: object) -> PageReader:
    return PageReader(AddressGuard(["site.test"], names), **options)  # type: ignore[arg-type]


def at(server: CannedServer, path: str = "/") -> str:
    return f"http://site.test:{server.port}{path}"


def to(address: str) -> Answer:
    return Answer(302, headers={"Location": address})


def test_an_allowed_page_is_read(server: CannedServer) -> None:
    page = reader().fetch(at(server))
    assert (page.text, page.content_type, page.url) == ("<p>café</p>", "text/html", at(server))
    assert server.asked[0].headers["host"] == f"site.test:{server.port}"
    assert server.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f.0.0.1:{port}/",
        "http://127.1:{port}/",
        "http://[::1]:{port}/",
        "http://[::]:{port}/",
        "http://0.0.0.0:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::ffff:7f00:1]:{port}/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[ff02::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.8/",
        "http://192.168.1.1/",
        "http://172.16.0.1/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://192.0.2.1/",
    ],
)
def test_addresses_that_are_not_public_are_refused(server: CannedServer, address: str) -> None:
    with pytest.raises(InvalidRequest, match="no public address"):
        reader().fetch(address.format(port=server.port))
    server.routes["GET /hop"] = to(address.format(port=server.port))
    with pytest.raises(InvalidRequest, match="no public address"):
        reader().fetch(at(server, "/hop"))
    assert [asked.path for asked in server.asked] == ["/hop"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://site.test/", "http and https"),
        ("file:///etc/passwd", "http and https"),
        ("gopher://site.test/", "http and https"),
        ("//site.test/", "http and https"),
        ("http:///path", "names no host"),
        ("http://site.test@127.0.0.1/", "user name or password"),
        ("http://ada:secret@site.test/", "user name or password"),
        ("http://[::1", "no web address"),
        ("http://site.test:99999999/", "no possible port"),
    ],
)
def test_odd_addresses_are_refused(server: CannedServer, address: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        reader().fetch(address)
    assert "secret" not in str(caught.value)
    server.routes["GET /hop"] = to(address)
    if not address.startswith("//"):
        with pytest.raises(ConnectorError):
            reader().fetch(at(server, "/hop"))


class Wire(httpcore.MockBackend):
    """A network that answers every connection with the same page, and says where it was asked to go."""

    def __init__(self) -> None:
        super().__init__([b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi"])
        self.connected: list[str] = []
        self.tls_names: list[str | None] = []

    def connect_tcp(self, host: str, *args: Any, **options: Any) -> httpcore.NetworkStream:
        """Note the address."""
        self.connected.append(host)
        stream = super().connect_tcp(host, *args, **options)
        stream.start_tls = self.start_tls  # type: ignore[method-assign]
        return stream

    def start_tls(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        """Note the name that the certificate must have."""
        self.tls_names.append(args[1])
        return super().connect_tcp("", 0)


def test_the_checked_address_is_the_one_connected_to() -> None:
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    wire = Wire()
    transport = GuardedTransport(AddressGuard(resolver=lambda host, port: next(answers)), wire=wire)
    response = transport.handle_request(httpx.Request("GET", "http://rebind.test/"))
    assert (response.read(), wire.connected) == (b"hi", ["93.184.215.14"])
    with pytest.raises(InvalidRequest, match="no public address"):
        transport.handle_request(httpx.Request("GET", "http://rebind.test/"))
    assert wire.connected == ["93.184.215.14"]


def test_tls_checks_the_name_of_the_host() -> None:
    wire = Wire()
    transport = GuardedTransport(AddressGuard(["site.test"], names), wire=wire)
    assert transport.handle_request(httpx.Request("GET", "https://site.test/")).read() == b"hi"
    assert (wire.connected, wire.tls_names) == (["127.0.0.1"], ["site.test"])


def test_one_private_address_among_public_ones_is_refused() -> None:
    guard = AddressGuard(resolver=lambda host, port: ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(InvalidRequest, match=r"leads to 10\.0\.0\.1"):
        guard.addresses("mixed.test", 80)


def test_networks_can_be_allowed() -> None:
    guard = AddressGuard(["10.1.0.0/16", "::1"], lambda host, port: [host])
    assert guard.addresses("10.1.2.3", 80) == ("10.1.2.3",)
    assert guard.addresses("::1", 80) == ("::1",)
    assert guard.addresses("::ffff:10.1.2.3", 80) == ("::ffff:10.1.2.3",)
    with pytest.raises(InvalidRequest):
        guard.addresses("10.2.0.1", 80)


def test_an_unknown_host_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"nowhere\.invalid is not known"):
        reader().fetch("http://nowhere.invalid/")


def test_redirects_are_followed_a_few_times(server: CannedServer) -> None:
    server.routes.update({f"GET /{n}": to(f"/{n + 1}") for n in range(9)})
    server.routes["GET /5"] = Answer(200, b"there", {"Content-Type": "text/plain"})
    page = reader().fetch(at(server, "/0"))
    assert (page.text, page.url) == ("there", at(server, "/5"))
    server.routes["GET /5"] = to("/6")
    with pytest.raises(InvalidRequest, match="more than 5 times"):
        reader().fetch(at(server, "/0"))


def test_only_text_is_read(server: CannedServer) -> None:
    server.routes["GET /cat"] = Answer(200, b"\x89PNG", {"Content-Type": "image/png"})
    with pytest.raises(InvalidRequest, match="'image/png', which Baton does not read"):
        reader().fetch(at(server, "/cat"))
    server.routes["GET /data"] = as_json({})
    assert reader().fetch(at(server, "/data"), accept=["application/json"]).text == "{}"


def test_a_packed_page_is_refused(server: CannedServer) -> None:
    server.routes["GET /bomb"] = Answer(200, b"\x1f\x8b", {**HTML, "Content-Encoding": "gzip"})
    with pytest.raises(Unavailable, match="compressed"):
        reader().fetch(at(server, "/bomb"))


def test_a_huge_page_is_broken_off(server: CannedServer) -> None:
    sent = 0

    def flood() -> Iterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"0" * 10_000

    server.routes["GET /huge"] = Answer(200, headers=HTML, parts=flood)
    with pytest.raises(Unavailable, match="more than 50,000 bytes") as caught:
        reader(max_bytes=50_000).fetch(at(server, "/huge"))
    assert not caught.value.retryable


def test_a_dripping_page_runs_out_of_time(server: CannedServer) -> None:
    done = threading.Event()

    def drip() -> Iterator[bytes]:
        while not done.wait(0.02):
            yield b"."

    server.routes["GET /slow"] = Answer(200, headers=HTML, parts=drip)
    with pytest.raises(Unavailable, match=r"took longer than 0\.2 s|timed out"):
        reader(max_time=timedelta(seconds=0.2)).fetch(at(server, "/slow"))
    done.set()


def test_strangers_do_not_learn_the_run(server: CannedServer) -> None:
    checked: list[bool] = []
    with call_in_progress(CallInProgress("run-9", "s#1", "k", 1, check=lambda: checked.append(True))):
        reader().fetch(at(server))
    assert checked == [True]
    assert "x-baton-run" not in server.asked[0].headers


def test_errors_are_mapped_and_hide_the_query(server: CannedServer) -> None:
    with pytest.raises(NotFound) as caught:
        reader().fetch(at(server, "/gone?token=abcdefgh"))
    assert "abcdefgh" not in str(caught.value)


def test_the_guard_fits_under_a_connectors_client(server: CannedServer) -> None:
    http = Http("Site", at(server), transport=GuardedTransport(AddressGuard(["site.test"], names)))
    assert http.request("GET", "/", what="the page").text == "<p>café</p>"
    guarded = Http("Site", server.url, transport=GuardedTransport(AddressGuard()))
    with pytest.raises(InvalidRequest, match="no public address") as caught:
        guarded.request("POST", "/", what="the page")
    assert caught.value.effect is Effect.NONE
    http.close()
    guarded.close()
