"""What an author of workflows needs, in one place."""

from workflows.engine.calls import Call, StepContext
from workflows.engine.definition import Limit, Workflow, step, workflow
from workflows.engine.errors import BodyError, ChildFailed, Failed, Rejected, StepFailed, WaitTimeout
from workflows.engine.model import Outcome
from workflows.engine.operations.approval import DecisionMade
from workflows.engine.operations.first import Won
from workflows.engine.operations.saga import Saga
from workflows.engine.policy import ONCE, Effect, Retry, Usage
from workflows.engine.run import Run

__all__ = [
    "ONCE",
    "BodyError",
    "Call",
    "ChildFailed",
    "DecisionMade",
    "Effect",
    "Failed",
    "Limit",
    "Outcome",
    "Rejected",
    "Retry",
    "Run",
    "Saga",
    "StepContext",
    "StepFailed",
    "Usage",
    "WaitTimeout",
    "Won",
    "Workflow",
    "step",
    "workflow",
]
