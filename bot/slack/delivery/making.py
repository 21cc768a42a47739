"""The deliverer of one process, made from its parts."""

from __future__ import annotations

import time
from collections.abc import Callable

from slack_sdk import WebClient

from bot.outage import Outage
from bot.settings import Settings
from bot.slack.calling import Token, settings_token
from bot.slack.delivery.deliverer import Deliverer
from bot.slack.delivery.destinations import Addresses, Destinations, People
from bot.slack.delivery.groups import Groups
from bot.slack.delivery.poster import Poster
from bot.slack.delivery.sending import Tools
from bot.slack.delivery.slack_poster import SlackPoster, client
from bot.slack.delivery.snapshots import Installed, Snapshots
from workflows.engine.bulks.ports import Bulks
from workflows.engine.letters.ports import Letters
from workflows.engine.outbox import Outbox
from workflows.engine.ports import Clock, Store


def slack_poster(settings: Settings, token: Token | None = None) -> SlackPoster:
    """Slack by this token, or else by the settings'."""
    return SlackPoster(slack_client(settings, token))


def slack_client(settings: Settings, token: Token | None = None) -> WebClient:
    """Slack's Web API by this token, or else by the settings'."""
    return client(token or settings_token(settings), settings.slack_api_url)


def deliverer(
    settings: Settings,
    store: Store,
    outbox: Outbox,
    letters: Letters,
    bulks: Bulks,
    catalogue: Installed,
    people: People,
    clock: Clock,
    *,
    owner: str,
    away: Callable[[str], bool],
    checkpoint: Callable[[str, str], None] | None = None,
    poster: Poster | None = None,
    token: Token | None = None,
) -> Deliverer:
    """What delivers messages in this process, under this owner's leases."""
    poster = poster or slack_poster(settings, token)
    addresses = Addresses(poster, clock.monotonic)
    tools = Tools(outbox, poster, addresses, clock.now, *((checkpoint,) if checkpoint else ()))
    snapshots = Snapshots(store, catalogue, clock.now, people.members, away)
    return Deliverer(
        tools,
        snapshots,
        Destinations(addresses, people, settings.baton_channel, settings.baton_ops_channel),
        owner,
        time.monotonic,
        Outage("slack", worker=owner),
        Groups(letters, snapshots, bulks),
    )
