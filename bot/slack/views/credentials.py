"""Credentials in Slack: which there are, and the form that takes one. No secret is ever shown, nor a part of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.credentials.keeping import Kept
from bot.credentials.kinds import LONGEST, CredentialKind
from bot.slack import ids
from bot.slack.ids import Context
from bot.slack.mrkdwn import line, people, when
from bot.slack.views.blocks import context, fitted, modal, section, text_of
from bot.slack.views.messages import Block, Message, View

INPUT = min(LONGEST, 3_000)
PLACES = {"database": "🔒 kept sealed", "settings": "⚙️ in the settings", "": "⚪ none"}


def listed_message(found: Sequence[Kept], said: str) -> Message:
    """The services that take a credential, and where theirs is."""
    rows = [section("*Credentials*\n" + "\n".join(_row(kept) for kept in found))]
    rows.append(context(f"`{said} credentials set NAME` opens a form. Nobody is ever shown a secret."))
    return Message("Credentials", fitted(rows))


def form(kind: CredentialKind, channel: str) -> View:
    """The form for the credential of one service."""
    words = (
        f"*{line(kind.title)}*\nIt is tried with {line(kind.title)}, then kept sealed; workers take it at once. What "
        "you leave empty stays as it was. Slack shows what you type while you type it."
    )
    blocks = [section(words), *(_input(kind, number) for number in range(len(kind.fields)))]
    metadata = Context(key=kind.name, channel=channel).text()
    return modal(
        ids.VIEW_CREDENTIAL, "Set a credential", blocks, submit="Try and keep", close="Cancel", metadata=metadata
    )


def filled_in(kind: CredentialKind, state: Mapping[str, Mapping[str, Mapping[str, object]]]) -> dict[str, str]:
    """What was filled in, by field name."""
    found = {}
    for field in kind.fields:
        entry = (state.get(f"{ids.CREDENTIAL_FIELD}{field.name}") or {}).get(ids.FORM_INPUT) or {}
        found[field.name] = str(entry.get("value") or "")
    return found


def _row(kept: Kept) -> str:
    who = f", set by {people([kept.set_by])} {when(kept.set_at)}" if kept.set_at else ""
    trouble = f"\n⚠️ {line(kept.trouble, 500)}" if kept.trouble else ""
    return f"`{kept.kind.name}` {kept.kind.title}: {PLACES[kept.place]}{who}{trouble}"


def _input(kind: CredentialKind, number: int) -> Block:
    field = kind.fields[number]
    return {
        "type": "input", "block_id": f"{ids.CREDENTIAL_FIELD}{field.name}", "label": text_of(field.label, 100),
        "optional": True,
        "element": {"type": "plain_text_input", "action_id": ids.FORM_INPUT, "max_length": INPUT},
    }  # fmt: skip
