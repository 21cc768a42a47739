"""Schedules, and what became of their ticks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)
WORD = sa.String(16)


def upgrade() -> None:
    """Two new tables; the last release knows nothing of them and loses nothing."""
    op.create_table(
        "schedule",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", ID, nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ticked_to", TIME, nullable=False),
        sa.Column("overlap", WORD, nullable=False),
        sa.Column("catch_up", WORD, nullable=False),
        sa.Column("jitter", sa.Float(53), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("wake_at", TIME, nullable=True),
        sa.Column("paused_at", TIME, nullable=True),
        sa.Column("paused_by", sa.Text(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schedule"),
        sa.UniqueConstraint("name", name="uq_schedule_name"),
    )
    partial_index("ix_schedule_wake_at", "schedule", ["wake_at"], "wake_at IS NOT NULL")
    op.create_table(
        "tick",
        sa.Column("schedule_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("decided_at", TIME, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("extra", sa.Boolean(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("schedule_id", "at", name="pk_tick"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedule.id"], name="fk_tick_schedule_id"),
    )
    partial_index("ix_tick_open", "tick", ["schedule_id"], "open")
    partial_index("ix_tick_waiting", "tick", ["schedule_id"], "state = 'waiting'")


def partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    """An index over the rows that a condition holds for."""
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))
