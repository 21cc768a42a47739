"""How the phrases of `schedule` are read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.slack.phrases import AddSchedule, KeepSchedule, ListSchedules, PhraseError
from bot.slack.wording import Word, bare

OPTIONS = ("zone", "overlap", "catch_up", "jitter", "show_in")
"""What is said with two hyphens; the same word with `=` alone is a field of the workflow."""
VERBS = ("add", "list", "show", "pause", "resume", "run-now", "remove")
KEEPING = {verb: verb for verb in ("show", "pause", "resume", "run-now", "remove")} | {
    "run": "run-now", "now": "run-now", "start": "run-now", "delete": "remove", "rm": "remove", "stop": "pause",
    "unpause": "resume", "status": "show",
}  # fmt: skip
"""The verbs about one schedule, and words that people try for them."""
_ZONE = re.compile(r"[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+|UTC|GMT")


class Alone(Exception):
    """A word that belongs to nothing, after these fields."""

    def __init__(self, word: Word, fields: Sequence[tuple[str, str]]) -> None:
        super().__init__(word.text)
        self.word = word
        self.fields = fields


def read_schedule(words: Sequence[Word], said: str) -> ListSchedules | AddSchedule | KeepSchedule:
    """Understand what follows `schedule`; raises PhraseError, and Alone."""
    verb, rest = (words[0].text.lower(), words[1:]) if words else ("list", [])
    if verb in ("list", "ls"):
        return ListSchedules()
    if verb in ("add", "new", "create", "make"):
        return _Adding().read(rest)
    if verb not in KEEPING:
        near = next(iter(difflib.get_close_matches(verb, VERBS, n=1)), "")
        hint = f"Did you mean `{said} schedule {near}`?" if near else f"There are {', '.join(VERBS)}."
        raise PhraseError(f"I don't know “schedule {verb[:60]}”. {hint}")
    verb = KEEPING[verb]
    if len(rest) != 1:
        asked = "Which schedule?" if not rest else f"`schedule {verb}` takes one name."
        raise PhraseError(f"{asked} Say `{said} schedule {verb} NAME`; `{said} schedule` lists them.")
    return KeepSchedule(verb, rest[0].text.strip("`"))


@dataclass
class _Adding:
    """What was read of a new schedule so far."""

    alone: list[str] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    _open: str = ""
    """The option whose value comes next."""

    def read(self, words: Sequence[Word]) -> AddSchedule:
        for word in words:
            self._take(word)
        if self._open:
            raise PhraseError(f"`--{self._open.replace('_', '-')}` needs a value.")
        name, workflow, *when = [*self.alone, "", ""] if len(self.alone) < 2 else self.alone
        zone = self.options.pop("zone", "")
        when = [one for one in when if one]
        if when and not zone and _ZONE.fullmatch(when[-1]):
            zone = when.pop()
        named = workflow.lower().replace("-", "_")
        return AddSchedule(name, named, " ".join(when), zone, tuple(self.fields), tuple(self.options.items()))

    def _take(self, word: Word) -> None:
        if self._open:
            self.options[self._open] = bare(word.text)
            self._open = ""
            return
        option = (word.name or word.text).removeprefix("--").replace("-", "_").lower()
        if word.text.startswith("--") and not word.quoted and option in OPTIONS:
            if word.name:
                self.options[option] = word.value
            else:
                self._open = option
        elif word.name:
            self.fields.append((word.name.lstrip("-").replace("-", "_"), word.value))
        elif self.fields or word.text.startswith("--"):
            raise Alone(word, self.fields)
        else:
            self.alone.append(word.text)
