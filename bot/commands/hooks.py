"""Hooks: who may call, where, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from bot import printing
from bot.commands.catalogue import AsJson
from bot.commands.session import opened
from bot.hooks.standing import HookStanding, hook_standings
from workflows.engine.access import HOOK
from workflows.engine.errors import BatonError
from workflows.engine.hooks.model import Inbound

LAST = 20


def hooks(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Show this hook's last events.", show_default=False)
    ] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """List hooks, their addresses, and what services told last.

    Example: baton hooks stripe
    """
    with opened() as session:
        found = hook_standings(session.settings, session.runtime.catalogue)
        if name:
            found = [_named(name, found)]
        told = {
            one.name: session.runtime.store.inbound.latest(HOOK + one.name, limit=LAST if name else 1) for one in found
        }
        public = bool(session.settings.baton_url)
    if as_json:
        printing.document([_document(one, told[one.name]) for one in found])
    elif not found:
        printing.say("No hook is installed. docs/howto/hooks.md shows how one is written: it takes a few lines.")
    elif name:
        _tell_one(found[0], told[name])
    else:
        rows = [
            (one.address, one.name, ", ".join(one.workflows) or "nothing", _state(one), _last(told[one.name]))
            for one in found
        ]
        printing.say(printing.table(("Address", "Name", "May start", "State", "Last event"), rows))
        if not public:
            printing.say("BATON_URL is not set: services outside need the public address of this web process.")


def _named(name: str, found: Sequence[HookStanding]) -> HookStanding:
    for one in found:
        if one.name == name:
            return one
    raise BatonError(f"There is no hook {name}. There are: {', '.join(one.name for one in found) or 'none'}.")


def _tell_one(hook: HookStanding, events: Sequence[Inbound]) -> None:
    printing.say(f"{hook.name}: {hook.title}", f"{hook.address}, called by {hook.sender}", _state(hook))
    if not events:
        printing.say("Nothing came in yet.")
        return
    rows = [(one.event_id, one.type, printing.ago(one.at), one.state.value, one.run_id) for one in events]
    printing.say(printing.table(("Event", "Type", "When", "What became of it", "Run"), rows))
    for event in (event for event in events if event.words):
        printing.say(f"{event.event_id}: {event.words}")


def _state(one: HookStanding) -> str:
    return "; ".join(filter(None, ("open" if one.is_open else "", one.trouble)))


def _last(events: Sequence[Inbound]) -> str:
    return f"{events[0].type} {events[0].state.value} {printing.ago(events[0].at)}".strip() if events else "none yet"


def _document(one: HookStanding, events: Sequence[Inbound]) -> dict[str, Any]:
    return {
        "name": one.name, "title": one.title, "address": one.address, "sender": one.sender,
        "workflows": list(one.workflows), "open": one.is_open, "trouble": one.trouble,
        "events": [
            {"id": event.event_id, "type": event.type, "at": event.at.isoformat(), "state": event.state.value,
             "run": event.run_id or None, "words": event.words}
            for event in events
        ],
    }  # fmt: skip
