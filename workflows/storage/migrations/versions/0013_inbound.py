"""What came in from outside, and what was done about it: a row for each event."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """A new table; the last release knows nothing of it and loses nothing."""
    op.create_table(
        "inbound",
        sa.Column("source", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "event_id", name="pk_inbound"),
    )
    op.create_index("ix_inbound_source_at_event_id", "inbound", ["source", "at", "event_id"])
    op.create_index("ix_inbound_at", "inbound", ["at"])
