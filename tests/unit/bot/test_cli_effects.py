"""`baton effects` at the command line, over a real SQLite file."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.unit.bot.cli_stage import Stage

FLOW = dedent(
    '''
    from workflows import Run, StepContext, step, workflow


    @step(idempotent=True, writes=True)
    def publish(ctx: StepContext, text: str) -> dict[str, str]:
        """Publish it."""
        return {"id": "42", "url": "https://there.example/?token=made-up-4711", "text": text}


    @workflow("publishes", title="Publish")
    def publishes(run: Run, text: str) -> None:
        run.step(publish, text)
    '''
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    made = Stage(tmp_path, monkeypatch, capsys).set_up()
    (tmp_path / "flows" / "publishes.py").write_text(FLOW)
    return made


def test_effects_are_told_in_a_table_and_as_a_document_without_secrets(stage: Stage) -> None:
    run_id, other = stage.started("publishes", "--input", '"hello"'), stage.started("plain", "--text", "a")
    said = stage("effects", run_id).out
    assert "publish#1" in said
    assert "done" in said
    document = stage("effects", run_id, "--json").json
    (effect,) = document["effects"]
    assert (document["run"], effect["id"], effect["outcome"], effect["attempts"]) == (run_id, "42", "done", 1)
    assert len(effect["idempotency_key"]) == 32
    assert "made-up-4711" not in said + str(document)
    assert "changed nothing" in stage("effects", other).out
    assert stage("effects", "nothing-like-it").code == 2
