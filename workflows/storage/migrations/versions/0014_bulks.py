"""Bulks: one move for many dead letters of a group."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)
WORD = sa.String(16)


def upgrade() -> None:
    """Two new tables; the last release knows nothing of them, and moves runs one by one as before."""
    op.create_table(
        "bulk",
        sa.Column("id", ID, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("move", WORD, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("only", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("ended_as", WORD, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_bulk"),
    )
    op.create_index("ix_bulk_group_id_id", "bulk", ["group_id", "id"])
    index("ix_bulk_asked", "bulk", ["asked_at"], "confirmed_at IS NULL")
    index("ix_bulk_going", "bulk", ["id"], "confirmed_at IS NOT NULL AND ended_at IS NULL")
    index("ix_bulk_ended_at", "bulk", ["ended_at"], "ended_at IS NOT NULL")
    op.create_table(
        "bulk_item",
        sa.Column("bulk_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("dead_at", TIME, nullable=False),
        sa.Column("came_to", WORD, nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("bulk_id", "run_id", name="pk_bulk_item"),
    )
    index("ix_bulk_item_pending", "bulk_item", ["bulk_id", "run_id"], "came_to IS NULL")


def index(name: str, table: str, columns: list[str], where: str) -> None:
    """An index over the rows that a condition holds for."""
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))
