"""Which documents fit a query best: BM25 over words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

WORD = re.compile(r"\w+")
SATURATION = 1.5
LENGTH_WEIGHT = 0.75
TITLE_WEIGHT = 3
_COMMON = """
a an and are as at be but by can do for from has have how if in into is it its not of on or that the their they this
to was we were what when where which who why will with you your
"""
STOP_WORDS = frozenset(_COMMON.split())
"""Words that every text has."""


@dataclass(frozen=True)
class Document:
    """A text with its words counted; a word of the title counts three times."""

    name: str
    title: str
    text: str
    counts: Mapping[str, int]
    length: int

    @classmethod
    def of(cls, name: str, title: str, text: str) -> Self:
        """A document with its words counted."""
        counts = Counter(words(text))
        for word in words(title):
            counts[word] += TITLE_WEIGHT
        return cls(name, title, text, counts, counts.total())


def words(text: str) -> list[str]:
    """The words that tell something, in lower case and without a plural's s."""
    found = (word.lower() for word in WORD.findall(text))
    return [_singular(word) for word in found if word not in STOP_WORDS]


def rank(query: str, documents: Sequence[Document]) -> list[Document]:
    """The documents that share a word with `query`, best first; equals by name."""
    wanted = dict.fromkeys(words(query))
    if not documents or not wanted:
        return []
    average = sum(document.length for document in documents) / len(documents) or 1.0
    having = {word: sum(word in document.counts for document in documents) for word in wanted}
    rarity = {word: math.log(1 + (len(documents) - n + 0.5) / (n + 0.5)) for word, n in having.items()}
    scored = [(_score(document, rarity, average), document) for document in documents]
    hits = [(score, document) for score, document in scored if score > 0]
    return [document for _, document in sorted(hits, key=lambda hit: (-hit[0], hit[1].name))]


def _score(document: Document, rarity: Mapping[str, float], average: float) -> float:
    relative = 1 - LENGTH_WEIGHT + LENGTH_WEIGHT * document.length / average
    total = 0.0
    for word, weight in rarity.items():
        count = document.counts.get(word, 0)
        total += weight * count * (SATURATION + 1) / (count + SATURATION * relative)
    return total


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
