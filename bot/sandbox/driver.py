"""Acting as one person: typing, pressing, filling in, and waiting to see what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox import filling, forms, looking
from bot.sandbox.api.files import keep, share
from bot.sandbox.forms import Values
from bot.sandbox.gestures import composed
from bot.sandbox.model import Message, OpenView
from bot.sandbox.outcomes import Reply
from bot.sandbox.watching import WITHIN, Place, Watcher


class ModalErrors(dict[str, str]):
    """The words at the fields of a modal that did not go through, by block id."""

    @property
    def shown(self) -> str:
        """All of them."""
        return "\n".join(self.values())


class LocalUser(Watcher):
    """One person of the workspace, to act as."""

    # ---- writing

    def say(self, text: str, channel: str = "#general", thread: Message | None = None) -> Message:
        """Post a message; `@ana` and `#content` become mentions, and `<`, `>` and `&` are escaped as Slack does."""
        return self._post(composed(self._world, text), channel, thread)

    def mention(self, text: str, channel: str = "#general", thread: Message | None = None) -> Message:
        """Post a message that begins with a mention of the app."""
        words = f"<@{self._world.bot_user_id}> {composed(self._world, text)}"
        return self._post(words, channel, thread)

    def dm(self, text: str) -> Message:
        """Write to the app directly."""
        with self._world.changing():
            channel = self._world.dm(self.id, self._world.bot_user_id)
        return self._post(composed(self._world, text), channel.id, None)

    def upload(self, name: str, content: bytes, channel: str = "#general", text: str = "") -> Message:
        """Post a file with a message."""
        with self._world.changing():
            place = self._channel(channel)
            file = keep(self._world, self._world.new_id("F"), name, name, content, self.id)
            share(self._site.desk, [file], [place.id], composed(self._world, text), "")
            return next(self._world.timeline.newest(place.id))

    def command(self, line: str, channel: str = "#general") -> Reply:
        """Type a slash command; `channel` may be `dm`. The reply is what the app answered at once."""
        name, _, text = line.strip().partition(" ")
        return self._workspace.run(self._site.gestures.command(self.person, self._channel(channel), name, text.strip()))

    def shortcut(self, callback_id: str, message: Message | None = None) -> None:
        """Choose a shortcut, global or on a message."""
        self._workspace.run(self._site.gestures.shortcut(self.person, callback_id, message))

    # ---- pressing

    def click(self, label: str, message: Place | None = None, where: str = "", within: float = WITHIN) -> None:
        """Press the button with this label: the modal's, the newest message's, the home's. A question is confirmed."""
        place, block, element = self._wait(lambda: self._button(label, message, where), within, f"a button {label!r}")
        action = {key: element[key] for key in ("type", "text", "value", "style") if key in element}
        self._press(place, block, element, action)

    def choose(
        self, menu: str, option: Any, message: Place | None = None, where: str = "", within: float = WITHIN
    ) -> None:
        """Choose from a menu, radio buttons, checkboxes or a picker, named by label, placeholder or action id."""
        found = self._wait(lambda: self._element(menu, message, where), within, f"a menu {menu!r}")
        place, block, element = found
        if element["type"] == "overflow":
            self._press(place, block, element, {"type": "overflow", "selected_option": filling.option(element, option)})
            return
        self._put(place, block, element, option)
        if block.get("type") != "input" or block.get("dispatch_action"):
            held = self._values(place)[str(block["block_id"])][str(element["action_id"])]
            self._press(place, block, element, held)

    def options(self, menu: str, query: str, message: Place | None = None) -> list[dict[str, Any]]:
        """What the app offers in an external menu for these letters."""
        place, block, element = self._wait(lambda: self._element(menu, message, ""), WITHIN, f"a menu {menu!r}")
        ids = (str(element["action_id"]), str(block["block_id"]))
        told = self._workspace.run(self._site.gestures.suggest(self.person, place, ids, query))
        grouped = [one for group in told.get("option_groups") or () for one in group["options"]]
        return [*(told.get("options") or ()), *grouped]

    # ---- modals

    def fill(self, **fields: Any) -> None:
        """Fill in fields of the open modal by label, action id or block id; spaces are written as `_`."""
        view = self._form(fields)
        for name, value in fields.items():
            found = looking.named(view.blocks, name)
            assert found is not None
            block, element = found
            self._put(view, block, element, value)
            if block.get("dispatch_action"):
                held = self._values(view)[str(block["block_id"])][str(element["action_id"])]
                self._press(view, block, element, held)

    def submit(self, *, expect_errors: bool | None = None, **fields: Any) -> ModalErrors | None:
        """Fill in and submit the open modal; None when the app took it, else the words at the fields."""
        self.fill(**fields)
        view = self._form(fields)
        done = self._workspace.run(self._site.modals.submit(self.person, view, self._values(view)))
        errors = ModalErrors(done.errors) if done.errors else None
        if expect_errors is True and errors is None:
            raise AssertionError(f"The modal {view.title!r} was taken without errors.")
        if expect_errors is False and errors is not None:
            raise AssertionError(f"The modal {view.title!r} was refused: {dict(errors)}.")
        return errors

    def close_modal(self, *, all_of_them: bool = False) -> None:
        """Press Cancel; `all_of_them` is the cross in the corner."""
        view = self._wait(lambda: self.modal, WITHIN, "an open modal")
        self._workspace.run(self._site.modals.close(self.person, view, all_of_them=all_of_them))

    def see_modal(self, text: str = "", within: float = WITHIN) -> OpenView:
        """Wait for a modal with this text."""
        found = self._wait(lambda: (m := self.modal) and text in m.shown and m, within, f"a modal with {text!r}")
        assert isinstance(found, OpenView)
        return found

    def open_home(self, within: float = 2.0) -> OpenView | None:
        """Look at the App Home; waits a little for the app to publish it anew."""
        before = self.home
        self._site.gestures.open_home(self.person)
        with self._world.changed:
            self._world.changed.wait_for(lambda: self._world.windows.home(self.id) is not before, within)
        return self.home

    # ---- inside

    def _post(self, text: str, channel: str, thread: Message | None) -> Message:
        ts = (thread.thread_ts or thread.ts) if thread else ""
        return self._site.gestures.say(self.person, self._channel(channel), text, ts)

    def _form(self, fields: Mapping[str, Any]) -> OpenView:
        """The open modal, once it has all these fields and a Submit button."""

        def look() -> OpenView | None:
            view = self._world.windows.top(self.id)
            ready = view is not None and view.submit_label and all(looking.named(view.blocks, one) for one in fields)
            return view if ready else None

        return self._wait(look, WITHIN, f"a modal to submit, with the fields {', '.join(fields) or '(none)'}")

    def _values(self, place: Place) -> Values:
        if isinstance(place, Message):
            return forms.values(place.blocks, self._typed.get((place.channel, place.ts), {}))
        current = self._world.windows.find(place.id) or place
        return forms.values(current.blocks, current.values)

    def _put(self, place: Place, block: Mapping[str, Any], element: Mapping[str, Any], value: Any) -> None:
        with self._world.changing():
            values = self._values(place)
            held = filling.state(self._world, element, value, self.id)
            values.setdefault(str(block["block_id"]), {})[str(element["action_id"])] = held
            if isinstance(place, Message):
                self._typed[place.channel, place.ts] = values
            else:
                current = self._world.windows.find(place.id)
                assert current is not None, f"The modal {place.title!r} is closed."
                self._world.windows.typed(current, values)

    def _press(
        self, place: Place, block: Mapping[str, Any], element: Mapping[str, Any], action: dict[str, Any]
    ) -> None:
        told = {"action_id": element["action_id"], "block_id": block["block_id"], **action}
        self._workspace.run(self._site.gestures.press(self.person, place, told, self._values(place)))
