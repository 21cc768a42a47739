"""Slack's Workflow Builder, as far as an app meets it: its custom steps are run, and it says what came of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.sandbox import payloads
from bot.sandbox.desk import Desk
from bot.sandbox.model import Execution
from bot.sandbox.outcomes import Refused


@dataclass(frozen=True)
class WorkflowBuilder:
    """Runs custom steps, as a workflow that somebody built does."""

    desk: Desk

    def run(self, callback_id: str, *, app_id: str = "", **inputs: Any) -> str:
        """Run a custom step with these inputs; the id of its execution. People and channels are given by their ids."""
        world = self.desk.world
        step = world.manifest.function(callback_id)
        if step is None:
            raise Refused(f"There is no custom step {callback_id!r} in the app's manifest.")
        unknown = set(inputs) - {one.name for one in step.inputs}
        lacking = [one.name for one in step.inputs if one.required and inputs.get(one.name) in (None, "")]
        if unknown or lacking:
            raise Refused(f"The step {callback_id} does not take {sorted(unknown)}, or lacks {lacking}.")
        with world.changing():
            execution = Execution(world.new_id("Fx"), callback_id, app_id or world.app_id, dict(inputs))
            world.executions[execution.id] = execution
            if execution.app_id == world.app_id:
                self.desk.emit("function_executed", payloads.function_executed(world, execution))
        return execution.id

    def look(self, execution_id: str) -> Execution:
        """How a step stands."""
        with self.desk.world.changed:
            return self.desk.world.executions[execution_id]
