"""{{ cookiecutter.label }}: the table."""

import datetime as dt
{%- if cookiecutter.imports.decimal %}
from decimal import Decimal
{%- endif %}

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.blueprints.database import Model
from app.blueprints.database.models import now


class {{ cookiecutter.model }}(Model):
    """A row that somebody entered."""

    __tablename__ = "{{ cookiecutter.name }}"

    id: Mapped[int] = mapped_column(primary_key=True)
    {%- for field in cookiecutter.fields %}
    {{ field.name }}: Mapped[{{ field.annotation }}] = mapped_column({{ field.column }}){% if field.is_file %}  # its name{% endif %}
    {%- if field.is_file %}
    {{ field.name }}_file: Mapped[{{ field.annotation }}] = mapped_column(sa.String(32))  # where it is stored
    {%- endif %}
    {%- endfor %}
    created: Mapped[dt.datetime] = mapped_column(default=now)
    changed: Mapped[dt.datetime] = mapped_column(default=now, onupdate=now)
    version: Mapped[int] = mapped_column()

    # UPDATE and DELETE say WHERE version = ..., so that nobody overwrites what they have not seen.
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
