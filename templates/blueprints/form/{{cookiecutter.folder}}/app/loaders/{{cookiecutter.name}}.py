"""{{ cookiecutter.label }}: what people entered in the form, from the table {{ cookiecutter.name }}."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

# A form that is saved refreshes the snapshot at once; other instances of the app notice it later.
REFRESH = "5m"
MAY_BE_EMPTY = True
COLUMNS = {
    {%- for field in cookiecutter.fields if field.dtype %}
    "{{ field.name }}": "{{ field.dtype }}",
    {%- endfor %}
    "created": "datetime64[s]",
}


def load() -> DataFrame:
    """Read the columns that charts may show from the table."""
    import pandas as pd
    import sqlalchemy as sa

    from app.blueprints.database import connect
    from app.blueprints.{{ cookiecutter.name }}.models import {{ cookiecutter.model }}

    query = sa.select(*({{ cookiecutter.model }}.__table__.c[name] for name in COLUMNS))
    with connect() as connection:
        return pd.read_sql(query, connection).astype(COLUMNS)
