"""Services that were added to a project by their own description: what an author calls of them, and by which names."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, overload

from integrations.base import Connector, snake_case
from workflows.engine.policy import CallSpec

NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
DOES = "do_"
"""Begins the Python names of actions, so that none of them is a connector's own method."""
FINDS = "find_"
"""Begins the names of what finds out whether an action took effect."""

T = TypeVar("T")


class Service(Connector, protocol=True):
    """A service that was added to the project."""

    hint: ClassVar[str] = "add it with `baton connectors add`, or see where BATON_CONNECTORS leads."
    named: ClassVar[dict[str, str]]
    """What authors asked for by `action`: names of actions, each with the operation as it was written."""
    _actions: ClassVar[dict[tuple[str, Any, str], Callable[..., Any]]]

    @overload
    @classmethod
    def action(cls, operation: str, *, title: str = "") -> Callable[..., Any]: ...
    @overload
    @classmethod
    def action(cls, operation: str, result: type[T], *, title: str = "") -> Callable[..., T]: ...
    @classmethod
    def action(cls, operation: str, result: Any = Any, *, title: str = "") -> Callable[..., Any]:
        """An operation or tool of the service, to be called with `run.step` and named arguments.

        `operation` is the name that the service gives it. What it answers is read as `result`, such as a pydantic
        model; without one it stays as it came: dicts, lists and plain values. Nothing is looked up before the call.
        """
        key = (operation, result, title)
        if key not in cls._actions:
            cls._actions.setdefault(key, _action(cls, operation, result, title))
        return cls._actions[key]

    action.__func__.__dict__["baton_names_action"] = True  # type: ignore[attr-defined]  # plans may call it

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """Call an operation or tool from within a step, and return what it answers."""
        raise NotImplementedError


def service(name: str) -> type[Service]:
    """The service that was added under `name`; every call gives the same class."""
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name of a connector: take at most 40 small letters, digits and _, a letter first"
        )
    if name not in _services:
        title = "".join(part.capitalize() for part in name.split("_"))
        fields = {"__doc__": f"The service {name}.", "__module__": __name__, "slug": name, "named": {}, "_actions": {}}
        _services.setdefault(name, type(title, (Service,), fields, protocol=True))
    return _services[name]


_services: dict[str, type[Service]] = {}


def action_name(operation: str) -> str:
    """An operation or tool as histories name it: `issues/create-label` is `issues_create_label`."""
    return re.sub(r"[^a-z0-9]+", "_", snake_case(operation)).strip("_") or "_"


class _Named:
    """Finds an action again by its place alone, for what undoes a step: `every.github.do_issues_delete`."""

    def __init__(self, owner: type[Service] | None = None) -> None:
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        if self._owner is not None and name.startswith(DOES):
            return self._owner.action(name.removeprefix(DOES))
        if self._owner is None and NAME.fullmatch(name):
            return _Named(service(name))
        raise AttributeError(name)


every = _Named()


def _action(cls: type[Service], operation: str, result: Any, title: str) -> Callable[..., Any]:
    name = action_name(operation)
    words = name.replace("_", " ").strip().capitalize() or operation
    shown = title or f"{words} ({cls.slug})"

    def do(connector: Service, /, **arguments: Any) -> Any:
        return connector.call(operation, **arguments)

    do.__name__, do.__qualname__, do.__doc__ = f"{DOES}{name}", f"every.{cls.slug}.{DOES}{name}", f"{shown}."
    do.__annotations__ = {"arguments": Any, "return": result}
    do.__dict__["baton_spec"] = CallSpec(f"{cls.slug}.{name}", shown, idempotent=False, owner=cls)
    cls.named.setdefault(name, operation)
    return do
