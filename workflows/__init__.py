"""What an author of workflows needs, in one place."""

from workflows.engine.calls import Call, StepContext
from workflows.engine.definition import Limit, Workflow, step, workflow
from workflows.engine.errors import BodyError, ChildFailed, Failed, Rejected, StepFailed, WaitTimeout
from workflows.engine.model import Outcome
from workflows.engine.operations.approval import Answer, DecisionMade
from workflows.engine.operations.first import Won
from workflows.engine.operations.saga import Saga
from workflows.engine.policy import ONCE, Effect, Retry, Usage
from workflows.engine.run import Run
from workflows.fields import EmailAddress, FileRef, LongText, SlackChannel, SlackUser

__all__ = [
    "ONCE",
    "Answer",
    "BodyError",
    "Call",
    "ChildFailed",
    "DecisionMade",
    "Effect",
    "EmailAddress",
    "Failed",
    "FileRef",
    "Limit",
    "LongText",
    "Outcome",
    "Rejected",
    "Retry",
    "Run",
    "Saga",
    "SlackChannel",
    "SlackUser",
    "StepContext",
    "StepFailed",
    "Usage",
    "WaitTimeout",
    "Won",
    "Workflow",
    "step",
    "workflow",
]
