"""The editor at the terminal: shows what is to be approved, and asks for a decision."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot import printing
from workflows.engine.model import Approval, Outcome

EXCERPT = 24
"""Lines of a text that are shown at once."""
QUESTION = "[a]pprove, ask for [c]hanges, [r]eject, or [v]iew all of it? "


@dataclass(frozen=True)
class Answer:
    """What an editor says."""

    outcome: Outcome
    comment: str = ""


class Editor(Protocol):
    """Who decides in the demo."""

    def decide(self, approval: Approval) -> Answer:
        """Look at what is shown, and answer."""


class AtTheTerminal:
    """The person at the keyboard. Raises KeyboardInterrupt when that person leaves."""

    def decide(self, approval: Approval) -> Answer:
        title, text = shown(approval)
        _excerpt(approval, title, text)
        while True:
            match _asked(QUESTION)[:1].lower():
                case "a":
                    return Answer(Outcome.APPROVED)
                case "c":
                    comment = _asked("What should change? ")
                    if comment:
                        return Answer(Outcome.CHANGES, comment)
                case "r":
                    return Answer(Outcome.REJECTED, _asked("Why? (may stay empty) "))
                case "v":
                    with printing.console().pager():
                        printing.say(title, "", text)


class ByItself:
    """Answers where nobody is there: asks for changes once, so that the loop is seen, then approves."""

    COMMENT = "Shorter, please."

    def __init__(self) -> None:
        self._asked_for_changes = False

    def decide(self, approval: Approval) -> Answer:
        _excerpt(approval, *shown(approval))
        if self._asked_for_changes:
            printing.say("", "No terminal, so the demo answers: approved.", "")
            return Answer(Outcome.APPROVED)
        self._asked_for_changes = True
        printing.say("", f"No terminal, so the demo answers: changes, “{self.COMMENT}”", "")
        return Answer(Outcome.CHANGES, self.COMMENT)


def editor() -> Editor:
    """The person at the terminal, if there is one."""
    return AtTheTerminal() if sys.stdin.isatty() and sys.stdout.isatty() else ByItself()


def shown(approval: Approval) -> tuple[str, str]:
    """The title and the text of what is to be approved."""
    value: Any = json.loads(approval.show)
    if isinstance(value, Mapping) and isinstance(value.get("body"), str):
        return str(value.get("title", "")), value["body"]
    return approval.title, json.dumps(value, ensure_ascii=False, indent=2)


def _excerpt(approval: Approval, title: str, text: str) -> None:
    lines = text.strip().splitlines()
    more = [f"… and {len(lines) - EXCERPT} more lines"] if len(lines) > EXCERPT else []
    printing.say("", f"{approval.title}: {printing.one_line(title)}", "")
    printing.say(*(f"    {line}" for line in [*lines[:EXCERPT], *more]), "")


def _asked(question: str) -> str:
    """One line from the keyboard; the end of input means that the person leaves."""
    try:
        return input(question).strip()
    except EOFError:
        raise KeyboardInterrupt from None
