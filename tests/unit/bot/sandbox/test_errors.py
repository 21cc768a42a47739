"""Every row of the table of errors is run into, and every error comes from a row."""

from __future__ import annotations

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox import LocalWorkspace, SkippingClock
from bot.sandbox.errors import TABLE, Row, row
from tests.unit.bot.sandbox.error_cases import CASES, Room


@pytest.mark.parametrize("expected", TABLE, ids=lambda one: f"{one.method}-{one.error}")
def test_each_row_of_the_table(
    expected: Row, workspace: LocalWorkspace, client: WebClient, clock: SkippingClock
) -> None:
    assert (expected.method, expected.error) in CASES, "This row has no case in error_cases.py."
    room = Room(workspace, client, clock)
    try:
        error = CASES[expected.method, expected.error](room)
    except SlackApiError as refused:
        error = refused.response["error"]
    assert error == expected.error


def test_there_is_no_case_without_a_row_but_shared_ones() -> None:
    rows = {(one.method, one.error) for one in TABLE}
    assert set(CASES) <= rows


def test_rows_say_when_and_where_it_is_written() -> None:
    assert len({(one.method, one.error) for one in TABLE}) == len(TABLE)
    for one in TABLE:
        assert one.when, one
        assert one.source.startswith(("docs ", "seen", "strict", "SLACK.md", "sdk")), one


def test_an_error_that_is_not_in_the_table_is_a_bug() -> None:
    assert row("chat.update", "invalid_auth").method == "*"
    with pytest.raises(LookupError, match=r"views\.open gives the error no_luck"):
        row("views.open", "no_luck")


def test_what_slack_adds_to_an_error(workspace: LocalWorkspace, client: WebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(
            channel="#content", text="x", blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}]
        )
    place = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert refused.value.response["response_metadata"]["messages"] == [f"[ERROR] {place}"]
    assert refused.value.response["errors"] == [place]
    workspace.faults.rate_limit("chat.*", retry_after=30)
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel="#content", text="x")
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["retry-after"] == "30"
    assert client.auth_test().headers["x-oauth-scopes"].startswith("app_mentions:read,channels:history")
