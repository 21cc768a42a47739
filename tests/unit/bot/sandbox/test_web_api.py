"""What the Web API answers when all is well, read with slack_sdk's client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox import LocalWorkspace
from bot.sandbox.api.scopes import SCOPES
from tests.unit.bot.sandbox.error_cases import HOME, Room, exchange, step
from tests.unit.bot.sandbox.stage import actions, button, client_of, manifest, modal, section

Call = Callable[[Room], Any]


def posted(room: Room) -> dict[str, Any]:
    channel, ts = room.post()
    return {"channel": channel, "ts": ts}


def pushed(room: Room) -> Any:
    room.opened()
    return room.client.views_push(trigger_id=room.trigger(), view=modal(section("x")))


def uploaded(room: Room) -> Any:
    return room.client.files_upload_v2(content="hello", filename="a.txt", channel=room.channel("#content"))


GOOD: dict[str, Call] = {
    "api.test": lambda room: room.client.api_test(),
    "auth.revoke": lambda room: room.client.auth_revoke(),
    "auth.test": lambda room: room.client.auth_test(),
    "apps.connections.open": lambda room: room.client.apps_connections_open(app_token=room.workspace.app_token),
    "bots.info": lambda room: room.client.bots_info(bot=room.client.auth_test()["bot_id"]),
    "blocks.validate": lambda room: room.client.api_call("blocks.validate", json={"view": modal(section("x"))}),
    "oauth.v2.access": exchange,
    "chat.postMessage": lambda room: room.client.chat_postMessage(channel="content", text="x"),
    "chat.update": lambda room: room.client.chat_update(**posted(room), text="y"),
    "chat.delete": lambda room: room.client.chat_delete(**posted(room)),
    "chat.postEphemeral": lambda room: room.client.chat_postEphemeral(
        channel="#content", user=room.user("ana"), text="x"
    ),
    "chat.getPermalink": lambda room: room.client.chat_getPermalink(channel=room.post()[0], message_ts=room.post()[1]),
    "views.open": lambda room: room.client.views_open(trigger_id=room.trigger(), view=modal(section("x"))),
    "views.update": lambda room: room.client.views_update(view_id=room.opened()["id"], view=modal(section("y"))),
    "views.push": pushed,
    "views.publish": lambda room: room.client.views_publish(user_id=room.user("ana"), view=HOME),
    "users.info": lambda room: room.client.users_info(user=room.user("ana")),
    "users.list": lambda room: room.client.users_list(),
    "users.profile.get": lambda room: room.client.users_profile_get(user=room.user("ana")),
    "usergroups.list": lambda room: room.client.usergroups_list(include_users=True),
    "usergroups.users.list": lambda room: room.client.usergroups_users_list(
        usergroup=room.client.usergroups_list()["usergroups"][0]["id"]
    ),
    "team.info": lambda room: room.client.team_info(),
    "conversations.info": lambda room: room.client.conversations_info(channel=room.channel("#content")),
    "conversations.list": lambda room: room.client.conversations_list(types="public_channel,private_channel,im"),
    "conversations.members": lambda room: room.client.conversations_members(channel=room.channel("#content")),
    "conversations.open": lambda room: room.client.conversations_open(users=[room.user("ana")]),
    "conversations.history": lambda room: room.client.conversations_history(channel=room.post()[0]),
    "conversations.replies": lambda room: room.client.conversations_replies(**posted(room)),
    "conversations.join": lambda room: room.client.conversations_join(channel=room.channel("#random")),
    "reactions.add": lambda room: room.client.reactions_add(
        name="tada", channel=room.post()[0], timestamp=room.post()[1]
    ),
    "files.getUploadURLExternal": lambda room: room.client.files_getUploadURLExternal(filename="a", length=3),
    "files.completeUploadExternal": uploaded,
    "functions.completeSuccess": lambda room: room.client.functions_completeSuccess(
        function_execution_id=step(room), outputs={"words": "hello"}
    ),
    "functions.completeError": lambda room: room.client.functions_completeError(
        function_execution_id=step(room), error="no luck"
    ),
    "files.info": lambda room: room.client.files_info(file=uploaded(room)["files"][0]["id"]),
}


@pytest.fixture
def room(workspace: LocalWorkspace, client: WebClient, clock: Any) -> Room:
    return Room(workspace, client, clock)


@pytest.mark.parametrize("method", GOOD)
def test_each_method_answers(method: str, room: Room) -> None:
    assert GOOD[method](room)["ok"] is True
    assert any(call.method == method and call.ok for call in room.workspace.calls)


def test_no_method_is_without_a_case(room: Room) -> None:
    assert set(GOOD) == set(room.workspace.site.api._methods)
    assert set(SCOPES) <= set(GOOD)


def test_who_people_are(room: Room) -> None:
    ana = room.client.users_info(user=room.user("ana"))["user"]
    assert (ana["tz"], ana["is_restricted"], ana["profile"]["email"]) == ("Europe/Berlin", False, "ana@example.com")
    room.workspace.set_status("ana", ":palm_tree:", "Holidays", 1_800_000_000)
    profile = room.client.users_profile_get(user=room.user("ana"))["profile"]
    assert (profile["status_emoji"], profile["status_expiration"]) == (":palm_tree:", 1_800_000_000)
    assert room.client.users_info(user=room.user("dmitri"))["user"]["is_restricted"] is True
    eve = room.client.users_info(user=room.user("eve"))["user"]
    assert eve["is_stranger"] is True
    assert eve["team_id"] != room.client.auth_test()["team_id"]
    room.workspace.deactivate("ben")
    ben = room.client.users_info(user=room.user("ben"))["user"]
    assert ben["deleted"] is True
    assert "is_admin" not in ben
    groups = room.client.usergroups_list(include_users=True)["usergroups"]
    assert {one["handle"]: one["user_count"] for one in groups} == {"editors": 2, "finance": 1}


def test_updating_with_text_alone_takes_the_blocks_away(room: Room) -> None:
    posted = room.client.chat_postMessage(
        channel="#content",
        text="fallback",
        blocks=[section("shown"), actions(button("Go"))],
        metadata={"event_type": "card", "event_payload": {"run": "1"}},
    )
    message = room.workspace.channel("#content").messages[-1]
    assert (message.shown, message.buttons) == ("shown\nGo", ("Go",))
    assert all(block["block_id"] for block in posted["message"]["blocks"])
    where: dict[str, Any] = {"channel": posted["channel"], "ts": posted["ts"]}
    room.client.chat_update(**where, blocks=[section("again")], text="fallback")
    assert room.workspace.channel("#content").messages[-1].edited == ""
    told = room.client.chat_update(**where, text="bare")
    assert "blocks" not in told["message"]
    assert told["message"]["metadata"]["event_payload"] == {"run": "1"}
    bare = room.workspace.channel("#content").messages[-1]
    assert (bare.shown, bare.buttons, bool(bare.edited)) == ("bare", (), True)
    room.client.chat_update(**where, text="bare", metadata={})
    assert room.workspace.channel("#content").messages[-1].metadata is None


def test_long_text_is_cut_when_posted(room: Room) -> None:
    room.client.chat_postMessage(channel="#content", text="x" * 40_001)
    assert len(room.workspace.channel("#content").messages[-1].text) == 40_000


def test_messages_to_people_open_their_direct_messages(room: Room) -> None:
    posted = room.client.chat_postMessage(channel=room.user("ana"), text="psst")
    assert posted["channel"] == room.client.conversations_open(users=room.user("ana"))["channel"]["id"]
    assert room.client.conversations_info(channel=posted["channel"])["channel"]["user"] == room.user("ana")
    assert room.workspace.user("ana").see("psst").channel == posted["channel"]
    room.workspace.user("ben").never_sees("psst")


def test_threads_and_tombstones(room: Room) -> None:
    channel, ts = room.post()
    for words in ("one", "two"):
        room.client.chat_postMessage(channel=channel, thread_ts=ts, text=words)
    told = room.client.conversations_replies(channel=channel, ts=ts)["messages"]
    assert [one["text"] for one in told] == ["hello", "one", "two"]
    assert told[0]["reply_count"] == 2
    assert [one["text"] for one in room.client.conversations_history(channel=channel)["messages"]] == ["hello"]
    room.client.chat_delete(channel=channel, ts=ts)
    left = room.client.conversations_history(channel=channel)["messages"]
    assert [(one["subtype"], one["text"]) for one in left] == [("tombstone", "This message was deleted.")]
    room.client.chat_postMessage(channel=channel, thread_ts=ts, text="three")
    assert len(room.client.conversations_replies(channel=channel, ts=ts)["messages"]) == 3


def test_history_in_pages_with_metadata(room: Room) -> None:
    for number in range(5):
        metadata = {"event_type": "n", "event_payload": {"n": number}}
        room.client.chat_postMessage(channel="#content", text=str(number), metadata=metadata)
    channel, seen = room.channel("#content"), []
    for page in room.client.conversations_history(channel=channel, limit=2, include_all_metadata=True):
        seen += [one["metadata"]["event_payload"]["n"] for one in page["messages"]]
    assert seen == [4, 3, 2, 1, 0]
    third = room.client.conversations_history(channel=channel)["messages"][2]
    assert "metadata" not in third
    later = room.client.conversations_history(channel=channel, oldest=third["ts"])["messages"]
    assert [one["text"] for one in later] == ["4", "3"]
    exact = room.client.conversations_history(channel=channel, oldest=third["ts"], latest=third["ts"], inclusive=True)
    assert [one["text"] for one in exact["messages"]] == ["2"]


def test_channels_that_the_app_is_not_in(room: Room) -> None:
    room.workspace.kick_bot("#finance")
    listed = room.client.conversations_list(types="public_channel,private_channel", limit=2)
    names = [one["name"] for page in listed for one in page["channels"]]
    assert names == ["general", "content", "ops", "random"]
    assert room.client.conversations_info(channel=room.channel("#random"))["channel"]["is_member"] is False
    room.client.conversations_join(channel=room.channel("#random"))
    room.client.chat_postMessage(channel="#random", text="here")


def test_a_file_in_three_steps(room: Room) -> None:
    answer = room.client.files_upload_v2(
        content="# Tea", filename="tea.md", title="Tea", channel=room.channel("#content"), initial_comment="Read this"
    )
    told = answer["files"][0]
    message = room.workspace.user("ana").see("Read this")
    assert [(file.title, file.content) for file in message.files] == [("Tea", b"# Tea")]
    signed_in = {"Authorization": f"Bearer {room.workspace.bot_token}"}
    assert httpx.get(told["url_private"], headers=signed_in).text == "# Tea"
    assert "Sign in" in httpx.get(told["url_private"]).text
    assert room.client.files_info(file=told["id"])["file"]["size"] == 5
    slot = room.client.files_getUploadURLExternal(filename="b", length=10)
    assert httpx.post(slot["upload_url"], content=b"short").status_code == 400


def test_messages_for_one_person(room: Room) -> None:
    room.client.chat_postEphemeral(channel="#content", user=room.user("ana"), text="only you")
    ana, ben = room.workspace.user("ana"), room.workspace.user("ben")
    assert [one.shown for one in ana.ephemerals("#content")] == ["only you"]
    ben.never_sees("only you")
    assert room.client.conversations_history(channel=room.channel("#content"))["messages"] == []
    ana.reload()
    ana.never_sees("only you")


def test_form_and_json_are_read_alike(room: Room) -> None:
    token = {"token": room.workspace.bot_token}
    form = token | {"channel": "#content", "text": "form", "blocks": '[{"type": "divider"}]', "reply_broadcast": "1"}
    assert httpx.post(f"{room.workspace.api_url}chat.postMessage", data=form).json()["ok"] is True
    assert httpx.get(f"{room.workspace.api_url}auth.test", params=token).json()["ok"] is True
    assert [block["type"] for block in room.workspace.channel("#content").messages[-1].blocks] == ["divider"]
    assert all("token" not in call.arguments for call in room.workspace.calls)


def test_calls_are_shown_to_listeners(room: Room) -> None:
    seen: list[str] = []
    room.workspace.on_call(lambda call: seen.append(call.method))
    room.client.auth_test()
    assert seen == ["auth.test"]


def test_a_refused_call_says_why(room: Room) -> None:
    with pytest.raises(SlackApiError):
        room.client.chat_postMessage(channel="#content", text="x", blocks=[actions()])
    assert room.workspace.calls[-1].messages == (
        "[ERROR] no fewer than 1 items allowed [json-pointer:/blocks/0/elements]",
    )


def test_answers_and_response_urls_are_calls_too(room: Room) -> None:
    room.hook().send(text="x", blocks=[section("y")])
    room.hook().send(text="x", replace_original=False, blocks=[{"type": "poem"}])
    told = [(call.method, call.ok, call.error) for call in room.workspace.calls]
    assert told == [("response_url", True, ""), ("response_url", False, "invalid_blocks")]
    assert room.workspace.calls[0].arguments["blocks"] == [section("y")]


def test_what_a_listener_raises_is_raised_at_the_end() -> None:
    def refuses(_call: object) -> None:
        raise AssertionError("this payload is bad")

    opened = LocalWorkspace(manifest()).__enter__()
    opened.on_call(refuses)
    client_of(opened).auth_test()
    with pytest.raises(AssertionError, match="this payload is bad"):
        opened.__exit__(None, None, None)
