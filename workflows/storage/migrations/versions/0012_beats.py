"""Who lives: a row for each instance of a part of Baton."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """A new table; the last release knows nothing of it and loses nothing."""
    op.create_table(
        "beat",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("parent", ID, nullable=False),
        sa.Column("ending", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_beat"),
    )
    op.create_index("ix_beat_seen_at_id", "beat", ["seen_at", "id"])
    op.create_index("ix_beat_parent", "beat", ["parent"])
