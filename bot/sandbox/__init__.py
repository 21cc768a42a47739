"""A local Slack workspace for people without one and for tests: the bot runs against it unchanged."""

from bot.sandbox.clock import Clock, SkippingClock, SystemClock
from bot.sandbox.driver import LocalUser, ModalErrors
from bot.sandbox.faults import Faults
from bot.sandbox.grants import Tokens
from bot.sandbox.model import ApiCall, Button, Message, OpenView
from bot.sandbox.outcomes import AppFailed, NoAppConnected, OperationTimeout, Refused, Reply
from bot.sandbox.seed import DEFAULT_SEED, Seed, SeedChannel, SeedGroup, SeedPerson
from bot.sandbox.workspace import LocalWorkspace

__all__ = [
    "DEFAULT_SEED",
    "ApiCall",
    "AppFailed",
    "Button",
    "Clock",
    "Faults",
    "LocalUser",
    "LocalWorkspace",
    "Message",
    "ModalErrors",
    "NoAppConnected",
    "OpenView",
    "OperationTimeout",
    "Refused",
    "Reply",
    "Seed",
    "SeedChannel",
    "SeedGroup",
    "SeedPerson",
    "SkippingClock",
    "SystemClock",
    "Tokens",
]
