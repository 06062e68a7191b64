"""{{ cookiecutter.summary }}"""

from __future__ import annotations

{% if not cookiecutter.url %}from pathlib import Path
{% endif %}from typing import TYPE_CHECKING

{% if cookiecutter.headers %}from app.engine.download import env

{% endif %}if TYPE_CHECKING:
    from {% if "return rows" in cookiecutter.body %}duckdb import DuckDBPyRelation{% else %}pandas import DataFrame{% endif %}

{% if cookiecutter.variable %}ADDRESS = {{ cookiecutter.source }}  # the environment variable, set in .env, that holds its address
{% else %}SOURCE = {% if not cookiecutter.url %}Path(__file__).parents[2] / "data" / {% endif %}{{ cookiecutter.source }}
{% endif %}{% if cookiecutter.headers %}HEADERS = {{ cookiecutter.headers }}
{% endif %}{% if cookiecutter.refresh %}REFRESH = {{ cookiecutter.refresh }}
{% endif %}{% if cookiecutter.roles %}# Keys of the database, whose numbers are no amounts.
ROLES = {{ cookiecutter.roles }}
{% endif %}{% if cookiecutter.units %}UNITS = {{ cookiecutter.units }}
{% endif %}{% if cookiecutter.totals %}# Totals of other rows, which load() leaves out: adding them up would count twice.
TOTALS = {{ cookiecutter.totals }}
{% endif %}

def load() -> {% if "return rows" in cookiecutter.body %}DuckDBPyRelation{% else %}DataFrame{% endif %}:
    """{{ cookiecutter.doing }}"""
{{ cookiecutter.body | indent(4, first=True) }}
