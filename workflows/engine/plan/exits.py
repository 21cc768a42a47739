"""Finds what would swallow an interruption: a suspend or cancel has to leave the body."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator

from workflows.engine.plan.context import Context
from workflows.engine.plan.resolve import arguments_of, resolve, shown
from workflows.engine.plan.scope import Frame
from workflows.engine.plan.values import Known, Series, Value, alternatives

INTERRUPTIONS = frozenset(
    {"BaseException", "BaseExceptionGroup", "GeneratorExit", "KeyboardInterrupt", "SystemExit", "Interruption"}
    | {"Suspended", "Draining", "LeaseLost", "StoreAway", "Ended", "Cancelled", "RunTimedOut", "Parked"}
    | {"NonDeterminism", "CodecError", "VerbMisuse", "BranchStopped", "ContinueAsNew"}
)
"""What must not be caught, for names that can't be resolved."""
ADVICE = "catch StepFailed, ChildFailed or WaitTimeout, for a suspend or cancel has to leave the body"


def leaves(body: list[ast.stmt]) -> str:
    """How a block surely ends: return, raise, break, continue, or empty when it may go on."""
    for statement in body:
        end = _end(statement)
        if end:
            return end
    return ""


def _end(statement: ast.stmt) -> str:
    ends = {""}
    match statement:
        case ast.Return() | ast.Raise() | ast.Break() | ast.Continue():
            return type(statement).__name__.lower()
        case ast.If(body=body, orelse=orelse):
            ends = {leaves(body), leaves(orelse)}
        case ast.With(body=body):
            ends = {leaves(body).replace("raise", "")}  # the `with` may swallow it
        case ast.Try(body=body, orelse=orelse, handlers=handlers):
            ends = {leaves([*body, *orelse]), *(leaves(handler.body) for handler in handlers)}
            if len(ends) > 1:
                ends.discard("raise")
    return "" if "" in ends else min(ends)


def check_handlers(ctx: Context, node: ast.Try | ast.TryStar, frame: Frame, *, around_verbs: bool) -> None:
    """Report handlers that catch more than failures."""
    if not around_verbs:
        return
    for handler in node.handlers:
        if handler.type is None:
            ctx.error(frame, handler, f"a bare `except:` around verbs catches interruptions: {ADVICE}")
            continue
        caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        for kind in caught:
            if _catches_interruptions(kind, resolve(kind, frame)):
                ctx.error(frame, handler, f"`except {shown(kind)}` around verbs catches interruptions: {ADVICE}")


def check_suppress(ctx: Context, node: ast.expr, frame: Frame, *, around_verbs: bool) -> None:
    """Report `with suppress(BaseException)` around verbs."""
    if not around_verbs or not isinstance(node, ast.Call):
        return
    callee = resolve(node.func, frame)
    if not isinstance(callee, Known) or callee.obj is not contextlib.suppress:
        return
    for kind, value in zip(node.args, arguments_of(node, frame).positional, strict=False):
        if _catches_interruptions(kind, value):
            ctx.error(frame, node, f"`suppress({shown(kind)})` around verbs swallows interruptions: {ADVICE}")


def check_swallowing_exits(ctx: Context, body: list[ast.stmt], frame: Frame, *, around_verbs: bool) -> None:
    """Report a `finally` that ends the block while an interruption passes through."""
    if not around_verbs:
        return
    for exit_ in _exits(body, in_loop=False):
        word = type(exit_).__name__.lower()
        ctx.error(frame, exit_, f"`{word}` in a `finally` around verbs swallows interruptions: move it after the `try`")


def _catches_interruptions(node: ast.expr, value: Value) -> bool:
    if not isinstance(value, Known | Series) and not alternatives(value)[1:]:
        last = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        return last in INTERRUPTIONS
    return any(_is_interruption(one) for one, _ in alternatives(value))


def _is_interruption(value: Value) -> bool:
    if isinstance(value, Series):
        return any(_is_interruption(item) for item in value.items)
    if not isinstance(value, Known):
        return False
    kinds = value.obj if isinstance(value.obj, tuple) else (value.obj,)
    return any(
        isinstance(kind, type) and issubclass(kind, BaseException) and not issubclass(kind, Exception) for kind in kinds
    )


def _exits(body: list[ast.stmt], *, in_loop: bool) -> Iterator[ast.stmt]:
    """The statements that leave a block, without those of inner functions and inner loops."""
    for statement in body:
        if isinstance(statement, ast.Return) or (isinstance(statement, ast.Break | ast.Continue) and not in_loop):
            yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        loop = in_loop or isinstance(statement, ast.For | ast.While)
        for part in ("body", "orelse", "finalbody"):
            inner = getattr(statement, part, None)
            if isinstance(inner, list):
                yield from _exits(inner, in_loop=loop if part == "body" else in_loop)
        for handler in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from _exits(handler.body, in_loop=in_loop)
