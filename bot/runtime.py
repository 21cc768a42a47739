"""The composition root: what a process is made of, from the settings. The only place that names the store."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import structlog
from redis import Redis

from bot.ours import OwnTools
from bot.outage import Outage
from bot.policies import policies_of
from bot.presence import Roster
from bot.renewals import Renewals
from bot.settings import Settings
from integrations.base import Connector
from integrations.registry import Registry
from workflows import catalog
from workflows.digests.desk import DigestDesk
from workflows.engine.access import Access
from workflows.engine.advance import Engine
from workflows.engine.alerts.watching import Alerts
from workflows.engine.approving.book import Book
from workflows.engine.beats.watching import PartWatch
from workflows.engine.bulks.desk import BulkDesk
from workflows.engine.bulks.moving import Mover
from workflows.engine.credentials import SealedCredential
from workflows.engine.deputies import Deputies, Deputising
from workflows.engine.desk import LetterDesk
from workflows.engine.directory import LocalDirectory
from workflows.engine.errors import StoreUnavailable
from workflows.engine.hastening import Hastening
from workflows.engine.homes import HOME
from workflows.engine.ids import new_id
from workflows.engine.outbox import POSTS, Outbox
from workflows.engine.ports import Claimant, Clock, Membership, Tools
from workflows.engine.recovery import Recovery
from workflows.engine.retention import Retention
from workflows.engine.schedules.alarming import ScheduleAlarms
from workflows.engine.schedules.calendar import Calendar
from workflows.engine.schedules.keeping import Schedules
from workflows.engine.schedules.passing import Passing
from workflows.engine.service import Service
from workflows.engine.threads import StepThreads
from workflows.engine.turn import Means
from workflows.engine.undoing import Undoing
from workflows.storage import revision
from workflows.storage.address import identity
from workflows.storage.rings_aside import RingsAside
from workflows.storage.rq_queue import RqQueue, connect
from workflows.storage.store import SqlStore

if TYPE_CHECKING:
    from bot.alerts.keeping import AlertKeeping
    from bot.credentials.keeping import Credentials
    from bot.digests.desk import StoreDesk
    from bot.digests.keeping import Digests
    from bot.news import Notices
    from bot.slack.calling import Token
    from bot.slack.delivery.deliverer import Deliverer
    from bot.slack.directory import SlackDirectory
    from bot.slack.homing import HomeBoard
    from bot.slack.installing.book import Installations
    from bot.slack.parts import Parts
    from integrations.http.gate import Gate

ABANDONED_ENOUGH = 3
"""After so many steps that never came back a worker process is replaced."""
NOWHERE = "unix:///dev/null"
"""A Redis address that nobody answers: rings are dropped at once, and the rescue tick rings later."""
ALONE = "bot.alone"
"""The module that advances one run in a process of its own."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def _on_demand(module: str) -> Any:
    """A module with heavy libraries, which most commands do without: it is imported when it is first used."""
    return importlib.import_module(module)


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, delay: timedelta) -> None:
        time.sleep(max(delay.total_seconds(), 0.0))


class Runtime:
    """The parts of one process, each made when it is first needed. Not to be carried over a fork once used."""

    def __init__(self, settings: Settings, redis_url: str = "", *, rings_aside: bool = False) -> None:
        """`rings_aside`: nobody waits for Redis when a run is rung; for processes that answer people."""
        self.settings = settings
        self._redis_url = redis_url or settings.redis_url
        self._rings_aside = rings_aside

    @cached_property
    def clock(self) -> Clock:
        return SystemClock()

    @cached_property
    def store(self) -> SqlStore:
        if not self.settings.database_url:
            self.settings.home.mkdir(parents=True, exist_ok=True)
        return SqlStore(self.settings.database, clock=self.judge)

    @property
    def judge(self) -> Clock | None:
        """By whose time leases and due times are judged; None means the database's own."""
        return None

    @property
    def outbox(self) -> Outbox:
        """What is to be shown in Slack; in the store's database."""
        return self.store.outbox

    @cached_property
    def roster(self) -> Roster:
        """Which processes of this machine hold leases in this database."""
        return Roster(self.settings.home / "run" / "workers", identity(self.settings.database))

    @cached_property
    def redis(self) -> Redis:
        return connect(self._redis_url)

    @cached_property
    def queue(self) -> RqQueue:
        return RingsAside(self.redis) if self._rings_aside else RqQueue(self.redis)

    @cached_property
    def catalogue(self) -> catalog.Catalogue:
        return catalog.load(self.settings.folders)

    @cached_property
    def connectors(self) -> Registry:
        channel = self._slack_channel if self.settings.has_slack else None
        made: Registry = _on_demand("bot.credentials.making").live_registry(
            self.settings, channel, self._sealed, self.clock, self.gate
        )
        return made

    def _sealed(self) -> Sequence[SealedCredential]:
        made = self.settings.database_url or (self.settings.home / "baton.db").exists()
        return self.store.credentials.all() if made else ()

    @cached_property
    def credentials(self) -> Credentials:
        """What people may do with the secrets of services."""
        made: Credentials = _on_demand("bot.credentials.making").credentials(
            self.settings, lambda: self.service.access, lambda: self.store.credentials, self.clock
        )
        return made

    @cached_property
    def gate(self) -> Gate:
        """What every request of a connector goes through; shared by all processes through Redis, where there is one."""
        redis = None if self._redis_url in {"", NOWHERE} else self.redis
        news = _on_demand("bot.news").ServiceNews(lambda: self.alerts)
        made: Gate = _on_demand("bot.connectors").gate(self.settings, redis, self.clock, news)
        return made

    @property
    def tools(self) -> Tools:
        """What steps may use: the connectors, and Baton's own part in digests."""
        return OwnTools({DigestDesk: lambda: self.digest_desk}, lambda: cast(Tools, self.connectors))

    @cached_property
    def digest_desk(self) -> StoreDesk:
        """What the workflow behind digests asks."""
        posting = None
        if self.settings.has_slack:
            posting = _on_demand("bot.slack.digesting").SlackPosting(
                lambda: self.outbox, lambda: self.queue, self.slack_directory, self.clock.now
            )
        made: StoreDesk = _on_demand("bot.digests.making").desk(self, posting)
        return made

    @cached_property
    def alerts(self) -> Alerts:
        """What is wrong: to be judged by a clock, and raised by whoever finds out."""
        made: Alerts = _on_demand("bot.alerts.making").alerts(self)
        return made

    @cached_property
    def part_watch(self) -> PartWatch:
        """Who of Baton's own parts is missing."""
        made: PartWatch = _on_demand("bot.alerts.making").part_watch(self)
        return made

    @cached_property
    def schedule_alarms(self) -> ScheduleAlarms:
        """Which schedules do not fire."""
        made: ScheduleAlarms = _on_demand("bot.alerts.making").schedule_alarms(self)
        return made

    def bring_posts(self, owner: str) -> None:
        """Bring what is to be posted to Slack, where no worker does."""
        self.deliverer(owner).deliver(POSTS)

    @cached_property
    def alert_keeping(self) -> AlertKeeping:
        """What people may ask of alerts."""
        made: AlertKeeping = _on_demand("bot.alerts.keeping").AlertKeeping(
            self.store.alerts, lambda: self.service.access, self.store.beats
        )
        return made

    @cached_property
    def digests(self) -> Digests:
        """What people may ask of digests."""
        made: Digests = _on_demand("bot.digests.making").digests(self)
        return made

    def _slack_channel(self) -> Connector:
        made: Connector = _on_demand("bot.slack.channel").SlackChannel(
            lambda: self.outbox, lambda: self.queue, self.clock.now
        )
        return made

    def deliverer(self, owner: str, checkpoint: Callable[[str, str], None] | None = None) -> Deliverer:
        """What brings messages to Slack in this process, under this owner's leases."""
        made: Deliverer = _on_demand("bot.slack.delivery.making").deliverer(
            self.settings, self.store, self.outbox, self.store.letters, self.store.bulks, self.catalogue,
            self.slack_directory, self.clock, owner=owner, away=self._is_away, checkpoint=checkpoint,
            token=self.slack_token,
        )  # fmt: skip
        return made

    @cached_property
    def slack_parts(self) -> Parts:
        """What is needed to tell people in Slack how things stand."""
        made: Parts = _on_demand("bot.slack.parts").Parts(
            self.service, self.recovery, self.store, self.outbox, self.queue, self.slack_directory, self.catalogue,
            self.clock.now, self.schedules, self.digests, self.alert_keeping, self.letters, self.credentials,
            self.bulks, self.undoing,
        )  # fmt: skip
        return made

    def home_board(self, owner: str) -> HomeBoard:
        """What keeps App Home up to date in this process, under this owner's leases."""
        client = _on_demand("bot.slack.delivery.making").slack_client(self.settings, self.slack_token)
        made: HomeBoard = _on_demand("bot.slack.homing").HomeBoard(self.slack_parts, self.store.homes, client, owner)
        return made

    @cached_property
    def installations(self) -> Installations:
        """The installation by OAuth, where Baton comes into Slack by one."""
        made: Installations = _on_demand("bot.slack.installing.making").installations(
            self.settings, self._sealed, lambda: self.store.credentials, self.clock
        )
        return made

    @cached_property
    def slack_token(self) -> Token:
        """The bot's token as it is now: the settings', or the installation's."""
        made: Token
        if self.settings.installs:
            made = _on_demand("bot.slack.installing.token").InstalledToken(self.installations, self.clock.monotonic)
        else:
            made = _on_demand("bot.slack.calling").settings_token(self.settings)
        return made

    @cached_property
    def slack_directory(self) -> SlackDirectory:
        """Who is who in the Slack workspace; asked when somebody from there does something."""
        client = _on_demand("bot.slack.calling").web_client(self.settings, 1, self.slack_token)  # people wait for it
        made: SlackDirectory = _on_demand("bot.slack.directory").SlackDirectory(
            client, self.clock.monotonic, self.settings.baton_roles, self.settings.baton_away
        )
        return made

    @property
    def directory(self) -> Membership:
        """Who is who: as Slack says where it is set up, else as the settings say."""
        return self.slack_directory if self.settings.has_slack else LocalDirectory(self.settings.baton_roles)

    def _is_away(self, actor: str) -> bool:
        """Whether somebody's status in Slack says that they are away; no where Slack does not say."""
        return self.settings.has_slack and self.slack_directory.absence(actor, self.clock.now()) is not None

    @cached_property
    def hastening(self) -> Hastening:
        """What escalates early where approvers are away."""
        return Hastening(self.service, self.directory, self._is_away)

    @cached_property
    def service(self) -> Service:
        settings = self.settings
        access = Access(
            frozenset(settings.baton_admins),
            self.directory,
            Deputising(self.store, self._is_away),
            settings.baton_hooks,
        )
        channel = settings.baton_channel if settings.has_slack else ""
        return Service(
            self.store,
            self.queue,
            self.clock,
            self.catalogue,
            access,
            settings.baton_approvers,
            channel=channel,
            book=self.book,
        )

    @cached_property
    def book(self) -> Book:
        """The policies and calendars of the settings; raises PoliciesError."""
        return policies_of(self.settings)

    @cached_property
    def deputies(self) -> Deputies:
        """What people may ask of delegations."""
        return Deputies(self.store.delegations, self.service.access, self.clock.now)

    @cached_property
    def recovery(self) -> Recovery:
        return Recovery(self.service)

    @cached_property
    def undoing(self) -> Undoing:
        """What people may ask of runs that ended well."""
        return Undoing(self.service)

    @cached_property
    def letters(self) -> LetterDesk:
        """What people may ask of groups of dead letters."""
        return LetterDesk(self.service, self.store.letters)

    @cached_property
    def bulks(self) -> BulkDesk:
        """What people may ask of moves of whole groups."""
        return BulkDesk(self.letters, self.store.bulks)

    @cached_property
    def mover(self) -> Mover:
        """What carries such moves out."""
        return Mover(self.service, self.store.bulks)

    @cached_property
    def schedules(self) -> Schedules:
        """What people may ask of schedules."""
        return Schedules(self.service, self.store.schedules, self.calendar, self.schedule_pass)

    @cached_property
    def schedule_pass(self) -> Passing:
        """What a clock does about schedules."""
        news = _on_demand("bot.news").ScheduleNews(self._notices)
        return Passing(self.service, self.store.schedules, self.calendar, news)

    @property
    def _notices(self) -> Notices:
        """What posts to the channel of operations."""
        settings = self.settings
        channel = (settings.baton_ops_channel or settings.baton_channel) if settings.has_slack else ""
        made: Notices = _on_demand("bot.news").Notices(lambda: self.outbox, lambda: self.queue, self.clock.now, channel)
        return made

    @cached_property
    def calendar(self) -> Calendar:
        """Says when rules come."""
        return Calendar(_on_demand("bot.walls").next_on_wall)

    @cached_property
    def retention(self) -> Retention:
        return Retention(self.service, self.clock.monotonic, self.clock.sleep)

    def hands(self, owner: str, *, checkpoint: Callable[[str, str], None] | None = None) -> EngineHands:
        """What advances runs in this process, under this owner's leases."""
        return EngineHands(self, owner, checkpoint)

    def migrate(self) -> str:
        """Bring the database up to this release; its revision."""
        if not self.settings.database_url:
            self.settings.home.mkdir(parents=True, exist_ok=True)
        return str(_on_demand("workflows.storage.schema").migrate(self.settings.database))

    def needs_migration(self) -> bool:
        """Whether the database is older than this release."""
        return revision.needs_migration(self.settings.database)

    def close(self) -> None:
        """Let go of connections."""
        if isinstance(self.__dict__.get("queue"), RingsAside):
            self.__dict__["queue"].close()
        for name in ("store", "redis"):
            part: Any = self.__dict__.get(name)
            if part is not None:
                part.close()


class EngineHands:
    """One process's engine, as a worker drives it."""

    def __init__(self, runtime: Runtime, owner: str, checkpoint: Callable[[str, str], None] | None) -> None:
        self.owner = owner
        self._runtime = runtime
        self._threads = StepThreads()
        self._draining = False
        settings = runtime.settings
        self._renewals = Renewals(settings.lease.total_seconds())
        means = Means(
            runtime.store, runtime.queue, runtime.clock, runtime.tools, self._threads,
            approvers=settings.baton_approvers, book=runtime.book, directory=runtime.directory,
            draining=lambda: self._draining, alive=self._alive,
            checkpoint=checkpoint or _pass, worker=owner,
        )  # fmt: skip
        claimant = Claimant(owner, settings.lease, settings.release, runtime.catalogue.names())
        self.engine = Engine(means, runtime.catalogue, claimant, isolate=self._isolate)
        self._deliverer = runtime.deliverer(owner, checkpoint) if settings.has_slack else None
        self._board = runtime.home_board(owner) if settings.has_slack else None
        self._database_outage = Outage("the database of deliveries", worker=owner)

    def advance(self, run_id: str) -> None:
        """Take one turn of a run, if it is there to be taken."""
        self.engine.advance(run_id)

    def deliver(self, run_id: str) -> None:
        """Bring a run's messages in Slack, or somebody's App Home, up to date; nothing where Slack is not set up."""
        if self._deliverer is None or self._board is None:
            return
        try:
            if run_id.startswith(HOME):
                self._board.deliver(run_id)
            else:
                self._deliverer.deliver(run_id)
                self._board.changed(run_id)
        except StoreUnavailable as error:  # the clock rings again
            self._database_outage.failed(error)
        else:
            self._database_outage.worked()

    def leases_renewed(self, until: float) -> None:
        """Every lease of this process that had not run out holds until then."""
        self._renewals.renewed(until)

    def drain(self) -> None:
        """Suspend each run at its next verb."""
        self._draining = True

    def worn_out(self) -> bool:
        """Whether too many threads are stuck in steps that were given up."""
        return self._threads.abandoned >= ABANDONED_ENOUGH

    def close(self) -> None:
        """Let go of connections."""
        self._runtime.close()

    def _alive(self, lease_until: float) -> bool:
        return self._renewals.holds(lease_until, time.monotonic())

    def _isolate(self, run_id: str) -> None:
        """Advance a run that crashed before in a process that runs nothing else, and count a crash there."""
        owner = f"{self.owner}-alone-{new_id()[-6:]}"
        log.warning("run is advanced alone: it was executing when the process died", run_id=run_id)
        done = subprocess.run([sys.executable, "-P", "-m", ALONE, run_id, owner], check=False)  # noqa: S603 - our own
        if done.returncode != 0:
            self.engine.convict(run_id, owner)


def _pass(_name: str, _key: str) -> None:
    """A checkpoint in production: nothing happens."""
