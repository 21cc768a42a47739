"""The workspace as a process of its own: where it may listen, and beside which settings it refuses to start."""

from __future__ import annotations

import socket
from multiprocessing import get_context
from multiprocessing.connection import Connection

import pytest
from slack_sdk import WebClient

from bot.sandbox.clock import SystemClock
from bot.sandbox.manifest import AppManifest
from bot.sandbox.seed import DEFAULT_SEED
from bot.sandbox.serving import NotHere, Options, listen, refuse_real_tokens, serve, site_for
from bot.sandbox.workspace import new_tokens
from bot.sandbox.world import World
from tests.unit.bot.sandbox.stage import manifest


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", "::"])
def test_only_loopback(host: str) -> None:
    with pytest.raises(NotHere, match=r"127\.0\.0\.1"):
        listen(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback(host: str) -> None:
    with listen(host) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(NotHere, match="Choose another one"):
            listen(port=taken.getsockname()[1])


def test_a_socket_that_others_reach_is_refused() -> None:
    with socket.socket() as wide:
        wide.bind(("0.0.0.0", 0))
        with pytest.raises(NotHere, match="on this computer alone"):
            serve(wide, manifest(), environment={})


@pytest.mark.parametrize(
    "settings",
    [{"SLACK_BOT_TOKEN": "xoxb-1-2-abc"}, {"SLACK_APP_TOKEN": "xapp-1-A-2-abc"}, {"SLACK_BOT_TOKEN": "xoxp-1"}],
)
def test_never_beside_real_tokens(settings: dict[str, str]) -> None:
    (name,) = settings
    with pytest.raises(NotHere, match=f"Unset {name}"):
        refuse_real_tokens(settings)
    with listen() as listening, pytest.raises(NotHere, match="real Slack workspace"):
        serve(listening, manifest(), environment=settings)


def test_its_own_tokens_are_welcome() -> None:
    tokens = new_tokens()
    refuse_real_tokens({"SLACK_BOT_TOKEN": tokens.bot, "SLACK_APP_TOKEN": tokens.app})
    refuse_real_tokens({"SLACK_BOT_TOKEN": "", "HOME": "/"})


def test_the_app_may_have_to_come_in_by_itself() -> None:
    world = World(AppManifest.read(manifest()), SystemClock(), DEFAULT_SEED)
    tokens = new_tokens()
    assert site_for(world, Options(tokens=tokens)).grants.bot == tokens.bot
    assert site_for(world, Options(tokens=tokens, installed=False)).grants.bot == ""


def _process(address: Connection, token: str) -> None:
    tokens = new_tokens()
    chosen = Options(tokens=type(tokens)(bot=token, app=tokens.app, signing_secret=tokens.signing_secret))
    listening = listen()
    serve(listening, manifest(), environment={}, options=chosen, started=lambda site: address.send(site.world.address))


def test_a_process_that_ends_on_sigterm() -> None:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_process, args=(theirs, "xoxb-local-mine"), daemon=True)
    process.start()
    try:
        assert ours.poll(60)
        address = ours.recv()
        client = WebClient(token="xoxb-local-mine", base_url=f"{address}/api/")
        assert client.auth_test()["team"] == "Acme"
        process.terminate()
        process.join(20)
        assert process.exitcode == -15
    finally:
        process.kill()
        process.join()
        ours.close()
        theirs.close()
