"""What the web process answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot.beating import this_part
from bot.runtime import Runtime
from bot.settings import Settings, read_settings
from bot.web.app import create_app
from bot.web.metrics import Gauge, rendered
from bot.web.serving import PortTaken, listen
from tests.contract.store.opened import approval, run
from tests.servers import redis as servers
from workflows.engine.beats.model import PartKind
from workflows.engine.model import NewRun, RunState, Writes
from workflows.engine.ports import Ring

session_redis, redis_server = servers.session_redis, servers.redis_server
redis_url = servers.redis_url


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(baton_home=tmp_path / "home", database_url="", redis_url="", baton_workflows="")


@pytest.fixture
def runtime(settings: Settings, redis_url: str) -> Iterator[Runtime]:
    made = Runtime(settings, redis_url)
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def web(runtime: Runtime) -> Iterator[TestClient]:
    with TestClient(create_app(runtime)) as client:
        yield client


def test_a_living_process_says_so(web: TestClient) -> None:
    assert web.get("/healthz").json() == {"alive": True}


def test_the_first_page_says_what_runs_and_can_do_nothing(web: TestClient) -> None:
    page = web.get("/")
    assert page.status_code == 200
    assert "content_pipeline" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"


def test_ready_when_database_schema_and_redis_are(web: TestClient) -> None:
    answer = web.get("/readyz")
    assert answer.status_code == 200
    said = answer.json()
    assert said["ready"] is True
    assert [said[part]["ok"] for part in ("database", "schema", "redis")] == [True, True, True]


def test_not_ready_without_redis_says_which(settings: Settings, tmp_path: Path) -> None:
    runtime = Runtime(settings, f"unix://{tmp_path}/nobody.sock")
    runtime.migrate()
    with TestClient(create_app(runtime)) as web:
        answer = web.get("/readyz")
        figures = web.get("/metrics").text
    runtime.close()
    assert answer.status_code == 503
    assert (answer.json()["redis"]["ok"], answer.json()["database"]["ok"]) == (False, True)
    assert "REDIS_URL" in answer.json()["redis"]["words"]
    assert "baton_redis_up 0" in figures
    assert "baton_dead_letters 0" in figures


def test_not_ready_before_the_migration(settings: Settings, redis_url: str) -> None:
    runtime = Runtime(settings, redis_url)
    with TestClient(create_app(runtime)) as web:
        before = web.get("/readyz")
        runtime.migrate()
        after = web.get("/readyz")
    runtime.close()
    assert (before.status_code, after.status_code) == (503, 200)
    assert "baton migrate" in before.json()["schema"]["words"]


def test_not_ready_without_a_database_and_alive_all_the_same(settings: Settings, redis_url: str) -> None:
    away = settings.model_copy(update={"database_url": "postgresql+psycopg://nobody:hunter22@127.0.0.1:1/none"})
    runtime = Runtime(away, redis_url)
    with TestClient(create_app(runtime)) as web:
        answer, alive, figures = web.get("/readyz"), web.get("/healthz"), web.get("/metrics")
    runtime.close()
    assert (answer.status_code, alive.status_code, figures.status_code) == (503, 200, 200)
    assert answer.json()["database"]["ok"] is False
    assert "hunter22" not in answer.text
    assert "baton_database_up 0" in figures.text


def test_metrics_count_what_there_is(web: TestClient, runtime: Runtime) -> None:
    store = runtime.store
    store.create(NewRun(run("r1", workflow='a "b"\\')), Writes())
    store.create(NewRun(run("r2", state=RunState.FAILED)), Writes(run={"dead_at": run().created_at}))
    store.transact("r1", lambda view: Writes(approvals=(replace(approval("a1", "r1"), opened_at=view.now),)))
    store.transact("r1", lambda view: Writes(run={"wake_at": view.now - timedelta(minutes=2)}))
    runtime.queue.ring([Ring("r1", 0), Ring("r2", 0, "slow")])
    store.beats.beat([this_part(PartKind.WORKER)])
    text = web.get("/metrics").text
    for line in (
        'baton_runs{workflow="a \\"b\\"\\\\",state="queued"} 1',
        'baton_runs{workflow="w",state="failed"} 1',
        "baton_approvals_open 1",
        'baton_parts{kind="worker"} 1',
        'baton_parts{kind="clock"} 0',
        'baton_queue_length{queue="default"} 1',
        'baton_queue_length{queue="slow"} 1',
        "baton_database_up 1",
        "baton_redis_up 1",
    ):
        assert line in text.splitlines()
    late = next(line for line in text.splitlines() if line.startswith("baton_oldest_overdue_seconds"))
    assert 119 < float(late.split()[1]) < 200


def test_metrics_are_for_this_machine_unless_opened(runtime: Runtime) -> None:
    abroad = ("203.0.113.9", 4000)
    with TestClient(create_app(runtime), client=abroad) as web:
        assert web.get("/metrics").status_code == 403
        assert web.get("/readyz").status_code == 200
    with TestClient(create_app(runtime, open_metrics=True), client=abroad) as web:
        assert web.get("/metrics").status_code == 200


def test_labels_stay_within_their_line() -> None:
    text = rendered([Gauge("g", "Help.", (({"l": 'a"\n\\b'}, 1.5),))])
    assert text == '# HELP g Help.\n# TYPE g gauge\ng{l="a\\"\\n\\\\b"} 1.5\n'


# the site ------------------------------------------------------------------------------------------------


@pytest.fixture
def site(settings: Settings) -> Path:
    public = settings.home / "site" / "public"
    (public / "posts").mkdir(parents=True)
    (public / "index.html").write_text("<h1>All posts</h1>")
    (public / "posts" / "tea.html").write_text("<article>Tea</article>")
    (public / "style.css").write_text("p {}")
    (public / ".half-written").write_text("secret")
    (settings.home / "site" / "records.json").write_text("secret")
    (public / "way-out").symlink_to(settings.home / "site" / "records.json")
    return public


def test_the_site_shows_its_files_and_lets_them_do_nothing(web: TestClient, site: Path) -> None:
    for path, kind in (("/site/", "text/html"), ("/site/posts/tea.html", "text/html"), ("/site/style.css", "text/css")):
        answer = web.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert "script-src" not in answer.headers["content-security-policy"]
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; img-src 'self'")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert web.get("/site").url.path == "/site/"


def test_a_site_that_is_not_there_yet_is_simply_empty(web: TestClient, settings: Settings) -> None:
    assert web.get("/site/").status_code == 404
    public = settings.home / "site" / "public"
    public.mkdir(parents=True)
    (public / "index.html").write_text("now")
    assert web.get("/site/").text == "now"


@pytest.mark.parametrize(
    "path",
    [
        "/site/../records.json",
        "/site/..%2frecords.json",
        "/site/%2e%2e/records.json",
        "/site/posts/../../records.json",
        "/site/posts/..%2f..%2frecords.json",
        "/site//etc/passwd",
        "/site/%2fetc/passwd",
        "/site/way-out",
        "/site/.half-written",
        "/site/posts/%2e%2e/.half-written",
        "/site/tea%00.html",
        "/site/" + "x" * 5000,
    ],
)
def test_nothing_outside_the_site_is_shown(web: TestClient, site: Path, path: str) -> None:
    answer = web.get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text
    assert "root:" not in answer.text


def test_the_site_only_shows(web: TestClient, site: Path) -> None:
    assert web.post("/site/index.html").status_code == 405
    assert web.delete("/site/index.html").status_code == 405


# listening -----------------------------------------------------------------------------------------------


def test_a_taken_port_is_told_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}.*set PORT"):
            listen("127.0.0.1", port)


def test_by_default_only_this_machine_is_listened_to(settings: Settings) -> None:
    with listen(settings.baton_host, 0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
