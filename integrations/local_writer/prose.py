"""Sentences and words: what can be done with a text without understanding it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_MARKUP = re.compile(r"```[\s\S]*?```|^ {0,3}(?:#{1,6}\s.*|[-=]{3,}|>.*|\|.*)$", re.MULTILINE)
_INLINE = re.compile(r"!\[[^\]]*\]\([^)]*\)|(?<!\\)[*`]{1,3}|(?<![\w\\])_+|(?<!\\)_+(?!\w)")
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>#|])")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_ADDRESS = re.compile(r"\(?<?https?://[^\s<>)]+>?\)?|\(`[^`]*`\)")
_LIST = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+", re.MULTILINE)
_END = re.compile(r"(?<=[.!?])\s+(?=[\"“(]?[A-Z0-9À-Þ])")
_COMMON = """
about after again also another because been before being between both came come could does each from have here into just
like made make many more most much must need only other over should since some such than that their them then there
these they this those through under very want well were what when where which while will with would your yours
"""
COMMON = frozenset(_COMMON.split())


def plain(markdown: str) -> str:
    """Markdown's running text, without headings, tables, code, addresses and emphasis."""
    text = _LINK.sub(r"\1", _LIST.sub("", _MARKUP.sub("", markdown)))
    return _ESCAPED.sub(r"\1", _INLINE.sub("", _ADDRESS.sub("", text)))


def sentences(markdown: str) -> list[str]:
    """The whole sentences of a text, each on one line, none twice."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", plain(markdown)):
        found += _END.split(" ".join(paragraph.split()))
    return list(dict.fromkeys(line for line in found if len(line) > 20 and line[-1] in ".!?"))


def key_words(text: str, most: int) -> list[str]:
    """The words that a text uses most, longest first among equals."""
    counts = Counter(word for word in re.findall(r"[^\W\d_]{4,}", text.lower()) if word not in COMMON)
    return sorted(counts, key=lambda word: (-counts[word], -len(word), word))[:most]


def telling(markdown: str, about: str, most: int) -> list[str]:
    """The `most` sentences that share most words with `about`, in the order of the text."""
    wanted = set(re.findall(r"\w{3,}", about.lower()))
    lines = sentences(markdown)
    shared = {line: len(wanted & set(re.findall(r"\w{3,}", line.lower()))) for line in lines}
    fitting = [place for place, line in enumerate(lines) if shared[line]] or list(range(len(lines)))
    best = sorted(fitting, key=lambda place: (-shared[lines[place]], place))[:most]
    return [lines[place] for place in sorted(best)]


def shortened(text: str, most: int) -> str:
    """`text` in at most `most` characters, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:-") + "…"


def slug(text: str) -> str:
    """`text` as a part of an address."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:80].rstrip("-") or "article"
