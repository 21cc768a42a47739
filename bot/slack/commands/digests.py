"""Phrases about digests: add one after a look at it, list, show, post now, pause, resume, remove."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.digests.keeping import Ask
from bot.digests.readers import is_person
from bot.slack.incoming import Caller
from bot.slack.parts import Parts
from bot.slack.phrases import Digest, PhraseError
from bot.slack.reacting import Answer
from bot.slack.views import digest as views
from bot.slack.views.digest import digest_message
from bot.slack.views.messages import Message
from workflows.digests.desk import EVERYONE
from workflows.engine.errors import BatonError

HOW = "Say `{said} digest add daily_ops #ops weekdays 9:00`; `{said} digest` lists what there is."


def digest(parts: Parts, phrase: Digest, caller: Caller) -> Answer:
    """Do what was asked for with digests."""
    return VERBS[phrase.verb](parts, phrase, caller)


def _list(parts: Parts, _phrase: Digest, caller: Caller) -> Answer:
    digests = parts.digests
    found = [seen for seen in digests.listed(by=caller.actor) if shareable(caller, seen.schedule.channel)]
    return Answer(views.digests_message(found, digests.installed(), caller.said))


def _add(parts: Parts, phrase: Digest, caller: Caller) -> Answer:
    words = list(phrase.words)
    if not words:
        raise PhraseError(f"Which digest, where and when? {HOW.format(said=caller.said)}")
    name = words.pop(0).lower().replace("-", "_")
    called = ""
    if len(words) > 2 and words[-2].lower() == "as":
        called, words = words[-1], words[:-2]
    place = _place(parts, words[0], caller) if words else ""
    if place:
        words.pop(0)
    place = place or _own_place(parts, name, caller)
    person = parts.directory.person(caller.actor)
    zone = person.zone if person is not None and person.zone else "UTC"
    preview = parts.digests.draft(Ask(name, place, tuple(words), zone, called), by=caller.actor)
    if caller.aloud and is_person(place):
        raise PhraseError("Others read here. Ask with `/baton digest add …`, which only you see.")
    return Answer(views.preview_message(preview, digest_message(preview.page, {})))


def _show(parts: Parts, phrase: Digest, caller: Caller) -> Answer:
    name = _one(phrase, caller)
    place = caller.place if caller.aloud else caller.actor
    person = parts.directory.person(caller.actor)
    zone = person.zone if person is not None and person.zone else "UTC"
    page = parts.digests.glance(name, by=caller.actor, zone=zone, place=place)
    return Answer(digest_message(page, {}))


def _now(parts: Parts, phrase: Digest, caller: Caller) -> Answer:
    name = _one(phrase, caller)
    parts.digests.now(name, by=caller.actor)
    return Answer(Message(f"`{name}` is being posted. Its next window stays as it is."))


def _pause(parts: Parts, phrase: Digest, caller: Caller) -> Answer:
    name = _one(phrase, caller)
    parts.digests.pause(name, by=caller.actor)
    return Answer(Message(f"`{name}` is paused. `{caller.said} digest resume {name}` lets it go on."))


def _resume(parts: Parts, phrase: Digest, caller: Caller) -> Answer:
    seen = parts.digests.resume(_one(phrase, caller), by=caller.actor)
    return Answer(Message(f"`{seen.schedule.name}` goes on. {views.ahead_words(seen)}"))


def _remove(parts: Parts, phrase: Digest, caller: Caller) -> Answer:
    name = _one(phrase, caller)
    parts.digests.remove(name, by=caller.actor)
    return Answer(Message(f"`{name}` is removed; what it posted stays."))


VERBS: dict[str, Callable[[Parts, Digest, Caller], Answer]] = {
    "list": _list, "add": _add, "show": _show, "now": _now, "pause": _pause, "resume": _resume, "remove": _remove,
}  # fmt: skip


def shareable(caller: Caller, place: str) -> bool:
    """Whether a digest may be named here: what others read must be for here."""
    return not caller.aloud or place == caller.place


def _one(phrase: Digest, caller: Caller) -> str:
    if len(phrase.words) != 1:
        raise PhraseError(
            f"Which one? Say `{caller.said} digest {phrase.verb} NAME`; `{caller.said} digest` lists them."
        )
    return phrase.words[0].strip("`")


def _place(parts: Parts, word: str, caller: Caller) -> str:
    """The place that a word names; "" for a word that names none."""
    low = word.lower()
    if low in ("me", "myself"):
        return caller.actor
    if low == "here":
        return caller.place
    if low == EVERYONE:
        return EVERYONE
    one = word.removeprefix("<").removesuffix(">").lstrip("#@")
    if word.startswith(("<#", "<@")):
        return f"slack:{caller.team}:{one}"
    if word.startswith("#"):
        room = parts.directory.room(word)
        if room is None:
            raise BatonError(f"There is no channel {word}, or the bot is not in it: invite it with /invite.")
        return f"slack:{caller.team}:{room.id}"
    return ""


def _own_place(parts: Parts, name: str, caller: Caller) -> str:
    """Where a digest goes when no place was said: to whoever asks if it is for people, else to where they ask."""
    found: Any = next((one for one in parts.digests.installed() if one.name == name), None)
    return caller.actor if found is None or found.personal or found.since_look else caller.place
