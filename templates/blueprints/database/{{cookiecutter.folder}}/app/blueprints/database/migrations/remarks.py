"""Add the table of remarks."""

import sqlalchemy as sa
from alembic import op

revision = "remarks"
down_revision: str | None = None
branch_labels = ("default",)
depends_on: str | None = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "remarks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chart", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_remarks"),
    )
    op.create_index("ix_remarks_chart", "remarks", ["chart"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("remarks")
