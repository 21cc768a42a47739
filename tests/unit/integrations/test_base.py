from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar, assert_type

import pytest

from integrations.base import Connector, Health, action, actions_of, snake_case
from integrations.protocols import Models, Topics
from workflows.engine.policy import CallInProgress, CallSpec, call_in_progress

P = ParamSpec("P")
T = TypeVar("T")


class Shelves(Connector, protocol=True):
    """Where things are kept."""

    @action(idempotent=False)
    def put(self, thing: str) -> str:
        """Put a thing away.

        Anywhere.
        """
        raise NotImplementedError


class OakShelves(Shelves):
    """Shelves of oak."""

    @action(reconcile="find", settle=timedelta(seconds=3), timeout=timedelta(seconds=9))
    def put(self, thing: str) -> str:
        """Put a thing on oak."""
        return f"{thing} {self.key}"

    def find(self, key: str, thing: str) -> str | None:
        """Where the thing is."""
        return None

    def health(self) -> Health:
        """Oak is always fine."""
        return Health(True, "Solid.")


def spec(fn: object) -> CallSpec:
    found = getattr(fn, "baton_spec", None)
    assert isinstance(found, CallSpec)
    return found


def test_an_action_is_named_after_the_class_that_declares_it() -> None:
    assert spec(Shelves.put).name == "shelves.put"
    assert spec(Shelves.put).owner is Shelves
    assert spec(Shelves.put).title == "Put a thing away"
    assert spec(OakShelves.put).name == "oak_shelves.put"
    assert spec(OakShelves.put).owner is OakShelves


def test_a_connector_has_its_own_policy() -> None:
    assert spec(Shelves.put).reconcile is None
    assert spec(OakShelves.put).reconcile == "find"
    assert spec(OakShelves.put).settle == timedelta(seconds=3)
    assert spec(OakShelves.put).timeout == timedelta(seconds=9)
    assert spec(OakShelves.put).idempotent is False
    assert list(actions_of(OakShelves)) == ["put"]


def take(fn: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As the engine's `run.step` is typed."""
    return fn(OakShelves(), *args, **kwargs)


def test_an_action_keeps_its_type() -> None:
    assert_type(take(OakShelves.put, "cup"), str)
    with pytest.raises(TypeError):
        take(OakShelves.put, "cup", "saucer")  # type: ignore[call-arg]


def test_a_class_may_choose_its_slug() -> None:
    class Other(OakShelves):
        slug = "oak2"

        @action(idempotent=True)
        def put(self, thing: str) -> str:
            """Put a thing away twice."""
            return thing

    assert spec(Other.put).name == "oak2.put"
    assert spec(OakShelves.put).name == "oak_shelves.put"


def test_a_connector_knows_the_key_of_the_call() -> None:
    shelves = OakShelves()
    assert shelves.put("cup") == "cup None"
    with call_in_progress(CallInProgress("r1", "put#1", "key-1", 1, check=lambda: None)):
        assert shelves.put("cup") == "cup key-1"


def test_a_protocol_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="Topics is a protocol"):
        Topics()


def test_a_connector_must_implement_its_protocol() -> None:
    with pytest.raises(TypeError, match=r"Half does not implement Connector\.health, Models\.ask"):
        type("Half", (Models,), {})


def test_a_reconcile_method_must_exist() -> None:
    with pytest.raises(TypeError, match="reconciled by 'look'"):

        class Lost(OakShelves):
            @action(reconcile="look")
            def put(self, thing: str) -> str:
                """Put a thing away."""
                return thing


def test_an_action_says_what_a_repeat_does() -> None:
    with pytest.raises(TypeError, match="must say idempotent"):
        action()
    with pytest.raises(TypeError, match="leave reconcile out"):
        action(idempotent=True, reconcile="find")


def test_an_action_needs_a_title() -> None:
    with pytest.raises(TypeError, match="needs a docstring"):

        @action(idempotent=True)
        def nameless(self: object) -> None: ...


@pytest.mark.parametrize(
    ("name", "slug"), [("Notion", "notion"), ("WordPress", "word_press"), ("CRM", "crm"), ("CRMRecords", "crm_records")]
)
def test_slugs_are_snake_case(name: str, slug: str) -> None:
    assert snake_case(name) == slug
