"""Steps, actions and workflows that the plan tests take apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from workflows.engine.definition import step, workflow
from workflows.engine.plan import Plan, PlanNode, plan_of
from workflows.engine.policy import CallSpec
from workflows.engine.run import Run


def named(name: str, title: str) -> Callable[[Callable[..., Any]], Any]:
    """Mark a method as a connector's action."""

    def mark(fn: Any) -> Any:
        fn.baton_spec = CallSpec(name, title, idempotent=True)
        return fn

    return mark


class Topics:
    """Topics, from wherever they are kept."""

    @named("topics.get", "Read a topic")
    def get(self, topic: str) -> str:
        return topic

    @named("topics.mark_published", "Mark a topic as published")
    def mark_published(self, topic: str) -> None: ...


class Search:
    """A search service."""

    @named("search.find", "Search the web")
    def find(self, words: str) -> str:
        return words


class Library:
    """The free source."""

    @named("library.find", "Search the library")
    def find(self, words: str) -> str:
        return words


class Site:
    """A site to publish on."""

    @named("site.upload_media", "Upload an image")
    def upload_media(self, image: str) -> str:
        return image

    @named("site.delete_media", "Delete an image")
    def delete_media(self, media: str) -> None: ...

    @named("site.publish", "Publish a post")
    def publish(self, *parts: str) -> str:
        return "".join(parts)

    @named("site.trash_post", "Move a post to the trash")
    def trash_post(self, post: str) -> None: ...


@step(idempotent=True)
def one(ctx: Any, value: Any = None) -> Any:
    """Do the first thing."""
    return value


@step(idempotent=True)
def two(ctx: Any, value: Any = None) -> Any:
    """Do the second thing."""
    return value


@step(idempotent=True)
def three(ctx: Any, value: Any = None) -> Any:
    """Do the third thing."""
    return value


@workflow("smaller", title="A smaller job")
def smaller(run: Run, given: str) -> str:
    return str(run.step(one, given))


@workflow("other", title="Another job")
def other(run: Run, given: str) -> str:
    return str(run.step(two, given))


def plain(value: Any) -> Any:
    """Neither a step nor an action."""
    return value


def fetch_both(run: Run, value: Any) -> Any:
    """Fetch both things."""
    run.step(one, value)
    return run.step(two, value)


def plan(body: Any, **options: Any) -> Plan:
    """The plan of a function that is made a workflow."""
    return plan_of(workflow("tested", **options)(body))


def shape(nodes: Iterable[PlanNode], depth: int = 0) -> list[str]:
    """Kinds and names, indented by depth."""
    lines = []
    for node in nodes:
        lines.append(f"{'  ' * depth}{node.kind} {node.name}".rstrip())
        lines += shape(node.children, depth + 1)
    return lines
