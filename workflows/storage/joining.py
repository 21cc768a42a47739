"""How a dead letter joins its group within the transaction that makes it one: each run writes a row of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update

from workflows.engine.letters.model import FRESH, Closed
from workflows.engine.model import Letter
from workflows.storage.columns import Id, Utc
from workflows.storage.tables import DEAD_LETTER, DEAD_LETTER_GROUP

_AT = bindparam("at", type_=Utc())
_RUN = bindparam("at_run", type_=Id)
_KIND = (
    DEAD_LETTER_GROUP.c.fingerprint == bindparam("kind"),
    DEAD_LETTER_GROUP.c.channel == bindparam("place"),
    DEAD_LETTER_GROUP.c.closed_at.is_(None),
)
SETTLED = (
    update(DEAD_LETTER)
    .where(DEAD_LETTER.c.run_id == bindparam("at_run"), DEAD_LETTER.c.settled_at.is_(None))
    .values(settled_at=_AT, untold_at=_AT)
)
"""Something was done about a run's dead letter."""
STALE = (
    update(DEAD_LETTER_GROUP)
    .where(*_KIND, DEAD_LETTER_GROUP.c.fresh_until < _AT)
    .values(closed_at=_AT, closed_as=Closed.QUIET)
)
"""What has not happened for long begins anew. Mostly this finds nothing and locks nothing."""
_BEFORE = select(func.count()).where(DEAD_LETTER.c.run_id == _RUN).scalar_subquery()
LETTER = insert(DEAD_LETTER).from_select(
    ["run_id", "number", "group_id", "release", "at", "untold_at"],
    select(_RUN, _BEFORE + 1, DEAD_LETTER_GROUP.c.id, bindparam("made_by", type_=DEAD_LETTER.c.release.type), _AT, _AT)
    .where(*_KIND),
    include_defaults=False,
)  # fmt: skip
"""Joins the group that takes letters. Where it was closed this very moment there is none, and the letter joins later:
who looks for letters astray finds it."""


def rows(run_id: str, letter: Letter) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is written, by the names of `Statements.order`."""
    kind = {"kind": letter.fingerprint, "place": letter.channel, "at": letter.at}
    yield "stale", kind
    yield "group", {
        "id": letter.group, "fingerprint": letter.fingerprint, "channel": letter.channel, "workflow": letter.workflow,
        "step": letter.step, "error": letter.error, "words": letter.words, "release": letter.release,
        "opened_at": letter.at, "fresh_until": letter.at + FRESH, "closed_at": None, "closed_as": None, "owner": "",
        "claimed_at": None,
    }  # fmt: skip
    yield "letter", {**kind, "at_run": run_id, "made_by": letter.release}


def kind_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """By what a row for "stale" or "group" is ordered."""
    return (row["kind"], row["place"]) if "kind" in row else (row["fingerprint"], row["channel"])
