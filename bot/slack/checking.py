"""Whether Slack is set up as it has to be: tokens, scopes, the connection, channels. For `baton doctor`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from slack_sdk import WebClient

from bot.settings import SLACK_API, Settings, is_loopback
from bot.slack.calling import NoAnswer, Token, error_of, web_client
from bot.slack.directory import Room, SlackDirectory, slack_ids
from bot.slack.manifest import EVENTS_PATH, INSTALL_PATH, SCOPES
from workflows.engine.ports import Standing

PATIENCE = 10
"""Seconds that one call may take."""
MOST_NAMES = 20
"""People of one setting that are looked at."""
HOWTO = "docs/howto/install-in-slack.md shows how."
TOKEN = {
    "invalid_auth": "Slack does not know it. Copy it anew from the app's page",
    "not_authed": "it is empty. Copy it from the app's page",
    "account_inactive": "the app was removed from the workspace. Install it again",
    "token_revoked": "it was revoked. Install the app again, and copy the new one",
    "token_expired": "it has expired. Turn token rotation off, install the app again, and copy the new one",
    "not_allowed_token_type": "it is a token of another kind",
}
"""What is wrong with a token, by Slack's name for it."""


@dataclass(frozen=True)
class Checked:
    """What one check found: fine, wrong (`ok` is False), or worth knowing (None), and what to do."""

    part: str
    ok: bool | None
    words: str
    advice: str = ""


def checked(settings: Settings, directory: SlackDirectory, token: Token | None = None) -> Iterator[Checked]:
    """Look at everything that Slack has to do with; a bot token is set, or comes by an installation."""
    if settings.installs and token is not None and not token():
        words = f"Baton is not installed in the workspace {settings.slack_team}: what it has to show waits"
        yield Checked("Slack", False, words, f"Open {settings.address}{INSTALL_PATH} in a browser, and press Allow.")
        yield _http(settings)
        return
    client = web_client(settings, PATIENCE, token)
    known = yield from _bot_token(settings, client)
    yield from _way_in(settings, client)
    if known:
        yield from _channel(directory, settings.baton_channel, "BATON_CHANNEL")
        yield from _channel(directory, settings.baton_ops_channel, "BATON_OPS_CHANNEL")
        yield from _people(settings, directory)


def _bot_token(settings: Settings, client: WebClient) -> Generator[Checked, None, bool]:
    try:
        answer = client.auth_test()
    except NoAnswer as error:
        yield _refused("SLACK_BOT_TOKEN", error, settings)
        return False
    here = "" if settings.slack_api_url == SLACK_API else f", at {settings.slack_api_url}"
    where = f"{answer.get('team')} ({answer.get('team_id')}){here}"
    yield Checked("Slack", True, f"the bot {answer.get('user')} in the workspace {where}")
    granted = {scope.strip() for scope in _header(answer.headers, "x-oauth-scopes").split(",") if scope.strip()}
    missing = sorted(set(SCOPES) - granted)
    if missing and granted:
        told = "; ".join(f"{scope} ({SCOPES[scope]})" for scope in missing)
        advice = "Replace the app's manifest by what `baton slack manifest` prints, and install the app again."
        yield Checked("Slack scopes", False, f"missing: {told}", advice)
    elif granted:
        yield Checked("Slack scopes", True, f"all {len(SCOPES)} are granted")
    else:
        yield Checked("Slack scopes", None, "Slack did not say which are granted")
    return True


def _way_in(settings: Settings, client: WebClient) -> Iterator[Checked]:
    """How Slack reaches Baton."""
    if settings.slack_app_token is not None:
        token = settings.slack_app_token.get_secret_value()
        try:
            client.apps_connections_open(app_token=token)
        except NoAnswer as error:
            yield _refused("SLACK_APP_TOKEN", error, settings)
        else:
            yield Checked("Slack socket", True, "Socket Mode can be opened; `baton web` keeps it open")
    if settings.slack_signing_secret is not None:
        yield _http(settings)
    elif settings.slack_app_token is None:
        words = "Slack has no way to reach Baton: neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set"
        yield Checked("Slack", False, words, f"Set one of them. {HOWTO}")


def _http(settings: Settings) -> Checked:
    where = urlsplit(settings.baton_url)
    if where.scheme == "https" and where.hostname and not is_loopback(where.hostname):
        return Checked("Slack over HTTP", True, f"requests are taken at {settings.address}{EVENTS_PATH}")
    if settings.slack_app_token is not None or is_loopback(urlsplit(settings.slack_api_url).hostname or ""):
        return Checked("Slack over HTTP", None, f"signed requests are taken at {settings.address}{EVENTS_PATH}")
    advice = "Set BATON_URL to the https address under which the web process is reached, or use Socket Mode."
    return Checked("Slack over HTTP", False, "Slack can't reach an address that is not public", advice)


def _channel(directory: SlackDirectory, name: str, setting: str) -> Iterator[Checked]:
    if not name:
        return
    room = directory.room(name if name[:1] in "#CG" or name.startswith("slack:") else f"#{name}")
    part = f"Channel {name}"
    if room is None:
        advice = f"Correct {setting}; for a private channel, say `/invite @Baton` in it first."
        yield Checked(part, False, "Slack does not show it to the bot", advice)
    elif problem := _closed(room):
        yield Checked(part, False, *problem)
    else:
        yield Checked(part, True, f"the bot is in it ({setting})")


def _people(settings: Settings, directory: SlackDirectory) -> Iterator[Checked]:
    """Those whom the settings name; a wrong id would be somebody who may do nothing."""
    me = directory.myself()
    roles = [member for members in settings.baton_roles.values() for member in members]
    for setting, named in (
        ("BATON_APPROVERS", settings.baton_approvers),
        ("BATON_ADMINS", settings.baton_admins),
        ("BATON_ROLES", roles),
    ):
        for one in list(dict.fromkeys(named))[:MOST_NAMES]:
            problem = _nobody(one, me.team if me is not None else "", directory)
            if problem:
                yield Checked(setting, False, *problem)


def _nobody(one: str, team: str, directory: SlackDirectory) -> tuple[str, str] | None:
    """Why somebody or something in Slack that a setting names can't be meant."""
    ids = slack_ids(one)
    if ids is None or not team:
        return None
    if ids[0] != team:
        words = f"{one} is of another workspace: this one is {team}"
        return words, f"Write slack:{team}:{ids[1]}, unless somebody of that workspace is meant."
    if ids[1].startswith("S"):
        known = bool(directory.members(one))
        return None if known else (f"{one} has no members that Slack shows to the bot", "Look at the id of the group.")
    if not ids[1].startswith(("U", "W")):
        return f"{one} is no person and no user group", "Ids of people begin with U or W, those of groups with S."
    person = directory.person(one)
    if person is None:
        return f"Slack shows nobody by the id {ids[1]}", "Copy the id anew: in their profile, ⋮, Copy member ID."
    if person.standing is Standing.GONE:
        return f"{person.name} ({ids[1]}) is deactivated", "Name somebody else."
    return None


def _closed(room: Room) -> tuple[str, str] | None:
    if room.archived:
        return "it is archived", "Unarchive it, or name another channel."
    if not room.inside:
        return "the bot is not in it", "Say `/invite @Baton` there."
    return None


def _refused(setting: str, error: BaseException, settings: Settings) -> Checked:
    name = error_of(error)
    if not name:
        return Checked("Slack", False, f"{settings.slack_api_url} does not answer: {error}", "Look at the network.")
    if settings.installs:
        advice = f"Open {settings.address}{INSTALL_PATH} in a browser, and press Allow."
        return Checked("Slack", False, f"Slack does not take the installation's token any more: {name}", advice)
    words = TOKEN.get(name)
    if words is None:
        return Checked("Slack", False, f"Slack refuses {setting}: {name}", HOWTO)
    what, _, advice = words.partition(". ")
    return Checked("Slack", False, f"{setting}: {what}", f"{advice or 'Copy the right one'}. {HOWTO}")


def _header(headers: Any, name: str) -> str:
    found = next((value for key, value in dict(headers or {}).items() if key.lower() == name), "")
    return ",".join(found) if isinstance(found, list) else str(found)
