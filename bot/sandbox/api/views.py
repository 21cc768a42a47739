"""views.*: modals and the App Home."""

from __future__ import annotations

from typing import Any

from bot.sandbox import wire
from bot.sandbox.api.arguments import Arguments
from bot.sandbox.desk import Desk
from bot.sandbox.errors import SlackError

Json = dict[str, Any]


def open_view(desk: Desk, args: Arguments) -> Json:
    """views.open"""
    view = _modal(desk, args)
    user = desk.world.tickets.exchange(args.need("trigger_id"))
    return {"view": wire.view(desk.world, desk.world.windows.open(user, view))}


def push(desk: Desk, args: Arguments) -> Json:
    """views.push"""
    view = _modal(desk, args)
    user = desk.world.tickets.exchange(args.need("trigger_id"))
    return {"view": wire.view(desk.world, desk.world.windows.push(user, view))}


def update(desk: Desk, args: Arguments) -> Json:
    """views.update"""
    windows = desk.world.windows
    if args.has("view_id"):
        known = windows.find(args.text("view_id"))
    else:
        known = windows.find_external(args.need("external_id"))
    view = desk.checker.view(args.json("view"))
    if known is None:
        raise SlackError("not_found")
    return {"view": wire.view(desk.world, windows.update(known, view, expected=args.text("hash")))}


def publish(desk: Desk, args: Arguments) -> Json:
    """views.publish"""
    world = desk.world
    user = world.people.get(args.need("user_id"))
    view = desk.checker.view(args.json("view"))
    if view["type"] != "home":
        raise SlackError("invalid_arguments", messages=["must be one of: home [json-pointer:/view/type]"])
    if user is None or user.bot or user.deleted:
        raise SlackError("user_not_found")
    if not world.manifest.home_tab:
        raise SlackError("not_enabled")
    published = world.windows.publish(user.id, view, expected=args.text("hash"))
    return {"view": wire.view(world, published)}


def _modal(desk: Desk, args: Arguments) -> Json:
    if not args.has("view"):
        raise SlackError("invalid_arguments", messages=["missing required field: view"])
    view = desk.checker.view(args.json("view"))
    if view["type"] != "modal":
        raise SlackError("invalid_arguments", messages=["must be one of: modal [json-pointer:/view/type]"])
    return view
