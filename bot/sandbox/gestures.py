"""What people do in the workspace, and what the app hears of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox import payloads
from bot.sandbox.courier import NOT_CONNECTED, TIMEOUT, Ack, Courier, Delivery
from bot.sandbox.desk import Desk
from bot.sandbox.errors import SlackError
from bot.sandbox.forms import Values
from bot.sandbox.hooks import answered, new_answer
from bot.sandbox.model import Channel, Kind, Message, OpenView, Person
from bot.sandbox.outcomes import AppFailed, NoAppConnected, OperationTimeout, Refused, Reply
from bot.sandbox.world import World

Json = dict[str, Any]
INVITE = "/invite"
"""Slack's own command, which no app hears of."""


@dataclass(frozen=True)
class Gestures:
    """Messages, commands, presses and shortcuts. Runs on the server's loop."""

    desk: Desk
    courier: Courier

    @property
    def world(self) -> World:
        """The workspace's state."""
        return self.desk.world

    def say(self, person: Person, channel: Channel, text: str, thread_ts: str = "") -> Message:
        """Post a message as a person; `text` is as Slack stores it."""
        world = self.world
        with world.changing():
            self._may_write(person, channel)
            return self.desk.post(Message(channel.id, "", person.id, text, thread_ts=thread_ts))

    async def command(self, person: Person, channel: Channel, name: str, text: str) -> Reply:
        """Type a slash command."""
        if name == INVITE:
            self.invite(person, channel, text)
            return Reply()
        told, secret = self.typed(person, channel, name, text)
        ack = await self.courier.deliver(told)
        with self.world.changing():
            self.check(ack, person, channel.id, name)
            return self._answer(ack, secret)

    def invite(self, person: Person, channel: Channel, text: str) -> None:
        """Bring the app or somebody into a channel, as Slack's own command does."""
        world = self.world
        with world.changing():
            self._may_write(person, channel)
            names = [word.removeprefix("@").lower() for word in text.split()]
            found = {one.name.lower(): one.id for one in world.people.values()}
            if not names or not set(names) <= set(found) or channel.kind is Kind.DM:
                raise Refused(f"Say {INVITE} @somebody in a channel. There are: {', '.join(sorted(found))}.")
            for name in names:
                if not channel.has(found[name]):
                    self.desk.join(world.channels[channel.id], found[name])
            world.notify(
                person.id, channel.id, f"Invited to #{channel.name}: {', '.join(f'@{name}' for name in names)}."
            )

    def typed(self, person: Person, channel: Channel, name: str, text: str) -> tuple[Delivery, str]:
        """What the app hears of a slash command, to be delivered, and the secret of its response URL."""
        world = self.world
        with world.changing():
            self._may_write(person, channel, command=True)
            known = world.manifest.command(name)
            if known is None or "commands" not in world.manifest.scopes:
                raise Refused(
                    f"{name} is not a valid command. It is not in the app's manifest, or the scope is missing."
                )
            typed = _escaped(world, text) if known.escapes else _plain(text)
            secret = world.tickets.hook(person.id, channel.id)
            told = payloads.command(world, person, channel, name, typed, secret)
        return Delivery("slash_commands", told, accepts_answer=True), secret

    async def press(self, person: Person, place: Message | OpenView, action: Json, values: Values) -> None:
        """Press a button or choose from a menu in a message, a modal or the App Home."""
        channel = place.channel if isinstance(place, Message) else ""
        ack = await self.courier.deliver(self.pressed(person, place, action, values))
        if ack.problem:
            with self.world.changing():
                self.check(ack, person, channel, self.world.manifest.name)

    def pressed(self, person: Person, place: Message | OpenView, action: Json, values: Values) -> Delivery:
        """What the app hears of a press, to be delivered."""
        world = self.world
        with world.changing():
            if not world.manifest.interactive:
                raise Refused("This app is not configured to handle interactive responses: see its manifest.")
            told = payloads.block_actions(world, person, action, dict(values))
            if isinstance(place, Message):
                current = self.current(person, place)
                told |= payloads.in_message(world, current, _hook(world, person, current))
            else:
                view = world.windows.find(place.id)
                if view is None:
                    raise Refused("This view is closed.")
                told |= payloads.in_view(world, world.windows.typed(view, values))
        return Delivery("interactive", told, accepts_answer=True)

    async def shortcut(self, person: Person, callback_id: str, message: Message | None) -> None:
        """Choose a shortcut from the menu."""
        world = self.world
        with world.changing():
            wanted = "message" if message else "global"
            if not any(one.callback_id == callback_id and one.kind == wanted for one in world.manifest.shortcuts):
                raise Refused(f"There is no {wanted} shortcut {callback_id!r} in the app's manifest.")
            if message is None:
                told = payloads.shortcut(world, person, callback_id)
            else:
                current = self.current(person, message)
                hook = _hook(world, person, current)
                told = payloads.message_shortcut(world, person, callback_id, current, hook)
        ack = await self.courier.deliver(Delivery("interactive", told, accepts_answer=True))
        with world.changing():
            self.check(ack, person, message.channel if message else "", world.manifest.name)

    async def suggest(self, person: Person, place: Message | OpenView, ids: tuple[str, str], value: str) -> Json:
        """Ask the app for the options of an external select; `ids` are the action's and the block's."""
        world = self.world
        with world.changed:
            told = payloads.suggestion(world, person, *ids, value)
            if isinstance(place, Message):
                where = payloads.in_message(world, place, "")
                where.pop("response_url")
            else:
                where = payloads.in_view(world, place)
        ack = await self.courier.deliver(Delivery("interactive", told | where, accepts_answer=True))
        with world.changing():
            self.check(ack, person, "", world.manifest.name)
        return dict(ack.body) if isinstance(ack.body, Mapping) else {"options": []}

    def open_home(self, person: Person) -> None:
        """Look at the App Home; the app hears of it and may publish."""
        world = self.world
        with world.changing():
            if not world.manifest.home_tab:
                raise Refused("The app has no Home tab: see its manifest.")
            channel = world.dm(person.id, world.bot_user_id)
            ts = world.next_ts()
            event: Json = {"type": "app_home_opened", "user": person.id, "channel": channel.id, "tab": "home"}
            home = world.windows.home(person.id)
            if home is not None:
                event["view"] = payloads.in_view(world, home)["view"]
            self.desk.emit("app_home_opened", event | {"event_ts": ts})

    def check(self, ack: Ack, person: Person, channel: str, name: str) -> None:
        """Tell the person, and raise, when the app did not take the delivery. The lock is held."""
        if not ack.problem:
            return
        if ack.problem == NOT_CONNECTED:
            words = (
                f'{name} failed with the error "dispatch_failed": no app is connected to this workspace. '
                "Start the bot with this workspace's SLACK_API_URL and tokens, then try again."
            )
            self.world.notify(person.id, channel, words)
            raise NoAppConnected(words, "dispatch_failed")
        words = f'{name} failed with the error "{ack.problem}"'
        self.world.notify(person.id, channel, words)
        if ack.problem == TIMEOUT:
            raise OperationTimeout(words, TIMEOUT)
        raise AppFailed(words, ack.problem)

    def current(self, person: Person, message: Message) -> Message:
        """The message as it stands now, for a person who can see it."""
        timeline = self.world.timeline
        if message.ephemeral_for:
            found = timeline.find_ephemeral(person.id, message.ts)
        else:
            found = timeline.find(message.channel, message.ts)
            if not self.world.sees(person, self.world.channels[message.channel]):
                found = None
        if found is None:
            raise Refused("This message was deleted, or you cannot see it.")
        return found

    def _answer(self, ack: Ack, secret: str) -> Reply:
        body = {"text": ack.body} if isinstance(ack.body, str) else ack.body
        if not isinstance(body, Mapping) or not body:
            return Reply()
        hook = self.world.tickets.find_hook(secret)
        assert hook is not None
        try:
            return Reply(self.desk.post(answered(self.desk, body, new_answer(self.desk, hook, body))))
        except SlackError as refused:
            words = f'The app\'s answer to the command was refused with the error "{refused.error}": {refused.extra}'
            self.world.notify(hook.user, hook.channel, words)
            raise AppFailed(words, refused.error) from refused

    def _may_write(self, person: Person, channel: Channel, *, command: bool = False) -> None:
        world = self.world
        if person.deleted:
            raise Refused(f"{person.real_name}'s account is deactivated.")
        if channel.archived:
            raise Refused(f"#{channel.name} is archived.")
        if not channel.has(person.id):
            raise Refused(f"{person.real_name} is not in {world.names.get(channel.id, 'these direct messages')}.")
        manifest = world.manifest
        closed = not manifest.messages_tab or (manifest.messages_read_only and not command)
        if channel.kind is Kind.DM and channel.has(world.bot_user_id) and closed:
            raise Refused("Sending messages to this app has been turned off.")


def _hook(world: World, person: Person, message: Message) -> str:
    ephemeral = bool(message.ephemeral_for)
    return world.tickets.hook(
        person.id, message.channel, ts=message.ts, ephemeral=ephemeral, thread_ts=message.thread_ts
    )


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_NAME = re.compile(r"(?<![\w<])([@#])([\w.-]+)")


def _escaped(world: World, text: str) -> str:
    """The text as Slack sends it when the command escapes names."""
    return _NAME.sub(lambda match: _code(world, match, labelled=True), _plain(text))


def composed(world: World, text: str) -> str:
    """What a person types into the composer, as Slack stores it: `@ana` becomes a mention of her."""
    return _NAME.sub(lambda match: _code(world, match, labelled=False), _plain(text))


def _code(world: World, match: re.Match[str], *, labelled: bool) -> str:
    sign, name = match[1], match[2]
    if sign == "#":
        channel = world.find_channel(name)
        return f"<#{channel.id}|{channel.name}>" if channel else match[0]
    person = next((one for one in world.people.values() if one.name == name), None)
    if person is not None:
        return f"<@{person.id}|{person.name}>" if labelled else f"<@{person.id}>"
    group = next((one for one in world.groups.values() if one.handle == name), None)
    return f"<!subteam^{group.id}|@{group.handle}>" if group else match[0]
