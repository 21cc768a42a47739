"""Finds the source of a function that is already loaded, with the lines of its file."""

from __future__ import annotations

import ast
import inspect
import linecache
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from workflows.engine.errors import PlanError

Definition = ast.FunctionDef | ast.AsyncFunctionDef
_PARSING = threading.Lock()
"""One thread parses at a time: in Python before 3.11.8 and 3.12.2 two at once may fail (python/cpython#106905)."""


@dataclass(frozen=True, eq=False)
class FunctionSource:
    """A function's syntax tree and what its free names mean."""

    node: Definition
    file: str
    outside: Mapping[str, Any]
    """Closure cells over globals over builtins."""
    unset: frozenset[str]
    """Closure names that have no value yet."""
    defaults: Mapping[str, Any] = field(default_factory=dict)


def source_of(fn: FunctionType) -> FunctionSource:
    """The source of `fn`, behind decorators that pass on whatever they are given; PlanError when there is none."""
    fn = _behind_decorators(fn)
    code = fn.__code__
    file = os.path.abspath(code.co_filename)
    if code.co_name == "<lambda>":
        raise PlanError("this is a lambda; write a function with `def`, so that its steps can be read")
    linecache.checkcache(code.co_filename)
    text = "".join(linecache.getlines(code.co_filename, fn.__globals__))
    if not text:
        raise PlanError(f"there is no source for {fn.__qualname__}; install it with its .py file")
    node = _definitions(file, text).get((code.co_firstlineno, code.co_name))
    if node is None or not _same_parameters(node, code):
        raise PlanError(f"the file no longer holds the {fn.__qualname__} that was loaded; restart to read it anew")
    outside, unset = _outside(fn)
    return FunctionSource(node, file, outside, unset, _defaults(fn))


def _behind_decorators(fn: FunctionType) -> FunctionType:
    """A wrapper that names its first parameter is read itself; one that takes `*args` is looked through."""
    seen = 0
    while fn.__code__.co_argcount == 0 and fn.__code__.co_flags & inspect.CO_VARARGS and seen < 50:
        inner = getattr(fn, "__wrapped__", None)
        if not isinstance(inner, FunctionType):
            break
        fn, seen = inner, seen + 1
    return fn


@lru_cache(maxsize=256)
def _definitions(file: str, text: str) -> dict[tuple[int, str], Definition]:
    """Every function of a file by its first line (decorators included) and name."""
    try:
        with _PARSING:
            tree = ast.parse(text, filename=file)
    except (SyntaxError, ValueError) as error:
        raise PlanError(f"the source can't be parsed ({error}); restart to read it anew") from None
    found: dict[tuple[int, str], Definition] = {}
    for node in ast.walk(tree):
        if isinstance(node, Definition):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[(first, node.name)] = node
    return found


def _same_parameters(node: Definition, code: CodeType) -> bool:
    """Whether a definition takes what the loaded code takes (class-private names are stored longer)."""
    taken = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    loaded = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return len(taken) == len(loaded) and all(b.endswith(a) for a, b in zip(taken, loaded, strict=True))


def _outside(fn: FunctionType) -> tuple[Mapping[str, Any], frozenset[str]]:
    builtins = fn.__globals__.get("__builtins__", {})
    known = dict(builtins if isinstance(builtins, dict) else vars(builtins))
    known.update(fn.__globals__)
    unset = set()
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        try:
            known[name] = cell.cell_contents
        except ValueError:
            unset.add(name)
            known.pop(name, None)
    return known, frozenset(unset)


def _defaults(fn: FunctionType) -> dict[str, Any]:
    names = fn.__code__.co_varnames[: fn.__code__.co_argcount]
    given = fn.__defaults__ or ()
    return dict(zip(names[len(names) - len(given) :], given, strict=True)) | (fn.__kwdefaults__ or {})
