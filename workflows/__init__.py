"""What an author of workflows needs, in one place."""

from workflows.engine.approving.hours import Hours, Quiet
from workflows.engine.approving.policy import Escalation, Policy, Rule, When
from workflows.engine.calls import Call, StepContext
from workflows.engine.definition import Limit, Workflow, step, workflow
from workflows.engine.digests.definition import Digest, digest
from workflows.engine.digests.look import Look
from workflows.engine.digests.page import Bar, Chart, Figure, Item, ItemKind, Page
from workflows.engine.errors import BodyError, ChildFailed, Failed, Rejected, StepFailed, WaitTimeout
from workflows.engine.hooks.definition import (
    Act,
    Hook,
    HookCall,
    HookEvent,
    Sender,
    SendSignal,
    StartRun,
    Unreadable,
    Unsigned,
    hook,
)
from workflows.engine.model import Outcome, RunState
from workflows.engine.operations.approval import Answer, DecisionMade
from workflows.engine.operations.first import Won
from workflows.engine.operations.saga import Saga
from workflows.engine.policy import ONCE, Effect, Retry, Usage
from workflows.engine.run import Run
from workflows.fields import EmailAddress, FileRef, LongText, SlackChannel, SlackUser

__all__ = [
    "ONCE",
    "Act",
    "Answer",
    "Bar",
    "BodyError",
    "Call",
    "Chart",
    "ChildFailed",
    "DecisionMade",
    "Digest",
    "Effect",
    "EmailAddress",
    "Escalation",
    "Failed",
    "Figure",
    "FileRef",
    "Hook",
    "HookCall",
    "HookEvent",
    "Hours",
    "Item",
    "ItemKind",
    "Limit",
    "LongText",
    "Look",
    "Outcome",
    "Page",
    "Policy",
    "Quiet",
    "Rejected",
    "Retry",
    "Rule",
    "Run",
    "RunState",
    "Saga",
    "SendSignal",
    "Sender",
    "SlackChannel",
    "SlackUser",
    "StartRun",
    "StepContext",
    "StepFailed",
    "Unreadable",
    "Unsigned",
    "Usage",
    "WaitTimeout",
    "When",
    "Won",
    "Workflow",
    "digest",
    "hook",
    "step",
    "workflow",
]
