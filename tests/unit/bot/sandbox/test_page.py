"""What the page in the browser is told, and what it may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bot.sandbox import LocalWorkspace, SkippingClock
from bot.sandbox.courier import Ack
from tests.unit.bot.sandbox.stage import actions, button, client_of, field, manifest, modal
from tests.unit.bot.sandbox.test_modals import MENU, Scripted

Json = dict[str, Any]


class Browser:
    """Ana's browser."""

    def __init__(self, workspace: LocalWorkspace, http: httpx.Client) -> None:
        self.workspace = workspace
        self.http = http
        self.app = Scripted()
        workspace.site.courier.transport = self.app
        self.me = workspace.user("ana").id

    def state(self, user: str = "") -> Json:
        told: Json = self.http.get("/_workspace/state", params={"user": user or self.me}).json()
        return told

    def act(self, kind: str, **told: Any) -> Json:
        answer: Json = self.http.post(
            "/_workspace/act", json={"user": self.me, "kind": kind, **told}, headers={"X-Workspace": "1"}
        ).json()
        return answer

    def channel(self, name: str) -> str:
        return self.workspace.channel(name).id


@pytest.fixture
def browser() -> Iterator[Browser]:
    with (
        LocalWorkspace(manifest(), clock=SkippingClock()) as workspace,
        httpx.Client(base_url=workspace.address, timeout=10) as http,
    ):
        yield Browser(workspace, http)


def test_the_page_and_its_files_are_local(browser: Browser) -> None:
    for path in ("/", "/_page/icon.svg"):
        answer = browser.http.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert browser.http.get("/_page/../workspace.py").status_code == 404


def test_the_state_is_what_one_person_sees(browser: Browser) -> None:
    browser.workspace.user("ana").say("secret", "#finance")
    told = browser.state()
    assert (told["me"], told["team"]["name"]) == (browser.me, "Acme")
    assert [(one["name"], one["kind"]) for one in told["channels"]][-2:] == [("finance", "private"), ("", "dm")]
    assert told["commands"][0] == {"command": "/baton", "description": "Workflows", "usage_hint": "run NAME"}
    assert {one["handle"] for one in told["usergroups"]} == {"editors", "finance"}
    assert told["messages"][browser.channel("#finance")][0]["text"] == "secret"
    guest = browser.state(browser.workspace.user("dmitri").id)
    assert [one["name"] for one in guest["channels"]] == ["content", ""]
    assert "secret" not in str(guest)
    assert browser.state("nobody")["me"] == browser.me
    ben = browser.workspace.user("ben")
    client_of(browser.workspace).chat_postEphemeral(channel="#ops", user=ben.id, text="for Ben")
    assert "for Ben" not in str(browser.state())
    assert browser.state(ben.id)["messages"][browser.channel("#ops")][0]["ephemeral"] is True


def test_messages_and_unread(browser: Browser) -> None:
    browser.workspace.user("ben").say("hi", "#ops")
    ops = browser.channel("#ops")
    unread = {one["id"]: one["unread"] for one in browser.state()["channels"]}
    assert unread[ops] == 1
    assert browser.act("read", channel=ops)["ok"]
    assert {one["id"]: one["unread"] for one in browser.state()["channels"]}[ops] == 0
    parent = browser.act("message", channel=ops, text="a &amp; b")["ts"]
    assert browser.act("message", channel=ops, text="reply", thread_ts=parent)["ok"]
    shown = browser.state()["messages"][ops]
    assert [(one["text"], one["reply_count"]) for one in shown] == [("hi", 0), ("a &amp; b", 1), ("reply", 0)]
    assert browser.act("message", channel=ops, text=" ") == {"ok": False, "error": "There is nothing to send."}
    assert "There is no channel" in browser.act("message", channel="C0", text="x")["error"]


def test_commands(browser: Browser) -> None:
    browser.app.answers = [Ack(body={"text": "None yet."})]
    assert browser.act("command", channel=browser.channel("#ops"), command="/baton", text="runs")["ok"]
    assert browser.app.heard[-1]["text"] == "runs"
    assert browser.state()["messages"][browser.channel("#ops")][-1]["text"] == "None yet."
    browser.app.answers = [Ack("operation_timeout")]
    told = browser.act("command", channel=browser.channel("#ops"), command="/baton", text="runs")
    assert told == {"ok": False, "error": '/baton failed with the error "operation_timeout"'}
    notice = browser.state()["notices"][0]
    assert notice["text"] == told["error"]
    assert browser.act("dismiss", notice=notice["id"])["ok"]
    assert browser.state()["notices"] == []


def test_presses_in_messages_modals_and_home(browser: Browser) -> None:
    client = client_of(browser.workspace)
    posted = client.chat_postMessage(channel="#ops", text="x", blocks=[actions(button("Go"))])
    where = {"type": "message", "channel": posted["channel"], "ts": posted["ts"]}
    pressed = {"type": "button", "action_id": "go", "block_id": "row", "value": "1"}
    assert browser.act("block_action", container=where, action=pressed, values={})["ok"]
    told = browser.app.heard[-1]
    assert (told["actions"][0]["value"], told["message"]["ts"]) == ("1", posted["ts"])
    view = client.views_open(trigger_id=told["trigger_id"], view=modal(actions(button("Go"))))["view"]
    assert browser.act("block_action", container={"type": "view", "id": view["id"]}, action=pressed, values={})["ok"]
    client.views_publish(user_id=browser.me, view={"type": "home", "blocks": [actions(button("Go"))]})
    assert browser.act("block_action", container={"type": "home"}, action=pressed, values={})["ok"]
    assert browser.app.heard[-1]["view"]["type"] == "home"
    assert browser.state()["home"]["id"] == browser.app.heard[-1]["container"]["view_id"]
    client.chat_delete(channel=posted["channel"], ts=posted["ts"])
    gone = browser.act("block_action", container=where, action=pressed, values={})
    assert gone == {"ok": False, "error": "What you pressed is not there any more."}


def test_a_modal(browser: Browser) -> None:
    trigger = browser.workspace.world.tickets.trigger(browser.me)
    view = modal(field("Title", {"type": "plain_text_input"}), notify_on_close=True)
    client_of(browser.workspace).views_open(trigger_id=trigger, view=view)
    shown = browser.state()["view"]
    assert (shown["title"]["text"], shown["stack"], shown["loading"]) == ("A modal", 1, False)
    empty = {"title": {"value": {"type": "plain_text_input", "value": None}}}
    told = browser.act("view_submission", id=shown["id"], values=empty)
    assert told == {"ok": True, "closed": False, "errors": {"title": "Please complete this required field."}}
    assert browser.state()["view"]["errors"] == told["errors"]
    filled = {"title": {"value": {"type": "plain_text_input", "value": "Tea"}}}
    assert browser.act("view_submission", id=shown["id"], values=filled) == {"ok": True, "closed": True, "errors": {}}
    assert browser.state()["view"] is None
    trigger = browser.workspace.world.tickets.trigger(browser.me)
    client_of(browser.workspace).views_open(trigger_id=trigger, view=view)
    assert browser.act("view_closed", id=browser.state()["view"]["id"])["ok"]
    assert browser.app.heard[-1]["type"] == "view_closed"
    assert browser.act("view_closed", id="V0") == {"ok": False, "error": "This modal is closed."}


def test_options_home_and_shortcuts(browser: Browser) -> None:
    trigger = browser.workspace.world.tickets.trigger(browser.me)
    view = modal(field("Topic", {"type": "external_select"}))
    told = client_of(browser.workspace).views_open(trigger_id=trigger, view=view)["view"]
    browser.app.answers = [Ack(body={"options": MENU})]
    where = {"type": "view", "id": told["id"]}
    offered = browser.act("options", container=where, action_id="value", block_id="topic", value="te")
    assert offered == {"ok": True, "options": MENU}
    assert browser.act("home_opened")["ok"]
    browser.workspace.settle()
    assert browser.app.heard[-1]["event"]["tab"] == "home"
    assert browser.act("shortcut", callback_id="new")["ok"]
    said = browser.workspace.user("ben").say("look", "#ops")
    message = {"channel": said.channel, "ts": said.ts}
    assert browser.act("shortcut", callback_id="about", message=message)["ok"]
    assert browser.app.heard[-1]["message"]["text"] == "look"


def test_uploads(browser: Browser) -> None:
    def send(**form: str) -> Json:
        told: Json = browser.http.post(
            "/_workspace/upload",
            data={"user": browser.me, **form},
            files={"file": ("../notes.html", b"<script>alert(1)</script>\r\n")},
            headers={"X-Workspace": "1"},
        ).json()
        return told

    told = send(channel=browser.channel("#ops"), comment="see this")["file"]
    assert (told["name"], told["size"]) == ("notes.html", 27)
    shown = browser.state()["messages"][browser.channel("#ops")][-1]
    assert (shown["text"], shown["files"][0]["id"]) == ("see this", told["id"])
    content = browser.http.get(told["url"])
    assert content.text == "<script>alert(1)</script>\r\n"
    assert content.headers["content-type"].startswith("text/plain")
    assert content.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "You are not in" not in str(send(purpose="input"))
    browser.workspace.kick("#ops", "ana")
    assert send(channel=browser.channel("#ops")) == {"ok": False, "error": "You are not in #ops."}
    trigger = browser.workspace.world.tickets.trigger(browser.me)
    view = modal(field("Paper", {"type": "file_input"}))
    opened = client_of(browser.workspace).views_open(trigger_id=trigger, view=view)["view"]
    values = {"paper": {"value": {"type": "file_input", "files": [told]}}}
    assert browser.act("view_submission", id=opened["id"], values=values)["closed"]
    sent = browser.app.heard[-1]["view"]["state"]["values"]["paper"]["value"]["files"]
    assert sent[0]["url_private"].startswith(browser.workspace.address)


def test_a_line_at_every_change(browser: Browser) -> None:
    with browser.http.stream("GET", "/_workspace/events", params={"user": browser.me}) as stream:
        lines = (line for line in stream.iter_lines() if line.startswith("data:"))
        first = next(lines)
        browser.workspace.user("ben").say("hi", "#ops")
        assert next(lines) != first


def test_other_pages_are_refused(browser: Browser) -> None:
    told = {"user": browser.me, "kind": "home_opened"}
    url, mark = "/_workspace/act", {"X-Workspace": "1"}
    assert browser.http.post(url, json=told).status_code == 403
    assert browser.http.post(url, json=told, headers=mark | {"Origin": "https://evil.example"}).status_code == 403
    assert browser.http.post(url, json=told, headers=mark | {"Origin": "http://127.0.0.1:1"}).status_code == 403
    assert browser.http.post(url, json=told, headers=mark | {"Host": "evil.example"}).status_code == 403
    assert browser.http.get("/_workspace/state", headers={"Host": "evil.example"}).status_code == 403
    assert browser.http.post(url, data=told, headers=mark).status_code == 415
    assert browser.http.post(url, json={"user": "U0", "kind": "x"}, headers=mark).status_code == 400
    good = mark | {"Origin": browser.workspace.address}
    assert browser.http.post(url, json=told, headers=good).json() == {"ok": True}
