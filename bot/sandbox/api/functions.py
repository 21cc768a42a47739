"""functions.*: how an app says what came of a custom step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.sandbox.api.arguments import Arguments
from bot.sandbox.desk import Desk
from bot.sandbox.errors import SlackError
from bot.sandbox.manifest import Parameter
from bot.sandbox.model import Execution

Json = dict[str, Any]
KINDS: Mapping[str, type | tuple[type, ...]] = {"boolean": bool, "integer": int, "number": (int, float), "array": list}
"""What a value has to be; everything else is text."""


def succeed(desk: Desk, args: Arguments) -> Json:
    """functions.completeSuccess"""
    execution, outputs = _running(desk, args), args.json("outputs")
    if not isinstance(outputs, dict):
        raise SlackError("invalid_arguments", messages=["missing required field: outputs"])
    step = desk.world.manifest.function(execution.callback_id)
    wrong = _wrong(step.outputs if step else (), outputs)
    if wrong:
        raise SlackError("parameter_validation_failed", messages=wrong)
    desk.world.executions[execution.id] = replace(execution, outputs=outputs)
    return {}


def fail(desk: Desk, args: Arguments) -> Json:
    """functions.completeError"""
    execution, words = _running(desk, args), args.need("error")
    desk.world.executions[execution.id] = replace(execution, error=words)
    return {}


def _running(desk: Desk, args: Arguments) -> Execution:
    execution = desk.world.executions.get(args.need("function_execution_id"))
    if execution is None:
        raise SlackError("function_execution_not_found")
    if execution.app_id != desk.world.app_id:
        raise SlackError("access_denied")
    if not execution.running:
        raise SlackError("execution_not_in_running_state")
    return execution


def _wrong(declared: tuple[Parameter, ...], given: Mapping[str, Any]) -> list[str]:
    known = {one.name: one for one in declared}
    found = [f"unknown output: {name}" for name in given if name not in known]
    found += [f"missing output: {one.name}" for one in declared if one.required and given.get(one.name) is None]
    for name, value in given.items():
        kind = KINDS.get(known[name].type, str) if name in known else object
        if value is not None and not isinstance(value, kind):
            found.append(f"output of another type: {name}")
    return found
