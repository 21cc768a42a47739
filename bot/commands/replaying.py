"""Replaying recorded runs on today's code: one, or every open run before a deploy."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, TypedDict

import typer
from rich.console import RenderableType

from bot import printing
from bot.commands import DONE, FAILED
from bot.commands.arguments import in_words
from bot.commands.catalogue import AsJson
from bot.commands.documents import Document
from bot.commands.session import Session, opened
from bot.masking import Masks
from workflows.engine.approving.book import Book
from workflows.engine.checking import check
from workflows.engine.errors import BatonError, Refused
from workflows.engine.model import RunState
from workflows.engine.replaying import replay as replayed_on
from workflows.engine.verdict import Move, Next, Replayed, Verdict, moves

SHOWN = 10
"""So many ids of a group are printed; all of them are in the JSON."""
GROUPS = 100
"""So many kinds of difference are told apart."""
IN_MEMORY = 1 << 20
WORDS = {
    Verdict.SAME: "The same to the end",
    Verdict.GOES_ON: "The same as far as history goes",
    Verdict.ENDS_OTHERWISE: "It would end in another way",
    Verdict.PARKS: "It would be parked",
    Verdict.NOT_INSTALLED: "Its workflow is not installed",
    Verdict.NEWER_RELEASE: "A newer release has it",
}


def replay(
    run: Annotated[
        str, typer.Argument(metavar="[RUN]", help="A run's id, or its beginning or end.", show_default=False)
    ] = "",
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every open run, as before a deploy.")] = False,
    workflow: Annotated[str, typer.Option(help="With --all: only runs of this workflow.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """Replay recorded runs on today's code, without effects, and say where they differ.

    Nothing is written and no service is called. The exit code is 0 when all fit, 1 when something would be parked.
    Example: baton replay --all --workflow content_pipeline
    """
    if bool(run) == everything:
        raise BatonError("Name one run, or give --all for every open run.")
    if workflow and not everything:
        raise BatonError("--workflow goes with --all.")
    with opened(reads=True) as session:
        fits = _all(session, workflow, as_json=as_json) if everything else _one(session, run, as_json=as_json)
    raise typer.Exit(DONE if fits else FAILED)


# one run ---------------------------------------------------------------------------------------------------


def _one(session: Session, part: str, *, as_json: bool) -> bool:
    runtime = session.runtime
    run = runtime.service.look(part, by=session.actor)
    seen = runtime.store.recorded([run.id])
    if not seen:
        raise Refused(f"Run {run.id} was deleted just now.")
    with redirect_stdout(sys.stderr):  # a body that prints must not stand in the document
        found = replayed_on(seen[0], runtime.catalogue, approval=runtime.store.approval, **_worker(session))
    if as_json:
        printing.document(replay_document(found))
    else:
        printing.say(*_told(found, session.masks))
    return found.fits


class Worker(TypedDict):
    """What a worker of these settings would replay with."""

    approvers: Sequence[str]
    book: Book
    release: int


def _worker(session: Session) -> Worker:
    settings = session.settings
    return {"approvers": settings.baton_approvers, "book": session.runtime.book, "release": settings.release}


def _told(found: Replayed, masks: Masks) -> list[RenderableType | str]:
    run = found.run
    records = f"{found.records} record{'' if found.records == 1 else 's'}"
    changed = bool(found.today and run.version and found.today != run.version)
    lines: list[RenderableType | str] = [
        printing.facts([
            ("Run", run.id), ("Workflow", run.workflow), ("State", printing.state(run.state)), ("History", records),
            ("Plan", "changed since it began" if changed else None),
        ]),
        f"{WORDS[found.verdict]}. {_next(found)}".rstrip(),
    ]  # fmt: skip
    return [*lines, *_parting(found, masks), *_to_do(moves(found))]


def _next(found: Replayed) -> str:
    if found.fits or found.verdict is Verdict.ENDS_OTHERWISE:
        then = "; ".join([*(one.words for one in _distinct(found.then)), *([found.words] if found.words else [])])
        outside = found.run.state is RunState.CANCELLED and found.verdict is Verdict.GOES_ON
        return ("It was ended from outside there." if outside else f"Then it {then}.") if then else ""
    return found.words


def _distinct(then: Iterable[Next]) -> list[Next]:
    return list({one.key: one for one in then}.values())


def _parting(found: Replayed, masks: Masks) -> list[RenderableType]:
    parted = found.difference
    if parted is None:
        return []
    given = parted.recorded.input if parted.recorded and parted.is_of_arguments else None
    return [
        printing.facts(
            [
                ("history has", parted.has or "nothing there"),
                ("code asks for", parted.asked or "nothing more"),
                ("recorded arguments", in_words(given, masks) if given else None),
            ]
        )
    ]


def _to_do(wanted: Iterable[Move]) -> list[RenderableType | str]:
    rows = [(move.name, f"{move.words} `{move.command}`" if move.command else move.words) for move in wanted]
    return ["What to do:", printing.facts(rows)] if rows else []


# every open run --------------------------------------------------------------------------------------------


@dataclass
class Group:
    """Runs that part from the code in the same place."""

    example: Replayed
    ids: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, found: Replayed) -> None:
        self.count += 1
        if len(self.ids) < SHOWN:
            self.ids.append(found.run.id)


def _all(session: Session, workflow: str, *, as_json: bool) -> bool:
    runtime = session.runtime
    runtime.service.access.administer(session.actor, "check every open run")
    counts: Counter[Verdict] = Counter()
    groups: dict[tuple[str, ...], Group] = {}
    with SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8") as listed, redirect_stdout(sys.stderr):
        for found in check(runtime.store, runtime.catalogue, workflow=workflow, **_worker(session)):
            counts[found.verdict] += 1
            if not found.fits:
                listed.write((",\n" if counts.total() - _fit(counts) > 1 else "") + _indented(replay_document(found)))
                _group(groups, found)
        if workflow and not counts:
            runtime.catalogue.get(workflow)  # a name that nothing has is told
        if as_json:
            _document(counts, listed)
    if not as_json:
        _summary(counts, groups, session.masks)
    return counts.total() == _fit(counts)


def _fit(counts: Counter[Verdict]) -> int:
    return counts[Verdict.SAME] + counts[Verdict.GOES_ON]


def _group(groups: dict[tuple[str, ...], Group], found: Replayed) -> None:
    parted = found.difference
    key = (found.run.workflow, found.verdict, parted.has if parted else found.words, parted.asked if parted else "")
    if key in groups or len(groups) < GROUPS:
        groups.setdefault(key, Group(found)).add(found)


def _document(counts: Counter[Verdict], listed: Any) -> None:
    """The whole document, once all is known; a list of any length goes through a file and not through memory."""
    out = sys.__stdout__ if sys.stdout is sys.stderr else sys.stdout
    assert out is not None
    fit = _fit(counts)
    out.write(f'{{\n  "looked_at": {counts.total()},\n  "fit": {fit},\n  "runs": [')
    if counts.total() > fit:
        listed.seek(0)
        out.write("\n")
        shutil.copyfileobj(listed, out)
        out.write("\n  ")
    out.write("]\n}\n")


def _indented(document: Document) -> str:
    return "\n".join("    " + line for line in json.dumps(document, ensure_ascii=False, indent=2).splitlines())


def _summary(counts: Counter[Verdict], groups: dict[tuple[str, ...], Group], masks: Masks) -> None:
    looked, fit = counts.total(), _fit(counts)
    runs = f"{looked} open run{'' if looked == 1 else 's'}"
    if looked == fit:
        printing.say(f"{runs} looked at: {'all fit' if looked else 'nothing to check'}.")
        return
    printing.say(f"{runs} looked at: {fit} fit, {looked - fit} {'does' if looked - fit == 1 else 'do'} not.")
    for group in sorted(groups.values(), key=lambda group: -group.count):
        _say_group(group, masks)
    told = sum(group.count for group in groups.values())
    if told < looked - fit:
        printing.say(f"and {looked - fit - told} more that part in other places; --json lists every one.")


def _say_group(group: Group, masks: Masks) -> None:
    found = group.example
    more = f" and {group.count - len(group.ids)} more" if group.count > len(group.ids) else ""
    printing.say("", f"{found.run.workflow}, {group.count} run{'' if group.count == 1 else 's'}. "
                     f"{WORDS[found.verdict]}. {found.words}".rstrip(), *_parting(found, masks))  # fmt: skip
    printing.say(f"runs: {', '.join(group.ids)}{more}")
    whole = group.count == 1
    named = (
        move if whole else replace(move, command=move.command.replace(found.run.id, "RUN")) for move in moves(found)
    )
    printing.say(*_to_do(named))


# the document ----------------------------------------------------------------------------------------------


def replay_document(found: Replayed) -> Document:
    """One replayed run."""
    run, parted = found.run, found.difference
    return {
        "run": run.id,
        "workflow": run.workflow,
        "state": run.state.value,
        "version": run.version,
        "today": found.today,
        "verdict": found.verdict.value,
        "fits": found.fits,
        "cause": found.cause.value if found.cause else None,
        "words": found.words,
        "records": found.records,
        "history_has": parted.has if parted else None,
        "code_asks": parted.asked if parted else None,
        "at": found.key or None,
        "then": [{"kind": one.kind.value, "key": one.key, "words": one.words} for one in _distinct(found.then)],
        "moves": [{"move": move.name, "words": move.words, "command": move.command or None} for move in moves(found)],
    }
