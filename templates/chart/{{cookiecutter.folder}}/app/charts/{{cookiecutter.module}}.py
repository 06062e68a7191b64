{% set chart = cookiecutter.chart %}
{% import chart.kind + ".jinja" as kind %}
"""{{ chart.docstring }}"""

from __future__ import annotations

from typing import TYPE_CHECKING
{% if kind.imports %}
{{ kind.imports }}
{%- if chart.imports %}{{ "\n" if "from app" not in kind.imports }}
{{ chart.imports|join("\n") }}
{%- endif %}
{% endif %}
if TYPE_CHECKING:
    from pandas import DataFrame

TITLE = {{ chart.title }}
DATA = {{ chart.data }}
FILTERS = {{ chart.filters }}
DASHBOARDS = {{ chart.dashboards }}{% if chart.grain_is_auto %}{{ "\n" }}GRAIN = "auto"{% endif %}{{ "\n" }}ORDER = {{ chart.order }}
SIZE = "{{ chart.size }}"
SQL = {{ chart.sql }}


{{ kind.function(chart) }}
{% if chart.note %}

def note(df: DataFrame) -> str:
    """Say what the chart shows."""
    return {{ chart.note }}
{% endif %}
