"""What an author of a digest declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from workflows.engine.definition import NAME, first_line
from workflows.engine.errors import DefinitionError

if TYPE_CHECKING:
    from workflows.engine.digests.look import Look
    from workflows.engine.digests.page import Page


@dataclass(frozen=True)
class Digest:
    """A named function from what can be looked at to a page."""

    name: str
    title: str
    make: Callable[[Look], Page]
    span: timedelta
    """How long its first window is."""
    personal: bool
    """It tells one person of their own things; it is not for channels."""
    since_look: bool
    """Its window begins when the reader last looked."""
    source: str = field(default="", compare=False)


def digest(
    name: str,
    *,
    title: str = "",
    span: timedelta = timedelta(days=1),
    personal: bool = False,
    since_look: bool = False,
) -> Callable[[Callable[[Look], Page]], Digest]:
    """Make a function of what can be looked at a digest.

    `name` is persisted with everything that is scheduled under it. `span` is how long the first window is; each later
    one begins where the one before ended. A `personal` digest is for people, and tells nothing where it has nothing.
    With `since_look` the window begins when the reader last looked at Baton.
    """
    if not NAME.match(name):
        raise DefinitionError(
            f"The digest's name {name!r} must be lower-case letters, digits and _, and start with a letter"
        )

    def declare(make: Callable[[Look], Page]) -> Digest:
        shown = title or first_line(make) or name.replace("_", " ").capitalize()
        return Digest(name, shown, make, span, personal, since_look, source=make.__module__)

    return declare
