"""From what Slack sends for a typed line to plain words: entities, links, mentions, and quotation marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MARKUP = re.compile(r"<([^<>]*)>")
_MENTION = re.compile(r"([@#])([A-Z0-9]+)(?:\|(.*))?", re.DOTALL)
_GROUP = re.compile(r"!subteam\^([A-Z0-9]+)(?:\|(.*))?", re.DOTALL)
_OPEN = {'"': '"“”„«»', "“": '"“”„«»', "”": '"“”„«»', "„": '"“”„«»', "«": '"“”„«»'}
_SINGLE = "'\u2018\u2019"
_OPEN_SINGLE = {"'": _SINGLE, "\u2018": _SINGLE}
_DASHES = ("\u2014", "\u2013")
"""What some keyboards make of two hyphens."""
_BEFORE_VALUE = ("=", ":")
_FIELD = re.compile(r"-{0,2}[A-Za-z_][A-Za-z0-9_-]*")
_FILTERS = ("label", "state", "workflow", "by")


@dataclass(frozen=True)
class Word:
    """One word. `text` is the whole of it without its quotation marks."""

    text: str
    quoted: bool = False
    """Whether it begins with a quotation mark, so that it means nothing but itself."""

    @property
    def name(self) -> str:
        """The field's name in `name=value`; "" in any other word."""
        name, equals, _ = self.text.partition("=")
        return name if equals and not self.quoted and _FIELD.fullmatch(name) else ""

    @property
    def filter(self) -> str:
        """The name in `name:value`; "" in any other word."""
        name, colon, _ = self.text.partition(":")
        return name if colon and not self.quoted and name.lower() in _FILTERS else ""

    @property
    def value(self) -> str:
        """What follows the name of a field or filter."""
        mark = "=" if self.name else ":"
        return bare(self.text.partition(mark)[2])


def plain(text: str) -> str:
    """The text as it was typed: `<@U1|ana>` stays as `<@U1>`, links as their address, `&amp;` as `&`."""
    parts = re.split(r"(<[^<>]*>)", text)
    return "".join(_unescaped(_shown(part)) if part.startswith("<") else _unescaped(part) for part in parts)


def bare(text: str) -> str:
    """A value: an id alone where the value is a mention of somebody or something."""
    found = re.fullmatch(r"<[@#]([A-Z0-9]+)>|<!subteam\^([A-Z0-9]+)>", text.strip())
    return (found[1] or found[2]) if found else text


def split(text: str) -> list[Word]:
    """The words of a line; raises ValueError in words for a quotation that is not closed."""
    return list(_split(text))


def _split(text: str) -> Iterator[Word]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        quoted = text[at] in _OPEN
        begun, word = at, ""
        while at < len(text) and not text[at].isspace():
            closing = _OPEN.get(text[at]) if at == begun or text[at - 1] in _BEFORE_VALUE else None
            if closing is None and (at == begun or text[at - 1] in _BEFORE_VALUE) and text[at] in _OPEN_SINGLE:
                closing = _OPEN_SINGLE[text[at]] if _closes(text, at, _OPEN_SINGLE[text[at]]) else None
            if closing is None:
                word, at = word + text[at], at + 1
                continue
            inner, end = _quotation(text, at, closing)
            word, at = word + inner, end
        for dash in _DASHES:
            word = "--" + word.removeprefix(dash) if word.startswith(dash) and len(word) > 1 else word
        yield Word(word, quoted)


def _closes(text: str, at: int, closing: str) -> bool:
    """Whether a single quotation mark is no apostrophe: it has a counterpart at the end of a word."""
    return any(
        text[i] in closing and (i + 1 == len(text) or text[i + 1].isspace()) for i in range(at + 1, len(text))
    )  # fmt: skip


def _quotation(text: str, at: int, closing: str) -> tuple[str, int]:
    """What stands between the mark at `at` and the one that closes it, and where the text goes on."""
    inner, i = "", at + 1
    single = "'" in closing
    while i < len(text):
        if text[i] == "\\" and i + 1 < len(text) and text[i + 1] in closing + "\\":
            inner, i = inner + text[i + 1], i + 2
        elif text[i] in closing and (not single or i + 1 == len(text) or text[i + 1].isspace()):
            return inner, i + 1
        else:
            inner, i = inner + text[i], i + 1
    shown = text[at : at + 30] + ("…" if len(text) > at + 30 else "")
    raise ValueError(f"The quotation {shown} has no end. Close it with another quotation mark.")


def _shown(markup: str) -> str:
    """What a person meant by something between angle brackets."""
    inner = markup[1:-1]
    if mention := _MENTION.fullmatch(inner):
        return f"<{mention[1]}{mention[2]}>"
    if group := _GROUP.fullmatch(inner):
        return f"<!subteam^{group[1]}>"
    if inner.startswith("!"):
        return "@" + inner[1:].partition("|")[0]
    address, _, label = inner.partition("|")
    if address.startswith(("mailto:", "tel:")):
        return label or address.partition(":")[2]
    if label and address.rstrip("/") in (f"http://{label}".rstrip("/"), f"https://{label}".rstrip("/")):
        return label
    return address


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
