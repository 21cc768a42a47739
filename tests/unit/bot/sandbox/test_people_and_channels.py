"""Who may do and see what, and what administrators change."""

from __future__ import annotations

import json

import pytest

from bot.sandbox import LocalWorkspace, Refused
from tests.unit.bot.sandbox.stage import Recorder, actions, button, client_of, manifest, section


def test_who_sees_what(workspace: LocalWorkspace) -> None:
    ana, dmitri, eve = (workspace.user(name) for name in ("ana", "dmitri", "eve"))
    ana.say("in content", "#content")
    ana.say("in finance", "#finance")
    ana.say("in ops", "#ops")
    for outsider in (dmitri, eve):
        outsider.see("in content", within=0)
        outsider.never_sees("in finance")
        outsider.never_sees("in ops")
    workspace.invite("#ops", "dmitri")
    dmitri.see("in ops", within=0)
    workspace.kick("#content", "eve")
    eve.never_sees("in content")


def test_what_is_visible_is_listed_when_something_is_not(workspace: LocalWorkspace) -> None:
    client_of(workspace).chat_postMessage(channel="#ops", text="x", blocks=[section("Card"), actions(button("Go"))])
    with pytest.raises(AssertionError) as missing:
        workspace.user("ana").see("nothing like it", within=0)
    assert "ana does not see 'nothing like it' within 0 s." in str(missing.value)
    assert "#ops @baton: 'Card\\nGo'  [Go]" in str(missing.value)
    with pytest.raises(AssertionError, match="a button 'Stop'"):
        workspace.user("ana").click("Stop", within=0)
    with pytest.raises(AssertionError, match=r"has no button 'Stop'\. Its buttons: Go"):
        workspace.channel("#ops").messages[0].button("Stop")
    with pytest.raises(AssertionError, match="ana sees 'Card'"):
        workspace.user("ana").never_sees("Card")


def test_the_app_is_invited_with_the_command_that_slack_has(workspace: LocalWorkspace) -> None:
    ana = workspace.user("ana")
    random = workspace.channel("#random").id
    with pytest.raises(Exception, match="not_in_channel"):
        client_of(workspace).chat_postMessage(channel=random, text="hello")
    ana.command("/invite @Baton", channel="#random")
    client_of(workspace).chat_postMessage(channel=random, text="hello")
    ana.see("hello", channel="#random", within=0)
    with pytest.raises(Refused, match="/invite @somebody"):
        ana.command("/invite @nobody", channel="#random")


def test_what_people_may_not(workspace: LocalWorkspace) -> None:
    ana, eve = workspace.user("ana"), workspace.user("eve")
    with pytest.raises(Refused, match="Eve Adams is not in #ops"):
        eve.say("hi", "#ops")
    with pytest.raises(Refused, match="/dance is not a valid command"):
        ana.command("/dance")
    workspace.archive("#ops")
    with pytest.raises(Refused, match="#ops is archived"):
        ana.say("hi", "#ops")
    workspace.unarchive("#ops")
    ana.say("hi", "#ops")
    workspace.deactivate("ben")
    with pytest.raises(Refused, match="Ben Okafor's account is deactivated"):
        workspace.user("ben").say("hi", "#ops")
    with pytest.raises(LookupError, match="nobody called 'zoe'"):
        workspace.user("zoe")
    with pytest.raises(LookupError, match="no channel '#attic'"):
        workspace.channel("#attic")
    with pytest.raises(Refused, match="no global shortcut 'other'"):
        ana.shortcut("other")


def test_what_the_manifest_does_not_allow() -> None:
    plain = manifest(without=("commands",), messages_tab_read_only_enabled=True, home_tab_enabled=False)
    plain["settings"]["interactivity"]["is_enabled"] = False
    with LocalWorkspace(plain) as workspace:
        ana = workspace.user("ana")
        client_of(workspace).chat_postMessage(channel="#ops", text="x", blocks=[actions(button("Go"))])
        with pytest.raises(Refused, match="not configured to handle interactive responses"):
            ana.click("Go")
        with pytest.raises(Refused, match="not a valid command"):
            ana.command("/baton")
        with pytest.raises(Refused, match="turned off"):
            ana.dm("hi")
        with pytest.raises(Refused, match="no Home tab"):
            ana.open_home()


def test_the_app_hears_of_changes(workspace: LocalWorkspace) -> None:
    told: list[dict[str, object]] = []
    workspace.site.courier.transport = Recorder(told)
    before = workspace.channel("#content").id
    workspace.rename("#content", "stories")
    workspace.invite("#random", "eve")
    workspace.make_guest("carla")
    workspace.usergroup("editors", ["ana"])
    workspace.add_user("zoe", tz="Asia/Tokyo")
    workspace.archive("#ops")
    workspace.settle()
    events = [json.loads(json.dumps(one))["event"] for one in told]
    assert [one["type"] for one in events] == [
        "channel_rename", "member_joined_channel", "user_change", "subteam_updated", "team_join", "channel_archive",
    ]  # fmt: skip
    assert events[0]["channel"] == {"id": before, "name": "stories", "created": events[0]["channel"]["created"]}
    assert events[2]["user"]["is_restricted"] is True
    assert events[3]["subteam"]["users"] == [workspace.user("ana").id]
    assert workspace.channel("#stories").id == before
    with pytest.raises(LookupError):
        workspace.channel("#content")


def test_messages_with_names(workspace: LocalWorkspace) -> None:
    ana = workspace.user("ana")
    said = ana.say("Ask @ben or @editors in #ops about <b> & @nobody", "#content")
    group = next(iter(workspace.world.groups))
    assert said.text == (
        f"Ask <@U0LOCALBEN> or <!subteam^{group}|@editors> in <#{workspace.channel('#ops').id}|ops> "
        "about &lt;b&gt; &amp; @nobody"
    )
    assert said.shown == "Ask @ben or @editors in #ops about <b> & @nobody"
    loud = client_of(workspace).chat_postMessage(
        channel="#content", text="<!channel> &lt;!channel&gt; <https://a.org|the site> <!date^1^{date}|Monday>"
    )
    assert workspace.channel("#content").messages[-1].shown == "@channel <!channel> the site Monday"
    assert loud["message"]["text"].startswith("<!channel>")


def test_deleting_a_message_and_pressing_it(workspace: LocalWorkspace) -> None:
    workspace.site.courier.transport = Recorder([])
    client_of(workspace).chat_postMessage(channel="#content", text="x", blocks=[actions(button("Go"))])
    card = workspace.channel("#content").messages[-1]
    workspace.delete(card)
    assert workspace.current(card) is None
    with pytest.raises(Refused, match="This message was deleted"):
        workspace.user("ana").click("Go", message=card)
    with pytest.raises(LookupError):
        workspace.delete(card)


def test_new_channels_and_people(workspace: LocalWorkspace) -> None:
    workspace.add_channel("#board", private=True, members=("ana",))
    zoe = workspace.add_user("zoe", guest=True, team_id="T0OTHER")
    assert workspace.user("zoe").id == zoe.id
    workspace.invite("#board", "zoe")
    workspace.user("zoe").say("hello", "#board")
    workspace.user("ana").see("hello", "#board")
    workspace.user("ben").never_sees("hello")
    workspace.kick_bot("#board")
    workspace.invite_bot("#board")
    client_of(workspace).chat_postMessage(channel=workspace.channel("#board").id, text="me too")


def test_threads(workspace: LocalWorkspace) -> None:
    ana, ben = workspace.user("ana"), workspace.user("ben")
    parent = ana.say("Question", "#content")
    ben.say("Answer", "#content", thread=parent)
    assert [one.shown for one in workspace.replies(parent)] == ["Answer"]
    assert workspace.replies(parent)[0].thread_ts == parent.ts
