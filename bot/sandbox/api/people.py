"""Who there is: auth.test, users.*, usergroups.*, team.info, bots.info."""

from __future__ import annotations

from typing import Any

from bot.sandbox import wire
from bot.sandbox.api.arguments import Arguments
from bot.sandbox.desk import Desk
from bot.sandbox.errors import SlackError
from bot.sandbox.model import Person

Json = dict[str, Any]


def auth_test(desk: Desk, _args: Arguments) -> Json:
    """auth.test"""
    world = desk.world
    return {
        "url": f"{world.address}/",
        "team": world.team_name,
        "user": world.people[world.bot_user_id].name,
        "team_id": world.team_id,
        "user_id": world.bot_user_id,
        "bot_id": world.bot_id,
        "is_enterprise_install": False,
    }


def api_test(_desk: Desk, args: Arguments) -> Json:
    """api.test"""
    if args.has("error"):
        raise SlackError("invalid_arguments", args=dict(args.given))
    return {"args": dict(args.given)}


def info(desk: Desk, args: Arguments) -> Json:
    """users.info"""
    return {"user": wire.user(desk.world, _person(desk, args.need("user")), with_email=_email(desk))}


def everybody(desk: Desk, args: Arguments) -> Json:
    """users.list"""
    people = [one for one in desk.world.people.values() if not desk.world.is_stranger(one)]
    start, limit = args.number("cursor", 0), args.number("limit", len(people)) or len(people)
    members = [wire.user(desk.world, one, with_email=_email(desk)) for one in people[start : start + limit]]
    following = str(start + limit) if start + limit < len(people) else ""
    stamp = desk.world.seconds()
    return {"members": members, "cache_ts": stamp, "response_metadata": {"next_cursor": following}}


def profile(desk: Desk, args: Arguments) -> Json:
    """users.profile.get"""
    person = _person(desk, args.text("user") or desk.world.bot_user_id)
    return {"profile": wire.profile(person, with_email=_email(desk))}


def groups(desk: Desk, args: Arguments) -> Json:
    """usergroups.list"""
    with_users = args.flag("include_users")
    return {"usergroups": [wire.group(desk.world, one, with_users=with_users) for one in desk.world.groups.values()]}


def group_members(desk: Desk, args: Arguments) -> Json:
    """usergroups.users.list"""
    group = desk.world.groups.get(args.need("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


def team(desk: Desk, _args: Arguments) -> Json:
    """team.info"""
    world = desk.world
    told = {
        "id": world.team_id,
        "name": world.team_name,
        "domain": world.team_name.lower(),
        "email_domain": "",
        "icon": {},
    }
    return {"team": told | {"url": f"{world.address}/"}}


def bot(desk: Desk, args: Arguments) -> Json:
    """bots.info"""
    if args.has("bot") and args.text("bot") != desk.world.bot_id:
        raise SlackError("bot_not_found")
    return {"bot": wire.bot_profile(desk.world)}


def _person(desk: Desk, user: str) -> Person:
    found = desk.world.people.get(user)
    if found is None:
        raise SlackError("user_not_found")
    return found


def _email(desk: Desk) -> bool:
    return "users:read.email" in desk.world.manifest.scopes
