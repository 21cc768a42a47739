"""A reply in the thread of an approval: offered back as a change request to who may decide, and to nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot.slack import ids
from bot.slack.ids import ApprovalRef
from bot.slack.incoming import Said
from bot.slack.parts import Parts
from bot.slack.reacting import Reaction, heard
from bot.slack.speaking import Speaker
from bot.slack.views.blocks import actions, button, context, section
from bot.slack.views.messages import Message
from bot.slack.wording import plain
from workflows.engine.errors import NotAllowed
from workflows.engine.model import Approval, ApprovalState

VALUE = 1_900
"""Characters of a button's value that are used; Slack takes 2,000."""
OFFER = "Send as change request"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Offered:
    """What the button under an offer carries: the approval, the message it is asked in, and the words of the reply."""

    ref: ApprovalRef
    ts: str
    text: str

    def value(self) -> str:
        """As a button's value; a long text is cut, and the person reads what is left before it is sent."""
        text = self.text
        while len(packed := json.dumps([self.ref.text(), self.ts, text], ensure_ascii=False)) > VALUE:
            text = text[: max(len(text) - (len(packed) - VALUE) - 1, 0)] + "…" * (len(text) > 1)
        return packed

    @classmethod
    def of(cls, value: str) -> Offered | None:
        """Read a button's value; None for what no offer wrote."""
        try:
            ref, ts, text = json.loads(value)
        except ValueError:
            return None
        found = ApprovalRef.of(str(ref))
        return cls(found, str(ts), str(text)) if found is not None else None


@dataclass(frozen=True)
class Replies:
    """What people write in the threads of messages."""

    parts: Parts
    speaker: Speaker

    def take(self, said: Said, new: Callable[[Said], bool]) -> Reaction:
        """Offer a reply back where it was given to an approval; all else is left alone, without a look at anything.

        An offer that is lost with its process costs nothing: the buttons are still there.
        """
        if not said.thread or said.thread == said.ts or not said.text.strip():
            return Reaction()
        return heard(lambda: self._offer(said, new))

    def asked_in(self, said: Said) -> Approval | None:
        """The approval in whose thread something was said; one look-up by an index."""
        row = self.parts.outbox.at(said.caller.channel, said.thread) if said.thread else None
        approval = ids.approval_of(row.key) if row is not None else ""
        return self.parts.store.approval(approval) if approval else None

    def _offer(self, said: Said, new: Callable[[Said], bool]) -> None:
        try:
            approval = self.asked_in(said)
            if approval is None or approval.state is not ApprovalState.OPEN or self._calls_the_bot(said):
                return
            self.parts.service.access.decide(said.caller.actor, approval, self.parts.starters(approval))
            if new(said):
                self.speaker.beside(said.caller, said.thread, offer(approval, said))
        except NotAllowed:
            return
        except Exception as error:  # noqa: BLE001 - nobody waits for an offer
            log.warning("a reply could not be offered as a change request", error=str(error))

    def _calls_the_bot(self, said: Said) -> bool:
        """Whether the bot is spoken to, which is answered elsewhere."""
        me = self.parts.directory.myself()
        return me is not None and f"<@{me.user}" in said.text


def offer(approval: Approval, said: Said) -> Message:
    """The words and the button that one person sees."""
    words = "Your reply decides nothing by itself. Shall it go back as a change request?"
    value = Offered(ApprovalRef(approval.id, approval.digest), said.thread, plain(said.text).strip()).value()
    press = button(ids.APPROVAL_REPLY, OFFER, value)
    return Message(
        words, (section(words), *actions([press]), context("You can change the words before they are sent."))
    )
