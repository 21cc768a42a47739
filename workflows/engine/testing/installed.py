"""Workflows and connectors as a test gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workflows.engine.definition import Workflow
from workflows.engine.errors import UnknownWorkflow


class Installed:
    """A catalogue of the given workflows."""

    def __init__(self, workflows: Iterable[Workflow[Any, Any]]) -> None:
        self._workflows = {workflow.name: workflow for workflow in workflows}

    def get(self, name: str) -> Workflow[Any, Any]:
        if name not in self._workflows:
            raise UnknownWorkflow(
                f"There is no workflow {name}. Installed are: {', '.join(sorted(self._workflows)) or 'none'}."
            )
        return self._workflows[name]

    def names(self) -> frozenset[str]:
        return frozenset(self._workflows)

    def replace(self, workflow: Workflow[Any, Any]) -> None:
        """Deploy another version of a workflow."""
        self._workflows[workflow.name] = workflow


class MappedTools:
    """Binds connectors from a plain mapping."""

    def __init__(self, tools: Mapping[type[Any], Any]) -> None:
        self._tools = dict(tools)

    def get(self, cls: type[Any], /) -> Any:
        if cls not in self._tools:
            raise LookupError(
                f"The harness was given nothing for {cls.__name__}: Harness(…, tools={{{cls.__name__}: …}})"
            )
        return self._tools[cls]
