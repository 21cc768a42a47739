"""How a story says what of the edge it uses, and how that is held against what really came in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.slack import pressing, submitting
from bot.slack.incoming import Command, Press, Said, Shortcut, Step, Submission
from bot.slack.listeners import MENTIONED, Listeners
from bot.slack.manifest import EVENTS, SHORTCUTS, commands_of, manifest
from bot.slack.phrases import VERBS
from bot.slack.reacting import Reaction
from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.workflows import ALL
from workflows.engine.definition import OURS

Play = Callable[[Stage], None]


@dataclass(frozen=True)
class Story:
    """A story, and what of the edge it says it uses."""

    play: Play
    uses: frozenset[str]

    @property
    def name(self) -> str:
        return self.play.__name__


STORIES: list[Story] = []
ENDINGS = frozenset({"app_uninstalled", "tokens_revoked"})
"""Events that no listener hears: test_installing tells of them."""


def story(*uses: str) -> Callable[[Play], Play]:
    """Make a function a story. `uses` names commands (`/baton`), phrases (`say run`), buttons (`press run.cancel`),
    modals (`send run.start`), shortcuts (`choose start_workflow`), custom steps (`build run_workflow`) and events
    (`hear app_mention`)."""

    def declare(play: Play) -> Play:
        STORIES.append(Story(play, frozenset(uses)))
        return play

    return declare


def registered() -> set[str]:
    """Everything that the edge takes."""
    commands = {OURS, *commands_of(ALL)}
    said = {f"say {verb}" for verb in VERBS}
    pressed = {f"press {action}" for action in pressing.HANDLERS}
    sent = {f"send {callback}" for callback in submitting.HANDLERS}
    chosen = {f"choose {callback}" for callback, *_ in SHORTCUTS}
    built = {f"build {callback}" for callback in manifest([])["functions"]}
    heard = {f"hear {event}" for event in EVENTS if event not in ENDINGS}
    return commands | said | pressed | sent | chosen | built | heard


@dataclass
class Recorder:
    """Stands before the listeners, and writes down what comes in."""

    listeners: Listeners
    used: set[str] = field(default_factory=set)

    def command(self, command: Command) -> Reaction:
        self.used.add(command.name)
        if command.name == OURS:
            self._said(command.text)
        return self.listeners.command(command)

    def said(self, said: Said) -> Reaction:
        self.used.add(f"hear {'message.im' if said.direct else 'app_mention'}")
        self._said(MENTIONED.sub("", said.text))
        return self.listeners.said(said)

    def overheard(self, said: Said) -> Reaction:
        room = self.listeners.parts.directory.room(said.caller.channel)
        self.used.add(f"hear message.{'groups' if room is not None and room.private else 'channels'}")
        return self.listeners.overheard(said)

    def press(self, press: Press) -> Reaction:
        self.used.add(f"press {press.action}")
        return self.listeners.press(press)

    def shortcut(self, shortcut: Shortcut) -> Reaction:
        self.used.add(f"choose {shortcut.callback}")
        return self.listeners.shortcut(shortcut)

    def step(self, step: Step) -> Reaction:
        self.used.add(f"build {step.callback}")
        return self.listeners.step(step)

    def submission(self, submission: Submission) -> Reaction:
        self.used.add(f"send {submission.callback}")
        return self.listeners.submission(submission)

    def home(self, team: str, user: str) -> Reaction:
        self.used.add("hear app_home_opened")
        return self.listeners.home(team, user)

    def _said(self, text: str) -> None:
        self.used.add(f"say {text.split(maxsplit=1)[0] if text.strip() else 'help'}")
