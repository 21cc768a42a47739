"""The workflow behind every scheduled digest: once for each window and place."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from workflows import BodyError, Failed, Run, workflow
from workflows.digests.desk import DigestDesk, Order, Task

WORKFLOW = "digest"
"""The workflow's name: compatibility data."""


class Told(BaseModel):
    """How many were told."""

    model_config = ConfigDict(frozen=True)

    readers: int
    posts: int


@workflow(WORKFLOW, title="Post a digest", internal=True)
def post_digest(run: Run, order: Order) -> Told:
    """Tell each reader what happened since they were told before."""
    tasks = run.step(DigestDesk.readers, order)
    told = run.map(tell, tasks, collect=True)
    failed = [one for one in told if isinstance(one, BodyError)]
    if failed:
        raise Failed(f"{len(failed)} of {len(told)} readers could not be told: {failed[0]}")
    return Told(readers=len(tasks), posts=sum(one is True for one in told))


def tell(run: Run, task: Task) -> bool:
    """Tell one reader, not before they may be written to."""
    if task.wait > 0:
        run.sleep(timedelta(seconds=task.wait))
    page = run.step(DigestDesk.write, task)
    return run.step(DigestDesk.post, task, page)
