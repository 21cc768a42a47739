"""What an error of a database means, whoever raised it."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError

from workflows.storage.faults import Fault, fault

LOST = psycopg.OperationalError("the connection is lost")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (LOST, Fault.GONE),
        (psycopg.InterfaceError("the connection is closed"), Fault.GONE),
        (errors.AdminShutdown("terminating connection due to administrator command"), Fault.GONE),
        (errors.IdleInTransactionSessionTimeout("too long"), Fault.GONE),
        (errors.DeadlockDetected("deadlock"), Fault.AGAIN),
        (errors.DiskFull("no room"), Fault.AWAY),
        (errors.UndefinedColumn("no such column"), None),
        (psycopg.ProgrammingError("the code is wrong"), None),
    ],
)
def test_the_drivers_own_errors(error: psycopg.Error, kind: Fault | None) -> None:
    assert fault(error) is kind


def test_a_connection_that_the_server_ended_is_gone_although_it_does_not_look_closed_yet() -> None:
    ended = errors.AdminShutdown("terminating connection due to administrator command")
    told = DBAPIError.instance(None, None, ended, psycopg.Error, connection_invalidated=False)
    assert fault(told) is Fault.GONE


def test_a_server_that_takes_no_connection_is_away() -> None:
    """Nobody is to wait twice for its time-out."""
    told = DBAPIError.instance(None, None, psycopg.OperationalError("connection refused"), psycopg.Error)
    assert fault(told) is Fault.AWAY
