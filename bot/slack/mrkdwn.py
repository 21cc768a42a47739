"""Text as Slack's mrkdwn: escaped, cut, split; people, times and links by their ids."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote

SECTION = 3_000
"""Characters that a section's text may have."""
ROOM = 2_900
"""Characters of a section that are filled; the rest is left for a mark."""
ACTOR = re.compile(r"\bslack:([A-Z0-9]{1,24}):([A-Z][A-Z0-9]{1,24})\b")
"""A person, group or channel as the engine names it."""
ADDRESS = re.compile(r"https?://[^\s<>|\"'`*]+[^\s<>|\"'`*.,;:!?)\]}]")
_UNSEEN = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0xFEFF)))
"""Marks that turn or hide what stands around them."""
BACKQUOTE = "ˋ"  # noqa: RUF001 - looks alike, and starts no code
_STYLE = str.maketrans({"*": "∗", "~": "∼", "`": BACKQUOTE})  # noqa: RUF001 - look alike, and style nothing
_AUTHORED = re.compile(
    r"(<(?:https?://[^\s<>]+|mailto:[^\s<>]+|[@#][A-Z0-9]+(?:\|[^<>]*)?|!subteam\^[A-Z0-9]+|!date\^[^<>]+)>"
    r"|&(?:amp|lt|gt);|^>|(?<=\n)>)|[&<>]"
)
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_EDGE = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")
_ENTITY = re.compile(r"&[a-z]{0,3}$")
_TOKEN = re.compile(r"<[^<>\n]*$")


def clean(text: str) -> str:
    """Text without characters that control, turn or break what is shown; line breaks stay."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(_shown(char) for char in text.replace("\r\n", "\n").replace("\r", "\n"))


def _shown(char: str) -> str:
    if char == "\n" or char.isprintable():
        return char
    if char in _UNSEEN or unicodedata.category(char) in ("Cc", "Cs", "Cn", "Co"):
        return " " if char == "\t" else ""
    return char  # spaces of all kinds, joiners of emoji


def escape(text: str) -> str:
    """Text that can't mention, link or call anybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(escaped: str, limit: int, mark: str = "…") -> str:
    """Escaped text of at most `limit` characters; no entity or mention is cut in two."""
    if len(escaped) <= limit:
        return escaped
    return _whole(escaped[: limit - len(mark)]).rstrip() + mark


def _whole(text: str) -> str:
    return _TOKEN.sub("", _ENTITY.sub("", text))


def line(text: str | None, limit: int = 150) -> str:
    """What others wrote, on one line and without style, as a title or a reason can have it."""
    flat = " ".join(clean(text or "").split())
    return cut(escape(_EDGE.sub(lambda found: "ˍ" * len(found[0]), flat.translate(_STYLE))), limit)


def code(text: str, limit: int = 150) -> str:
    """One line that is shown as it is, as code: an asterisk stays one."""
    return f"`{cut(escape(' '.join(clean(text).split()).replace('`', BACKQUOTE)), limit)}`"


def prose(text: str | None) -> str:
    """What others wrote with its lines and its own style: it can style itself and nothing else."""
    return escape(clean(text or ""))


def authored(text: str) -> str:
    """mrkdwn that an author put together, maybe from others' texts: links, dates and people work, nothing is called."""
    return _AUTHORED.sub(lambda found: found[0] if found[1] else _ESCAPED[found[0]], clean(text))


def quoted(text: str, limit: int = 1_000) -> str:
    """A comment as a quotation."""
    return "\n".join(f"> {row}" if row.strip() else ">" for row in cut(prose(text.strip()), limit).split("\n"))


def plain(text: str | None, limit: int) -> str:
    """One line for Slack's plain text, which parses nothing; never empty."""
    flat = " ".join(clean(text or "").split()) or "…"
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


# people ------------------------------------------------------------------------------------------------------


def slack_user(actor: str) -> str:
    """The user id of an actor who is a person in Slack; "" for everybody else."""
    found = ACTOR.fullmatch(actor)
    return found[2] if found and found[2][0] in "UW" else ""


def mention(actor: str) -> str:
    """A person or group so that Slack tells them; others in words."""
    found = ACTOR.fullmatch(actor)
    if found is not None:
        return _mention(found)
    realm, colon, name = actor.partition(":")
    if not colon:
        return line(actor, 80) or "somebody"
    return {"role": f"the role {line(name, 80)}", "cli": f"{line(name, 80)} (command line)"}.get(realm, line(name, 80))


def _mention(found: re.Match[str]) -> str:
    kind = found[2][0]
    if kind in "UW":
        return f"<@{found[2]}>"
    return {"S": f"<!subteam^{found[2]}>", "C": f"<#{found[2]}>", "G": f"<#{found[2]}>"}.get(kind, found[0])


def people(actors: Iterable[str], last: str = "or", most: int = 20) -> str:
    """Several people in a sentence: Ana, Ben or the role finance."""
    names = list(dict.fromkeys(mention(actor) for actor in actors))
    if not names:
        return "nobody"
    if len(names) > most:
        names = [*names[:most], f"{len(names) - most} others"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def naming(escaped: str) -> str:
    """Escaped words of the engine with its ids of people turned into mentions."""
    return ACTOR.sub(_mention, escaped)


def said(text: str | None, limit: int = 300) -> str:
    """A refusal or a reason in the engine's words, in one line, people as mentions."""
    return cut(naming(line(text, 2_000)), limit)


def channel(name: str) -> str:
    """A channel as it is kept on a run: an id as a link, a name as it is."""
    found = ACTOR.fullmatch(name)
    return _mention(found) if found and found[2][0] in "CG" else ("a direct message" if found else line(name, 80))


# times and links ---------------------------------------------------------------------------------------------


def when(at: datetime | None, form: str = "{date_short_pretty} at {time}") -> str:
    """A moment in the reader's own time zone."""
    if at is None:
        return ""
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    return f"<!date^{int(moment.timestamp())}^{form}|{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC>"


def link(url: str, words: str = "") -> str:
    """A link; an address that is none stays text."""
    if not ADDRESS.fullmatch(url):
        return line(words or url)
    safe = escape(quote(url, safe=":/?#[]@!$&'()+,;=%~-._"))
    return f"<{safe}|{line(words, 150).replace('|', '¦')}>" if words else f"<{safe}>"


# long texts --------------------------------------------------------------------------------------------------

_FENCE = "```"
_INDENT = "\u2003"


def pieces(escaped: str, limit: int = ROOM) -> list[str]:
    """Escaped text in pieces that fit, split between paragraphs, lines, sentences or words where possible."""
    left, found, fenced = escaped.strip("\n"), [], False
    while left.strip():
        opening = _FENCE + "\n" if fenced else ""
        room = limit - len(opening) - len(_FENCE) - 1
        piece = left if len(left) <= room else left[: _place(left, room)]
        left = left[len(piece) :].lstrip("\n")
        fenced ^= piece.count(_FENCE) % 2 == 1
        found.append(opening + piece.rstrip() + ("\n" + _FENCE if fenced else ""))
    return found


def _place(text: str, limit: int) -> int:
    window = _whole(text[:limit])
    for mark in ("\n\n", "\n", ". ", " "):
        at = window.rfind(mark, limit // 2)
        if at > 0:
            return at + len(mark)
    return len(window) or limit


_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$")
_BULLET = re.compile(r"^([ \t]*)[-*+][ \t]+(?=\S)")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\(([^)\s]+)[^)\n]*\)")
_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\(([^)\s]+)[^)\n]*\)")


def from_markdown(text: str) -> str:
    """Markdown as mrkdwn: headings and strong words bold, lists with dots; links show where they lead."""
    rows, fenced = [], False
    for row in prose(text).split("\n"):
        if row.lstrip().startswith(_FENCE):
            fenced = not fenced
            rows.append(_FENCE)
        else:
            rows.append(row if fenced else _row(row))
    return "\n".join([*rows, _FENCE] if fenced else rows)


def _row(row: str) -> str:
    row = _IMAGE.sub(lambda found: f"_(image left out: {found[1] or 'untitled'}, {found[2]})_", row)
    row = _LINK.sub(lambda found: found[1] if found[1] == found[2] else f"{found[1]} ({found[2]})", row)
    heading = _HEADING.match(row)
    if heading:
        return f"*{heading[1].replace('*', '').strip()}*"
    row = _BULLET.sub(lambda found: _INDENT * (len(found[1]) // 2) + "• ", row)
    return _STRONG.sub(lambda found: f"*{found[2]}*", row)
