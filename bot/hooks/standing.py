"""Which hooks there are, which of them are open, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.hooks.senders import KNOWN, sender_name, sender_of
from bot.settings import Settings
from workflows.catalog import Catalogue
from workflows.engine.hooks.definition import Hook

PATH = "/hooks/"


@dataclass(frozen=True)
class HookStanding:
    """A hook as it stands in this installation."""

    name: str
    title: str
    address: str
    sender: str
    workflows: tuple[str, ...]
    """Those that it may start and send signals to."""
    is_open: bool
    """Whether it takes calls."""
    trouble: str = ""
    """What is wrong, and what to do."""


def is_open(name: str, settings: Settings, catalogue: Callable[[], Catalogue]) -> Hook | None:
    """The hook of this name, where it takes calls; what is installed is not looked at for a name nobody set."""
    hook = catalogue().hooks.get(name) if name in settings.baton_hooks else None
    return hook if hook is not None and not _trouble(hook, settings) else None


def hook_standings(settings: Settings, catalogue: Catalogue) -> Sequence[HookStanding]:
    """Every hook that is installed, and those that the settings name without reason; by name."""
    return sorted(_standings(settings, catalogue), key=lambda one: one.name)


def _standings(settings: Settings, catalogue: Catalogue) -> Iterator[HookStanding]:
    for name, hook in catalogue.hooks.items():
        granted = tuple(settings.baton_hooks.get(name, ()))
        closed = _trouble(hook, settings)
        trouble = closed or _unknown(granted, catalogue)
        yield HookStanding(name, hook.title, _address(settings, name), sender_name(hook), granted, not closed, trouble)
    for name in (settings.baton_hooks.keys() | settings.baton_hook_secrets.keys()) - catalogue.hooks.keys():
        words = "No such hook is installed. Correct its name in the settings, or install it."
        granted = tuple(settings.baton_hooks.get(name, ()))
        yield HookStanding(name, "", _address(settings, name), "", granted, is_open=False, trouble=words)


def _trouble(hook: Hook, settings: Settings) -> str:
    if hook.name not in settings.baton_hooks:
        return f"Closed. Set BATON_HOOKS={hook.name}=WORKFLOW to say what it may start."
    if sender_of(hook) is None:
        return f"Closed. Baton knows no sender {hook.sender}: use {', '.join(KNOWN)}, or an object of your own."
    if not settings.baton_hook_secrets.get(hook.name):
        return f"Closed. Set BATON_HOOK_SECRETS={hook.name}=SECRET with what the service signs its calls with."
    return ""


def _unknown(granted: Sequence[str], catalogue: Catalogue) -> str:
    unknown = [name for name in granted if name not in catalogue.names()]
    return f"BATON_HOOKS names {unknown[0]}, which is not installed." if unknown else ""


def _address(settings: Settings, name: str) -> str:
    return f"{settings.address}{PATH}{name}"
