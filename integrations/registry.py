"""Which connector answers for which protocol, made when it is first asked for."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NoReturn, TypeVar, cast

from integrations.base import Connector, Health
from integrations.errors import ConnectorError, NotConnected

GROUP = "baton.connectors"

C = TypeVar("C", bound=Connector)
Factory = Callable[[], Connector]
Bindings = Mapping[type[Connector], Factory]
Making = Callable[[], AbstractContextManager[None]]
Plugin = Callable[[Mapping[str, str]], Mapping[Any, Any]]
"""What an entry point of the group names: a function from the environment to the bindings it offers."""


@dataclass(frozen=True)
class Lazy:
    """A connector that is imported and made when it is first needed, for those with heavy libraries.

    `path` is `"package.module:Class"`; `arguments` are given to the class in order. Two equal ones in a
    registry are one instance.
    """

    path: str
    arguments: tuple[Any, ...] = ()

    def __call__(self) -> Connector:
        """Import the module and make the connector."""
        module_name, _, class_name = self.path.partition(":")
        made = getattr(importlib.import_module(module_name), class_name)(*self.arguments)
        if not isinstance(made, Connector):
            raise TypeError(f"{self.path} is no connector")
        return made


def lazy(path: str, *arguments: Any) -> Lazy:
    """The connector class at `path`, to be made with `arguments`, which must be hashable: frozen settings are."""
    return Lazy(path, arguments)


@dataclass(frozen=True)
class Refusing:
    """Stands where a connector can't be made, so that nothing goes elsewhere instead."""

    words: str

    def __call__(self) -> NoReturn:
        raise NotConnected(self.words)


class Registry:
    """The connectors of one process, at most one instance of each.

    `bindings` map protocols and concrete classes to what makes them; a factory bound twice makes one
    instance. `hints` say, per protocol that has no connector, what to set to get one. Each is
    made within `making`, which gives it the gate that keeps services' limits.
    """

    def __init__(
        self, bindings: Bindings, hints: Mapping[type[Connector], str] | None = None, making: Making = nullcontext
    ) -> None:
        self._bindings = dict(bindings)
        self._hints = dict(hints or {})
        self._making = making
        self._made: dict[Factory, Connector] = {}
        self._lock = threading.RLock()

    def get(self, cls: type[C]) -> C:
        """The connector bound to `cls`; raises NotConnected, with what to set, when there is none."""
        factory = self._factory(cls)
        if factory is None:
            hint = self._hints.get(cls, cls.hint)
            raise NotConnected(f"No connector is set for {cls.__name__}: {hint}")
        with self._lock:
            if factory not in self._made:
                with self._making():
                    self._made[factory] = factory()
            made = self._made[factory]
        if not isinstance(made, cls):
            raise TypeError(f"{type(made).__name__} is bound to {cls.__name__} and is none")
        return made

    def bound(self) -> tuple[type[Connector], ...]:
        """The protocols and classes that have a connector, in the order they were bound."""
        return tuple(self._bindings)

    def unbound(self) -> Mapping[type[Connector], str]:
        """The protocols that have none, with what to set."""
        return {cls: hint for cls, hint in self._hints.items() if cls not in self._bindings}

    def health(self, cls: type[Connector]) -> Health:
        """Whether the connector bound to `cls` can work; never raises for a connector's own trouble."""
        try:
            return self.get(cls).health()
        except ConnectorError as error:
            return Health(False, str(error))
        except ImportError as error:
            return Health(False, f"{cls.__name__} needs a library that is not installed: install {error.name}.")

    def with_bindings(self, more: Bindings) -> Registry:
        """A registry with `more` in the place of what they name; nothing that was made is carried over."""
        return Registry({**self._bindings, **more}, self._hints, self._making)

    def rebind(self, other: Registry) -> None:
        """Answer as `other` would from now on; a connector whose factory is still bound stays made."""
        with self._lock:
            self._bindings, self._hints, self._making = dict(other._bindings), dict(other._hints), other._making
            bound = set(self._bindings.values())
            self._made = {factory: made for factory, made in self._made.items() if factory in bound}

    def _factory(self, cls: type[Connector]) -> Factory | None:
        if cls in self._bindings:
            return self._bindings[cls]
        path = f"{cls.__module__}:{cls.__qualname__}"
        for factory in self._bindings.values():
            if factory is cls or (isinstance(factory, Lazy) and factory.path == path):
                return factory
        return None


def installed(
    environment: Mapping[str, str], points: Iterable[EntryPoint] | None = None
) -> dict[type[Connector], Factory]:
    """The bindings that installed packages offer through the entry point group `baton.connectors`."""
    found: dict[type[Connector], Factory] = {}
    for point in entry_points(group=GROUP) if points is None else points:
        plugin = cast(Plugin, point.load())
        for cls, factory in plugin(environment).items():
            if not (isinstance(cls, type) and issubclass(cls, Connector) and callable(factory)):
                raise TypeError(
                    f"{GROUP} entry point {point.name} must map connector classes to factories ({point.value})"
                )
            found[cls] = factory
    return found
