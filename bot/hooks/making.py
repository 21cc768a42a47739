"""The watches of mailboxes in one process, made from its settings."""

from __future__ import annotations

from functools import cached_property

from bot.connectors import imap_server
from bot.hooks.mailboxes import MailboxWatch
from bot.runtime import Runtime
from integrations.imap import Mailbox
from workflows.engine.hooks.definition import Hook
from workflows.engine.hooks.taking import Taking


class LazyWatch:
    """A watch that is made at its first look, so that wrong settings of one keep no others from looking."""

    def __init__(self, runtime: Runtime, hook: Hook) -> None:
        self.name = hook.name
        self._runtime = runtime
        self._hook = hook

    def look(self) -> None:
        """Look into the mailbox once."""
        self._watch.look()

    @cached_property
    def _watch(self) -> MailboxWatch:
        runtime, settings = self._runtime, self._runtime.settings
        name, store = settings.baton_mailboxes[self.name], runtime.store
        return MailboxWatch(
            self._hook, name, Mailbox(imap_server(settings), name), settings.baton_mail_senders,
            lambda: Taking(runtime.service, store.inbound), store, store.inbound, runtime.clock.now,
        )  # fmt: skip
