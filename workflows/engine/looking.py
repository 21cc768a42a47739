"""Finding runs and approvals by what people write, and listing what a person may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from workflows.engine.access import Access
from workflows.engine.errors import Refused
from workflows.engine.model import Approval, Run
from workflows.engine.ports import RunQuery, Store

PAGE = 50
PAGES = 20
"""So many pages of runs are looked through for those that a person may see."""


def run_by_part(store: Store, part: str) -> Run:
    """The run whose id is, begins or ends with `part`; raises BatonError when that is not exactly one."""
    found = store.runs(RunQuery(id_part=part, limit=2))
    if len(found) == 1:
        return found[0]
    if not found:
        return store.run(part)  # which says what became of it
    raise Refused(f"More than one run's id begins or ends with {part}. Give more of it.")


def approval_by_part(store: Store, wanted: str) -> Approval:
    """An approval by its id, or an open one by a part of its id or by its run's id."""
    exact = store.approval(wanted)
    if exact is not None:
        return exact
    fits = [
        a
        for a in store.approvals(limit=1000)
        if wanted and (wanted in (a.id[: len(wanted)], a.id[-len(wanted) :]) or a.run_id.endswith(wanted))
    ]
    if len(fits) != 1:
        words = "There is no open approval" if not fits else "More than one open approval fits"
        raise Refused(f"{words} {wanted}. `baton approvals` lists them.")
    return fits[0]


def seen_runs(
    store: Store, access: Access, query: RunQuery, by: str, inner: Callable[[str], bool] = lambda _workflow: False
) -> list[Run]:
    """The runs asked for that a person may see, newest first; the directory is asked about each.

    Runs of inner workflows are left out, unless it is asked for a workflow, a label or what is dead.
    """
    seen: list[Run] = []
    narrow = bool(query.workflow or query.labels or query.dead or query.id_part)
    page = replace(query, limit=max(query.limit, PAGE))
    for _ in range(PAGES):
        runs = store.runs(page)
        shown = [run for run in runs if narrow or not inner(run.workflow)]
        seen += [run for run in shown if _sees(store, access, by, run)]
        if len(seen) >= query.limit or len(runs) < page.limit:
            break
        page = replace(page, before=runs[-1].id)
    return seen[: query.limit]


def _sees(store: Store, access: Access, by: str, run: Run) -> bool:
    return access.may_see(by, run) or access.may_see(by, run, store.approvals(run_id=run.id, state=None))
