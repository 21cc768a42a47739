"""Who presses what, when, and twice: one decision, one effect, and an answer to every press."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bot.sandbox import LocalUser, Message
from bot.sandbox.reading import elements
from bot.slack.words import LATE
from tests.scenarios.slack.stage import Stage
from tests.scenarios.slack.witness import answers, approval, asked, requests, shows_the_truth
from workflows.engine.model import ApprovalState, Outcome, RunState


def at_once(*presses: Any) -> None:
    """Do all of them in the same instant."""
    barrier = threading.Barrier(len(presses))

    def press(do: Any) -> None:
        barrier.wait(10)
        do()

    with ThreadPoolExecutor(len(presses)) as pool:
        for done in [pool.submit(press, one) for one in presses]:
            done.result(30)


def twice(stage: Stage, user: LocalUser, label: str, message: Message) -> None:
    """Press a button; Slack tells of this one press two times, at once."""
    block, element = next(
        (block, one) for block, one in elements(message.blocks) if one.get("text", {}).get("text") == label
    )
    action = {"action_id": element["action_id"], "block_id": block["block_id"], "type": "button"}
    action |= {"value": element["value"], "text": element["text"]}
    site = stage.workspace.site
    told = site.gestures.pressed(user.person, message, action, {})
    at_once(*[lambda: stage.workspace.run(site.courier.deliver(told))] * 2)


def test_two_approvers_press_in_the_same_instant(stage: Stage) -> None:
    ben, carla = stage.user("ben"), stage.user("carla")
    for number in range(3):
        request = asked(stage, f"article title=tea-{number}")
        before = {one.name: len(answers(one)) for one in (ben, carla)}
        at_once(
            lambda one=request: ben.click("Approve", message=one),
            lambda one=request: carla.click("Approve", message=one),
        )
        stage.settle()
        (found,) = stage.runtime.store.approvals(run_id=stage.runs()[-1].id, state=None)
        (decided,) = stage.runtime.store.decisions(found.id)
        winner, loser = (ben, carla) if decided.by == stage.actor("ben") else (carla, ben)
        assert len(answers(winner)) == before[winner.name]
        assert f"already approved by @{winner.name}" in answers(loser)[-1]
        assert f"@{winner.name}" in stage.current(request).shown
    assert stage.shop.sold == ["tea-0", "tea-1", "tea-2"]
    shows_the_truth(stage)


def test_one_approves_while_another_rejects(over_http: Stage) -> None:
    stage, ben, carla = over_http, over_http.user("ben"), over_http.user("carla")
    request = asked(stage)
    carla.click("Reject", message=request)
    carla.see_modal("Why?")
    at_once(lambda: ben.click("Approve", message=request), lambda: carla.submit(why="no"))
    stage.settle()
    outcome = approval(stage).outcome
    assert len(stage.runtime.store.decisions(approval(stage).id)) == 1
    if outcome is Outcome.APPROVED:
        assert stage.shop.sold == ["tea"]
        assert "already approved by @ben" in carla.see_modal("Too late").shown
    else:
        assert stage.shop.sold == []
        assert "already rejected by @carla" in answers(ben)[-1]
    shows_the_truth(stage)


def test_one_person_presses_twice(stage: Stage) -> None:
    ben = stage.user("ben")
    request = asked(stage)
    at_once(*[lambda: ben.click("Approve", message=request)] * 2)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    assert len(stage.runtime.store.decisions(approval(stage).id)) == 1
    assert not stage.current(request).buttons
    ben.click("Approve", message=request)  # a slow client still shows the button
    stage.settle()
    assert "already approved" in answers(ben)[-1]
    assert stage.shop.sold == ["tea"]
    shows_the_truth(stage)


def test_one_person_presses_twice_where_two_have_to_agree(over_http: Stage) -> None:
    stage, ben, carla = over_http, over_http.user("ben"), over_http.user("carla")
    request = asked(stage, "pair title=tea")
    ben.click("Approve", message=request)
    stage.settle()
    ben.click("Approve", message=stage.current(request))
    stage.settle()
    assert "already: 1 of 2 approvals" in answers(ben)[-1]
    assert stage.shop.sold == []
    at_once(lambda: ben.click("Approve", message=request), lambda: carla.click("Approve", message=request))
    stage.settle()
    assert stage.shop.sold == ["tea"]
    shows_the_truth(stage)


def test_two_make_the_quorum_in_the_same_instant(over_http: Stage) -> None:
    stage, ben, carla = over_http, over_http.user("ben"), over_http.user("carla")
    request = asked(stage, "pair title=tea")
    at_once(lambda: ben.click("Approve", message=request), lambda: carla.click("Approve", message=request))
    stage.settle()
    assert stage.shop.sold == ["tea"]
    shown = stage.current(request).shown
    assert "@ben" in shown
    assert "@carla" in shown
    shows_the_truth(stage)


def test_slack_tells_of_one_press_twice(stage: Stage) -> None:
    request = asked(stage)
    twice(stage, stage.user("ben"), "Approve", request)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    assert len(stage.runtime.store.decisions(approval(stage).id)) == 1
    shows_the_truth(stage)


def test_those_who_may_not_are_told_who_may(stage: Stage) -> None:
    stage.workspace.add_user("frank")
    stage.workspace.invite("#content", "frank")
    request = asked(stage)
    for name, why in (
        ("frank", "Those who may"),  # a member
        ("dmitri", "Guests may do only"),
        ("eve", "People of other workspaces"),
        ("ana", "Those who may"),  # started it, and is no approver
    ):
        one = stage.user(name)
        one.click("Approve", message=request)
        stage.quiet()
        told = answers(one)[-1]
        assert f"@{name} may not decide" in told
        assert why in told
        assert "Those who may: " in told
        assert "editors" in told or "@ben" in told
        for label in ("Request changes", "Reject", "Reassign"):
            one.click(label, message=request)
            assert "Those who may" in one.see_modal("may not").shown
            one.close_modal()
    stage.settle()
    assert approval(stage).state is ApprovalState.OPEN
    assert not stage.runtime.store.decisions(approval(stage).id)
    assert stage.shop.sold == []
    shows_the_truth(stage)


def test_the_starter_needs_another_pair_of_eyes(over_http: Stage) -> None:
    stage, ben, carla = over_http, over_http.user("ben"), over_http.user("carla")
    request = asked(stage, by="ben")
    ben.click("Approve", message=request)
    stage.quiet()
    assert "somebody else has to decide" in answers(ben)[-1]
    ben.click("Reject", message=request)
    assert "somebody else has to decide" in ben.see_modal("somebody else").shown
    carla.click("Approve", message=request)
    stage.settle()
    assert stage.shop.sold == ["tea"]
    shows_the_truth(stage)


def test_an_approver_is_deactivated_or_becomes_a_guest(over_http: Stage) -> None:
    stage, ben, carla = over_http, over_http.user("ben"), over_http.user("carla")
    request = asked(stage)
    ben.click("Reject", message=request)
    ben.see_modal("Why?")
    stage.workspace.deactivate("ben")
    stage.workspace.make_guest("carla")
    stage.skip(seconds=31)
    ben.submit(why="I am gone")
    stage.quiet()
    assert "This account is deactivated" in ben.see_modal("deactivated").shown
    carla.click("Approve", message=request)
    stage.quiet()
    assert "Guests may do only" in answers(carla)[-1]
    assert approval(stage).state is ApprovalState.OPEN
    assert stage.shop.sold == []


def test_late_presses_on_what_is_over(over_http: Stage) -> None:
    stage, ana, ben, carla = over_http, over_http.user("ana"), over_http.user("ben"), over_http.user("carla")
    first = asked(stage, 'offer title="cheap tea"')
    stage.skip(days=2, seconds=1)
    assert approval(stage).state is ApprovalState.EXPIRED
    assert not stage.current(first).buttons
    ben.click("Approve", message=first)
    stage.quiet()
    assert "expired" in answers(ben)[-1]
    ben.click("Edit and approve", message=first)
    assert "expired" in ben.see_modal("expired").shown
    ben.close_modal()

    second = asked(stage, "article title=tea")
    ana.command(f"/baton cancel {stage.run('article').id}", channel="#content")
    stage.settle()
    for label, see in (("Approve", ""), ("Reject", "no longer asked for")):
        ben.click(label, message=second)
        stage.quiet()
        assert "no longer asked for" in (ben.see_modal(see).shown if see else answers(ben)[-1])
    ben.close_modal()

    third = asked(stage, "article title=milk")
    carla.click("Reassign", message=third)
    assert carla.submit(who_decides_instead=["carla"]) is None
    stage.settle()
    ben.click("Approve", message=third)
    stage.quiet()
    assert "may not decide" in answers(ben)[-1]
    carla.click("Approve", message=third)  # what she saw named others who may decide
    stage.settle()
    assert "changed since you looked" in answers(carla)[-1]
    carla.click("Approve", message=stage.current(third))
    stage.settle()
    assert stage.shop.sold == ["milk"]
    shows_the_truth(stage)


def test_a_press_on_an_earlier_round_of_the_same_question(over_http: Stage) -> None:
    stage, ben, carla = over_http, over_http.user("ben"), over_http.user("carla")
    first = asked(stage)
    ben.click("Request changes", message=first)
    ben.submit(what_should_change="shorter")
    stage.settle()
    carla.click("Approve", message=first)
    stage.settle()
    assert "already" in answers(carla)[-1]
    assert stage.shop.sold == []
    (second,) = requests(stage)
    carla.click("Approve", message=second)
    stage.settle()
    assert stage.shop.sold == ["tea (shorter)"]
    shows_the_truth(stage)


def test_an_edit_while_another_looks_at_the_former_text(over_http: Stage) -> None:
    stage, ben, carla = over_http, over_http.user("ben"), over_http.user("carla")
    request = asked(stage, 'offer title="cheap tea"')
    ben.click("Edit and approve", message=request)
    carla.click("Edit and approve", message=request)
    ben.see_modal("Subject")
    carla.see_modal("Subject")
    answered: dict[str, Any] = {}
    at_once(
        lambda: answered.update(ben=ben.submit(subject="good tea", budget=10)),
        lambda: answered.update(carla=carla.submit(subject="best tea", budget=20)),
    )
    stage.settle()
    assert len(stage.shop.sold) == 1
    loser = carla if stage.shop.sold == ["good tea for 10"] else ben
    assert "already approved by" in loser.see_modal("Too late").shown
    shows_the_truth(stage)


OLD_BUTTONS = [
    {"action_id": "approval.approve.v0", "value": "x"},
    {"action_id": "approval.approve", "value": ""},
    {"action_id": "approval.approve", "value": "no such thing|0123456789abcdef"},
    {"action_id": "approval.approve", "value": "|"},
    {"action_id": "approval.reject", "value": "\x00"},
    {"action_id": "approval.edit", "value": "' OR 1=1 --|ffff"},
    {"action_id": "run.details", "value": "no such run"},
    {"action_id": "run.cancel", "value": ""},
    {"action_id": "alert.resume", "value": "no such run"},
    {"action_id": "alert.fork", "value": "{}"},
    {"action_id": "alert.skip", "value": "no such run"},
    {"action_id": "workflow.start", "value": "no_such_workflow"},
]


def test_buttons_of_an_older_release_are_answered(stage: Stage) -> None:
    request = asked(stage)
    ben = stage.user("ben")
    for button in OLD_BUTTONS:
        ben.reload()
        _press(stage, ben, request, {"type": "button", "block_id": "b", **button})
        assert answers(ben), f"{button} is not answered"
        assert "Something went wrong" not in answers(ben)[-1], button
    chosen = {"value": "1", "text": {"type": "plain_text", "text": "x"}}
    for kind, action_id in (("overflow", "run.more"), ("static_select", "approval.choose")):
        ben.reload()
        _press(stage, ben, request, {"type": kind, "block_id": "b", "action_id": action_id, "selected_option": chosen})
        assert answers(ben) == [LATE]
    assert stage.run().state is RunState.WAITING
    shows_the_truth(stage)


def test_a_form_of_an_older_release_is_answered(over_http: Stage) -> None:
    stage, ben = over_http, over_http.user("ben")
    request = asked(stage)
    for change in (
        {"callback_id": "approval.refuse"},
        {"private_metadata": "not JSON"},
        {"private_metadata": "{}"},
        {"private_metadata": '{"approval": 7, "digest": []}'},
        {"private_metadata": '{"approval": "no such thing", "digest": "0123456789abcdef"}'},
    ):
        ben.click("Reject", message=request)
        view = ben.see_modal("Why?")
        with stage.workspace.world.changing():
            stage.workspace.world.windows.update(view, {**view.payload, **change})
        assert ben.submit(why="no") is None
        stage.quiet()
        assert ben.modal is not None, f"{change} is not answered"
        assert "Something went wrong" not in ben.modal.shown
        ben.close_modal(all_of_them=True)
    assert approval(stage).state is ApprovalState.OPEN


def _press(stage: Stage, user: LocalUser, message: Message, action: dict[str, Any]) -> None:
    """Press something that the message shows no more, as Slack tells of it."""
    site = stage.workspace.site
    stage.workspace.run(site.gestures.press(user.person, message, action, {}))
    stage.quiet()


def test_late_presses_on_a_card(over_http: Stage) -> None:
    stage, ana, ben = over_http, over_http.user("ana"), over_http.user("ben")
    request = asked(stage)
    card = stage.workspace.channel("#content").messages[0]
    ben.click("Approve", message=request)
    stage.settle()
    ana.click("Cancel", message=card)
    ana.see_modal("succeeded already")
    ana.close_modal()
    before = answers(ana)
    ana.click("Details", message=card)
    stage.settle()
    assert answers(ana) != before
    assert stage.shop.sold == ["tea"]
    shows_the_truth(stage)
