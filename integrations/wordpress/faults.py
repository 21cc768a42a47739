"""What WordPress's own error codes mean."""

from __future__ import annotations

import json
from typing import Any

import httpx

from integrations.errors import ConnectorError, InvalidRequest, NotConnected, Unauthorized
from integrations.http import Fault, Http
from integrations.http.faults import detail_of

NOT_ALLOWED = ("rest_cannot_", "rest_forbidden", "rest_user_cannot_")
UPLOAD_REFUSED = "rest_upload_"


class TermExists(InvalidRequest):
    """The category or tag is there already."""

    def __init__(self, message: str, term_id: int) -> None:
        super().__init__(message)
        self.term_id = term_id


class TrashIsOff(InvalidRequest):
    """The site deletes for good: it keeps no trash."""


class WordPressFault(Fault):
    """Reads the code of an error answer before its status."""

    def answer(self, response: httpx.Response) -> ConnectorError:
        """The error for a response whose body was read."""
        code, data = _code_of(response)
        told = f"{response.status_code} {code}: {self.clean(detail_of(response))}" if code else ""
        if response.status_code == 401:
            return self._bad_credential(told or "401")
        if code.startswith(NOT_ALLOWED):
            words = f"The WordPress user may not do this for {self.what} ({told})"
            return Unauthorized(f"{words}. Give it the role Author, or Editor for categories, then press Resume.")
        if code == "empty_content":
            words = f"WordPress was given neither title nor text nor description for {self.what} ({told})"
            return InvalidRequest(f"{words}. Write something, then start again.")
        if code.startswith(UPLOAD_REFUSED) and response.status_code in (400, 500):
            words = f"WordPress did not take the file for {self.what} ({told})"
            return InvalidRequest(f"{words}. Give one that the site allows, or mend its uploads, then press Resume.")
        if code == "rest_no_route":
            words = f"The site has no REST API of WordPress where Baton looked for {self.what} ({told})"
            return NotConnected(f"{words}. Check WORDPRESS_URL and the site's plugins, then press Resume.")
        if code == "rest_trash_not_supported":
            return TrashIsOff(f"WordPress keeps no trash on this site, asked for {self.what} ({told}).")
        if code == "term_exists" and isinstance(data.get("term_id"), int):
            return TermExists(f"WordPress already has {self.what} ({told}).", data["term_id"])
        return super().answer(response)

    def _bad_credential(self, told: str) -> Unauthorized:
        words = (
            f"WordPress did not accept the user and application password for {self.what} ({told}). "
            "Make a new one in WordPress under Users, Profile, Application Passwords, set WORDPRESS_APP_PASSWORD, "
            "then press Resume"
        )
        return Unauthorized(f"{words}. If it is right, see that the web server passes on the Authorization header.")


class WordPressHttp(Http):
    """Our HTTP client, with WordPress's error codes."""

    def fault(self, what: str, *, write: bool) -> Fault:
        """What to say when a request for `what` fails."""
        return WordPressFault(self.service, what, write, self.redact)


def _code_of(response: httpx.Response) -> tuple[str, dict[str, Any]]:
    """The code of an error answer and its data; empty ones when it is not WordPress that answers."""
    try:
        body = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return "", {}
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        return "", {}
    data = body.get("data")
    return body["code"], data if isinstance(data, dict) else {}
