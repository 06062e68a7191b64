"""{{ cookiecutter.summary }}"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.engine.database import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

REFRESH = {{ cookiecutter.refresh }}{% if cookiecutter.live %}  # how long an answer of the database is kept
LIVE = True  # each chart is asked there, in the database's own SQL{% endif %}{% if cookiecutter.roles %}
# Keys of the database, whose numbers are no amounts.
ROLES = {{ cookiecutter.roles }}{% endif %}
TABLE = Table(
    {{ cookiecutter.variable }},  # the environment variable, set in .env, that holds its address
    {{ cookiecutter.query }},
    {{ cookiecutter.columns }},
)


def load() -> DuckDBPyRelation:
    """{{ cookiecutter.doing }}"""
    return TABLE.read({% if cookiecutter.live %}most=100_000{% endif %})
