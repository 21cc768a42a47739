"""What people may ask of digests: to see one, to have it posted again and again, and to change that."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, time, timedelta

from bot.digests.desk import Means, StoreDesk, looked_mark
from bot.digests.readers import is_person
from bot.rules import rule_of
from workflows.digests.desk import EVERYONE, Order
from workflows.digests.posting import WORKFLOW
from workflows.engine.digests.definition import Digest
from workflows.engine.digests.page import Page
from workflows.engine.drafts import Draft, Drafts
from workflows.engine.errors import InvalidInput, NotAllowed, Refused
from workflows.engine.ids import new_id
from workflows.engine.model import Run
from workflows.engine.schedules.calendar import zone_of
from workflows.engine.schedules.cron import parse
from workflows.engine.schedules.keeping import Schedules, Seen, Wanted
from workflows.engine.schedules.ports import UnknownSchedule

KIND = "digest"
"""What a draft of a digest is kept as."""
LOOKED_EVERY = timedelta(minutes=1)
"""A look within so long of the one before is not written down."""


@dataclass(frozen=True)
class Ask:
    """A digest as somebody asks for it; `words` say when, `zone` is theirs where they say none."""

    digest: str
    place: str
    words: tuple[str, ...]
    zone: str = "UTC"
    name: str = ""


@dataclass(frozen=True)
class Plan:
    """A digest that can be saved."""

    name: str
    digest: str
    place: str
    cron: str
    zone: str
    rule: str = ""
    """For everyone: the rule by the clock where each person is."""


@dataclass(frozen=True)
class Preview:
    """What would be saved, how it would look now, and when it would come."""

    plan: Plan
    page: Page
    next: tuple[datetime, ...]
    draft: str = ""
    """The id of the draft that saves it."""


class Digests:
    """The digests of an installation. Each is a schedule of the workflow `digest`."""

    def __init__(self, schedules: Schedules, desk: StoreDesk, drafts: Drafts, means: Means) -> None:
        self._schedules = schedules
        self._desk = desk
        self._drafts = drafts
        self._means = means

    # adding ----------------------------------------------------------------------------------------------

    def preview(self, ask: Ask, *, by: str) -> Preview:
        """What would be saved; nothing is written. Raises BatonError with words."""
        plan = self._plan(ask, by)
        means = self._means
        reader = by if plan.place == EVERYONE else plan.place
        rule = plan.rule or plan.cron
        ahead = means.calendar.next(rule, plan.zone, means.now(), 3)
        return Preview(plan, self.show(plan.digest, reader, plan.zone), tuple(ahead))

    def draft(self, ask: Ask, *, by: str) -> Preview:
        """The same, kept for a day so that its maker may save it."""
        found = replace(self.preview(ask, by=by), draft=new_id())
        content = json.dumps(asdict(found.plan), ensure_ascii=False)
        self._drafts.keep(Draft(found.draft, KIND, content, by, self._means.now()))
        return found

    def save(self, draft_id: str, *, by: str) -> Seen:
        """Save what was shown. Raises Refused when it is gone, or somebody else's."""
        draft = self._draft(draft_id, by)
        seen = self._add(Plan(**json.loads(draft.content)), by)
        self._drafts.drop(draft_id)
        return seen

    def discard(self, draft_id: str, *, by: str) -> None:
        """Forget what was shown."""
        self._draft(draft_id, by)
        self._drafts.drop(draft_id)

    def add(self, ask: Ask, *, by: str) -> Seen:
        """Have a digest posted from now on."""
        return self._add(self._plan(ask, by), by)

    # what there is ---------------------------------------------------------------------------------------

    def listed(self, *, by: str) -> list[Seen]:
        """The digests that this person may see, by name."""
        return [seen for seen in self._schedules.listed(by=by) if seen.schedule.workflow == WORKFLOW]

    def installed(self) -> Sequence[Digest]:
        """Those that can be added, by name."""
        return tuple(self._means.catalogue.digests.values())

    def look(self, name: str, *, by: str) -> Seen:
        """One of them."""
        seen = self._schedules.look(name, by=by)
        if seen.schedule.workflow != WORKFLOW:
            raise UnknownSchedule(f"{name} is a schedule of {seen.schedule.workflow}, and no digest.")
        return seen

    def pause(self, name: str, *, by: str) -> Seen:
        """Post it no more until it is resumed."""
        self.look(name, by=by)
        return self._schedules.pause(name, by=by)

    def resume(self, name: str, *, by: str) -> Seen:
        """Post it again, from now on."""
        self.look(name, by=by)
        return self._schedules.resume(name, by=by)

    def remove(self, name: str, *, by: str) -> None:
        """Delete it; what was posted stays."""
        self.look(name, by=by)
        self._schedules.remove(name, by=by)

    def now(self, name: str, *, by: str) -> Run:
        """Post it once more, at once; the window of the next one stays as it is."""
        schedule = self.look(name, by=by).schedule
        self._means.access.keep(by, schedule.created_by, name, "post")
        return self._schedules.run_now(name, by=by)

    def show(self, name: str, place: str, zone: str) -> Page:
        """How a digest looks now to a person or in a channel; whoever asks has to be allowed to read there."""
        digest, means = self._means.catalogue.digest(name), self._means
        here = self._desk.zone_of(place, zone)
        window = self._desk.window(digest, place, "", means.now(), here)
        return self._desk.page(digest, place, window)

    def glance(self, name: str, *, by: str, zone: str, place: str = "") -> Page:
        """How one that was added, or a digest by its own name, looks now to whoever asks, or where they ask."""
        self._means.access.read_digests(by)
        if name in self._means.catalogue.digests:
            return self.show(name, place or by, zone)
        seen = self.look(name, by=by)
        order = Order.model_validate_json(seen.schedule.input)
        reader = by if order.place == EVERYONE else order.place
        if is_person(reader) and reader != by:
            self._means.access.administer(by, f"read the digest of {reader}")
        return self.show(order.digest, reader, seen.schedule.zone)

    def looked(self, actor: str) -> None:
        """Remember that somebody looked at Baton just now."""
        now, mark = self._means.now(), looked_mark(actor)
        kept = self._means.store.cursor(mark)
        if not kept or now - datetime.fromisoformat(kept) >= LOOKED_EVERY:
            self._means.store.set_cursor(mark, now.isoformat())

    # -----------------------------------------------------------------------------------------------------

    def _draft(self, draft_id: str, by: str) -> Draft:
        found = self._drafts.find(draft_id)
        if found is None or found.kind != KIND:
            raise Refused("This preview is gone: it was saved, dropped, or is older than a day. Ask for it again.")
        if found.by != by:
            raise NotAllowed(f"Only {found.by}, who asked for this preview, may save or drop it.")
        return found

    def _add(self, plan: Plan, by: str) -> Seen:
        self._check_place(self._means.catalogue.digest(plan.digest), plan.place, by)
        order = Order(digest=plan.digest, place=plan.place, rule=plan.rule)
        wanted = Wanted(plan.name, WORKFLOW, plan.cron, order.model_dump(), plan.zone, channel=plan.place)
        return self._schedules.add(wanted, by=by, internal=True)

    def _plan(self, ask: Ask, by: str) -> Plan:
        self._means.access.read_digests(by)
        digest = self._means.catalogue.digest(ask.digest)
        cron, zone = _when(ask)
        place = self._check_place(digest, ask.place, by)
        if place == EVERYONE or is_person(place):
            self._check_hours(cron)
        name = ask.name or self._name(digest.name, place, ask.place)
        if any(seen.schedule.name == name for seen in self._schedules.listed(by=by)):
            raise Refused(f"There is a digest {name} already. Remove it first, or give this one another name.")
        if place != EVERYONE:
            return Plan(name, digest.name, place, cron, zone)
        minute = parse(cron).minutes[0] % 30
        return Plan(name, digest.name, place, f"{minute},{minute + 30} * * * *", zone, cron)

    def _check_place(self, digest: Digest, given: str, by: str) -> str:
        """The place as it is kept; raises BatonError for one where this digest or this person has no business."""
        access = self._means.access
        if given == EVERYONE or is_person(given):
            if given == EVERYONE and not digest.personal:
                raise InvalidInput(f"{digest.name} is no personal digest: give a channel or yourself.")
            if given not in (by, EVERYONE) or given == EVERYONE:
                access.administer(by, f"have {digest.name} sent to others")
            return given
        if digest.personal or digest.since_look:
            raise InvalidInput(f"{digest.name} is for people: say `me`, or `{EVERYONE}` where an admin asks.")
        room = self._means.places.room(given)
        if room is None:
            if self._means.has_rooms:
                raise Refused(f"There is no channel {given}, or the bot is not in it: invite it with /invite.")
            return given
        if not access.directory.sees(by, given) and not by.startswith("cli:") and not access.is_admin(by):
            raise NotAllowed(f"{by} may not have something posted to {given}: those who are in it may.")
        if not room.inside or room.archived:
            raise Refused(f"The bot can't post to {given}: invite it with /invite, or give another channel.")
        return given

    def _check_hours(self, cron: str) -> None:
        rule, rest = parse(cron), self._means.rest
        night = [f"{hour}:{minute:02}" for hour in rule.hours for minute in rule.minutes
                 if rest.is_night(time(hour, minute))]  # fmt: skip
        if night:
            raise InvalidInput(
                f"{night[0]} is at night, when nobody is written to: choose a time from {rest.morning:%H:%M} "
                f"to {rest.night:%H:%M}."
            )

    def _name(self, digest: str, place: str, given: str) -> str:
        if is_person(place):
            person = self._means.places.person(place)
            told = person.name if person is not None else place
        else:
            room = self._means.places.room(place) if place != EVERYONE else None
            told = room.name if room is not None and room.name else given
        slug = re.sub(r"[^a-z0-9]+", "-", told.lower().removeprefix("slack:")).strip("-")
        return f"{digest}-{slug or 'here'}"[:64]


def _when(ask: Ask) -> tuple[str, str]:
    """The rule that the words say, and the zone: theirs, if the last word is none."""
    words, zone = list(ask.words), ask.zone
    if words and (("/" in words[-1] and "*" not in words[-1]) or words[-1].upper() == "UTC"):
        zone = words.pop()
        zone = "UTC" if zone.upper() == "UTC" else zone
    zone_of(zone)
    cron = rule_of(" ".join(words))
    parse(cron)
    return cron, zone
