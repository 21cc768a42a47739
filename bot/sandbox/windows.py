"""The modals that are open, and each person's App Home."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.sandbox.errors import SlackError
from bot.sandbox.model import OpenView, Payload

DEPTH = 3
"""How many modals may lie on each other."""


class Windows:
    """Views by id, and each person's stack of modals. Its caller holds the workspace's lock."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._views: dict[str, OpenView] = {}
        self._stacks: dict[str, list[str]] = {}
        self._homes: dict[str, str] = {}
        self._external: dict[str, str] = {}
        self._count = 0
        self.busy: set[str] = set()
        """Views whose submission the app has not answered yet."""

    def open(self, user: str, payload: Payload) -> OpenView:
        """A new root modal in the place of whatever was open."""
        self._claim_external(payload, "")
        self.clear(user)
        view = self._new("modal", user, payload)
        self._stacks[user] = [view.id]
        return view

    def push(self, user: str, payload: Payload) -> OpenView:
        """A new modal on top."""
        stack = self._stacks.get(user)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= DEPTH:
            raise SlackError("push_limit_reached")
        self._claim_external(payload, "")
        below = self._views[stack[-1]]
        view = self._new("modal", user, payload, root=below.root_id, previous=below.id)
        stack.append(view.id)
        return view

    def update(self, view: OpenView, payload: Payload, *, expected: str = "") -> OpenView:
        """New content for a view; what was typed into fields that are still there stays."""
        if expected and expected != view.hash:
            raise SlackError("hash_conflict")
        self._claim_external(payload, view.id)
        kept = {str(block.get("block_id")) for block in payload.get("blocks") or ()}
        values = {block: one for block, one in view.values.items() if block in kept}
        changed = replace(view, payload=payload, hash=self._hash(), values=values, errors={})
        self._views[view.id] = changed
        return changed

    def publish(self, user: str, payload: Payload, *, expected: str = "") -> OpenView:
        """The App Home of a person."""
        known = self.home(user)
        if known is not None:
            return self.update(known, payload, expected=expected)
        if expected:
            raise SlackError("hash_conflict")
        self._claim_external(payload, "")
        view = self._new("home", user, payload)
        self._homes[user] = view.id
        return view

    def typed(self, view: OpenView, values: Mapping[str, Mapping[str, Payload]]) -> OpenView:
        """What the person has filled in so far."""
        changed = replace(view, values=values)
        self._views[view.id] = changed
        return changed

    def refuse(self, view: OpenView, errors: Mapping[str, str]) -> OpenView:
        """Show errors at the fields."""
        changed = replace(view, errors=dict(errors))
        self._views[view.id] = changed
        return changed

    def close(self, view: OpenView) -> None:
        """Take this modal away, and those on top of it."""
        stack = self._stacks.get(view.user, [])
        if view.id in stack:
            at = stack.index(view.id)
            for one in stack[at:]:
                self._drop(one)
            del stack[at:]

    def clear(self, user: str) -> None:
        """Close all modals of a person."""
        for one in self._stacks.pop(user, []):
            self._drop(one)

    def find(self, view_id: str) -> OpenView | None:
        """The open view with this id."""
        return self._views.get(view_id)

    def find_external(self, external_id: str) -> OpenView | None:
        """The open view with this name of the app's."""
        return self._views.get(self._external.get(external_id, ""))

    def top(self, user: str) -> OpenView | None:
        """The modal that a person sees."""
        stack = self._stacks.get(user)
        return self._views[stack[-1]] if stack else None

    def depth(self, user: str) -> int:
        """How many modals a person has open."""
        return len(self._stacks.get(user, ()))

    def home(self, user: str) -> OpenView | None:
        """The App Home of a person, once the app has published one."""
        return self._views.get(self._homes.get(user, ""))

    def _new(self, kind: str, user: str, payload: Payload, *, root: str = "", previous: str = "") -> OpenView:
        self._count += 1
        ident = f"V0LOCAL{self._count:05d}"
        view = OpenView(ident, kind, user, payload, self._hash(), root or ident, previous, names=self._names)
        self._views[ident] = view
        if payload.get("external_id"):
            self._external[str(payload["external_id"])] = ident
        return view

    def _hash(self) -> str:
        self._count += 1
        return f"1700000000.{self._count:08x}"

    def _claim_external(self, payload: Payload, owner: str) -> None:
        external = str(payload.get("external_id") or "")
        if external and self._external.get(external, owner) != owner:
            raise SlackError("duplicate_external_id")
        if external and owner:
            self._external[external] = owner

    def _drop(self, view_id: str) -> None:
        view = self._views.pop(view_id, None)
        self.busy.discard(view_id)
        if view is not None and view.payload.get("external_id"):
            self._external.pop(str(view.payload["external_id"]), None)
