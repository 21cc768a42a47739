"""A command line for tests: commands in this process or in one of their own, over a home of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from bot import cli
from bot.runtime import NOWHERE, Runtime
from bot.settings import read_settings
from workflows.engine.model import OPEN
from workflows.engine.ports import RunQuery

FLOWS = dedent(
    '''
    from datetime import timedelta
    from enum import StrEnum
    from pathlib import Path
    from pydantic import BaseModel, Field
    from workflows import Effect, Outcome, Retry, Run, StepContext, StepFailed, step, workflow


    class Size(StrEnum):
        SMALL = "small"
        LARGE = "large"


    class Nested(BaseModel):
        street: str


    class Notice(BaseModel):
        text: str = Field(description="What it says")
        copies: int = 1
        loud: bool = False
        tags: list[str] = []
        size: Size | None = None
        address: Nested | None = None


    class Refusing(Exception):
        retryable = False
        effect = Effect.NONE


    @step(idempotent=True)
    def put_up(ctx: StepContext, text: str, copies: int) -> str:
        """Put up the notice."""
        return text * copies


    @step(idempotent=True, retry=Retry(attempts=1))
    def shaky(ctx: StepContext, file: str) -> str:
        """Read a file that may be there."""
        if not Path(file).exists():
            raise Refusing("the file is not there")
        return "read"


    @workflow("notice", title="Put up a notice")
    def notice(run: Run, order: Notice) -> str:
        decision = run.approval("editor", show=order, allow_self=True)
        while decision.outcome is Outcome.CHANGES:
            decision = run.approval("editor", show=order, allow_self=True)
        decision.require_approved()
        return run.step(put_up, order.text, order.copies)


    @workflow("reads", title="Read a file")
    def reads(run: Run, file: str) -> str:
        run.step(put_up, "a", 1)
        return run.step(shaky, file)


    @workflow("waits", title="Wait to be paid")
    def waits(run: Run, amount: int) -> int:
        return int(run.signal("paid", dict)["amount"]) + amount


    @workflow("parent", title="Have a notice put up")
    def parent(run: Run, order: Notice) -> str:
        return run.child(notice, order)


    @workflow("bare", title="Take nothing")
    def bare(run: Run, given: None) -> None:
        run.note("began")


    @workflow("lost", title="Take something unknown")
    def lost(run: Run, given: "Nowhere") -> None:
        run.note("began")


    @workflow("plain", title="Nothing to wait for")
    def plain(run: Run, order: Notice) -> dict:
        run.note("began")
        run.step(put_up, order.text, order.copies)
        return {"text": order.text, "tags": order.tags, "loud": order.loud, "size": order.size}
    '''
)


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Stage:
    """A home, a folder of workflows, and commands over both."""

    folder: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    actor: str = "cli:ana"
    env: dict[str, str] = field(default_factory=dict)

    def set_up(self) -> Stage:
        """Take the settings of whoever runs the tests away, and give those of the stage."""
        flows = self.folder / "flows"
        flows.mkdir()
        (flows / "stage.py").write_text(FLOWS)
        self.env |= {
            "BATON_HOME": str(self.folder / "home"),
            "BATON_WORKFLOWS": str(flows),
            "BATON_APPROVERS": self.actor,
            "BATON_ACTOR": self.actor,
        }
        for name in list(os.environ):
            if name.startswith(("BATON_", "DATABASE_URL", "REDIS_URL", "NOTION_", "WORDPRESS_", "FORCE_COLOR")):
                self.patch.delenv(name)
        for name, value in self.env.items():
            self.patch.setenv(name, value)
        self.patch.chdir(self.folder)
        return self

    def __call__(self, *words: str) -> Answer:
        """Give a command in this process."""
        self.capture.readouterr()
        code = cli.run(words)
        said = self.capture.readouterr()
        return Answer(code, said.out, said.err)

    def alone(self, *words: str, **env: str) -> Answer:
        """Give a command in a process of its own, as a person would."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "bot.cli", *words],
            env=inherited | self.env | env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def started(self, *words: str) -> str:
        """Start a run and let it go as far as it can; its id."""
        answer = self("run", *words, "--json")
        assert answer.code == 0, answer.err
        self.work()
        return str(answer.json["id"])

    def work(self) -> None:
        """Advance every open run until nothing changes any more."""
        runtime = Runtime(read_settings(), NOWHERE)
        engine = runtime.hands("stage").engine
        before = None
        while (now := [(run.id, run.revision) for run in runtime.store.runs(RunQuery(states=OPEN))]) != before:
            before = now
            for run_id, _ in now:
                engine.advance(run_id)
        runtime.close()

    def state(self, run_id: str) -> str:
        return str(self("show", run_id, "--json").json["state"])
