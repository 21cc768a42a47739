"""What lists, searches and counts need when there are a million runs."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TIME = sa.DateTime(timezone=True)
WORD = sa.String(16)
TAIL = "(" + " || ".join(f"substr(id, length(id) - {place}, 1)" for place in range(6)) + ")"
PAGE = 5_000
"""Rows whose labels are copied at a time."""


def upgrade() -> None:
    """Indexes are replaced by those that keep the order of lists; the last release lives with either."""
    create_tables()
    copy_labels()
    for name in ("parent_id", "dead_at", "ended_at", "workflow_id", "started_by_id"):
        op.drop_index(f"ix_run_{name}", "run")
    partial_index("ix_run_parent_id_id", "run", ["parent_id", "id"], "parent_id IS NOT NULL")
    partial_index("ix_run_dead", "run", ["id"], "dead_at IS NOT NULL")
    partial_index("ix_run_ended_at_id", "run", ["ended_at", "id"], "ended_at IS NOT NULL")
    op.create_index("ix_run_workflow_state_id", "run", ["workflow", "state", "id"])
    op.create_index("ix_run_started_by_state_id", "run", ["started_by", "state", "id"])
    op.create_index("ix_run_tail", "run", [sa.text(TAIL)])
    op.create_index("ix_audit_at", "audit", ["at"])
    partial_index("ix_delivery_posts", "delivery", ["run_id", "created_at"], "run_id = 'posts'")
    pending = "run_id = 'posts' AND state = 'pending'"
    partial_index("ix_delivery_posts_pending", "delivery", ["run_id", "created_at"], pending)


def create_tables() -> None:
    op.create_table(
        "label",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "name", name="pk_label"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_label_run_id"),
    )
    op.create_index("ix_label_name_value_run_id", "label", ["name", "value", "run_id"])
    op.create_table(
        "tally",
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("workflow", "state", name="pk_tally"),
    )


def copy_labels() -> None:
    """The labels of the runs that are there."""
    conn, last = op.get_bind(), ""
    label = sa.table("label", sa.column("run_id"), sa.column("name"), sa.column("value"))
    page = sa.text("SELECT id, labels FROM run WHERE id > :last AND labels <> '{}' ORDER BY id LIMIT :page")
    while rows := conn.execute(page, {"last": last, "page": PAGE}).all():
        last = rows[-1].id
        found = [(row.id, name, value) for row in rows for name, value in json.loads(row.labels).items()]
        if found:
            conn.execute(label.insert(), [dict(zip(("run_id", "name", "value"), one, strict=True)) for one in found])


def partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    """An index over the rows that a condition holds for."""
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))
