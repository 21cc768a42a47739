"""A story of a credential: set by an admin in a form, tried with its service, and nowhere to be seen afterwards."""

from __future__ import annotations

import json

from sqlalchemy import create_engine, text

from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.telling import story
from tests.servers.http import as_json, serving

SECRET = "xYz9 typed intoaform 0815"
ME = "GET /wp-json/wp/v2/users/me"
FINE = as_json({"name": "Ada", "capabilities": {"publish_posts": True, "upload_files": True}})


@story("/baton", "say credentials", "send credential.set")
def a_credential_is_set_and_never_seen_again(stage: Stage) -> None:
    ben, carla = stage.user("ben"), stage.user("carla")
    assert "may not set the credential for WordPress" in ben.command("/baton credentials set wordpress").shown
    assert "may not list credentials" in ben.command("/baton credentials").shown
    told = carla.command(f"/baton credentials set wordpress password={SECRET}").shown
    assert "never part of a command" in told
    assert SECRET not in told
    assert "`wordpress` WordPress: ⚪ none" in carla.command("/baton credentials", channel="#content").shown

    with serving({ME: [as_json({"message": f"{SECRET} is wrong"}, 401), FINE]}) as blog:
        carla.command("/baton credentials set wordpress", channel="#content")
        carla.see_modal("Try and keep")
        errors = carla.submit(address_of_the_site=blog.url, user="ada", expect_errors=True)
        assert errors is not None
        assert set(errors) == {"credential.app_password"}
        assert carla.submit(application_password=SECRET) is None
        stage.quiet()
        refused = carla.ephemerals("#content")[-1].shown
        assert "was not kept: WordPress did not accept the user and application password" in refused
        assert stage.runtime.store.credentials.all() == []

        carla.command("/baton credentials set wordpress", channel="#content")
        carla.see_modal("Try and keep")
        assert carla.submit(address_of_the_site=blog.url, user="ada", application_password=SECRET) is None
        stage.quiet()
        kept = carla.ephemerals("#content")[-1].shown
        assert "is kept, sealed: Publishes on" in kept
    [row] = stage.runtime.store.credentials.all()
    assert (row.name, row.set_by) == ("wordpress", stage.actor("carla"))
    assert "`wordpress` WordPress: 🔒 kept sealed" in carla.command("/baton credentials list", channel="#content").shown

    assert SECRET not in json.dumps([dict(call.arguments) for call in stage.workspace.calls], default=str)
    assert [name for name, rows in _tables(stage).items() if SECRET in rows] == []


def _tables(stage: Stage) -> dict[str, str]:
    """Every table of the database, as text."""
    engine = create_engine(stage.runtime.settings.database)
    with engine.connect() as conn:
        names = conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        found = {name: str(conn.execute(text(f'SELECT * FROM "{name}"')).all()) for name in names}
    engine.dispose()
    return found
