"""Doing what a hook says of an event: decided before the transaction, written with the event in one."""

from __future__ import annotations

import hashlib
import json

from workflows.engine import codec
from workflows.engine.errors import BatonError, StoreUnavailable, UnknownRun
from workflows.engine.hooks.definition import Hook, HookEvent, SendSignal, StartRun
from workflows.engine.hooks.model import Inbound, InboundState
from workflows.engine.hooks.ports import GONE_WORDS, Arrival, InboundBook, Took
from workflows.engine.ids import new_id
from workflows.engine.model import Audit, Message, MessageKind
from workflows.engine.service import Service
from workflows.engine.starting import refuse_internal

LONGEST_ID = 200
LONGEST_TYPE = 100
LONGEST_WORDS = 500
LABEL = "hook"
"""The label of a run that a hook started: which."""


class Taking:
    """Takes events, each once however often it is told of; any number of processes may do this."""

    def __init__(self, service: Service, book: InboundBook) -> None:
        self._service = service
        self._book = book

    def take(self, hook: Hook, event: HookEvent) -> Took:
        """Do what the hook says of an event; what became of it. Raises StoreUnavailable: then nothing was done."""
        event_id = kept_id(event.id)
        there = self._book.find(hook.actor, event_id)
        if there is not None and there.state is not InboundState.FAILED:
            return Took(there, new=False)
        about = Inbound(hook.actor, event_id, _kept_type(event.type), InboundState.IGNORED, self._service.now())
        took = self._book.take(self._arrival(hook, event, about))
        self._service.ring(took.rings)
        return took

    def _arrival(self, hook: Hook, event: HookEvent, about: Inbound) -> Arrival:
        try:
            act = hook.act(event)
        except Exception as error:  # noqa: BLE001 - an author's function, of which anything may come
            return _failed(about, f"The hook's function raised {type(error).__name__}: {error}")
        try:
            match act:
                case None:
                    return Arrival(about)
                case StartRun():
                    return self._start(hook, act, about)
                case SendSignal():
                    return self._signal(hook, act, about)
        except StoreUnavailable:
            raise
        except BatonError as error:
            return _failed(about, str(error))
        except Exception as error:  # noqa: BLE001 - so may it of a workflow's functions of its input
            return _failed(about, f"{type(error).__name__}: {error}")
        return _failed(about, f"The hook's function gave {type(act).__name__}: StartRun, SendSignal or None is wanted.")

    def _start(self, hook: Hook, act: StartRun, about: Inbound) -> Arrival:
        service = self._service
        workflow = service.catalogue.get(act.workflow)
        refuse_internal(workflow)
        service.access.start(hook.actor, workflow)
        new, writes = service.prepared(
            workflow, service.startable(workflow, act.input), by=hook.actor, channel=act.channel,
            labels={LABEL: hook.name, **act.labels}, key=act.key or f"{hook.actor}:{about.event_id}",
        )  # fmt: skip
        return Arrival(_with(about, InboundState.STARTED, run_id=new.run.id), start=(new, writes))

    def _signal(self, hook: Hook, act: SendSignal, about: Inbound) -> Arrival:
        try:
            run = self._service.store.run(act.run)
        except UnknownRun:
            return Arrival(_with(about, InboundState.IGNORED, words=GONE_WORDS.format(_shown(act.run))))
        self._service.access.steer(hook.actor, run, "signal")
        payload, now = codec.encode(act.payload, f"The payload of {act.name}"), self._service.now()
        message = Message(new_id(), run.id, MessageKind.SIGNAL, act.name, payload, now, hook.actor)
        audit = Audit(now, hook.actor, "signal", run.id, act.name)
        return Arrival(_with(about, InboundState.SIGNALLED, run_id=run.id), message=(message, audit))


def kept_id(event_id: str) -> str:
    """An id as it is kept: one that is long or odd by its hash."""
    if event_id.isprintable() and len(event_id) <= LONGEST_ID:
        return event_id
    return f"sha256:{hashlib.sha256(event_id.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _kept_type(text: str) -> str:
    return _shown(text)[:LONGEST_TYPE]


def _shown(text: object) -> str:
    """Text for people, on one line, whatever it holds."""
    said = " ".join(str(text).split())
    return (said if said.isprintable() else json.dumps(said))[:LONGEST_WORDS]


def _with(about: Inbound, state: InboundState, *, run_id: str = "", words: str = "") -> Inbound:
    return Inbound(about.source, about.event_id, about.type, state, about.at, run_id, words)


def _failed(about: Inbound, words: str) -> Arrival:
    return Arrival(_with(about, InboundState.FAILED, words=_shown(words)))
