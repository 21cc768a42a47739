"""Types for the fields of inputs and approvals that a form asks for in its own way. Each is text to the workflow."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field


def _email(text: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
        raise ValueError("this is no e-mail address; write it as name@example.org")
    return text


SlackUser = Annotated[str, Field(json_schema_extra={"format": "slack-user"})]
"""A person, chosen from the workspace's people: `slack:TEAM:USER`, as approvers and starters are named."""

SlackChannel = Annotated[str, Field(json_schema_extra={"format": "slack-channel"})]
"""A channel, chosen from the workspace's channels: `slack:TEAM:CHANNEL`."""

FileRef = Annotated[str, Field(json_schema_extra={"format": "slack-file"})]
"""A file that the person uploads: `slack:TEAM:FILE`."""

EmailAddress = Annotated[str, AfterValidator(_email), Field(json_schema_extra={"format": "email"})]
"""An e-mail address, such as `ana@example.org`."""

LongText = Annotated[str, Field(json_schema_extra={"long": True})]
"""Text of several lines."""
