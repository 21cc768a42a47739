"""The demo, as somebody meets it: all of it real, and nothing of it left afterwards."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx

from bot.embedded import embedded_redis
from bot.settings import read_settings
from tests.servers import demo
from tests.servers.demo import ADDRESS, COMMAND, PAGE, Terminal, environment, left_in
from tests.unit.bot.command_stage import eventually

home = demo.home


class Visitor:
    """Somebody at the page, as their browser speaks with the workspace."""

    def __init__(self, address: str, name: str, channel: str) -> None:
        self._http = httpx.Client(base_url=address, trust_env=False, headers={"X-Workspace": "1"})
        self._channel = channel
        people = self._http.get("/_workspace/state").json()["users"]
        self._user = next(person["id"] for person in people if person["name"] == name)

    def types(self, command: str, text: str) -> None:
        self._act(kind="command", channel=self._channel, command=command, text=text)

    def sees(self, words: str) -> dict[str, Any]:
        """The newest message that holds these words, once there is one."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            state = self._http.get("/_workspace/state", params={"user": self._user}).json()
            found[:] = [m for m in state["messages"].get(self._channel, []) if words in json.dumps(m)]
            return bool(found)

        eventually(look, 60)
        return found[-1]

    def presses(self, label: str) -> None:
        """Press a button of the newest message that has it."""
        message = self.sees(f'"text": "{label}"')
        buttons = [b for block in message["blocks"] if block["type"] == "actions" for b in block["elements"]]
        block = next(block for block in message["blocks"] if block["type"] == "actions")
        button = next(b for b in buttons if b["text"]["text"] == label)
        place = {"type": "message", "channel": self._channel, "ts": message["ts"]}
        action = {**{key: button[key] for key in ("type", "action_id", "value", "text")}, "block_id": block["block_id"]}
        self._act(kind="block_action", container=place, action=action, values={})

    def leaves(self) -> None:
        self._http.close()

    def _act(self, **act: Any) -> None:
        answer = self._http.post("/_workspace/act", json={"user": self._user, **act}, timeout=30).json()
        assert answer["ok"], answer


def test_without_a_terminal_it_plays_the_story_by_itself(home: Path, tmp_path: Path) -> None:
    """The search is away, so it takes its fallback too; nothing of it is left afterwards."""
    away = {"BATON_SEARCH": "wikipedia", "BATON_WIKIPEDIA_URL": "http://127.0.0.1:9"}
    done = subprocess.run(
        COMMAND, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=tmp_path, timeout=110, check=False,
        env=environment(home, **away),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for words in (
        "Ana types: /baton run content_pipeline topic=",
        "failed     Search",
        "succeeded  Search our own files",
        "Ben presses Request changes, and writes: Shorter, please.",
        "Ben reads it again, and presses Approve.",
        "The page is there",
    ):
        assert words in done.stdout
    assert ADDRESS.search(done.stdout)
    assert left_in(home) == []
    with embedded_redis(read_settings(baton_home=home / "demo", redis_url=""), start=False) as url:
        assert url is None


def test_at_a_terminal_it_names_a_page_and_stays(home: Path, tmp_path: Path) -> None:
    """A person plays Ana and Ben at the page, is led by the guide, reads the article, and ends it."""
    terminal = Terminal(home, tmp_path)
    terminal.until("stays up until ctrl-C")
    found = PAGE.search(terminal.seen)
    assert found
    address, _, channel = found.groups()
    ana, ben = Visitor(address, "ana", channel), Visitor(address, "ben", channel)

    told = ana.sees("Welcome")["text"]
    command, _, text = told.split("```")[1].strip().partition(" ")
    ana.types(command, text)
    ana.sees("Write and publish an article")
    ana.sees("Become Ben")
    ben.presses("Approve")
    ana.sees("Succeeded")
    published = ADDRESS.search(json.dumps(ana.sees("on the local site")))
    assert published

    page = httpx.get(published[0], timeout=10, trust_env=False)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    ana.leaves()
    ben.leaves()
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.ended() == 0
    eventually(lambda: left_in(home) == [])


def test_beside_tokens_of_a_real_workspace_it_refuses(home: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=xoxb-1-2-abc\n")
    done = subprocess.run(
        COMMAND, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False,
        env=environment(home),
    )  # fmt: skip
    assert done.returncode == 1
    assert "SLACK_BOT_TOKEN holds a token of a real Slack workspace" in done.stderr
    assert "xoxb-1-2-abc" not in done.stdout + done.stderr
