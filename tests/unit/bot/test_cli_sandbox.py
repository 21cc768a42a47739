"""`baton sandbox` for a Baton that comes in by a link."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import httpx

from bot.up import PROGRAM


def test_where_baton_installs_itself_the_workspace_begins_without_it(tmp_path: Path) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("BATON_", "SLACK_"))}
    settings = {
        "SLACK_CLIENT_ID": "local.1", "SLACK_CLIENT_SECRET": "local-2", "SLACK_SIGNING_SECRET": "local-3",
        "SLACK_TEAM": "T0LOCALACME", "BATON_SECRET_KEYS": "A" * 43 + "=", "BATON_URL": "http://127.0.0.1:8010",
        "BATON_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    command = (*PROGRAM, "sandbox", "--port", "0", "--http", "http://127.0.0.1:8010/slack/events")
    with subprocess.Popen(command, env=plain | settings, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            assert sandbox.stdout is not None
            told = ""
            while "press Allow" not in told and (line := sandbox.stdout.readline()):
                told += line
            assert "http://127.0.0.1:8010/slack/install" in told
            assert "SLACK_BOT_TOKEN" not in told
            found = re.search(r"http://127\.0\.0\.1:\d+", told)
            assert found
            back = {"redirect_uri": "http://127.0.0.1:8010/slack/oauth_redirect", "state": "s", "client_id": "local.1"}
            patient = httpx.HTTPTransport(retries=8)  # it listens a moment after it has told where
            with httpx.Client(base_url=found[0], transport=patient, timeout=60) as browser:
                page = browser.post("/oauth/v2/authorize", params=back, data={"answer": "allow"})
                given = {"code": httpx.URL(page.headers["location"]).params["code"], **back}
                answer = browser.post("/api/oauth.v2.access", data=given, auth=("local.1", "local-2"))
            assert answer.json()["team"]["id"] == "T0LOCALACME"
        finally:
            sandbox.kill()
