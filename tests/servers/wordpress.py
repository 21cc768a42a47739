"""A real WordPress for tests, from Debian's packages.

The folder with the unpacked site and its database stays under the temporary folder, so only the first start is slow;
test sessions at the same time get a folder each. Tests that use it are marked `servers`, and share an xdist group.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from pydantic import SecretStr

from integrations.wordpress.models import WordPressSettings

SCRIPT = Path(__file__).with_name("wordpress.sh")
MORE_THAN_ANY = 100


class WordPressServer:
    """A site on a free port, with its administrator's application password."""

    def __init__(self) -> None:
        self._folder = Path()
        self._held = -1
        self._known: dict[str, str] = {}

    @property
    def settings(self) -> WordPressSettings:
        """How a connector reaches it as the administrator."""
        return self._as(self._known["WP_USER"], self._known["WP_APP_PASSWORD"])

    def __enter__(self) -> Self:
        """Start it in the first folder that no other test session uses."""
        self._folder, self._held = free_folder()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        done = subprocess.run(
            [SCRIPT, "start", self._folder, port],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            os.close(self._held)
            pytest.fail(f"WordPress did not start:\n{done.stderr}", pytrace=False)
        lines = (self._folder / "env").read_text().splitlines()
        self._known = dict(line.split("=", 1) for line in lines)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it; what it needs for a quick start stays."""
        subprocess.run([SCRIPT, "stop", self._folder], check=True, stdin=subprocess.DEVNULL)
        os.close(self._held)

    def user(self, role: str) -> WordPressSettings:
        """How a connector reaches it as a new user with `role`."""
        with self.rest() as rest:
            name = f"{role}-{secrets.token_hex(4)}"
            account = {
                "username": name,
                "email": f"{name}@example.test",
                "password": secrets.token_hex(),
                "roles": role,
            }
            made = rest.post("users", json={**account, "roles": role}).raise_for_status().json()
            password = rest.post(f"users/{made['id']}/application-passwords", json={"name": "baton"})
            return self._as(name, password.raise_for_status().json()["password"])

    def rest(self) -> httpx.Client:
        """A client of its REST API as the administrator: the test's own eyes."""
        password = self._known["WP_APP_PASSWORD"]
        base = f"{self._known['WP_URL']}/wp-json/wp/v2/"
        return httpx.Client(base_url=base, auth=(self._known["WP_USER"], password), timeout=60)

    def all(self, kind: str = "posts") -> list[Any]:
        """All posts of any status, or all media, categories, tags, the oldest first."""
        asked: dict[str, Any] = {"per_page": MORE_THAN_ANY, "orderby": "id", "order": "asc", "context": "edit"}
        if kind == "posts":
            asked["status"] = "publish,future,draft,pending,private,trash"
        with self.rest() as rest:
            found = rest.get(kind, params=asked).raise_for_status().json()
        return list(found)

    def empty(self) -> None:
        """Remove posts, media, categories, tags and users that tests have left."""
        default_category = administrator = 1
        with self.rest() as rest:
            for kind in ("posts", "media", "categories", "tags", "users"):
                for thing in self.all(kind):
                    if thing["id"] not in {default_category, administrator} or kind in {"posts", "media"}:
                        params = {"force": "true", "reassign": str(administrator)}
                        rest.delete(f"{kind}/{thing['id']}", params=params).raise_for_status()

    def _as(self, user: str, password: str) -> WordPressSettings:
        return WordPressSettings(url=self._known["WP_URL"], user=user, app_password=SecretStr(password))


def free_folder() -> tuple[Path, int]:
    """A folder for a site, and the file that keeps others out of it while it is open."""
    for number in itertools.count(1):
        folder = Path(tempfile.gettempdir()) / f"baton-wordpress-{number}"
        held = os.open(folder.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
        else:
            return folder, held
    raise AssertionError("unreachable")


class LosesAnswers(httpx.BaseTransport):
    """Loses what is answered to a POST, after the service did its work; with `reach=False` the service never hears.

    Only the first `times` are lost.
    """

    def __init__(self, times: int = 1_000, *, reach: bool = True) -> None:
        self._inner = httpx.HTTPTransport()
        self._left = times
        self._reach = reach

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        lost = request.method == "POST" and self._left > 0
        self._left -= lost
        if lost and not self._reach:
            raise httpx.ReadTimeout("the request was lost", request=request)
        response = self._inner.handle_request(request)
        if lost:
            response.read()
            response.close()
            raise httpx.ReadTimeout("the answer was lost", request=request)
        return response


@pytest.fixture(scope="module")
def running_wordpress() -> Iterator[WordPressServer]:
    """The site, for the tests of a module; its content is anybody's."""
    with WordPressServer() as server:
        yield server


@pytest.fixture
def wordpress_server(running_wordpress: WordPressServer) -> WordPressServer:
    """The site, emptied."""
    running_wordpress.empty()
    return running_wordpress
