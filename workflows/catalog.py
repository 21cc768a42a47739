"""Which workflows and digests are installed: the shipped ones, those of installed packages, and those in folders."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from workflows.engine.definition import Workflow
from workflows.engine.digests.definition import Digest
from workflows.engine.errors import BatonError, UnknownWorkflow
from workflows.engine.hooks.definition import Hook

GROUP = "baton.workflows"
SHIPPED = (
    "workflows.library.content_pipeline",
    "workflows.library.lead_intake",
    "workflows.library.pay_bill",
    "workflows.digests.posting",
)
DIGESTS = (
    "workflows.digests.content_week",
    "workflows.digests.daily_ops",
    "workflows.digests.my_approvals",
    "workflows.digests.since_you_last_looked",
)
"""Modules of shipped digests."""


class UnknownDigest(BatonError):
    """There is no digest of this name."""


@dataclass(frozen=True)
class Broken:
    """A module that could not be loaded, with the reason in one line."""

    source: str
    reason: str


class Catalogue:
    """The installed workflows by name, and what could not be loaded."""

    def __init__(
        self,
        workflows: Mapping[str, Workflow[Any, Any]],
        broken: tuple[Broken, ...] = (),
        digests: Mapping[str, Digest] | None = None,
        hooks: Mapping[str, Hook] | None = None,
    ) -> None:
        self._workflows = dict(workflows)
        self.broken = broken
        self.digests = dict(sorted((digests or {}).items()))
        """The installed digests by name."""
        self.hooks = dict(sorted((hooks or {}).items()))
        """The installed hooks by name."""

    def get(self, name: str) -> Workflow[Any, Any]:
        """The workflow of this name; raises UnknownWorkflow that says which names are near."""
        if name in self._workflows:
            return self._workflows[name]
        near = difflib.get_close_matches(name, self._workflows, n=1)
        hint = f" Did you mean {near[0]}?" if near else " `baton workflows` lists those that are installed."
        lost = f" {self.broken[0].source} could not be loaded: {self.broken[0].reason}" if self.broken else ""
        raise UnknownWorkflow(f"There is no workflow {name}.{hint}{lost}")

    def names(self) -> frozenset[str]:
        return frozenset(self._workflows)

    def all(self) -> list[Workflow[Any, Any]]:
        """Every workflow that is no inner one, by name."""
        return [self._workflows[name] for name in sorted(self._workflows) if not self._workflows[name].internal]

    def is_internal(self, name: str) -> bool:
        """Whether a workflow belongs to Baton itself."""
        return name in self._workflows and self._workflows[name].internal

    def digest(self, name: str) -> Digest:
        """The digest of this name; raises UnknownDigest that says which there are."""
        if name not in self.digests:
            near = difflib.get_close_matches(name, self.digests, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise UnknownDigest(f"There is no digest {name}.{hint} There are: {', '.join(self.digests) or 'none'}.")
        return self.digests[name]


def load(folders: Iterable[Path] = (), shipped: Iterable[str] = (*SHIPPED, *DIGESTS)) -> Catalogue:
    """Load everything; a module that fails to import is left out and named in `broken`."""
    found: dict[str, Workflow[Any, Any]] = {}
    digests: dict[str, Digest] = {}
    hooks: dict[str, Hook] = {}
    broken: list[Broken] = []
    for source, module in _modules(folders, shipped, broken):
        for workflow in _workflows_in(module):
            other = found.get(workflow.name)
            if other is not None and other is not workflow:
                broken.append(Broken(source, f"the workflow {workflow.name} is already defined in {other.source}"))
                continue
            found[workflow.name] = workflow
        for digest in _digests_in(module):
            there = digests.setdefault(digest.name, digest)
            if there is not digest:
                broken.append(Broken(source, f"the digest {digest.name} is already defined in {there.source}"))
        for hook in _hooks_in(module):
            first = hooks.setdefault(hook.name, hook)
            if first is not hook:
                broken.append(Broken(source, f"the hook {hook.name} is already defined in {first.source}"))
    return Catalogue(found, tuple(broken), digests, hooks)


def _modules(folders: Iterable[Path], shipped: Iterable[str], broken: list[Broken]) -> Iterator[tuple[str, ModuleType]]:
    for source, name in _named(folders, shipped, broken):
        try:
            module = importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - any author's error is told, and the other workflows still run
            broken.append(Broken(source, _reason(error)))
        else:
            yield source, module


def _named(folders: Iterable[Path], shipped: Iterable[str], broken: list[Broken]) -> Iterator[tuple[str, str]]:
    """Where a module comes from, and the name under which it is imported."""
    yield from ((name, name) for name in shipped)
    yield from ((point.value, point.module) for point in entry_points(group=GROUP))
    for folder in folders:
        if not folder.is_dir():
            broken.append(Broken(str(folder), "there is no such folder; correct BATON_WORKFLOWS"))
            continue
        package = _private_package(folder)
        for path in sorted(folder.glob("*.py")):
            if not path.name.startswith("_"):
                yield str(path), f"{package}.{path.stem}"


def _private_package(folder: Path) -> str:
    """A package of the folder's files under a name that nothing else has, so that a folder may be called anything."""
    real = folder.resolve()
    name = f"baton_folder_{hashlib.sha256(str(real).encode()).hexdigest()[:8]}"
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(real)]
        sys.modules[name] = package
    return name


def _workflows_in(module: ModuleType) -> list[Workflow[Any, Any]]:
    own = [value for value in vars(module).values() if isinstance(value, Workflow)]
    return [workflow for workflow in own if workflow.source == module.__name__]


def _digests_in(module: ModuleType) -> list[Digest]:
    own = [value for value in vars(module).values() if isinstance(value, Digest)]
    return [digest for digest in own if digest.source == module.__name__]


def _hooks_in(module: ModuleType) -> list[Hook]:
    own = [value for value in vars(module).values() if isinstance(value, Hook)]
    return [hook for hook in own if hook.source == module.__name__]


def _reason(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    text = str(error).split("\n", 1)[0]
    return f"{type(error).__name__}: {text}{place}"
