"""What the type checker tells an author: results are inferred, wrong arguments are refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = """
from datetime import timedelta
from pydantic import BaseModel
from workflows import DecisionMade, Outcome, Run, StepContext, step, workflow
from integrations.protocols import Topics, Topic

@step(idempotent=True)
def double(ctx: StepContext, number: int, *, times: int = 2) -> int:
    return number * times

def branch(run: Run, text: str) -> str:
    return text

class Terms(BaseModel):
    amount: int

class Text(BaseModel):
    title: str

@workflow("child", command="/child", summary=lambda text: f"Done: {text}")
def child(run: Run, given: int) -> str:
    return str(given)

"""
GOOD = [
    "a: int = run.step(double, 1, times=3)",
    "a: Topic = run.step(Topics.get, 'page')",
    "a, b = run.parallel(run.call(double, 1), run.call(branch, 'x')); c: int = a; d: str = b",
    "a: list[int] = run.map(double, [1, 2])",
    "a: str = run.child(child, 1)",
    "a: str = run.signal('go', str, timeout=timedelta(days=1))",
    "a = run.approval('x', fields=Terms); b: int = a.fields.amount if a.fields else 0",
    "a = run.approval('x', show=1, editable=Text, quorum=2); b: str = a.edited.title if a.edited else ''",
    "a = run.approval('x', fields=Terms, editable=Text); b: Terms | None = a.fields; c: Text | None = a.edited",
    "a: DecisionMade = run.approval('x', approvers=lambda given: ['cli:ana'], on_timeout=Outcome.REJECTED)",
    "won = run.first(run.call(Run.sleep, timedelta(days=1)), run.call(Run.approval, 'editor')); a: int = won.index",
]
BAD = [
    ("run.step(double, 'one')", 'Argument 2 to "step"'),
    ("run.step(double)", "Too few arguments|Missing positional"),
    ("run.step(double, 1, tmes=3)", "Unexpected keyword"),
    ("a: str = run.step(double, 1)", "Incompatible types in assignment"),
    ("run.step(Topics.get, 7)", 'Argument 2 to "step"'),
    ("run.child(child, 'one')", 'of "child"|to "child"'),
    ("run.approval('x', fields=Terms).fields.amount", "None"),
    ("a = run.approval('x', editable=Text); a.edited and a.edited.titel", 'no attribute "titel"'),
    ("run.approval('x', fields=int)", "No overload|Value of type variable|Argument"),
    ("run.approval('x', aprovers=['a'])", "No overload|Unexpected keyword"),
    ("a: str = run.parallel(run.call(double, 1))[0]", "Incompatible types"),
]
ROOT = Path(__file__).parents[2]


def check(folder: Path, lines: list[str]) -> list[str]:
    """What mypy --strict says of a module with a function for each line."""
    file = folder / "authored.py"
    bodies = "".join(f"def case_{number}(run: Run) -> None:\n    {line}\n" for number, line in enumerate(lines))
    file.write_text(HEAD + bodies)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"), str(file)]
    cache = ["--cache-dir", str(folder / "cache"), "--no-error-summary"]
    done = subprocess.run([*command, *cache], capture_output=True, text=True, cwd=ROOT, check=False)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return check(tmp_path_factory.mktemp("typing"), [*GOOD, *(line for line, _words in BAD)])


def _about(said: list[str], line: str) -> str:
    number = HEAD.count("\n") + 2 * [*GOOD, *(bad for bad, _words in BAD)].index(line) + 2
    return " ".join(text for text in said if f":{number}:" in text and "error" in text)


@pytest.mark.parametrize("line", GOOD)
def test_right_code_is_accepted_with_its_types(said: list[str], line: str) -> None:
    assert _about(said, line) == ""


@pytest.mark.parametrize(("line", "words"), BAD)
def test_wrong_code_is_refused(said: list[str], line: str, words: str) -> None:
    assert any(word in _about(said, line) for word in words.split("|"))
