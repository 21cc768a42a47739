"""A workflow's fields on the command line, in words."""

from __future__ import annotations

from datetime import datetime

import pytest
from pydantic import BaseModel, HttpUrl

from bot.inputs import fields_of
from bot.settings import read_settings
from workflows import EmailAddress, FileRef, LongText, Run, SlackChannel, SlackUser, workflow
from workflows.engine.errors import BatonError


class Given(BaseModel):
    link: HttpUrl
    mail: EmailAddress
    moment: datetime
    body: LongText
    who: SlackUser
    where: SlackChannel
    file: FileRef


@workflow("asks")
def asks(run: Run, given: Given) -> None:
    """Ask for everything."""


def test_types_have_names_that_people_know() -> None:
    assert {field.name: field.type for field in fields_of(asks)} == {
        "link": "web address", "mail": "e-mail address", "moment": "date and time", "body": "text",
        "who": "person in Slack", "where": "channel in Slack", "file": "file in Slack",
    }  # fmt: skip


def test_a_setting_that_can_not_be_used_is_said_without_the_words_of_a_library() -> None:
    with pytest.raises(BatonError, match="SLACK_API_URL: must be Slack's own address"):
        read_settings(slack_api_url="https://example.org/api/")
