"""The way of a Web API call: token, faults, limits, scope, the method itself, and what is written down of it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.sandbox.api import chat, conversations, files, functions, people, scopes, views
from bot.sandbox.api.arguments import Arguments
from bot.sandbox.api.oauth import OAuth
from bot.sandbox.checks import parsed
from bot.sandbox.desk import Desk
from bot.sandbox.errors import SlackError, row
from bot.sandbox.faults import Faults
from bot.sandbox.grants import Grants, Tokens
from bot.sandbox.model import ApiCall, Payload
from bot.sandbox.multipart import read_form
from bot.sandbox.tiers import Tiers

Json = dict[str, Any]
Method = Callable[[Desk, Arguments], Json]
Cut = Callable[[Request], Response]
"""Cuts the connection of a request."""

APP_METHODS = frozenset({"apps.connections.open"})
OPEN_METHODS = frozenset({"api.test", "oauth.v2.access"})
READS = frozenset({
    "api.test", "auth.test", "apps.connections.open", "bots.info", "blocks.validate", "chat.getPermalink", "users.info",
    "users.list", "users.profile.get", "usergroups.list", "usergroups.users.list", "team.info", "conversations.info",
    "conversations.list", "conversations.members", "conversations.history", "conversations.replies", "files.info",
    "files.getUploadURLExternal",
})  # fmt: skip
"""Methods that change nothing that anybody sees."""
SECRET = frozenset({"token", "client_secret", "code"})
"""Arguments that are not written down."""


class WebApi:
    """Everything under /api/."""

    def __init__(
        self,
        desk: Desk,
        tokens: Tokens,
        grants: Grants,
        faults: Faults,
        tiers: Tiers | None,
        connect: Method,
        cut: Cut,
    ) -> None:
        self.desk = desk
        self.uploads = files.Uploads()
        self.calls: list[ApiCall] = []
        self.listeners: list[Callable[[ApiCall], None]] = []
        self.listener_errors: list[Exception] = []
        self._tokens = tokens
        self._grants = grants
        self._faults = faults
        self._tiers = tiers
        self._cut = cut
        self._methods = _methods(self.uploads, OAuth(grants), connect)

    async def serve(self, request: Request) -> Response:
        """Answer one call."""
        method = request.path_params["method"]
        if self._faults.is_down:
            return self._cut(request) if self._faults.is_down == "refuse" else _bare(503)
        delay = self._faults.delay()
        if delay:
            await asyncio.sleep(delay)
        try:
            given = await arguments_of(request)
        except SlackError as refused:
            return self._answer(method, {}, refused.body(), refused.error)
        struck = self._faults.take("limit", method)
        if struck:
            return self._limited(method, given, struck.retry_after)
        struck = self._faults.take("fail", method)
        if struck:
            body = _bare(struck.status) if struck.status != 200 else None
            self.note(method, given, struck.error if body is None else f"HTTP {struck.status}")
            return body or JSONResponse({"ok": False, "error": struck.error})
        wait = self._tiers.wait(method, str(given.get("channel"))) if self._tiers else 0
        if wait:
            return self._limited(method, given, wait)
        answer = self._run(method, _token(request, given), given)
        return self._cut(request) if self._faults.take("lose", method) else answer

    def _run(self, method: str, token: str, given: Json) -> Response:
        try:
            chosen = self._admitted(method, token)
            world = self.desk.world
            with world.changed if method in READS else world.changing():
                told = chosen(self.desk, Arguments(given))
        except SlackError as refused:
            row(method, refused.error)
            return self._answer(method, given, refused.body(), refused.error)
        return self._answer(method, given, {"ok": True, **told}, "")

    def _admitted(self, method: str, token: str) -> Method:
        chosen = self._methods.get(method)
        if chosen is None:
            raise SlackError("unknown_method", req_method=method)
        if method in OPEN_METHODS:
            return chosen
        if not token:
            raise SlackError("not_authed")
        if token != self._tokens.app:
            self._grants.check(token)
        if (token == self._tokens.app) is not (method in APP_METHODS):
            raise SlackError("not_allowed_token_type")
        scopes.check(self.desk.world, method)
        return chosen

    def _answer(self, method: str, given: Json, body: Payload, error: str) -> Response:
        self.note(method, given, error, (body.get("response_metadata") or {}).get("messages") or ())
        granted = ",".join(sorted(self.desk.world.manifest.scopes))
        headers = {"x-oauth-scopes": granted, "x-accepted-oauth-scopes": ",".join(scopes.SCOPES.get(method, ()))}
        return JSONResponse(body, headers=headers)

    def _limited(self, method: str, given: Json, wait: int) -> Response:
        self.note(method, given, "ratelimited")
        return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers={"Retry-After": str(wait)})

    def note(self, method: str, given: Payload, error: str, messages: Sequence[str] = ()) -> None:
        """Write down what the app sent, and show it to the listeners."""
        told = {key: value for key, value in given.items() if key not in SECRET}
        call = ApiCall(method, told, not error, error, self.desk.world.clock.now(), tuple(messages))
        self.calls.append(call)
        for listener in tuple(self.listeners):
            try:
                listener(call)
            except Exception as failed:  # noqa: BLE001  # a listener's refusal is raised to the test at its end
                self.listener_errors.append(failed)


def _methods(uploads: files.Uploads, oauth: OAuth, connect: Method) -> Mapping[str, Method]:
    return {
        "api.test": people.api_test,
        "auth.test": people.auth_test,
        "auth.revoke": oauth.revoke,
        "oauth.v2.access": oauth.access,
        "apps.connections.open": connect,
        "bots.info": people.bot,
        "blocks.validate": _validate,
        "chat.postMessage": chat.post_message,
        "chat.update": chat.update,
        "chat.delete": chat.delete,
        "chat.postEphemeral": chat.post_ephemeral,
        "chat.getPermalink": chat.permalink,
        "views.open": views.open_view,
        "views.update": views.update,
        "views.push": views.push,
        "views.publish": views.publish,
        "users.info": people.info,
        "users.list": people.everybody,
        "users.profile.get": people.profile,
        "usergroups.list": people.groups,
        "usergroups.users.list": people.group_members,
        "team.info": people.team,
        "conversations.info": conversations.info,
        "conversations.list": conversations.every,
        "conversations.members": conversations.members,
        "conversations.open": conversations.open_dm,
        "conversations.history": conversations.history,
        "conversations.replies": conversations.replies,
        "conversations.join": conversations.join,
        "reactions.add": conversations.react,
        "files.getUploadURLExternal": uploads.announce,
        "files.completeUploadExternal": uploads.complete,
        "files.info": files.info,
        "functions.completeSuccess": functions.succeed,
        "functions.completeError": functions.fail,
    }


def _validate(desk: Desk, args: Arguments) -> Json:
    """blocks.validate"""
    given = [name for name in ("blocks", "view", "message") if args.has(name)]
    if len(given) != 1:
        raise SlackError("invalid_arguments", messages=["must provide exactly one of `blocks`, `view`, or `message`"])
    value = args.json(given[0])
    try:
        if given[0] == "view":
            desk.checker.view(value)
        else:
            desk.checker.message(value if given[0] == "blocks" else (value or {}).get("blocks"))
    except SlackError as refused:
        messages = refused.extra.get("response_metadata", {}).get("messages", [refused.error])
        raise SlackError("invalid_blocks", errors=[_located(str(one)) for one in messages]) from None
    return {}


def _located(message: str) -> Json:
    words, _, place = message.removeprefix("[ERROR] ").partition(" [json-pointer:")
    return {"code": "failed_constraint", "message": words, "pointer": place.rstrip("]")}


async def arguments_of(request: Request) -> Json:
    """The arguments from the address and the body."""
    given: Json = dict(request.query_params) | _client(request.headers.get("authorization", ""))
    body = await request.body()
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json") and body:
        value = parsed(body.decode("utf-8", "replace"))
        if not isinstance(value, dict):
            raise SlackError("invalid_json")
        given |= value
    elif kind.startswith("multipart/form-data"):
        given |= {field.name: field.text for field in read_form(kind, body)}
    elif body:
        given |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return given


def _client(header: str) -> Json:
    """The app's id and secret, where it shows these instead of a token."""
    kind, _, coded = header.partition(" ")
    if kind != "Basic":
        return {}
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": name, "client_secret": secret}


def _token(request: Request, given: Json) -> str:
    header = request.headers.get("authorization", "")
    return header.removeprefix("Bearer ").strip() if header else str(given.get("token") or "")


def _bare(status: int) -> Response:
    return PlainTextResponse(json.dumps({"ok": False, "error": "service_unavailable"}) if status == 503 else "", status)
