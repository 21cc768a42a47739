"""What a log line says, and what it never says."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from pydantic import SecretStr

from bot import logs
from bot.settings import read_settings, secrets_of

PROGRAM = """
import logging, structlog
from bot import logs
from bot.settings import read_settings
early = structlog.get_logger("early")
logs.configure(read_settings(openai_api_key="sk-of-the-settings"))
log = structlog.get_logger("sample").bind(run_id="r1", step="publish")
log.info("asked with sk-of-the-settings", token="abc", address="postgresql://u:hunter22@db/x", n=1)
early.info("also")
logging.getLogger("other.library").warning("said %s", "sk-of-the-settings")
try:
    raise ValueError("Authorization: Bearer sk-of-the-settings")
except ValueError:
    log.exception("failed", given={"password": "p", "list": ["sk-of-the-settings"]})
"""


def said(**env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | env, capture_output=True, text=True, check=True
    )
    return done.stderr


def test_off_a_terminal_each_line_is_json_with_what_was_bound() -> None:
    lines = [json.loads(line) for line in said(BATON_LOG="").splitlines()]
    assert [line["event"] for line in lines] == ["asked with ***", "also", "said ***", "failed"]
    assert lines[0] | {"timestamp": ""} == {
        "event": "asked with ***", "run_id": "r1", "step": "publish", "token": "***", "n": 1, "timestamp": "",
        "address": "postgresql://***@db/x", "level": "info", "logger": "sample",
    }  # fmt: skip
    assert lines[2]["logger"] == "other.library"
    assert "ValueError" in lines[3]["exception"]
    assert lines[3]["given"] == {"password": "***", "list": ["***"]}


@pytest.mark.parametrize("style", ["json", "console"])
def test_secrets_are_in_no_line(style: str) -> None:
    text = said(BATON_LOG=style)
    assert "sk-of-the-settings" not in text
    assert "hunter22" not in text


def test_a_log_that_nobody_reads_ends_nothing() -> None:
    program = PROGRAM + "import sys\nsys.exit(7)\n"
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen([sys.executable, "-c", program], stderr=writer)
    os.close(writer)
    assert process.wait(20) == 7


def test_the_style_is_asked_for_or_chosen_by_where_the_lines_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BATON_LOG", raising=False)
    assert logs.style_for(terminal=True) == "console"
    assert logs.style_for(terminal=False) == "json"
    monkeypatch.setenv("BATON_LOG", "console")
    assert logs.style_for(terminal=False) == "console"
    assert logs.style_for("json", terminal=True) == "json"


def test_the_settings_secrets_are_found() -> None:
    assert [s.get_secret_value() for s in secrets_of(read_settings(notion_token="ntn_1234567"))] == ["ntn_1234567"]


def test_what_was_learnt_later_is_hidden_too() -> None:
    mask = logs._Masked(None)
    logs.hide([SecretStr("learnt-later-1")])
    logs.hide([SecretStr("of-another-2")], "another")
    said = mask(None, "info", {"event": "said learnt-later-1", "more": ["of-another-2"]})
    logs.hide([])
    logs.hide([], "another")
    assert said == {"event": "said ***", "more": ["***"]}
