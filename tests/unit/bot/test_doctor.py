"""`baton doctor`: each part, fine and wrong."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot import doctor
from bot.doctor import examine
from bot.findings import Finding
from bot.runtime import NOWHERE, Runtime
from bot.settings import Settings, read_settings
from integrations.base import Connector, Health
from integrations.errors import Unavailable
from integrations.registry import Registry
from tests.servers import redis
from tests.unit.bot.cli_stage import Stage

session_redis, redis_server, redis_url = redis.session_redis, redis.redis_server, redis.redis_url


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    return Stage(tmp_path, monkeypatch, capsys).set_up()


def found(part: str) -> Finding:
    return next(finding for finding in examine() if part in finding.part)


def test_a_fresh_install_is_fine_and_says_what_is_optional(stage: Stage) -> None:
    answer = stage("doctor")
    assert answer.code == 0, answer.out
    assert "✗" not in answer.out
    assert "! Topics: none yet" in answer.out
    assert "What is marked ! is optional" in answer.out
    assert stage("doctor", "--json").json["ok"] is True


def test_a_folder_of_topics_that_was_named_and_is_not_there_is_wrong(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATON_TOPICS", str(stage.folder / "nowhere"))
    answer = stage("doctor")
    assert answer.code == 1
    assert "✗ Topics: The folder" in answer.out


def test_a_fresh_machine_has_nothing_wrong_but_what_is_not_there_yet(stage: Stage) -> None:
    (stage.folder / "home" / "topics").mkdir(parents=True)
    findings = {finding.part: finding for finding in examine()}
    assert findings["Python"].ok is True
    assert "cli:ana" in findings["Settings"].words
    assert findings["Database"].words == "not made yet: the first command makes it"
    assert (findings["Redis"].ok, "baton up" in findings["Redis"].advice) == (None, True)
    assert findings["Workflows"].ok is True
    assert findings["Approvers"].words == "cli:ana"
    assert findings["Topics"].ok is True
    assert not (stage.folder / "home" / "baton.db").exists()


def test_the_command_prints_words_or_json_and_says_by_its_exit_code(stage: Stage) -> None:
    stage.patch.setenv("REDIS_URL", "unix:///nowhere/redis.sock")
    answer = stage("doctor")
    assert answer.code == 1
    assert "✗ Redis: can't be reached" in answer.out
    assert "Start it, or correct REDIS_URL." in answer.out
    document = stage("doctor", "--json").json
    assert document["ok"] is False
    assert {"part": "Python", "ok": True, "words": found("Python").words, "advice": ""} in document["findings"]


def test_settings_that_cant_be_used(stage: Stage) -> None:
    stage.patch.setenv("PORT", "high")
    findings = examine()
    assert [finding.ok for finding in findings] == [True, False]
    assert "PORT" in findings[-1].words
    stage.patch.delenv("PORT")
    stage.patch.setenv("NOTION_TOKEN", "secret")
    wrong = [finding for finding in examine() if finding.ok is False]
    assert "NOTION_DATA_SOURCE" in wrong[0].words


def test_a_database_that_needs_a_migration_or_is_away(stage: Stage) -> None:
    stage.patch.setenv("DATABASE_URL", f"sqlite:///{stage.folder / 'empty.db'}")
    assert (found("Database").ok, found("Database").advice) == (False, "Run `baton migrate`.")
    Runtime(read_settings(), NOWHERE).migrate()
    assert found("Database").ok is True
    stage.patch.setenv("DATABASE_URL", "postgresql://u:hush@127.0.0.1:1/x")
    assert (found("Database").ok, "hush" in found("Database").words) == (False, False)


def test_a_run_that_should_have_gone_on_shows_that_no_clock_runs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage("run", "plain", "--text", "a")
    assert found("Clock").ok is True
    monkeypatch.setattr(doctor, "OVERDUE", timedelta(seconds=-60))
    assert (found("Clock").ok, "1 run should" in found("Clock").words) == (False, True)


def test_redis_without_workers(stage: Stage, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.patch.setenv("REDIS_URL", redis_url)
    assert found("Redis").ok is True
    assert (found("Workers").ok, "baton worker" in found("Workers").advice) == (False, True)
    monkeypatch.setattr(doctor, "REDIS", (99, 0))
    assert "too old" in found("Redis").words


def test_broken_workflows(stage: Stage) -> None:
    (stage.folder / "flows" / "broken.py").write_text("1 / 0\n")
    assert "ZeroDivisionError" in found("Workflows").words


def test_nobody_to_approve_is_worth_knowing(stage: Stage) -> None:
    stage.patch.setenv("BATON_APPROVERS", "")
    assert (found("Approvers").ok, "cli:ana" in found("Approvers").advice) == (None, True)


def test_a_home_that_cant_be_used_or_is_full(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    (stage.folder / "file").touch()
    stage.patch.setenv("BATON_HOME", str(stage.folder / "file"))
    assert (found("Home").ok, "BATON_HOME" in found("Home").advice) == (False, True)
    stage.patch.setenv("BATON_HOME", str(stage.folder / "deep" / "home"))
    assert found("Home").ok is True
    monkeypatch.setattr(doctor, "ENOUGH_ROOM", 10**18)
    assert (found("Home").ok, "baton prune" in found("Home").advice) == (False, True)


# connectors ----------------------------------------------------------------------------------------------


class Well(Connector):
    def health(self) -> Health:
        return Health(True, "It works.")


class Down(Connector):
    def health(self) -> Health:
        raise Unavailable("It is down. Start it.")


class Odd(Connector):
    def health(self) -> Health:
        raise ZeroDivisionError("odd")


class Slow(Connector):
    def health(self) -> Health:
        time.sleep(30)
        return Health(True, "late")


def test_connectors_are_asked_at_once_and_not_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry({cls: cls for cls in (Well, Down, Odd, Slow)})

    def made(_settings: Settings, **_more: object) -> Registry:
        return registry

    monkeypatch.setattr("bot.connectors.registry", made)
    began = time.monotonic()
    findings = {finding.part: finding for finding in examine(patience=0.5)}
    assert time.monotonic() - began < 10
    assert findings["Well"] == Finding("Well", True, "It works.")
    assert findings["Down"].words == "It is down. Start it."
    assert findings["Odd"].words == "ZeroDivisionError: odd"
    assert "did not answer" in findings["Slow"].words
