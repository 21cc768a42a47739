"""Alerts and mutes; what failed is found by when that was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """New tables and an index; the last release knows nothing of them and loses nothing."""
    op.create_table(
        "alert",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("over_at", TIME, nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
    )
    partial_index("ix_alert_open", "alert", ["kind", "subject"], "over_at IS NULL", unique=True)
    partial_index("ix_alert_untold", "alert", ["began_at", "id"], "told < 2")
    op.create_index("ix_alert_began_at_id", "alert", ["began_at", "id"])
    partial_index("ix_alert_over_at", "alert", ["over_at"], "over_at IS NOT NULL")
    op.create_table(
        "mute",
        sa.Column("what", ID, nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("what", name="pk_mute"),
    )
    partial_index("ix_attempt_failed_at", "attempt", ["ended_at"], "state = 'failed'")
    partial_index("ix_step_failed_at", "step", ["ended_at"], "state = 'failed'")


def partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    """An index over the rows that a condition holds for."""
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, postgresql_where=condition, sqlite_where=condition)
