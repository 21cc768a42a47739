"""Types for the fields of inputs and approvals that a form asks for in its own way. Each is text to the workflow."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

SlackUser = Annotated[str, Field(json_schema_extra={"format": "slack-user"})]
"""A person, chosen from the workspace's people: `slack:TEAM:USER`, as approvers and starters are named."""

SlackChannel = Annotated[str, Field(json_schema_extra={"format": "slack-channel"})]
"""A channel, chosen from the workspace's channels: `slack:TEAM:CHANNEL`."""

FileRef = Annotated[str, Field(json_schema_extra={"format": "slack-file"})]
"""A file that the person uploads: `slack:TEAM:FILE`."""

LongText = Annotated[str, Field(json_schema_extra={"long": True})]
"""Text of several lines."""
