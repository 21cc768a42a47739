"""Works that share a transaction stand each for itself, whatever one of them raises."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from workflows.engine.errors import LeaseLost, Refused
from workflows.storage.database import Database


@pytest.mark.parametrize("error", [LeaseLost("gone"), Refused("no")])
def test_what_one_raises_is_its_own(tmp_path: Path, error: BaseException) -> None:
    database = Database(f"sqlite:///{tmp_path / 'b.db'}", clock=None, lock_timeout=timedelta(seconds=5), pool_size=2)
    database.write(lambda conn: conn.exec_driver_sql("CREATE TABLE t (n INTEGER)"))
    begun, go = threading.Event(), threading.Event()

    def first(conn: Connection) -> str:
        begun.set()
        assert go.wait(10)
        return "first"

    def work(number: int) -> str:
        def insert(conn: Connection) -> str:
            conn.exec_driver_sql(f"INSERT INTO t VALUES ({number})")
            if number % 3 == 0:
                raise error
            return f"done {number}"

        try:
            return database.write(insert)
        except BaseException as raised:  # noqa: BLE001 - which one is the question
            return repr(raised)

    with ThreadPoolExecutor(12) as pool:
        leader = pool.submit(database.write, first)
        assert begun.wait(10)
        rest = [pool.submit(work, number) for number in range(10)]
        while len(database._together._waiting) < 10:
            threading.Event().wait(0.01)
        go.set()
        assert leader.result() == "first"
        said = [one.result() for one in rest]
    assert said == [repr(error) if number % 3 == 0 else f"done {number}" for number in range(10)]
    count = database.read(lambda conn: conn.exec_driver_sql("SELECT count(*) FROM t").scalar_one())
    assert count == 6
    database.close()
