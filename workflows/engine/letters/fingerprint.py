"""What makes two failures the same: workflow, step, kind of error, and the words without what differs by run."""

from __future__ import annotations

import hashlib
import re

from workflows.engine.problem import Problem

MARK = "#"
"""Stands where a number or an id was."""
LONGEST = 300
"""Characters of the words that are kept and compared."""

_ADDRESS = re.compile(r"[^\s@<>,;:'\"()]+@[^\s@<>,;:'\"()]+\.\w+")
_UUID = re.compile(r"(?<![^\W_])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![^\W_])")
_WORD = re.compile(r"\w+")
_LONG = 24
"""So many letters without a break are an id and no word."""
_ROW = re.compile(rf"{MARK}(?:[-.,:/+_']?{MARK})+")


def masked(message: str) -> str:
    """An error's words with numbers, ids and addresses of people taken out, on one line."""
    text = _ADDRESS.sub(MARK, " ".join(message.split()))
    text = _WORD.sub(_mask, _UUID.sub(MARK, text))
    return _ROW.sub(MARK, text)[:LONGEST].rstrip()


def fingerprint(workflow: str, step: str, error: str, words: str) -> str:
    """The same for failures that are alike; `words` as `masked` left them."""
    whole = f"{workflow}\n{step}\n{error}\n{words}"
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def class_of(problem: Problem) -> str:
    """The class of the error that is behind a problem."""
    return problem.cause or problem.kind


def _mask(found: re.Match[str]) -> str:
    """A word with a digit in it is a number or an id, and so is one that nobody could say."""
    word = found[0]
    is_id = any(sign.isdigit() or sign.isnumeric() for sign in word) or (len(word) >= _LONG and "_" not in word)
    return MARK if is_id else word
