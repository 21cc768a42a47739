"""The buttons of a digest that was shown before it is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.slack.incoming import Press
from bot.slack.reacting import Reaction, heard
from bot.slack.views.digest import ahead_words
from bot.slack.views.messages import Message

if TYPE_CHECKING:
    from bot.slack.pressing import Presses


def save(presses: Presses, press: Press) -> Reaction:
    """Save what was shown."""
    seen = presses.parts.digests.save(press.value, by=press.caller.actor)
    words = f"`{seen.schedule.name}` is saved. {ahead_words(seen)} `/baton digest` lists what there is."
    return heard(_instead(presses, press, words))


def drop(presses: Presses, press: Press) -> Reaction:
    """Forget what was shown."""
    presses.parts.digests.discard(press.value, by=press.caller.actor)
    return heard(_instead(presses, press, "Dropped: nothing was saved."))


def _instead(presses: Presses, press: Press, words: str) -> Callable[[], None]:
    return lambda: presses.speaker.instead(press, Message(words))
