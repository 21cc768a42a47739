"""Looking at the workspace as one person, and waiting for what is to come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from bot.sandbox import looking, reading
from bot.sandbox.forms import Values
from bot.sandbox.model import Channel, Message, OpenView, Person
from bot.sandbox.server import Site
from bot.sandbox.world import World

if TYPE_CHECKING:
    from bot.sandbox.workspace import LocalWorkspace

T = TypeVar("T")
Place = Message | OpenView
Found = tuple[Place, Mapping[str, Any], Mapping[str, Any]]
WITHIN = 10.0
"""Seconds that a look waits for what is not there yet."""


class ChannelFace:
    """A channel and its messages, as everybody in it sees them."""

    def __init__(self, world: World, channel_id: str) -> None:
        self._world = world
        self.id = channel_id

    @property
    def now(self) -> Channel:
        """The channel as it stands."""
        return self._world.channels[self.id]

    @property
    def name(self) -> str:
        """Its name, without `#`."""
        return self.now.name

    @property
    def messages(self) -> list[Message]:
        """All messages, replies included, the oldest first."""
        with self._world.changed:
            return list(self._world.timeline.of(self.id))


class Watcher:
    """One person's eyes. What they look for is waited for; nothing sleeps."""

    def __init__(self, workspace: LocalWorkspace, user_id: str) -> None:
        self._workspace = workspace
        self._typed: dict[tuple[str, str], Values] = {}
        self.id = user_id

    @property
    def modal(self) -> OpenView | None:
        """The modal on top."""
        with self._world.changed:
            return self._world.windows.top(self.id)

    @property
    def home(self) -> OpenView | None:
        """The App Home as the app published it last."""
        with self._world.changed:
            return self._world.windows.home(self.id)

    @property
    def person(self) -> Person:
        """The account as it stands."""
        return self._world.people[self.id]

    @property
    def name(self) -> str:
        """The short name."""
        return self.person.name

    # ---- looking

    def see(self, text: str, channel: str = "", within: float = WITHIN) -> Message:
        """Wait until this text is visible and give the newest message with it; AssertionError shows what is visible."""
        place = self._place(channel)
        return self._wait(
            lambda: next((one for one in self._everything(place) if text in one.shown), None), within, repr(text), place
        )

    def never_sees(self, text: str, channel: str = "") -> None:
        """AssertionError when this text is visible now."""
        with self._world.changed:
            seen = next((one for one in self._everything(self._place(channel)) if text in one.shown), None)
        assert seen is None, f"{self.name} sees {text!r}: {seen.shown!r}"

    def messages(self, channel: str = "") -> list[Message]:
        """The messages that this person sees, the oldest first, those for them alone included."""
        with self._world.changed:
            return list(looking.messages(self._world, self.person, self._place(channel)))[::-1]

    def ephemerals(self, channel: str = "") -> list[Message]:
        """The messages that only this person sees, the oldest first."""
        return [one for one in self.messages(channel) if one.ephemeral_for]

    @property
    def notices(self) -> list[str]:
        """Words of Slack's own, such as that the app did not answer."""
        with self._world.changed:
            return [one.text for one in self._world.notices.get(self.id, [])]

    def reload(self) -> None:
        """Load Slack anew: messages that only this person saw are gone, and so is the modal."""
        with self._world.changing():
            self._world.timeline.forget_ephemerals(self.id)
            self._world.windows.clear(self.id)
            self._world.notices.pop(self.id, None)

    # ---- inside

    @property
    def _world(self) -> World:
        return self._workspace.world

    @property
    def _site(self) -> Site:
        return self._workspace.site

    def _channel(self, name: str) -> Channel:
        with self._world.changed:
            if name == "dm":
                return self._world.dm(self.id, self._world.bot_user_id)
            return self._world.channel(name)

    def _place(self, channel: str) -> str:
        return channel if channel in {"", looking.MODAL, looking.HOME} else self._channel(channel).id

    def _everything(self, place: str) -> Iterator[Message]:
        return looking.everything(self._world, self.person, place)

    def _wait(self, look: Callable[[], T | None], within: float, what: str, place: str = "") -> T:
        with self._world.changed:
            found = self._world.changed.wait_for(look, within)
            if found:
                return found
            table = looking.as_table(self._everything(place))
        raise AssertionError(
            f"{self.name} does not see {what} within {within:g} s. Visible, the newest first:\n{table}"
        )

    def _places(self, message: Place | None, where: str) -> Iterator[Place]:
        if message is not None:
            yield message
            return
        world = self._world
        modal, home = world.windows.top(self.id), world.windows.home(self.id)
        if modal is not None and where in {"", looking.MODAL}:
            yield modal
        if where not in {looking.MODAL, looking.HOME}:
            yield from looking.messages(world, self.person, self._place(where))
        if home is not None and where in {"", looking.HOME}:
            yield home

    def _button(self, label: str, message: Place | None, where: str) -> Found | None:
        for place in self._places(message, where):
            for block, element in reading.elements(place.blocks):
                spoken = reading.as_read(reading.text_of(element.get("text")), {})
                if spoken == label and element.get("type") in {"button", "icon_button", "workflow_button"}:
                    return place, block, element
        return None

    def _element(self, name: str, message: Place | None, where: str) -> Found | None:
        for place in self._places(message, where):
            found = looking.named(place.blocks, name)
            if found is not None:
                return place, *found
        return None
