"""What every connector is: a class of actions for one service."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import FunctionType
from typing import Any, ClassVar, Self, TypeVar

from workflows.engine.policy import CallSpec, Retry, current_call

ACTION_TIMEOUT = timedelta(minutes=2)

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Health:
    """What a connector says of itself to `baton doctor`: whether it can work, and in words why or why not."""

    ok: bool
    words: str


def action(
    *,
    idempotent: bool | None = None,
    reconcile: str | None = None,
    settle: timedelta = timedelta(0),
    retry: Retry = Retry(),
    timeout: timedelta = ACTION_TIMEOUT,
    writes: bool | None = None,
) -> Callable[[F], F]:
    """Make a method of a connector an action, which workflows call with `run.step`.

    Every action says what a repeat does: `idempotent=True` when a second call with the same idempotency
    key does no harm; `reconcile="method"` when that method can tell by the key whether the effect
    happened, as `(self, key, *args, **kwargs) -> result | None`; `idempotent=False` when neither holds,
    so that the run is parked when an outcome is unknown. `settle` is how long after an attempt's deadline
    its effect may still appear. `writes=True` marks an idempotent action that changes something there, so that it
    is among a run's effects; one that is not idempotent is anyway. The docstring's first line is the title that
    people see.
    """
    if idempotent is None and reconcile is None:
        raise TypeError("An action must say idempotent=True, idempotent=False, or name its reconcile method")
    if idempotent and reconcile is not None:
        raise TypeError("An idempotent action is simply called again: leave reconcile out")

    def declare(fn: F) -> F:
        title = first_line(fn)
        if not title:
            raise TypeError(f"Action {fn.__qualname__} needs a docstring: its first line is the title that people see")
        spec = CallSpec(fn.__name__, title, bool(idempotent), retry, timeout, reconcile, settle, writes)
        fn.__dict__["baton_spec"] = spec
        return fn

    return declare


class Connector:
    """A client for one service, made of actions.

    A class declared with `protocol=True` says what a kind of service offers (`Topics`, `Site`) and
    cannot be made; every public method it declares must be written by the connectors that derive from it,
    which is checked when their class is defined. Constructors take settings and only assign: the first
    request opens the connection. One instance serves all threads of a process.
    """

    slug: ClassVar[str] = "connector"
    """Starts the names of the class's own actions, which histories keep; the class name in snake case."""
    protocol: ClassVar[bool] = True
    hint: ClassVar[str] = "bind one in the settings"
    """What to do when nothing is bound to the class, unless the settings know better."""

    def __init_subclass__(cls, *, protocol: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.slug = cls.__dict__.get("slug") or snake_case(cls.__name__)
        cls.protocol = protocol
        for name, spec in own_actions(cls).items():
            fn = cls.__dict__[name]
            fn.__dict__["baton_spec"] = replace(spec, owner=cls, name=f"{cls.slug}.{name}")
            if isinstance(spec.reconcile, str) and not callable(getattr(cls, spec.reconcile, None)):
                raise TypeError(
                    f"{cls.__name__}.{name} is reconciled by {spec.reconcile!r}, which {cls.__name__} lacks"
                )
        missing = () if protocol else unwritten(cls)
        if missing:
            raise TypeError(f"{cls.__name__} does not implement {', '.join(missing)}")

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        if cls.protocol:
            raise TypeError(f"{cls.__name__} is a protocol: ask the registry for the connector that is bound to it")
        return super().__new__(cls)

    def health(self) -> Health:
        """Whether this connector can work, found out by a cheap call; an error of the tree means it can't."""
        raise NotImplementedError

    @property
    def key(self) -> str | None:
        """The idempotency key of the call in progress, the same for all its attempts; None outside a run."""
        call = current_call()
        return call.key if call else None


def own_actions(cls: type[Any]) -> Mapping[str, CallSpec]:
    """The actions that `cls` itself declares, by method name."""
    found = {name: getattr(member, "baton_spec", None) for name, member in cls.__dict__.items()}
    return {name: spec for name, spec in found.items() if isinstance(spec, CallSpec)}


def actions_of(cls: type[Connector]) -> Mapping[str, CallSpec]:
    """All actions that `cls` offers, inherited ones included, by method name."""
    found: dict[str, CallSpec] = {}
    for ancestor in reversed(cls.__mro__):
        found.update(own_actions(ancestor))
    return found


def unwritten(cls: type[Connector]) -> tuple[str, ...]:
    """The public methods that `cls` inherits from protocols without anyone having written them."""
    owners: dict[str, type[Any]] = {}
    for ancestor in reversed(cls.__mro__):
        owners.update(dict.fromkeys(ancestor.__dict__, ancestor))
    return tuple(f"{owner.__name__}.{name}" for name, owner in owners.items() if _is_declared(owner, name))


def _is_declared(owner: type[Any], name: str) -> bool:
    if name.startswith("_") or not issubclass(owner, Connector) or not owner.protocol:
        return False
    return isinstance(owner.__dict__[name], FunctionType)


def first_line(fn: Callable[..., Any]) -> str:
    """The first line of a docstring without its full stop."""
    return (inspect.getdoc(fn) or "").split("\n", 1)[0].rstrip(".")


def snake_case(name: str) -> str:
    """`WordPress` becomes `word_press`, `CRMRecords` becomes `crm_records`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
