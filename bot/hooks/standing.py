"""Which hooks there are, which of them are open, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.hooks.senders import KNOWN, sender_name, sender_of
from bot.settings import Settings
from workflows.catalog import Catalogue
from workflows.engine.hooks.definition import Hook

PATH = "/hooks/"
MAILBOX = "mailbox"
"""The sender of hooks that are not called, but looked for by the clock."""


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
    if hook is None or hook.sender == MAILBOX or _trouble(hook, settings):
        return None
    return hook


def of_mailboxes(settings: Settings, catalogue: Catalogue) -> list[Hook]:
    """The hooks whose mailboxes are to be looked into."""
    found = [hook for hook in catalogue.hooks.values() if hook.sender == MAILBOX]
    return [hook for hook in found if not _trouble(hook, settings)]


def _named(settings: Settings) -> set[str]:
    return {*settings.baton_hooks, *settings.baton_hook_secrets, *settings.baton_mailboxes}


def hook_standings(settings: Settings, catalogue: Catalogue) -> Sequence[HookStanding]:
    """Every hook that is installed, and those that the settings name without reason; by name."""
    return sorted(_standings(settings, catalogue), key=lambda one: one.name)


def _standings(settings: Settings, catalogue: Catalogue) -> Iterator[HookStanding]:
    for name, hook in catalogue.hooks.items():
        granted = tuple(settings.baton_hooks.get(name, ()))
        closed = _trouble(hook, settings)
        trouble = closed or _unknown(granted, catalogue)
        address = _address(settings, name, mailbox=hook.sender == MAILBOX)
        yield HookStanding(name, hook.title, address, sender_name(hook), granted, not closed, trouble)
    for name in _named(settings) - catalogue.hooks.keys():
        words = "No such hook is installed. Correct its name in the settings, or install it."
        granted = tuple(settings.baton_hooks.get(name, ()))
        yield HookStanding(name, "", _address(settings, name), "", granted, is_open=False, trouble=words)


def _trouble(hook: Hook, settings: Settings) -> str:
    if hook.name not in settings.baton_hooks:
        return f"Closed. Set BATON_HOOKS={hook.name}=WORKFLOW to say what it may start."
    if hook.sender == MAILBOX:
        return _mailbox_trouble(hook, settings)
    if sender_of(hook) is None:
        known = ", ".join((*KNOWN, MAILBOX))
        return f"Closed. Baton knows no sender {hook.sender}: use {known}, or an object of your own."
    if not settings.baton_hook_secrets.get(hook.name):
        return f"Closed. Set BATON_HOOK_SECRETS={hook.name}=SECRET with what the service signs its calls with."
    return ""


def _mailbox_trouble(hook: Hook, settings: Settings) -> str:
    if not settings.imap_host:
        return "Closed. Set IMAP_HOST, so that its mailbox can be read."
    if hook.name not in settings.baton_mailboxes:
        return f"Closed. Set BATON_MAILBOXES={hook.name}=INBOX to say which mailbox it is."
    if not settings.baton_mail_senders:
        return "Closed. Set BATON_MAIL_SENDERS to say whose e-mail is taken in, as @example.org."
    return ""


def _unknown(granted: Sequence[str], catalogue: Catalogue) -> str:
    unknown = [name for name in granted if name not in catalogue.names()]
    return f"BATON_HOOKS names {unknown[0]}, which is not installed." if unknown else ""


def _address(settings: Settings, name: str, *, mailbox: bool = False) -> str:
    if mailbox:
        return f"{settings.baton_mailboxes.get(name, 'a mailbox')} at {settings.imap_host or 'no server yet'}"
    return f"{settings.address}{PATH}{name}"
