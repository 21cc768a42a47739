"""Those who start runs, decide approvals and send signals meanwhile, each of these now and then twice."""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from tests.chaos.shapes import word_for, workflow_of
from workflows.engine.errors import Refused, StoreUnavailable
from workflows.engine.model import Approval, Outcome
from workflows.engine.service import Service

T = TypeVar("T")
ANA = "test:ana"
EDITOR = "test:editor"
PAUSE = 0.1
"""Seconds between two looks at what is to be decided; a load, not a synchronisation."""


class People:
    """Threads that use the service as people do: what the database could not take, they do again."""

    def __init__(self, service: Service, seed: int, runs: int, may_start: Callable[[], int]) -> None:
        """`may_start` says how many runs may have been started by now."""
        self._service = service
        self._dice = random.Random(f"people {seed}")
        self._may_start = may_start
        self._runs = runs
        self._words: list[tuple[float, int, str]] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._start, self._answer)]
        self.started: dict[int, str] = {}
        """Number to run id."""
        self.twice: Counter[str] = Counter()
        """What was done twice."""
        self.broken: BaseException | None = None

    @property
    def all_started(self) -> bool:
        return len(self.started) == self._runs

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Stop; raises what broke them, if anything did."""
        self._over.set()
        for thread in self._threads:
            thread.join(30)
        if self.broken is not None:
            raise self.broken

    def _start(self) -> None:
        try:
            for number in range(self._runs):
                while number >= self._may_start() and not self._over.is_set():
                    time.sleep(0.02)
                if self._over.is_set():
                    return
                self._start_one(number)
        except BaseException as error:  # noqa: BLE001 - `end` raises it
            self.broken = error

    def _start_one(self, number: int) -> None:
        workflow = workflow_of(number)

        def start() -> str:
            return self._service.start(workflow, {"number": number}, by=ANA, key=f"n{number}").id

        run_id = self._persist(start)
        if self._dice.random() < 0.05:
            self.twice["starts"] += 1
            again = self._persist(start)
            if again != run_id:
                raise AssertionError(f"run {number} was started twice: {run_id} and {again}")
        if workflow == "told":
            due = time.monotonic() + self._dice.uniform(0, 3)
            heapq.heappush(self._words, (due, number, run_id))
        self.started[number] = run_id

    def _answer(self) -> None:
        try:
            while not self._over.is_set():
                approvals = self._persist(lambda: self._service.store.approvals(limit=200))
                for approval in approvals:
                    self._decide(approval)
                while self._words and self._words[0][0] <= time.monotonic():
                    _due, number, run_id = heapq.heappop(self._words)
                    self._tell(number, run_id)
                self._over.wait(PAUSE)
        except BaseException as error:  # noqa: BLE001 - `end` raises it
            self.broken = error

    def _decide(self, approval: Approval) -> None:
        def decide() -> None:
            self._service.decide(approval.id, Outcome.APPROVED, by=EDITOR, digest=approval.digest)

        self._persist(decide)
        if self._dice.random() < 0.5:
            self.twice["decisions"] += 1
            self._persist(decide)

    def _tell(self, number: int, run_id: str) -> None:
        def tell() -> None:
            self._service.signal(run_id, "word", word_for(number), by=ANA, message_id=f"word-{number}")

        self._persist(tell)
        if self._dice.random() < 0.5:
            self.twice["signals"] += 1
            with suppress(Refused):  # the first one has brought the run to its end
                self._persist(tell)

    def _persist(self, do: Callable[[], T]) -> T:
        while True:
            try:
                return do()
            except StoreUnavailable:
                if self._over.is_set():
                    raise
                time.sleep(0.2)
