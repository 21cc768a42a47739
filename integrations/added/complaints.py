"""What is wrong with an argument, in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from jsonschema.exceptions import ValidationError

LONGEST = 300


def complaint(error: ValidationError, what: str = "") -> str:
    """What a schema has against a value; `what` names the value for people."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    named = f"{what}{place}".lstrip(".")
    return f"{named}: {short(error.message)}" if named else short(error.message)


def unknown_argument(name: str, known: Iterable[str]) -> str:
    """What to say of an argument that there is not."""
    listed = list(known)
    near = difflib.get_close_matches(name, listed, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"It takes: {', '.join(listed) or 'none'}."
    return f"there is no argument {name}. {hint}"


def short(text: str) -> str:
    """A text in one line that is not too long."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
