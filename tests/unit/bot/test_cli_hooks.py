"""`baton hooks` at the command line, over a real SQLite file."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from bot.commands.session import opened
from tests.unit.bot.cli_stage import Stage
from workflows import HookEvent
from workflows.engine.hooks.taking import Taking

FLOW = dedent(
    '''
    from workflows import StartRun, hook


    @hook("shop", sender="standard")
    def shop(event):
        """Put up what the shop says."""
        return StartRun("plain", event.data) if event.data else None


    closed = hook("closed", sender="stripe", title="Closed")(lambda event: None)
    '''
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    made = Stage(tmp_path, monkeypatch, capsys)
    made.env = {"BATON_HOOKS": "shop=plain,lost_one; ghost=plain", "BATON_HOOK_SECRETS": "shop=made-up-4711"}
    made.set_up()
    (tmp_path / "flows" / "shop.py").write_text(FLOW)
    return made


def told(event_id: str, data: object) -> None:
    with opened() as session:
        runtime = session.runtime
        taking = Taking(runtime.service, runtime.store.inbound)
        taking.take(runtime.catalogue.hooks["shop"], HookEvent(event_id, "order.placed", data))


def test_hooks_are_listed_with_what_keeps_them_closed_and_what_came_in(stage: Stage) -> None:
    for event_id, data in (("e1", {"text": "tea"}), ("e2", None), ("e3", {"copies": 2})):
        told(event_id, data)
    shop, *others = sorted(stage("hooks", "--json").json, key=lambda one: one["name"] != "shop")
    assert (shop["address"], shop["sender"]) == ("http://127.0.0.1:8010/hooks/shop", "standard")
    assert shop["trouble"] == "BATON_HOOKS names lost_one, which is not installed."
    assert [event["id"] for event in shop["events"]] == ["e3"]
    said = {one["name"]: one["trouble"] for one in others}
    assert [shop["open"], *(one["open"] for one in others)] == [True, False, False]
    assert said["closed"].startswith("Closed. Set BATON_HOOKS=closed=WORKFLOW")
    assert said["ghost"].startswith("No such hook is installed")
    listed = stage("hooks").out
    assert "http://127.0.0.1:8010/hooks/shop " in listed, "an address is never cut"
    assert "BATON_URL is not set" in listed
    assert "made-up-4711" not in listed
    shown = {event["id"]: event for event in stage("hooks", "shop", "--json").json[0]["events"]}
    assert {name: event["state"] for name, event in shown.items()} == {"e1": "started", "e2": "ignored", "e3": "failed"}
    assert stage.state(shown["e1"]["run"]) == "queued"
    assert "text: Field required" in stage("hooks", "shop").out
    assert stage("hooks", "shap").code == 2
    doctor = {one["part"]: one for one in stage("doctor", "--json").json["findings"]}
    assert doctor["Hook shop"]["ok"] is False
    assert "Hook closed" not in doctor
