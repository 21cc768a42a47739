"""Turns text into a module that was loaded from a file, as a folder of workflows is."""

from __future__ import annotations

import importlib.util
import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

from tests.plans.parts import plan, shape
from workflows.engine.plan import Plan, Severity

PRELUDE = """\
import contextlib, datetime, functools, os, random, time, uuid
from datetime import timedelta
from tests.plans.parts import Library, Search, Site, Topics, fetch_both, one, other, plain, smaller, three, two
from workflows.engine.errors import *
from workflows.engine.errors import Interruption, Suspended
from workflows.engine.run import Run
"""
CASES = Path(__file__).parent / "cases"
_numbers = itertools.count()


class Pages:
    """Writes and loads modules in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def module(self, text: str, name: str = "") -> ModuleType:
        """The module that `text` is, under a private package name."""
        file = self.folder / f"{name or f'page_{next(_numbers)}'}.py"
        file.write_text(PRELUDE + dedent(text), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(f"_baton_pages.{file.stem}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules.pop(spec.name, None)
        spec.loader.exec_module(module)
        return module

    def plan(self, text: str, **options: Any) -> Plan:
        """The plan of the function `body` in `text`."""
        return plan(self.module(text).body, **options)

    def shape(self, text: str) -> list[str]:
        """The shape of a plan that has no problems."""
        read = self.plan(text)
        assert [str(problem) for problem in read.problems] == []
        return shape(read.nodes)

    def errors(self, text: str) -> list[str]:
        """The errors of a plan, in words."""
        return [problem.message for problem in self.plan(text).errors]

    def warnings(self, text: str) -> list[str]:
        """The warnings of a plan, in words."""
        return [p.message for p in self.plan(text).problems if p.severity is Severity.WARNING]


@dataclass(frozen=True)
class Case:
    """A piece of source and the lines that are expected of it."""

    title: str
    source: str
    expected: list[str]

    def __str__(self) -> str:
        return self.title


def cases(name: str) -> list[Case]:
    """The cases in a file: `=== title`, source, `---`, what is expected."""
    found = []
    for part in (CASES / f"{name}.txt").read_text(encoding="utf-8").split("=== ")[1:]:
        title, _, rest = part.partition("\n")
        source, _, expected = rest.partition("\n---\n")
        found.append(Case(title, source + "\n", expected.rstrip().splitlines()))
    return found


def line_of(text: str, needle: str) -> int:
    """The line on which `needle` stands once `text` is a module."""
    lines = (PRELUDE + dedent(text)).splitlines()
    return next(number for number, line in enumerate(lines, 1) if needle in line)
