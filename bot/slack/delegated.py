"""How `delegate` is read: to whom, until when, and for what."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.phrases import Delegate, PhraseError
from bot.slack.wording import Word, bare

OFF = "off"
AWAY = "away"
_EXAMPLE = (
    "For example `{said} delegate @ben until friday`, `{said} delegate @ben until 24 Dec for payments`, "
    "or `{said} delegate @ben while away`: whenever your Slack status says so."
)


def read_delegation(words: Sequence[Word], said: str) -> Delegate:
    """What follows the word; raises PhraseError."""
    if not words:
        return Delegate()
    if words[0].text.lower() in (OFF, "stop", "end"):
        if len(words) > 1:
            raise PhraseError(f"`{said} delegate off` takes back all that you delegated; nothing follows it.")
        return Delegate(off=True)
    parts: dict[str, list[str]] = {"until": [], "for": [], "while": []}
    current = ""
    for word in words[1:]:
        if word.text.lower() in parts and not word.quoted:
            current = word.text.lower()
        elif current:
            parts[current].append(word.text)
        else:
            raise PhraseError(f"Until when? {_EXAMPLE.format(said=said)}")
    held = " ".join(parts["while"]).lower()
    if held not in ("", AWAY) or not (parts["until"] or held):
        raise PhraseError(f"Until when? {_EXAMPLE.format(said=said)}")
    return Delegate(bare(words[0].text), " ".join(parts["until"]), " ".join(parts["for"]), away=bool(held))
