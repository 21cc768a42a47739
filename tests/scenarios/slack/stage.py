"""The rehearsal of the stories' workflows, with every payload checked on its way to Slack."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from bot.rehearsal import Rehearsal, Transport, rehearsing_as, serving
from bot.sandbox import ApiCall, LocalWorkspace
from tests.payloads import check_message, check_view
from tests.scenarios.slack.workflows import ALL, Shop

__all__ = ["Stage", "check", "opened_stage", "serving"]

MESSAGES = frozenset({"chat.postMessage", "chat.update", "chat.postEphemeral"})
VIEWS = frozenset({"views.open", "views.update", "views.push", "views.publish"})


class Stage(Rehearsal):
    """What a story is played on."""

    @property
    def shop(self) -> Shop:
        return cast(Shop, self.tools[Shop])


def check(call: ApiCall) -> None:
    """Every payload that goes to Slack fits."""
    arguments = call.arguments
    if call.method in MESSAGES:
        check_message(arguments)
    elif call.method in VIEWS:
        check_view(arguments["view"])


@contextlib.contextmanager
def opened_stage(folder: Path, transport: str, **settings: Any) -> Iterator[Stage]:
    """A stage; `transport` is `socket` or `http`."""

    def more(workspace: LocalWorkspace) -> Mapping[str, Any]:
        people = {name: f"slack:{workspace.team_id}:{workspace.user(name).id}" for name in ("ana", "ben", "carla")}
        given: dict[str, Any] = {
            "baton_roles": f"editors={people['ben']},{people['carla']}; admins={people['carla']}",
            "baton_admins": ("role:admins",), "baton_approvers": ("role:editors",), "baton_ops_channel": "#ops",
            "baton_secret_keys": (SecretStr("A" * 43 + "="),),
        }  # fmt: skip
        return given | settings

    over = cast(Transport, transport)
    with rehearsing_as(
        Stage, *ALL, folder=folder, tools={Shop: Shop()}, over=over, on_call=check, settings=more
    ) as stage:
        yield stage
