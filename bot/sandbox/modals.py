"""Submitting and closing modals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.sandbox import forms, payloads
from bot.sandbox.courier import Delivery
from bot.sandbox.errors import SlackError
from bot.sandbox.forms import Values
from bot.sandbox.gestures import Gestures
from bot.sandbox.model import OpenView, Person
from bot.sandbox.outcomes import AppFailed, Refused, Submitted
from bot.sandbox.world import World

Json = dict[str, Any]
TROUBLE = "We had some trouble connecting. Try again?"


@dataclass(frozen=True)
class Modals:
    """What a person does with an open modal. Runs on the server's loop."""

    gestures: Gestures

    @property
    def world(self) -> World:
        """The workspace's state."""
        return self.gestures.world

    async def submit(self, person: Person, view: OpenView, typed: Values) -> Submitted:
        """Press Submit; Slack's own checks come first, then the app is asked."""
        world = self.world
        with world.changing():
            view = self._open(person, view)
            if not view.submit_label:
                raise Refused("This modal has no Submit button.")
            values = forms.values(view.blocks, typed)
            view = world.windows.refuse(world.windows.typed(view, values), forms.problems(view.blocks, values))
            if view.errors:
                return Submitted(closed=False, errors=view.errors)
            told = payloads.view_submission(world, person, view, self._response_urls(person, view))
            world.windows.busy.add(view.id)
        ack = await self.gestures.courier.deliver(Delivery("interactive", told, accepts_answer=True))
        with world.changing():
            world.windows.busy.discard(view.id)
            if ack.problem:
                self._trouble(view)
                self.gestures.check(ack, person, "", "The modal")
            return self._answered(person, view, ack.body)

    async def close(self, person: Person, view: OpenView, *, all_of_them: bool = False) -> None:
        """Press Cancel, or the cross, which closes all."""
        world = self.world
        with world.changing():
            view = self._open(person, view)
            cleared = all_of_them or bool(view.payload.get("clear_on_close"))
            told = payloads.view_closed(world, person, view, cleared=cleared)
            if cleared:
                world.windows.clear(person.id)
            else:
                world.windows.close(view)
        if view.payload.get("notify_on_close"):
            await self.gestures.courier.deliver(Delivery("interactive", told, accepts_answer=True))

    def _open(self, person: Person, view: OpenView) -> OpenView:
        found = self.world.windows.find(view.id)
        if found is None or found.user != person.id:
            raise Refused("This modal is closed.")
        return found

    def _answered(self, person: Person, view: OpenView, body: Any) -> Submitted:
        windows = self.world.windows
        action = body.get("response_action") if isinstance(body, Mapping) else None
        still = windows.find(view.id)
        if action is None or still is None:
            if still is not None:
                windows.close(still)
            return Submitted(closed=True)
        if action == "clear":
            windows.clear(person.id)
            return Submitted(closed=True)
        if action == "errors":
            return self._refused(person, still, body.get("errors"))
        return self._replaced(person, still, action, body.get("view"))

    def _refused(self, person: Person, view: OpenView, errors: Any) -> Submitted:
        inputs = {str(block.get("block_id")) for block in view.blocks if block.get("type") == "input"}
        if not isinstance(errors, Mapping) or not errors or not errors.keys() <= inputs:
            raise self._failed(person, view, f"errors that name no input of the modal: {errors}")
        words = {str(block): str(text) for block, text in errors.items()}
        self.world.windows.refuse(view, words)
        return Submitted(closed=False, errors=words)

    def _replaced(self, person: Person, view: OpenView, action: Any, given: Any) -> Submitted:
        windows = self.world.windows
        try:
            payload = self.gestures.desk.checker.view(given)
            if action == "update":
                windows.update(view, payload)
            elif action == "push":
                windows.push(person.id, payload)
            else:
                raise self._failed(person, view, f"a response_action that Slack does not know: {action!r}")
        except SlackError as refused:
            raise self._failed(person, view, f"a view that Slack refuses: {refused.error} {refused.extra}") from refused
        return Submitted(closed=False)

    def _failed(self, person: Person, view: OpenView, why: str) -> AppFailed:
        self._trouble(view)
        words = f"{TROUBLE} (The app answered with {why})"
        self.world.notify(person.id, "", words)
        return AppFailed(words, "invalid_response")

    def _trouble(self, view: OpenView) -> None:
        still = self.world.windows.find(view.id)
        if still is not None:
            self.world.windows.refuse(still, {"": TROUBLE})

    def _response_urls(self, person: Person, view: OpenView) -> list[Json]:
        world = self.world
        told = []
        for block, element in forms.holders(view.blocks):
            if element.get("response_url_enabled"):
                held = view.values.get(str(block["block_id"]), {}).get(str(element["action_id"]), {})
                channel = str(held.get(forms.FIELDS[element["type"]]) or "")
                if channel in world.channels:
                    secret = world.tickets.hook(person.id, channel)
                    told.append({
                        "block_id": block["block_id"],
                        "action_id": element["action_id"],
                        "channel_id": channel,
                        "response_url": f"{world.address}/app/{world.team_id}/{secret}",
                    })  # fmt: skip
        return told
