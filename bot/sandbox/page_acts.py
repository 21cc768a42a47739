"""What a person does on the page, in the words of the page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.sandbox import wire
from bot.sandbox.model import Channel, Message, OpenView, Person
from bot.sandbox.outcomes import Refused
from bot.sandbox.server import Site

Json = dict[str, Any]
Act = Callable[[Person, Json], Awaitable[Json]]


class PageActs:
    """One method for each kind of deed; an answer has what the page needs beside `ok`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._world = site.world
        self.kinds: Mapping[str, Act] = {
            "message": self._message,
            "command": self._command,
            "block_action": self._block_action,
            "view_submission": self._view_submission,
            "view_closed": self._view_closed,
            "options": self._options,
            "home_opened": self._home_opened,
            "read": self._read,
            "dismiss": self._dismiss,
            "shortcut": self._shortcut,
        }

    async def _message(self, person: Person, told: Json) -> Json:
        thread = str(told.get("thread_ts") or "")
        text = str(told.get("text") or "")
        if not text.strip():
            raise Refused("There is nothing to send.")
        posted = self._site.gestures.say(person, self._channel(told.get("channel")), text, thread)
        return {"ts": posted.ts}

    async def _command(self, person: Person, told: Json) -> Json:
        name, text = str(told.get("command") or ""), str(told.get("text") or "")
        if not name:
            name, _, text = text.strip().partition(" ")
        await self._site.gestures.command(person, self._channel(told.get("channel")), name, text.strip())
        return {}

    async def _block_action(self, person: Person, told: Json) -> Json:
        action = dict(told.get("action") or {})
        if not action.get("action_id"):
            raise Refused("The page did not say what was pressed.")
        values = self._with_files(told.get("values") or {})
        await self._site.gestures.press(person, self._place(person, told.get("container")), action, values)
        return {}

    async def _view_submission(self, person: Person, told: Json) -> Json:
        done = await self._site.modals.submit(person, self._view(told), self._with_files(told.get("values") or {}))
        return {"closed": done.closed, "errors": dict(done.errors)}

    async def _view_closed(self, person: Person, told: Json) -> Json:
        await self._site.modals.close(person, self._view(told), all_of_them=bool(told.get("all")))
        return {}

    async def _options(self, person: Person, told: Json) -> Json:
        place = self._place(person, told.get("container"))
        ids = (str(told.get("action_id") or ""), str(told.get("block_id") or ""))
        return await self._site.gestures.suggest(person, place, ids, str(told.get("value") or ""))

    async def _home_opened(self, person: Person, _told: Json) -> Json:
        self._site.gestures.open_home(person)
        return {}

    async def _read(self, person: Person, told: Json) -> Json:
        channel = self._channel(told.get("channel"))
        if self._world.timeline.unread(person.id, channel.id):
            with self._world.changing():
                self._world.timeline.read(person.id, channel.id)
        return {}

    async def _dismiss(self, person: Person, told: Json) -> Json:
        with self._world.changing():
            kept = [one for one in self._world.notices.get(person.id, []) if one.id != told.get("notice")]
            self._world.notices[person.id] = kept
        return {}

    async def _shortcut(self, person: Person, told: Json) -> Json:
        given = told.get("message")
        message = None
        if isinstance(given, Mapping):
            found = self._place(person, {"type": "message", **given})
            message = found if isinstance(found, Message) else None
        await self._site.gestures.shortcut(person, str(told.get("callback_id") or ""), message)
        return {}

    def _channel(self, name: Any) -> Channel:
        with self._world.changed:
            return self._world.channel(str(name or ""))

    def _view(self, told: Json) -> OpenView:
        found = self._world.windows.find(str(told.get("id") or ""))
        if found is None:
            raise Refused("This modal is closed.")
        return found

    def _place(self, person: Person, container: Any) -> Message | OpenView:
        """Where something was pressed."""
        where = container if isinstance(container, Mapping) else {}
        timeline = self._world.timeline
        found: Message | OpenView | None = None
        if where.get("type") == "message":
            channel, ts = str(where.get("channel") or ""), str(where.get("ts") or "")
            found = timeline.find(channel, ts) or timeline.find_ephemeral(person.id, ts)
        elif where.get("type") == "view":
            found = self._world.windows.find(str(where.get("id") or ""))
        elif where.get("type") == "home":
            found = self._world.windows.home(person.id)
        if found is None:
            raise Refused("What you pressed is not there any more.")
        return found

    def _with_files(self, values: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Json]]:
        """The state with uploaded files as Slack describes them."""
        return {
            block: {action: self._held(value) for action, value in actions.items()} for block, actions in values.items()
        }

    def _held(self, value: Mapping[str, Any]) -> Json:
        if value.get("type") != "file_input":
            return dict(value)
        known = [self._world.files.get(str(one.get("id"))) for one in value.get("files") or ()]
        return {**value, "files": [wire.file(self._world, one) for one in known if one is not None]}
