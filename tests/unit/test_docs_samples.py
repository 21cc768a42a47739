"""The samples of the documentation do what the pages say: programs run, and commands and options exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cli import COMMANDS as COMMANDS_OF_BATON
from bot.cli import run
from bot.rehearsal import rehearsing
from bot.sandbox import LocalWorkspace
from workflows import Run, workflow

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs" / "howto").glob("*.md")))
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
PLACE = re.compile(r"# (flows/\w+\.py)\n")
FIELDS = {
    "--about",
    "--amount",
    "--billed-on",
    "--net",
    "--reference",
    "--tax",
    "--tax-id",
    "--vendor",
    "--channel",
    "--email",
    "--name",
    "--wants",
    "--topic",
    "--no-social",
    "--social",
    "--tags",
    "--text",
    "--model-searches",
    "--model_searches",
}
"""Options of `baton run` that are fields of the workflow that is started."""


def samples(language: str) -> Iterator[tuple[Path, int, str]]:
    """Every fenced sample in this language: its page, its number there, and its text."""
    for page in PAGES:
        for number, (kind, text) in enumerate(FENCE.findall(page.read_text(encoding="utf-8")), 1):
            if kind == language:
                yield page, number, text


def named(found: list[tuple[Path, int, str]]) -> list[Any]:
    return [pytest.param(text, id=f"{page.stem}-{number}") for page, number, text in found]


TESTS = [one for one in samples("python") if "def test_" in one[2]]
FLOWS = [one for one in samples("python") if PLACE.match(one[2])]
COMMANDS = sorted(
    {line.partition(" #")[0].strip() for _, _, text in samples("sh") for line in text.splitlines()
     if line.startswith("baton ")}
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the workflows of the pages in it."""
    (tmp_path / "flows").mkdir()
    for _, _, text in FLOWS:
        place = PLACE.match(text)
        assert place
        (tmp_path / place[1]).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("text", named(TESTS))
def test_a_test_passes_as_it_is_written(text: str, folder: Path) -> None:
    (folder / "test_sample.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_sample.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("text", named(FLOWS))
def test_a_workflow_can_be_installed_and_its_plan_read(
    text: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("BATON_WORKFLOWS", "flows")
    for name in re.findall(r'^@workflow\(\s*"(\w+)"', text, re.MULTILINE):
        assert run(["plan", name]) == 0
    assert run(["plan", "--check"]) == 0


def test_what_goes_wrong_can_be_switched_on(tmp_path: Path) -> None:
    @workflow("idle")
    def idle(run: Run, _given: None) -> None:
        """Do nothing."""

    (text,) = (text for _, _, text in samples("python") if "faults.down()" in text)
    with rehearsing(idle, folder=tmp_path) as play:
        exec(text, {"play": play})
        play.workspace.faults.up()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_has_the_options_that_a_page_gives_it(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = re.sub(r"\$\(.*?\)|[…&|].*$", "", line)
    _, *words = shlex.split(line.replace("'\"", '"').replace("\"'", '"') if line.count("'") % 2 else line)
    if not words or words[0].startswith("-"):
        return
    deep = 2 if COMMANDS_OF_BATON[words[0]].group else 1
    assert run([*words[:deep], "--help"]) == 0
    told = capsys.readouterr().out
    options = {word.partition("=")[0] for word in words if word.startswith("--") and word != "--"}
    assert options - FIELDS <= set(re.findall(r"--[\w-]+", told)), f"{line}: {told}"


def test_people_of_the_local_workspace_have_the_ids_that_the_page_says() -> None:
    page = (ROOT / "docs" / "howto" / "test-in-slack.md").read_text(encoding="utf-8")
    with LocalWorkspace({"display_information": {"name": "Baton"}}) as workspace:
        assert f"slack:{workspace.team_id}:{workspace.user('ana').id}" in page
        assert workspace.user("ben").id in page
