"""One way to run into each error of the table, with slack_sdk's own clients."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from bot.sandbox import LocalWorkspace, SkippingClock
from tests.unit.bot.sandbox.stage import actions, button, client_of, field, manifest, modal, section, text


@dataclass(frozen=True)
class Room:
    """Where a case runs."""

    workspace: LocalWorkspace
    client: WebClient
    clock: SkippingClock

    def channel(self, name: str) -> str:
        return self.workspace.channel(name).id

    def user(self, name: str) -> str:
        return self.workspace.user(name).id

    def post(self, channel: str = "#content", **more: Any) -> tuple[str, str]:
        """A message of the app: channel and ts."""
        posted = self.client.chat_postMessage(channel=channel, **({"text": "hello"} | more))
        return str(posted["channel"]), str(posted["ts"])

    def trigger(self, name: str = "ana") -> str:
        return self.workspace.world.tickets.trigger(self.user(name))

    def opened(self, **more: Any) -> dict[str, Any]:
        """A modal of Ana's."""
        answer = self.client.views_open(trigger_id=self.trigger(), view=modal(section("x"), **more))
        return dict(answer["view"])

    def hook(self, ts: str = "") -> WebhookClient:
        secret = self.workspace.world.tickets.hook(self.user("ana"), self.channel("#content"), ts=ts)
        return WebhookClient(f"{self.workspace.address}/actions/T/{secret}")

    def raw(self, method: str, body: bytes, **headers: str) -> str:
        """The error of a call that slack_sdk would not make."""
        token = {"Authorization": f"Bearer {self.workspace.bot_token}"}
        answer = httpx.post(self.workspace.api_url + method, content=body, headers=token | headers)
        return str(answer.json()["error"])


Case = Callable[[Room], Any]
"""Makes the call: slack_sdk raises the error, or the case gives it back."""
CASES: dict[tuple[str, str], Case] = {}
LONG = section("x" * 3_001)
TABLE_OF_MARKDOWN = [{"type": "markdown", "text": "x" * 11_000}, section("y" * 2_900)]


def case(method: str, *errors: str) -> Callable[[Case], Case]:
    """Register a case for one method and its errors."""

    def registered(function: Case) -> Case:
        for error in errors:
            assert (method, error) not in CASES
            CASES[method, error] = function
        return function

    return registered


def cases(method: str, **by_error: Case) -> None:
    """Register several short ones."""
    for error, function in by_error.items():
        case(method, error)(function)


def hook_error(answer: Any) -> str:
    assert answer.status_code in {400, 404}
    return str(json.loads(answer.body)["error"])


def without_scope(room: Room) -> None:
    with LocalWorkspace(manifest(without=("chat:write",))) as other:
        client_of(other).chat_postMessage(channel="#content", text="x")


def without_messages_tab(room: Room) -> None:
    with LocalWorkspace(manifest(messages_tab_enabled=False)) as other:
        client_of(other).chat_postMessage(channel=other.user("ana").id, text="x")


def without_home(room: Room) -> None:
    with LocalWorkspace(manifest(home_tab_enabled=False)) as other:
        home = {"type": "home", "blocks": [section("x")]}
        client_of(other).views_publish(user_id=other.user("ana").id, view=home)


def switched_on(room: Room) -> None:
    room.workspace.faults.fail("auth.test", "internal_error")
    room.client.auth_test()


def limited(room: Room) -> None:
    room.workspace.faults.rate_limit("auth.test", retry_after=7)
    room.client.auth_test()


def revoked(room: Room) -> None:
    room.client.auth_revoke()
    room.client.auth_test()


def removed(room: Room) -> None:
    room.workspace.uninstall()
    room.client.auth_test()


def exchange(room: Room, **other: str) -> Any:
    """A code that Ana gave is changed for a token; with `other`, something is not as it should be."""
    workspace, back = room.workspace, "http://127.0.0.1:1/back"
    right = {"client_id": workspace.client_id, "client_secret": workspace.client_secret, "redirect_uri": back}
    asked = {"client_id": workspace.client_id, "redirect_uri": back, "state": "s"}
    page = httpx.post(f"{workspace.address}/oauth/v2/authorize", params=asked, data={"answer": "allow"})
    code = httpx.URL(page.headers["location"]).params["code"]
    return WebClient(base_url=workspace.api_url).oauth_v2_access(**{"code": code, **right, **other})


cases(
    "*",
    token_revoked=revoked,
    account_inactive=removed,
    not_authed=lambda room: WebClient(base_url=room.workspace.api_url).auth_test(),
    invalid_auth=lambda room: WebClient(token="xoxb-local-other", base_url=room.workspace.api_url).auth_test(),
    not_allowed_token_type=lambda room: room.client.apps_connections_open(app_token=room.workspace.bot_token),
    missing_scope=without_scope,
    ratelimited=limited,
    invalid_arguments=lambda room: room.client.api_call("users.info"),
    unknown_method=lambda room: room.client.api_call("chat.shout"),
    invalid_json=lambda room: room.raw("chat.postMessage", b"{", **{"Content-Type": "application/json"}),
    internal_error=switched_on,
)


def archived(room: Room) -> str:
    room.workspace.archive("#content")
    return "#content"


def kicked(room: Room) -> str:
    room.workspace.kick_bot("#content")
    return "#content"


def content_cases(method: str, send: Callable[..., Any]) -> None:
    """What posting and posting for one person have in common; `send` takes the room and the arguments."""
    cases(
        method,
        channel_not_found=lambda room: send(room, channel="#nowhere", text="x"),
        is_archived=lambda room: send(room, channel=archived(room), text="x"),
        not_in_channel=lambda room: send(room, channel="#random", text="x"),
        no_text=lambda room: send(room, channel="#content", text=""),
        invalid_blocks=lambda room: send(room, channel="#content", text="x", blocks=[LONG]),
        invalid_blocks_format=lambda room: send(room, channel="#content", text="x", blocks="{"),
        msg_blocks_too_long=lambda room: send(room, channel="#content", text="x", blocks=TABLE_OF_MARKDOWN),
        markdown_text_conflict=lambda room: send(room, channel="#content", text="x", markdown_text="*x*"),
        invalid_metadata_format=lambda room: send(room, channel="#content", text="x", metadata={"event_type": "x"}),
    )


content_cases("chat.postMessage", lambda room, **args: room.client.api_call("chat.postMessage", json=args))
content_cases(
    "chat.postEphemeral",
    lambda room, **args: room.client.api_call("chat.postEphemeral", json={"user": room.user("ana"), **args}),
)
cases(
    "chat.postMessage",
    too_many_attachments=lambda room: room.client.chat_postMessage(
        channel="#content", text="x", attachments=[{"text": "x"}] * 101
    ),
    messages_tab_disabled=without_messages_tab,
    cannot_dm_bot=lambda room: room.client.chat_postMessage(channel="USLACKBOT", text="x"),
    thread_not_found=lambda room: room.client.chat_postMessage(channel="#content", text="x", thread_ts="1.000001"),
)
cases(
    "chat.postEphemeral",
    user_not_in_channel=lambda room: room.client.chat_postEphemeral(channel="#ops", user=room.user("dmitri"), text="x"),
)


def update(room: Room, prepare: Callable[[Room], Any] = lambda _room: None, **args: Any) -> None:
    channel, ts = room.post()
    prepare(room)
    room.client.api_call("chat.update", json={"channel": channel, "ts": ts, "text": "new", **args})


def update_of_anothers(room: Room) -> None:
    said = room.workspace.user("ana").say("mine", "#content")
    room.client.chat_update(channel=said.channel, ts=said.ts, text="x")


cases(
    "chat.update",
    channel_not_found=lambda room: update(room, channel="#content"),
    not_in_channel=lambda room: update(room, kicked),
    is_inactive=lambda room: update(room, archived),
    message_not_found=lambda room: update(room, ts="1.000001"),
    cant_update_message=update_of_anothers,
    msg_too_long=lambda room: update(room, text="x" * 4_001),
    no_text=lambda room: update(room, text=""),
    invalid_blocks=lambda room: update(room, blocks=[LONG]),
    invalid_blocks_format=lambda room: update(room, blocks="{"),
    msg_blocks_too_long=lambda room: update(room, blocks=TABLE_OF_MARKDOWN),
    markdown_text_conflict=lambda room: update(room, markdown_text="x"),
    invalid_metadata_format=lambda room: update(room, metadata="x"),
)


def delete_of_anothers(room: Room) -> None:
    said = room.workspace.user("ana").say("mine", "#content")
    room.client.chat_delete(channel=said.channel, ts=said.ts)


cases(
    "chat.delete",
    channel_not_found=lambda room: room.client.chat_delete(channel="C0", ts="1.000001"),
    message_not_found=lambda room: room.client.chat_delete(channel=room.channel("#content"), ts="1.000001"),
    cant_delete_message=delete_of_anothers,
)
cases(
    "chat.getPermalink",
    channel_not_found=lambda room: room.client.chat_getPermalink(channel="C0", message_ts="1.000001"),
    message_not_found=lambda room: room.client.chat_getPermalink(
        channel=room.channel("#content"), message_ts="1.000001"
    ),
)


def expired(room: Room) -> str:
    trigger = room.trigger()
    room.clock.skip(3.1)
    return trigger


def exchanged(room: Room) -> str:
    trigger = room.trigger()
    room.client.views_open(trigger_id=trigger, view=modal(section("x")))
    return trigger


def huge() -> dict[str, Any]:
    """A view that keeps every limit but that of its size."""
    options = [{"text": text(f"{number:02d}" + "x" * 70), "value": "y" * 149} for number in range(100)]
    menus = [field(f"Menu {number}", {"type": "static_select", "options": options}) for number in range(12)]
    return modal(*menus)


def view_cases(method: str, send: Callable[[Room, Any], Any]) -> None:
    """What every method that takes a view has in common."""
    cases(
        method,
        view_too_large=lambda room: send(room, huge() | ({"type": "home"} if method == "views.publish" else {})),
        duplicate_external_id=lambda room: (
            room.opened(external_id="mine"),
            room.client.views_open(trigger_id=room.trigger("ben"), view=modal(section("x"))),
            send(room, {**_plain(method), "external_id": "mine"}),
        ),
    )
    case(method, "invalid_arguments")(lambda room: send(room, {**_plain(method), "callback_id": "x" * 256}))


def _plain(method: str) -> dict[str, Any]:
    return {"type": "home", "blocks": [section("x")]} if method == "views.publish" else modal(section("x"))


def update_bens(room: Room, view: Any) -> None:
    view_id = room.client.views_open(trigger_id=room.trigger("ben"), view=modal(section("x")))["view"]["id"]
    room.client.views_update(view_id=view_id, view=view)


def push_on_bens(room: Room, view: Any) -> None:
    room.client.views_open(trigger_id=room.trigger("ben"), view=modal(section("x")))
    room.client.views_push(trigger_id=room.trigger("ben"), view=view)


view_cases("views.open", lambda room, view: room.client.views_open(trigger_id=room.trigger("ben"), view=view))
view_cases("views.push", push_on_bens)
view_cases("views.update", update_bens)
view_cases("views.publish", lambda room, view: room.client.views_publish(user_id=room.user("ben"), view=view))


def trigger_cases(method: str) -> None:
    """What the methods that use up a trigger id have in common."""

    def send(room: Room, trigger: str) -> None:
        room.client.api_call(method, json={"trigger_id": trigger, "view": modal(section("x"))})

    cases(
        method,
        invalid_trigger_id=lambda room: send(room, "1.2.x"),
        expired_trigger_id=lambda room: send(room, expired(room)),
        exchanged_trigger_id=lambda room: send(room, exchanged(room)),
    )


trigger_cases("views.open")
trigger_cases("views.push")


def push_four(room: Room) -> None:
    room.opened()
    for _ in range(3):
        room.client.views_push(trigger_id=room.trigger(), view=modal(section("x")))


cases(
    "views.push",
    push_limit_reached=push_four,
    not_found=lambda room: room.client.views_push(trigger_id=room.trigger(), view=modal(section("x"))),
)
HOME = {"type": "home", "blocks": [section("x")]}
cases(
    "views.update",
    hash_conflict=lambda room: room.client.views_update(
        view_id=room.opened()["id"], hash="1.other", view=modal(section("y"))
    ),
    not_found=lambda room: room.client.views_update(view_id="V0", view=modal(section("y"))),
)
cases(
    "views.publish",
    hash_conflict=lambda room: room.client.views_publish(user_id=room.user("ana"), hash="1.other", view=HOME),
    user_not_found=lambda room: room.client.views_publish(user_id="U0", view=HOME),
    not_enabled=without_home,
)
cases("users.info", user_not_found=lambda room: room.client.users_info(user="U0"))
cases("users.profile.get", user_not_found=lambda room: room.client.users_profile_get(user="U0"))


def of_finance(room: Room) -> str:
    """A private channel that the app is not in."""
    room.workspace.kick_bot("#finance")
    return room.channel("#finance")


cases("conversations.info", channel_not_found=lambda room: room.client.conversations_info(channel=of_finance(room)))
cases("conversations.members", channel_not_found=lambda room: room.client.conversations_members(channel="C0"))
cases("conversations.list", invalid_cursor=lambda room: room.client.conversations_list(cursor="x"))


def deactivated(room: Room) -> str:
    room.workspace.deactivate("carla")
    return room.user("carla")


cases(
    "conversations.open",
    channel_not_found=lambda room: room.client.conversations_open(channel="D0"),
    user_not_found=lambda room: room.client.conversations_open(users=[room.user("eve")]),
    user_disabled=lambda room: room.client.conversations_open(users=[deactivated(room)]),
    cannot_dm_bot=lambda room: room.client.conversations_open(users=["USLACKBOT"]),
    users_list_not_supplied=lambda room: room.client.api_call("conversations.open"),
)
cases(
    "conversations.history",
    channel_not_found=lambda room: room.client.conversations_history(channel="C0"),
    not_in_channel=lambda room: room.client.conversations_history(channel=room.channel("#random")),
    invalid_cursor=lambda room: room.client.conversations_history(channel=room.channel("#content"), cursor="x"),
)
cases(
    "conversations.replies",
    channel_not_found=lambda room: room.client.conversations_replies(channel="C0", ts="1.000001"),
    not_in_channel=lambda room: room.client.conversations_replies(channel=room.channel("#random"), ts="1.000001"),
    thread_not_found=lambda room: room.client.conversations_replies(channel=room.channel("#content"), ts="1.000001"),
)
cases(
    "conversations.join",
    channel_not_found=lambda room: room.client.conversations_join(channel="C0"),
    is_archived=lambda room: room.client.conversations_join(channel=room.channel(archived(room))),
    method_not_supported_for_channel_type=lambda room: room.client.conversations_join(channel=room.channel("#finance")),
)
cases("usergroups.users.list", no_such_subteam=lambda room: room.client.usergroups_users_list(usergroup="S0"))


def upload(room: Room, channel: str) -> None:
    room.client.files_upload_v2(content="hello", filename="a.txt", channel=channel)


cases(
    "files.completeUploadExternal",
    channel_not_found=lambda room: upload(room, "C0"),
    not_in_channel=lambda room: upload(room, room.channel("#random")),
    is_archived=lambda room: upload(room, room.channel(archived(room))),
    file_not_found=lambda room: room.client.files_completeUploadExternal(files=[{"id": "F0"}]),
)
cases("files.info", file_not_found=lambda room: room.client.files_info(file="F0"))


def react(room: Room, **changes: str) -> None:
    channel, ts = room.post()
    room.client.reactions_add(**({"channel": channel, "timestamp": ts, "name": "tada"} | changes))


def react_twice(room: Room) -> None:
    channel, ts = room.post()
    for _ in range(2):
        room.client.reactions_add(channel=channel, timestamp=ts, name="tada")


cases(
    "reactions.add",
    already_reacted=react_twice,
    message_not_found=lambda room: react(room, timestamp="1.000001"),
    channel_not_found=lambda room: react(room, channel="C0"),
    not_in_channel=lambda room: react(room, channel=room.channel("#random")),
    invalid_name=lambda room: react(room, name="no such"),
    is_archived=lambda room: room.client.reactions_add(channel=room.post()[0], name="tada", timestamp=archived(room)),
)


def step(room: Room, *, of_another: bool = False) -> str:
    """A custom step that has begun."""
    return room.workspace.builder.run("greet", app_id="A0OTHER" if of_another else "", who=room.user("ana"))


def succeed(room: Room, execution: str, **outputs: Any) -> None:
    room.client.functions_completeSuccess(function_execution_id=execution, outputs=outputs or {"words": "hello"})


def fail(room: Room, execution: str) -> None:
    room.client.functions_completeError(function_execution_id=execution, error="no luck")


def twice(room: Room, end: Callable[[Room, str], None]) -> None:
    begun = step(room)
    end(room, begun)
    end(room, begun)


cases(
    "functions.completeSuccess",
    function_execution_not_found=lambda room: succeed(room, "Fx0"),
    execution_not_in_running_state=lambda room: twice(room, succeed),
    access_denied=lambda room: succeed(room, step(room, of_another=True)),
    parameter_validation_failed=lambda room: succeed(room, step(room), words=7),
)
cases(
    "functions.completeError",
    function_execution_not_found=lambda room: fail(room, "Fx0"),
    execution_not_in_running_state=lambda room: twice(room, fail),
    access_denied=lambda room: fail(room, step(room, of_another=True)),
)
cases("bots.info", bot_not_found=lambda room: room.client.bots_info(bot="B0"))
cases(
    "blocks.validate",
    invalid_blocks=lambda room: room.client.api_call("blocks.validate", json={"blocks": [actions(button("x" * 76))]}),
)


def used_up(room: Room) -> str:
    hook = room.hook()
    for _ in range(5):
        answer = hook.send(text="x")
        assert (answer.status_code, answer.body) == (200, "ok")
    return hook_error(hook.send(text="x"))


def too_old(room: Room) -> str:
    hook = room.hook()
    room.clock.skip(30 * 60 + 1)
    return hook_error(hook.send(text="x"))


def no_json(room: Room) -> str:
    answer = httpx.post(room.hook().url, content=b"hello")
    return str(answer.json()["error"])


cases(
    "response_url",
    used_url=used_up,
    expired_url=too_old,
    no_text=lambda room: hook_error(room.hook().send_dict({"response_type": "in_channel"})),
    invalid_blocks=lambda room: hook_error(room.hook().send(text="x", blocks=[LONG])),
    message_not_found=lambda room: hook_error(room.hook(ts="1.000001").send(text="x", replace_original=True)),
    invalid_payload=no_json,
)


cases(
    "oauth.v2.access",
    invalid_client_id=lambda room: exchange(room, client_id="1.2"),
    bad_client_secret=lambda room: exchange(room, client_secret="other"),
    invalid_code=lambda room: exchange(room, code="other"),
    bad_redirect_uri=lambda room: exchange(room, redirect_uri="http://127.0.0.1:1/back/other"),
)
