"""Sealed credentials in SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, delete, select, update

from workflows.engine.credentials import SealedCredential
from workflows.engine.model import Audit
from workflows.storage.database import Database
from workflows.storage.rows import CREDENTIAL_COLUMNS, to_row
from workflows.storage.tables import AUDIT, CREDENTIAL

IN_ORDER = select(*CREDENTIAL_COLUMNS).order_by(CREDENTIAL.c.workspace, CREDENTIAL.c.name)


class SqlCredentials:
    """The credentials in the store's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, credential: SealedCredential, audit: Audit) -> None:
        def work(conn: Connection) -> None:
            conn.execute(self._database.upsert(CREDENTIAL), to_row(credential))
            conn.execute(AUDIT.insert(), to_row(audit))

        self._database.write(work)

    def remove(self, workspace: str, name: str, audit: Audit) -> bool:
        def work(conn: Connection) -> bool:
            this = (CREDENTIAL.c.workspace == workspace, CREDENTIAL.c.name == name)
            if conn.execute(delete(CREDENTIAL).where(*this).returning(CREDENTIAL.c.name)).first() is None:
                return False
            conn.execute(AUDIT.insert(), to_row(audit))
            return True

        return self._database.write(work)

    def reseal(self, seal: Callable[[str], str], audit: Audit) -> int:
        def work(conn: Connection) -> int:
            rows = [SealedCredential(*row) for row in conn.execute(IN_ORDER.with_for_update())]
            for row in rows:
                this = (CREDENTIAL.c.workspace == row.workspace, CREDENTIAL.c.name == row.name)
                conn.execute(update(CREDENTIAL).where(*this).values(sealed=seal(row.sealed)))
            conn.execute(AUDIT.insert(), to_row(audit))
            return len(rows)

        return self._database.write(work)

    def all(self) -> Sequence[SealedCredential]:
        return self._database.read(lambda conn: [SealedCredential(*row) for row in conn.execute(IN_ORDER)])
