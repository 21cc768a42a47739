"""What a person sees in App Home: what waits for them, what they started, and what they may start."""

from __future__ import annotations

from bot.slack.commands import scheduling
from bot.slack.commands.looking import waiting_for
from bot.slack.incoming import Caller
from bot.slack.parts import Parts
from bot.slack.views import home
from bot.slack.views.messages import View
from workflows.engine.errors import Refused
from workflows.engine.letters.model import Counted, GroupQuery
from workflows.engine.model import Run
from workflows.engine.ports import RunQuery


def home_of(parts: Parts, caller: Caller) -> View:
    """A person's App Home."""
    service, actor = parts.service, caller.actor
    waiting, _ = waiting_for(parts, caller)
    own = service.listed(RunQuery(started_by=actor, limit=home.SHOWN + 1), by=actor)
    dead = [run for run in service.listed(RunQuery(dead=True, limit=200), by=actor) if may_steer(parts, run, actor)]
    startable = [one for one in parts.catalogue.all() if service.access.may_start(actor, one)]
    links = parts.links([one.approval for one, _ in waiting])
    kept = sorted(scheduling.seen_by(parts, caller), key=lambda seen: seen.schedule.created_by != actor)
    may_schedule = bool(scheduling.startable(parts, caller))
    return home.home(waiting, own, dead, startable, links, kept, claimed(parts, actor), may_schedule=may_schedule)


def claimed(parts: Parts, actor: str) -> list[tuple[Counted, str]]:
    """The groups of dead letters that somebody claimed and in which something waits, each with its newest run."""
    mine = parts.desk.listed(GroupQuery(owner=actor, limit=home.SHOWN + 1), by=actor)
    newest = [(one, parts.desk.letters.members(one.group.id, open_only=True, limit=1)) for one in mine]
    return [(one, members[0].run_id) for one, members in newest if members]


def may_steer(parts: Parts, run: Run, actor: str) -> bool:
    """Whether a person may put a run right."""
    try:
        parts.service.access.steer(actor, run, "resume")
    except Refused:
        return False
    return True
