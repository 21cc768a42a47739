"""What every connector declares, so that the engine, the card and a reader can rely on it."""

from __future__ import annotations

import inspect
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

import integrations
from integrations.base import Connector, actions_of, own_actions
from integrations.protocols import Models
from integrations.services import Service
from tests.contract.connectors.cases import CASES, ConnectorCase
from workflows.engine.policy import CallSpec

HOME = Path(next(iter(integrations.__path__)))
SECTIONS = ("## Settings", "## Idempotency", "## Limits", "## Tried")
ACTIONS = [(case, name, spec) for case in CASES for name, spec in own_actions(case.cls).items()]

every_connector = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
every_action = pytest.mark.parametrize(("case", "name", "spec"), ACTIONS, ids=[spec.name for _, _, spec in ACTIONS])


def test_every_connector_is_under_the_contract() -> None:
    folders = {path.parent.name for path in HOME.glob("*/connector.py")}
    assert folders == {case.cls.__module__.split(".")[1] for case in CASES}


@every_connector
def test_it_has_a_readme(case: ConnectorCase) -> None:
    text = (HOME / case.cls.__module__.split(".")[1] / "README.md").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert [section for section in SECTIONS if f"\n{section}\n" not in text] == []


@every_connector
def test_it_implements_a_protocol_or_offers_actions(case: ConnectorCase) -> None:
    assert not case.cls.protocol
    assert issubclass(case.cls, Models | Service) or actions_of(case.cls)
    assert (case.cls.__doc__ or "").strip()


@every_connector
def test_it_overrides_every_action_of_its_protocols(case: ConnectorCase) -> None:
    inherited = {name for name, spec in actions_of(case.cls).items() if spec.owner is not None and spec.owner.protocol}
    assert inherited == set()


@every_connector
def test_its_settings_are_frozen(case: ConnectorCase) -> None:
    parameters = [one for one in inspect.signature(case.cls.__init__).parameters if one != "self"]
    hints = get_type_hints(case.cls.__init__)
    for name in parameters:
        config = getattr(hints.get(name), "model_config", None)
        assert config is None or config.get("frozen"), f"{name} of {case.cls.__name__} is not frozen"


@every_action
def test_an_action_has_a_title_and_bounds(case: ConnectorCase, name: str, spec: CallSpec) -> None:
    assert spec.owner is case.cls
    assert spec.name == f"{case.cls.slug}.{name}"
    assert spec.title[:1].isupper()
    assert not spec.title.endswith(".")
    assert timedelta(0) < spec.timeout <= timedelta(minutes=15)
    assert spec.retry.attempts >= 1


@every_action
def test_an_action_says_what_a_repeat_does(case: ConnectorCase, name: str, spec: CallSpec) -> None:
    assert not (spec.idempotent and spec.reconcile)
    if isinstance(spec.reconcile, str):
        action = parameters_of(getattr(case.cls, name))
        reconcile = parameters_of(getattr(case.cls, spec.reconcile))
        assert reconcile[0].name == "key"
        assert [one.name for one in reconcile[1:]] == [one.name for one in action]
        result = get_type_hints(getattr(case.cls, name))["return"]
        assert get_type_hints(getattr(case.cls, spec.reconcile))["return"] == result | None


def test_what_changes_something_there_is_declared_as_a_write() -> None:
    wrong = [
        f"{case.name}.{name}"
        for case in CASES
        for name, call in case.calls.items()
        if name in own_actions(case.cls) and own_actions(case.cls)[name].is_write is not call.write
    ]
    assert wrong == [], "action(writes=…) is not what the case's HttpCall says"


@every_action
def test_an_action_speaks_json(case: ConnectorCase, name: str, spec: CallSpec) -> None:
    fn = getattr(case.cls, name)
    hints = get_type_hints(fn)
    names = [one.name for one in parameters_of(fn)]
    for part in (*names, "return"):
        assert part in hints, f"{spec.name}: {part} has no type"
        assert hints[part] is not Any, f"{spec.name}: {part} may be anything"
        try:
            TypeAdapter(hints[part]).json_schema()
        except (PydanticSchemaGenerationError, PydanticUserError) as error:
            pytest.fail(f"{spec.name}: {part} is not JSON: {error}")


@every_action
def test_an_action_keeps_its_protocols_shape(case: ConnectorCase, name: str, spec: CallSpec) -> None:
    """Histories keep the protocol's arguments, so a connector may only add parameters that have defaults."""
    mine = parameters_of(getattr(case.cls, name))
    for ancestor in case.cls.__mro__[1:]:
        if name in ancestor.__dict__ and issubclass(ancestor, Connector):
            theirs = parameters_of(ancestor.__dict__[name])
            assert [one.name for one in mine[: len(theirs)]] == [one.name for one in theirs]
            assert all(one.default is not inspect.Parameter.empty for one in mine[len(theirs) :])


def parameters_of(fn: Any) -> list[inspect.Parameter]:
    """The parameters after `self`."""
    return list(inspect.signature(fn).parameters.values())[1:]
