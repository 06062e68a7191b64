"""Create the table {{ cookiecutter.name }}."""

import sqlalchemy as sa
from alembic import op

revision = "create_{{ cookiecutter.name }}"
down_revision: str | None = None
branch_labels = ("{{ cookiecutter.name }}",)
depends_on: str | None = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "{{ cookiecutter.name }}",
        sa.Column("id", sa.Integer(), nullable=False),
        {%- for field in cookiecutter.fields %}
        sa.Column("{{ field.name }}", {{ field.column }}{% if ")" not in field.column %}(){% endif %}, nullable={{ "None" in field.annotation }}),
        {%- if field.is_file %}
        sa.Column("{{ field.name }}_file", sa.String(32), nullable={{ "None" in field.annotation }}),
        {%- endif %}
        {%- endfor %}
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("changed", sa.DateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_{{ cookiecutter.name }}"),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("{{ cookiecutter.name }}")
