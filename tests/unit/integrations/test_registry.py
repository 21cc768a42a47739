from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib.metadata import EntryPoint

import pytest

from integrations.base import Connector, Health
from integrations.errors import NotConnected, Unavailable
from integrations.http.gate import Gate, governed_by, governing
from integrations.protocols import Library, Search, Sources
from integrations.registry import Bindings, Registry, installed, lazy


class Index(Library):
    """A library with nothing in it."""

    made = 0

    def __init__(self, name: str = "index") -> None:
        type(self).made += 1
        self.name = name

    def find(self, query: str, limit: int = 5) -> Sources:
        """Find nothing."""
        return Sources(query=query, items=())

    def health(self) -> Health:
        """Fine."""
        return Health(True, self.name)


class Broken(Index):
    """A library that is down."""

    def health(self) -> Health:
        """Say why."""
        raise Unavailable("It is down. Start it.")


HERE = f"{__name__}:Index"


def test_it_makes_one_instance_when_it_is_first_asked() -> None:
    Index.made = 0
    registry = Registry({Library: Index, Index: Index})
    assert Index.made == 0
    assert registry.get(Library) is registry.get(Index)
    assert Index.made == 1


def test_threads_share_the_instance() -> None:
    registry = Registry({Library: Index})
    seen: list[Library] = []
    threads = [threading.Thread(target=lambda: seen.append(registry.get(Library))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in seen}) == 1
    assert len(seen) == 8


def test_it_imports_a_lazy_connector_by_its_path() -> None:
    registry = Registry({Library: lazy(HERE, "lazily")})
    made = registry.get(Library)
    assert type(made).__name__ == "Index"
    assert made.health() == Health(True, "lazily")


def test_a_concrete_class_is_found_by_its_path() -> None:
    registry = Registry({Library: lazy(HERE)})
    assert registry.get(Index) is registry.get(Library)


def test_what_is_not_bound_says_what_to_set() -> None:
    registry = Registry({Library: Index}, hints={Search: "set TAVILY_API_KEY", Library: "never shown"})
    with pytest.raises(NotConnected, match=r"^No connector is set for Search: set TAVILY_API_KEY$"):
        registry.get(Search)
    with pytest.raises(LookupError):
        registry.get(Search)
    assert registry.unbound() == {Search: "set TAVILY_API_KEY"}
    assert registry.bound() == (Library,)


def test_a_wrong_binding_is_a_clear_error() -> None:
    with pytest.raises(TypeError, match="Index is bound to Search and is none"):
        Registry({Search: Index}).get(Search)


def test_health_is_told_in_words() -> None:
    assert Registry({Library: Broken}).health(Library) == Health(False, "It is down. Start it.")
    assert not Registry({}).health(Library).ok
    missing = Registry({Library: lazy("no_such_library:Thing")}).health(Library)
    assert missing == Health(False, "Library needs a library that is not installed: install no_such_library.")


def test_bindings_can_be_replaced() -> None:
    registry = Registry({Library: Index}).with_bindings({Library: Broken})
    assert isinstance(registry.get(Library), Broken)


def plugin(environment: Mapping[str, str]) -> Bindings:
    return {Library: lazy(HERE, environment["NAME"])}


def bad_plugin(environment: Mapping[str, str]) -> Mapping[object, object]:
    return {"library": Index}


def test_installed_packages_join_through_entry_points() -> None:
    point = EntryPoint("mine", f"{__name__}:plugin", "baton.connectors")
    found = installed({"NAME": "env"}, [point])
    connector: Connector = Registry(found).get(Library)
    assert connector.health().words == "env"


def test_a_wrong_entry_point_is_named() -> None:
    point = EntryPoint("mine", f"{__name__}:bad_plugin", "baton.connectors")
    with pytest.raises(TypeError, match="entry point mine must map"):
        installed({}, [point])


def test_connectors_are_made_under_the_process_gate_also_when_they_are_bound_anew() -> None:
    gate = Gate()
    seen: list[bool] = []

    def factory() -> Index:
        seen.append(governing() is gate)
        return Index()

    registry = Registry({Library: factory}, making=lambda: governed_by(gate))
    registry.get(Library)
    registry.with_bindings({}).get(Library)
    live = Registry({})
    live.rebind(registry)
    live.get(Library)
    assert seen == [True, True, True]
    assert governing() is not gate, "and nothing else is"
