"""The same story over both transports, with an unchanged Bolt app."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt import App

from bot.sandbox import LocalWorkspace, SkippingClock
from tests.unit.bot.sandbox.stage import actions, app_of, button, connected, field, manifest, modal, section


def newsroom(app: App) -> None:
    """A small app that uses a bit of everything."""
    cards(app)
    events(app)
    shortcuts(app)


def cards(app: App) -> None:
    @app.command("/baton")
    def run(ack: Any, command: Any, client: Any) -> None:
        ack(f"Starting {command['text']}")
        blocks = [section("Publish *Tea*?"), actions(button("Approve", "approve"), button("Edit", "edit"))]
        client.chat_postMessage(channel=command["channel_id"], text="Publish Tea?", blocks=blocks)

    @app.action("approve")
    def approve(ack: Any, body: Any, respond: Any) -> None:
        ack()
        if body["user"]["team_id"] != body["team"]["id"] or body["user"]["id"] != "U0LOCALBEN":
            respond(text="Only the editors may.", replace_original=False)
        else:
            respond(text=f"Approved by <@{body['user']['id']}>", replace_original=True)

    @app.action("edit")
    def edit(ack: Any, body: Any, client: Any) -> None:
        ack()
        form = modal(field("Title", {"type": "plain_text_input"}), private_metadata=body["container"]["message_ts"])
        client.views_open(trigger_id=body["trigger_id"], view=form)

    @app.view("form")
    def save(ack: Any, body: Any, client: Any) -> None:
        title = body["view"]["state"]["values"]["title"]["value"]["value"]
        if title == "bad":
            ack(response_action="errors", errors={"title": "Not this one."})
            return
        ack()
        client.chat_postMessage(channel=body["user"]["id"], text=f"Saved {title}")


def events(app: App) -> None:
    @app.event("app_mention")
    def mentioned(event: Any, say: Any) -> None:
        say(text=f"Yes, <@{event['user']}>?", thread_ts=event["ts"])

    @app.event("message")
    def written(event: Any, say: Any) -> None:
        if event["channel_type"] == "im":
            say(f"You wrote: {event['text']}")

    @app.event("app_home_opened")
    def home(event: Any, client: Any) -> None:
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section("Your runs")]})


def shortcuts(app: App) -> None:
    @app.shortcut("new")
    def new(ack: Any, body: Any, client: Any) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal(section("New"), title="New run"))

    @app.shortcut("about")
    def about(ack: Any, body: Any, respond: Any) -> None:
        ack()
        respond(f"About: {body['message']['text']}")


@pytest.mark.parametrize("transport", ["socket", "http"])
def test_the_story(transport: str) -> None:
    with LocalWorkspace(manifest(), clock=SkippingClock(), ack_seconds=20.0) as workspace:
        app = app_of(workspace)
        newsroom(app)
        ana, ben, eve = (workspace.user(name) for name in ("ana", "ben", "eve"))
        with connected(workspace, app, transport):
            assert ana.command("/baton run tea by @ben", channel="#content").shown == "Starting run tea by @ben"
            card = ben.see("Publish *Tea*?", "#content")
            assert card.buttons == ("Approve", "Edit")
            assert card.text == "Publish Tea?"

            eve.click("Approve")
            assert eve.see("Only the editors may.").ephemeral_for == eve.id
            ben.never_sees("Only the editors may.")

            ana.click("Edit", where="#content")
            assert ana.submit() == {"title": "Please complete this required field."}
            assert ana.submit(title="bad", expect_errors=True) == {"title": "Not this one."}
            assert "Not this one." in ana.see_modal("Not this one.").shown
            assert ana.submit(title="Green tea") is None
            assert ana.modal is None
            assert ana.see("Saved Green tea").channel.startswith("D")

            ben.click("Approve")
            assert ben.see("Approved by @ben", "#content").buttons == ()
            ben.click("Approve", message=card)  # the old message is still on his screen
            ben.see("Approved by @ben", "#content")

            asked = ana.mention("are you there", channel="#content")
            assert ana.see("Yes, @ana?").thread_ts == asked.ts
            ana.dm("status & <more>")
            ana.see("You wrote: status & <more>")

            home = ana.open_home(within=10)
            assert home is not None
            assert "Your runs" in home.shown
            ana.shortcut("new")
            assert ana.see_modal("New").title == "New run"
            ana.close_modal()
            ana.shortcut("about", message=asked)
            ana.see("About: @baton are you there")
            workspace.settle()
        assert all(call.ok for call in workspace.calls), [call for call in workspace.calls if not call.ok]
