"""How phrases are read, from a slash command, a mention or a direct message: one grammar for all three."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from bot.slack.delegated import read_delegation
from bot.slack.phrases import (
    EVERYTHING,
    INSTEAD,
    VERBS,
    Alerts,
    Approvals,
    Cancel,
    Claim,
    DeadLetters,
    Delegate,
    Digest,
    Fork,
    Help,
    ListCredentials,
    Mute,
    Mutes,
    Pause,
    Phrase,
    PhraseError,
    Release,
    Resume,
    Runs,
    SetCredential,
    Start,
    Status,
    Undo,
    Unmute,
    Unpause,
    Why,
    Workflows,
)
from bot.slack.scheduled import Alone, read_schedule
from bot.slack.wording import Word, plain, split

DIGEST_VERBS = ("list", "add", "show", "now", "pause", "resume", "remove")
"""What can be done with digests."""


@dataclass(frozen=True)
class Grammar:
    """Reads phrases. `said` is how Baton is addressed here, for the examples in answers."""

    workflows: Collection[str] = frozenset()
    said: str = "/baton"

    def read(self, text: str) -> Phrase:
        """Understand one phrase; raises PhraseError."""
        words = self._words(text)
        if not words:
            return Help()
        verb, rest = words[0].text.lower().rstrip("?!.") or "help", words[1:]
        if verb not in VERBS:
            raise PhraseError(self._unknown(verb))
        reader: Callable[[Sequence[Word]], Phrase] = getattr(self, f"_{verb}")
        return reader(rest)

    def read_start(self, workflow: str, text: str) -> Phrase:
        """Understand what follows a workflow's own command."""
        words = self._words(text)
        if len(words) == 1 and words[0].text.lower() in ("help", "?"):
            return Workflows(workflow)
        return self._start(workflow, words)

    # ------------------------------------------------------------------------------------------------------

    def _words(self, text: str) -> list[Word]:
        try:
            return split(plain(text))
        except ValueError as error:
            raise PhraseError(str(error)) from None

    def _unknown(self, verb: str) -> str:
        name = _name(verb)
        if name in self.workflows:
            return f"{name} is a workflow. Start it with `{self.said} run {name}`."
        near = INSTEAD.get(verb) or next(iter(difflib.get_close_matches(verb, VERBS, n=1, cutoff=0.6)), "")
        if not near and (workflow := next(iter(difflib.get_close_matches(name, self.workflows, n=1)), "")):
            near = f"run {workflow}"
        hint = f"Did you mean `{self.said} {near}`?" if near else f"`{self.said} help` says what you can do."
        return f"I don't know “{_short(verb)}”. {hint}"

    def _run(self, words: Sequence[Word]) -> Phrase:
        if not words or words[0].name:
            raise PhraseError(
                f"Which workflow? `{self.said} run NAME field=value` starts one; `{self.said} workflows` lists them."
            )
        return self._start(_name(words[0].text), words[1:])

    def _start(self, workflow: str, words: Sequence[Word]) -> Start:
        found = _Start()
        for word in words:
            if not found.take(word):
                raise PhraseError(self._alone(word, found.fields))
        if found.at_given and not found.at:
            raise PhraseError(f"When? For example `{self.said} run {workflow} at 9:00 tomorrow`.")
        return Start(workflow, tuple(found.fields), " ".join(found.at), found.dry, tuple(found.labels))

    def _alone(self, word: Word, fields: Sequence[tuple[str, str]]) -> str:
        if word.text.startswith("--"):
            hint = " Did you mean `--dry-run`?" if "dry" in word.text or "test" in word.text else ""
            return f"I don't know the option {_short(word.text)}.{hint} Fields are given as `field=value`."
        if fields:
            name, value = fields[-1]
            return f'“{_short(word.text)}” stands alone. Did you mean `{name}="{value} {_short(word.text)}"`?'
        return (
            f"“{_short(word.text)}” stands alone. Give each value with its field's name: `field={_short(word.text)}`."
        )

    def _runs(self, words: Sequence[Word]) -> Runs:
        states: list[str] = []
        labels: list[tuple[str, str]] = []
        free: list[str] = []
        one = {"workflow": "", "by": ""}
        for word in words:
            match word.filter.lower():
                case "state":
                    states += [part.lower() for part in word.value.split(",") if part]
                case "label":
                    labels.append(_label(word))
                case "workflow" | "by" as name:
                    one[name] = word.value
                case _:
                    free.append(word.text)
        return Runs(" ".join(free), tuple(states), _name(one["workflow"]), one["by"], tuple(labels))

    def _status(self, words: Sequence[Word]) -> Status:
        return Status(self._one(words, "status", "RUN", "Which run?"))

    def _approvals(self, _words: Sequence[Word]) -> Approvals:
        return Approvals()

    def _resume(self, words: Sequence[Word]) -> Resume:
        return Resume(self._one(words, "resume", "RUN", "Which run?"))

    def _cancel(self, words: Sequence[Word]) -> Cancel:
        return Cancel(self._first(words, "cancel", "RUN", "Which run?"), _joined(words[1:]))

    def _why(self, words: Sequence[Word]) -> Why:
        return Why(self._one(words, "why", "RUN", "Which run or approval?"))

    def _workflows(self, words: Sequence[Word]) -> Workflows:
        return Workflows(_name(words[0].text) if words else "")

    def _pause(self, words: Sequence[Word]) -> Pause:
        what = self._first(words, "pause", "WORKFLOW", f"What? A workflow's name, or `{EVERYTHING}`.")
        return Pause(_all_or(what), _joined(words[1:]))

    def _unpause(self, words: Sequence[Word]) -> Unpause:
        return Unpause(_all_or(self._one(words, "unpause", "WORKFLOW", f"What? A workflow's name, or `{EVERYTHING}`.")))

    def _schedule(self, words: Sequence[Word]) -> Phrase:
        try:
            return read_schedule(words, self.said)
        except Alone as alone:
            raise PhraseError(self._alone(alone.word, alone.fields)) from None

    def _digest(self, words: Sequence[Word]) -> Digest:
        verb = words[0].text.lower() if words else "list"
        if verb not in DIGEST_VERBS:
            near = next(iter(difflib.get_close_matches(verb, DIGEST_VERBS, n=1)), "list")
            raise PhraseError(
                f"I don't know `digest {_short(verb)}`. Did you mean `{self.said} digest {near}`? "
                f"There are: {', '.join(DIGEST_VERBS)}."
            )
        return Digest(verb, tuple(word.text for word in words[1:]))

    def _alerts(self, words: Sequence[Word]) -> Alerts:
        return Alerts(past=bool(words) and words[0].text.lower() == "all")

    def _mute(self, words: Sequence[Word]) -> Mute:
        what = self._first(words, "mute", "WHAT", "What? A workflow, a connector, a kind of alert, or everything.")
        rest = list(words[1:])
        if rest and rest[0].text.lower() in ("until", "till"):
            rest = rest[1:]
        return Mute(what, _joined(rest))

    def _unmute(self, words: Sequence[Word]) -> Unmute:
        return Unmute(self._one(words, "unmute", "WHAT", "What?"))

    def _mutes(self, _words: Sequence[Word]) -> Mutes:
        return Mutes()

    def _deadletters(self, words: Sequence[Word]) -> Phrase:
        workflow, flags = "", set[str]()
        for word in words:
            if word.filter.lower() == "workflow":
                workflow = word.value
            elif word.text.lower() in ("mine", "all"):
                flags.add(word.text.lower())
            else:
                more = _short(word.text)
                raise PhraseError(
                    f"`deadletters` takes `mine`, `all` and `workflow:NAME`; I don't know “{more}” there."
                )
        return DeadLetters(_name(workflow), "mine" in flags, "all" in flags)

    def _claim(self, words: Sequence[Word]) -> Phrase:
        return Claim(self._one(words, "claim", "GROUP", "Which group?"))

    def _release(self, words: Sequence[Word]) -> Phrase:
        return Release(self._one(words, "release", "GROUP", "Which group?"))

    def _fork(self, words: Sequence[Word]) -> Phrase:
        run = self._first(words, "fork", "RUN", "Which run?")
        rest = words[1:]
        if not rest:
            return Fork(run)
        if rest[0].text.lower() != "at" or len(rest) != 2:
            raise PhraseError(
                f"From which step? Say `{self.said} fork RUN at STEP`, or leave the step out to choose it."
            )
        return Fork(run, rest[1].text.strip("`"))

    def _undo(self, words: Sequence[Word]) -> Phrase:
        return Undo(self._one(words, "undo", "RUN", "Which run?"))

    def _delegate(self, words: Sequence[Word]) -> Delegate:
        return read_delegation(words, self.said)

    def _credentials(self, words: Sequence[Word]) -> Phrase:
        verb = words[0].text.lower() if words else "list"
        if verb == "list":
            return ListCredentials()
        if verb != "set" or len(words) != 2 or words[1].name:  # what follows may be a secret: it is not repeated
            raise PhraseError(
                f"Say `{self.said} credentials set NAME`, and a form asks for the rest: a secret is never part of a "
                f"command. `{self.said} credentials` lists the services."
            )
        return SetCredential(_name(words[1].text))

    def _help(self, _words: Sequence[Word]) -> Help:
        return Help()

    def _first(self, words: Sequence[Word], verb: str, what: str, asked: str) -> str:
        if not words:
            listed = {"WORKFLOW": "workflows", "WHAT": "alerts", "GROUP": "deadletters"}.get(what, "runs")
            raise PhraseError(f"{asked} Say `{self.said} {verb} {what}`; `{self.said} {listed}` lists them.")
        return words[0].text

    def _one(self, words: Sequence[Word], verb: str, what: str, asked: str) -> str:
        first = self._first(words, verb, what, asked)
        if len(words) > 1:
            more = _short(_joined(words[1:]))
            raise PhraseError(f"`{verb}` takes one {what}, and “{more}” follows. Say `{self.said} {verb} {what}`.")
        return first


@dataclass
class _Start:
    """What was read of a start so far."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    labels: list[tuple[str, str]] = field(default_factory=list)
    at: list[str] = field(default_factory=list)
    dry: bool = False
    at_given: bool = False
    _in_time: bool = False

    def take(self, word: Word) -> bool:
        """Make a word part of the start; False for one that stands alone."""
        if word.name:
            self._in_time = False
            self.fields.append((word.name.lstrip("-").replace("-", "_"), word.value))
        elif word.text.lower() in ("--dry-run", "--dry", "dry-run"):
            self._in_time, self.dry = False, True
        elif word.filter.lower() == "label":
            self._in_time = False
            self.labels.append(_label(word))
        elif self._in_time:
            self.at.append(word.text)
        elif not self.at_given and not word.quoted and word.text.lower() in ("at", "in", "on"):
            self._in_time = self.at_given = True
            self.at += [] if word.text.lower() == "at" else [word.text.lower()]
        else:
            return False
        return True


def _label(word: Word) -> tuple[str, str]:
    key, equals, value = word.value.partition("=")
    if not key or not equals or not value:
        raise PhraseError(f"“{_short(word.text)}” is no label. Write it as `label:key=value`.")
    return key, value


def _name(text: str) -> str:
    return text.strip().lower().replace("-", "_")


def _all_or(text: str) -> str:
    return "" if text.lower() in (EVERYTHING, "all") else _name(text)


def _joined(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
