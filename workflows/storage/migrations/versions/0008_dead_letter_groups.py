"""Groups of dead letters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)
WORD = sa.String(16)


def upgrade() -> None:
    """Two new tables. Dead letters of the last release join their groups when a clock finds them without one."""
    op.create_table(
        "dead_letter_group",
        sa.Column("id", ID, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("release", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("fresh_until", TIME, nullable=False),
        sa.Column("closed_at", TIME, nullable=True),
        sa.Column("closed_as", WORD, nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("claimed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letter_group"),
    )
    index("uq_dead_letter_group_unclosed", "dead_letter_group", ["fingerprint", "channel"], "closed_at IS NULL", True)
    index("ix_dead_letter_group_fingerprint_channel_id", "dead_letter_group", ["fingerprint", "channel", "id"])
    index("ix_dead_letter_group_unclosed", "dead_letter_group", ["id"], "closed_at IS NULL")
    index("ix_dead_letter_group_workflow_id", "dead_letter_group", ["workflow", "id"])
    index("ix_dead_letter_group_opened_at", "dead_letter_group", ["opened_at"])
    op.create_table(
        "dead_letter",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("release", sa.BigInteger(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("settled_at", TIME, nullable=True),
        sa.Column("untold_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_dead_letter"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_dead_letter_run_id"),
    )
    index("ix_dead_letter_group_id_at", "dead_letter", ["group_id", "at"])
    index("ix_dead_letter_open", "dead_letter", ["group_id", "at"], "settled_at IS NULL")
    index("ix_dead_letter_untold", "dead_letter", ["group_id"], "untold_at IS NOT NULL")


def index(name: str, table: str, columns: list[str], where: str = "", unique: bool = False) -> None:
    """An index, over the rows that a condition holds for where there is one."""
    only = sa.text(where) if where else None
    op.create_index(name, table, columns, unique=unique, postgresql_where=only, sqlite_where=only)
