"""Warnings about code that gives another answer when a body is replayed, and about plans too long to read."""

from __future__ import annotations

import ast
import os
import random
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from workflows.engine.plan.context import MOST_STEPS, Context
from workflows.engine.plan.model import DURABLE, PlanNode, Problem, Severity
from workflows.engine.plan.scope import Frame
from workflows.engine.plan.values import Arguments, Imported, Known, Value

CLOCK = "read the clock with run.now()"
CHANCE = "draw with run.random()"
OUTSIDE = "do it in a step, so that it is done once and recorded"

ADVICE = {
    "time.sleep": "wait with run.sleep(), which keeps no worker busy",
    "time": CLOCK,
    "datetime.datetime.now": CLOCK,
    "datetime.datetime.utcnow": CLOCK,
    "datetime.datetime.today": CLOCK,
    "datetime.date.today": CLOCK,
    "random": CHANCE,
    "secrets": CHANCE,
    "os.urandom": CHANCE,
    "uuid.uuid1": "take one from run.uuid()",
    "uuid.uuid4": "take one from run.uuid()",
    "os.environ": "read settings in a step or a connector",
    "os.getenv": "read settings in a step or a connector",
    "open": OUTSIDE,
    "requests": OUTSIDE,
    "httpx": OUTSIDE,
    "urllib.request": OUTSIDE,
    "socket": OUTSIDE,
    "subprocess": OUTSIDE,
}
"""Dotted names, whole or up to a dot, and what to do instead."""
_ENVIRON = vars(os)["environ"]
"""Only compared with, never read."""
HARMLESS = frozenset({"time.struct_time", "time.strftime", "time.strptime", "time.mktime"})


def check_use(ctx: Context, value: Value, node: ast.AST, frame: Frame, arguments: Arguments | None = None) -> None:
    """Warn when a body uses what differs from one replay to the next; `arguments` when it is called."""
    if isinstance(value, Known):
        dotted = _environ(value.obj) if arguments is None else _dotted(value.obj, arguments)
    elif isinstance(value, Imported) and arguments is not None:
        dotted = value.dotted
    else:
        return
    advice = _advice(dotted)
    if advice:
        ctx.warn(frame, node, f"{dotted} may give another answer when the body is replayed: {advice}")


def check_unordered(ctx: Context, node: ast.expr, frame: Frame) -> None:
    """Warn about steps taken in the order of a set, which differs between processes."""
    is_set = isinstance(node, ast.Set | ast.SetComp)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset"):
        is_set = True
    if is_set:
        ctx.warn(frame, node, "steps in the order of a set come in another order when replayed: use sorted(…)")


def check_length(ctx: Context, nodes: Iterable[PlanNode], file: str, line: int) -> None:
    """Warn about a level that is too long to follow."""
    level = tuple(nodes)
    count = sum(node.kind in DURABLE for node in level)
    if count > MOST_STEPS:
        advice = "split it into child workflows (run.child)"
        message = f"{count} steps at one level are more than {MOST_STEPS}: {advice}"
        ctx.add(Problem(Severity.WARNING, message, file, line))
    for node in level:
        check_length(ctx, node.children, file, node.line)


def _advice(dotted: str) -> str:
    if dotted in HARMLESS:
        return ""
    while dotted:
        if dotted in ADVICE:
            return ADVICE[dotted]
        dotted = dotted.rpartition(".")[0]
    return ""


def _environ(obj: Any) -> str:
    return "os.environ" if obj is _ENVIRON else ""


def _dotted(obj: Any, arguments: Arguments) -> str:
    """The dotted name of something callable, by what it is and not by what it is called here."""
    if obj is open:
        return "open"
    owner = getattr(obj, "__self__", None)
    name = str(getattr(obj, "__qualname__", ""))
    if isinstance(owner, random.Random):
        return f"random.{getattr(obj, '__name__', '')}" if _shared(owner) else ""
    if owner is _ENVIRON:
        return "os.environ"
    if obj is random.Random:
        return "" if arguments.positional else "random.Random"
    if isinstance(owner, type):
        return f"{owner.__module__}.{owner.__name__}.{name.rpartition('.')[2]}"
    module = owner.__name__ if isinstance(owner, ModuleType) else str(getattr(obj, "__module__", "") or "")
    return f"{module.removeprefix('_')}.{name}"


def _shared(owner: random.Random) -> bool:
    """Whether this is the generator behind the module's functions, or one seeded by the system."""
    return owner is getattr(random, "_inst", None) or isinstance(owner, random.SystemRandom)
