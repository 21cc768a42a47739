"""Whatever a run looks like, Slack takes what is shown of it, and no text of it calls anybody."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.slack.mrkdwn import cut, from_markdown, line, pieces, prose
from bot.slack.views.content import rendered
from bot.slack.views.details import run_details
from bot.slack.views.home import home
from bot.slack.views.lists import approvals_message, runs_message, why_approval_message, why_message
from bot.slack.views.messages import Places
from bot.slack.views.snapshot import ApprovalSnapshot, RunSnapshot
from bot.slack.views.wanted import messages_for
from tests.payloads import check_message, check_view
from tests.unit.bot.slack.snapshots import NOW, asked, checked, documents, runs, snapshots, texts
from workflows.engine.model import Run

# Hypothesis warns of long examples when it shows a failing one.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
THOROUGH = settings(
    max_examples=80,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # no shrinking: it takes minutes with whole runs
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@THOROUGH
@given(snapshots, st.sampled_from(["", "C1"]), st.sampled_from(["", "C1", "COPS"]), st.booleans())
def test_every_message_of_any_run_fits_slack(snapshot: RunSnapshot, channel: str, ops: str, delivered: bool) -> None:
    places = Places(channel, ops, {"ap1": ("UBEN",)}, {"approval/ap2/dm/UOLD": ""} if delivered else {})
    first = messages_for(snapshot, places)
    known = dict(places.posted) | {one.key: one.message.digest for one in first}
    for wanted in (*first, *messages_for(snapshot, Places(channel, ops, places.direct, known))):
        message = wanted.message
        check_message({"text": message.text, "blocks": list(message.blocks)}, escaped=wanted.key != "summary")


@THOROUGH
@given(snapshots)
def test_the_keys_are_unique_and_what_is_replied_to_comes_first(snapshot: RunSnapshot) -> None:
    seen: set[str] = set()
    for wanted in messages_for(snapshot, Places("C1", "COPS", {"ap1": ("UBEN",)})):
        assert wanted.key not in seen
        assert not wanted.message.thread or wanted.message.thread in seen
        seen.add(wanted.key)


@THOROUGH
@given(snapshots)
def test_details_and_why_fit_slack(snapshot: RunSnapshot) -> None:
    checked(run_details(snapshot))
    checked(why_message(snapshot))


@THOROUGH
@given(st.lists(st.tuples(asked, runs), max_size=12), st.lists(runs, max_size=25), texts)
def test_lists_and_home_fit_slack(waiting: list[tuple[ApprovalSnapshot, Run]], found: list[Run], heading: str) -> None:
    checked(runs_message(found, heading, NOW, more=True))
    checked(approvals_message(waiting, {"ap1": "https://acme.slack.com/archives/C1/p1"}))
    for shown, run in waiting:
        checked(why_approval_message(shown, run))
    check_view(home(waiting, found, found, [], {"ap2": "https://acme.slack.com/archives/C1/p1"}))


@THOROUGH
@given(texts, st.integers(10, 200))
def test_cutting_keeps_texts_escaped(text: str, limit: int) -> None:
    for made in (line(text, limit), cut(prose(text), limit), cut(from_markdown(text), limit)):
        assert len(made) <= limit
        assert "<" not in made
        check_message(
            {"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": made.strip() or "x"}}]}
        )


@THOROUGH
@given(documents, st.integers(40, 400))
def test_pieces_fit_and_lose_nothing(text: str, limit: int) -> None:
    whole = rendered(text)
    parts = pieces(whole, limit)
    assert all(0 < len(part) <= limit for part in parts)
    without = [part.replace("```", "").split() for part in (whole, "\n".join(parts))]
    assert "".join(without[0]) == "".join(without[1])
