"""What is to be shown outside, and what was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)
WORD = sa.String(16)


def upgrade() -> None:
    """Runs say whether they have a card; the last release leaves that at no."""
    op.add_column("run", sa.Column("carded", sa.Boolean(), server_default=sa.false(), nullable=False))
    create_cards()
    create_deliveries()
    op.create_table(
        "pace",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("free_at", sa.Float(53), nullable=False),
        sa.Column("held_until", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_pace"),
    )


def create_cards() -> None:
    op.create_table(
        "card",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.BigInteger(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_card"),
    )
    partial_index("ix_card_due_at", "card", ["due_at"], "shown < wanted")
    partial_index("ix_card_lease_owner", "card", ["lease_owner"], "lease_owner IS NOT NULL")
    partial_index("ix_card_troubled", "card", ["run_id"], "error <> ''")


def create_deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread_ts", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("reply_url", sa.Text(), nullable=False),
        sa.Column("reply_until", TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("posted_at", TIME, nullable=True),
        sa.Column("unclear", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("run_id", "key", name="uq_delivery_run_id_key"),
    )
    partial_index("ix_delivery_channel_ts", "delivery", ["channel", "ts"], "ts <> ''")


def partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    """An index over the rows that a condition holds for."""
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))
