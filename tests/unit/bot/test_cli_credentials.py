"""`baton credentials` at a terminal, and that the secret is nowhere to be found afterwards."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import create_engine, text

from bot.commands.credentials import app
from tests.servers.http import Answer, Asked, CannedServer, as_json, serving
from tests.unit.bot.cli_stage import FLOWS, Stage

SECRET = "xYz9 made upsecret 4711"
ME = "GET /wp-json/wp/v2/users/me"
FINE = as_json({"name": "Ada", "capabilities": {"publish_posts": True, "upload_files": True}})
PUBLISHES = dedent(
    """

    from integrations.protocols import Site


    @workflow("publishes", title="Publish something")
    def publishes(run: Run, title: str) -> str:
        return run.step(Site.publish, title, "Text", "").url
    """
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    made = Stage(tmp_path, monkeypatch, capsys).set_up()
    (tmp_path / "flows" / "stage.py").write_text(FLOWS + PUBLISHES)
    monkeypatch.setenv("BATON_SECRET_KEYS", made("credentials", "key").out.strip())
    return made


@pytest.fixture
def blog() -> Iterator[CannedServer]:
    with serving({ME: FINE}) as server:
        yield server


def set_by_pipe(stage: Stage, blog: CannedServer, *words: str, password: str = SECRET) -> tuple[int, str, str]:
    given = f'{{"url": "{blog.url}", "user": "ada", "app_password": "{password}"}}'
    stage.patch.setattr("sys.stdin", io.StringIO(given))
    answer = stage("credentials", "set", "wordpress", "--stdin", *words)
    return answer.code, answer.out, answer.err


def test_every_command_of_it_has_an_example(stage: Stage) -> None:
    names = [info.name or getattr(info.callback, "__name__", "") for info in app.registered_commands]
    assert names == ["set", "list", "check", "rotate", "remove", "key"]
    for name in names:
        answer = stage("credentials", name, "--help")
        assert f"Example: baton credentials {name}" in " ".join(answer.out.split())


def test_a_credential_is_set_listed_checked_rotated_and_removed(stage: Stage, blog: CannedServer) -> None:
    code, out, err = set_by_pipe(stage, blog)
    assert (code, err) == (0, "")
    assert "WordPress is kept, sealed (Publishes on" in " ".join(out.split())
    [row] = [one for one in stage("credentials", "list", "--json").json if one["kept_in"]]
    assert (row["name"], row["kept_in"], row["set_by"], row["trouble"]) == ("wordpress", "database", "cli:ana", None)
    assert "wordpress" in stage("credentials", "list").out
    assert stage("credentials", "check", "wordpress").code == 0
    blog.routes[ME] = as_json({"message": "no"}, 401)
    assert stage("credentials", "check", "wordpress").code == 1
    older, newer = os.environ["BATON_SECRET_KEYS"], stage("credentials", "key").out.strip()
    stage.patch.setenv("BATON_SECRET_KEYS", newer)
    assert "not in BATON_SECRET_KEYS" in stage("credentials", "rotate").err
    stage.patch.setenv("BATON_SECRET_KEYS", f"{newer},{older}")
    assert "1 credential sealed with the newest key" in stage("credentials", "rotate").out
    assert stage("credentials", "remove", "wordpress").code == 0
    assert "No credential for WordPress is kept" in stage("credentials", "remove", "wordpress").err


def test_what_the_service_refuses_is_not_kept(stage: Stage, blog: CannedServer) -> None:
    blog.routes[ME] = as_json({"message": f"bad password {SECRET}"}, 401)
    code, out, err = set_by_pipe(stage, blog)
    assert code == 2
    assert "was not kept" in err
    assert SECRET not in out + err
    assert [one for one in stage("credentials", "list", "--json").json if one["kept_in"]] == []
    assert set_by_pipe(stage, blog, "--unchecked")[0] == 0


def test_secrets_are_no_options_and_are_not_asked_for_without_a_terminal(stage: Stage) -> None:
    answer = stage("credentials", "set", "wordpress", "--field", f"app_password={SECRET}")
    assert answer.code == 2
    assert "is a secret" in answer.err
    stage.patch.setattr("sys.stdin", io.StringIO(""))
    assert "give the fields as a JSON object with --stdin" in stage("credentials", "set", "tavily").err
    stage.patch.setattr("sys.stdin", io.StringIO("[1]"))
    assert "JSON object of texts" in stage("credentials", "set", "tavily", "--stdin").err


def test_without_a_key_it_says_how_to_make_one(stage: Stage) -> None:
    stage.patch.delenv("BATON_SECRET_KEYS")
    assert "`baton credentials key` makes a key" in stage("credentials", "set", "tavily").err


def test_the_secret_is_in_no_table_log_or_output(
    stage: Stage, blog: CannedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def gossiping(asked: Asked) -> Answer:
        return as_json({"message": f"{SECRET} may not publish, {asked.headers['authorization']}"}, 403)

    blog.routes["POST /wp-json/wp/v2/posts"] = gossiping
    assert set_by_pipe(stage, blog)[0] == 0
    run_id = stage.started("publishes", "--input", '"Cats"')
    assert blog.asked[-1].path == "/wp-json/wp/v2/posts", "the worker's connector used what was set"
    shown = stage("show", run_id)
    assert "may not publish" in shown.out
    told = [shown.out, stage("show", run_id, "--inputs").out, stage("export", run_id).out, caplog.text]
    told += [stage("dead-letters").out, stage("doctor").out, stage("credentials", "list", "--json").out]
    header = blog.asked[-1].headers["authorization"].removeprefix("Basic ")
    for secret in (SECRET, SECRET.replace(" ", ""), header):
        assert [words for words in told if secret in words] == []
        assert [name for name, rows in tables(stage).items() if secret in rows] == []


def test_what_somebody_typed_of_it_is_masked_in_exports(stage: Stage, blog: CannedServer) -> None:
    set_by_pipe(stage, blog)
    run_id = stage.started("plain", "--text", f"Is it {SECRET}?")
    assert "Is it ***?" in stage("export", run_id).out
    assert SECRET not in stage("export", run_id).out + stage("show", run_id, "--inputs", "--json").out


def tables(stage: Stage) -> dict[str, str]:
    """Every table of the database, as text."""
    engine = create_engine(f"sqlite:///{stage.folder / 'home' / 'baton.db'}")
    with engine.connect() as conn:
        names = conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        found = {name: str(conn.execute(text(f'SELECT * FROM "{name}"')).all()) for name in names}
    engine.dispose()
    return found
