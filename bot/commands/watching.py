"""Watching a run as it goes on: a live tree on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from rich.live import Live

from bot import printing
from bot.commands.outcome import asks, plan_for
from bot.commands.session import Session
from workflows.engine.model import OVER, Run, RunState, StepState
from workflows.engine.progress import Item, Progress, progress
from workflows.engine.progress.model import LEAVES

LOOK_EVERY = 0.25
"""Seconds between two looks at a run."""


class Watch:
    """One command's view of a run. `quiet` draws nothing, for what prints a document at the end."""

    def __init__(self, session: Session, *, quiet: bool) -> None:
        self._session = session
        self._quiet = quiet
        self._told: dict[str, str] = {}

    def until_over(self, run_id: str) -> Run:
        """Watch until the run has ended or can't go on by itself."""
        return self._until(run_id, _is_over)

    def until_it_rests(self, run_id: str) -> Run:
        """Watch until the run is over, or waits for somebody."""
        return self._until(run_id, lambda run: _is_over(run) or bool(asks(self._session, run)))

    def _until(self, run_id: str, enough: Callable[[Run], bool]) -> Run:
        if self._quiet:
            return self._watched(run_id, enough, lambda _shown: None)
        if not sys.stdout.isatty():
            return self._watched(run_id, enough, self._tell)
        screen, last = printing.console(), [Progress("", RunState.QUEUED, ())]

        def draw(shown: Progress) -> None:
            last[0] = shown
            live.update(printing.progress_tree(shown, screen.height - 1), refresh=True)

        with Live(console=screen, auto_refresh=False, transient=True) as live:
            run = self._watched(run_id, enough, draw)
        printing.say(printing.progress_tree(last[0]))
        return run

    def _watched(self, run_id: str, enough: Callable[[Run], bool], draw: Callable[[Progress], None]) -> Run:
        store, seen = self._session.runtime.store, -1
        run = store.run(run_id)
        plan = plan_for(self._session, run)
        while True:
            done = enough(run)
            if run.revision != seen or done:
                seen = run.revision
                draw(progress(plan, store.records(run_id), run))
            if done:
                return run
            time.sleep(LOOK_EVERY)
            run = store.run(run_id)

    def _tell(self, shown: Progress) -> None:
        """Print what changed since the last look, a line each."""
        for item in shown.walk():
            now = f"{item.state} {item.attempts}"
            if item.key and item.kind in LEAVES and self._told.get(item.key) != now:
                self._told[item.key] = now
                if item.state is not StepState.SKIPPED:
                    printing.say(_line(item))
        sys.stdout.flush()


def _line(item: Item) -> str:
    said = f": {item.error}" if item.error else ""
    tries = f" (attempt {item.attempts})" if item.attempts > 1 else ""
    state = "waits" if item.state is StepState.RUNNING and item.kind != "step" else item.state.value
    return f"{state:<10} " + printing.one_line(f"{item.title}{tries}{said}")


def _is_over(run: Run) -> bool:
    return run.state in OVER or run.state is RunState.PARKED
