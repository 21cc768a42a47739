"""Which channel an argument means, and whether the app may use it."""

from __future__ import annotations

from bot.sandbox.errors import SlackError
from bot.sandbox.model import Channel, Kind, Message
from bot.sandbox.world import World


def by_id(world: World, channel_id: str) -> Channel:
    """A channel by its id alone; private ones without the app count as unknown."""
    found = world.channels.get(channel_id)
    if found is None or not world.bot_sees(found):
        raise SlackError("channel_not_found")
    return found


def to_post(world: World, name: str) -> Channel:
    """Where to post: an id, a name with or without `#`, or a person, whose direct messages are opened."""
    person = world.people.get(name)
    if person is not None:
        if person.bot:
            raise SlackError("cannot_dm_bot" if person.id != world.bot_user_id else "channel_not_found")
        if person.deleted or world.is_stranger(person):
            raise SlackError("channel_not_found")
        channel = world.dm(person.id, world.bot_user_id)
    else:
        found = world.find_channel(name)
        if found is None or not world.bot_sees(found):
            raise SlackError("channel_not_found")
        channel = found
    if channel.kind is Kind.DM and not world.manifest.messages_tab:
        raise SlackError("messages_tab_disabled")
    return open_to_bot(world, channel)


def open_to_bot(world: World, channel: Channel) -> Channel:
    """The channel, if it is not archived and the app is in it."""
    if channel.archived:
        raise SlackError("is_archived")
    return joined(world, channel)


def joined(world: World, channel: Channel) -> Channel:
    """The channel, if the app is in it."""
    if not channel.has(world.bot_user_id):
        raise SlackError("not_in_channel")
    return channel


def message(world: World, channel: Channel, ts: str) -> Message:
    """A message that everybody in the channel sees."""
    found = world.timeline.find(channel.id, ts)
    if found is None:
        raise SlackError("message_not_found")
    return found
