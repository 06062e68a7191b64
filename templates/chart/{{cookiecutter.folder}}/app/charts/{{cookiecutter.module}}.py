{% set chart = cookiecutter.chart %}
{% import chart.kind + ".jinja" as kind %}
"""{{ chart.docstring }}"""

from __future__ import annotations

from typing import TYPE_CHECKING
{% if kind.imports %}
{{ kind.imports }}
{%- if chart.x != "None" and kind.further is defined %}
{{ kind.further }}
{%- endif %}
{% endif %}
if TYPE_CHECKING:
    from pandas import DataFrame

TITLE = {{ chart.title }}
DATA = {{ chart.data }}
FILTERS = {{ chart.filters }}
DASHBOARDS = {{ chart.dashboards }}
ORDER = {{ chart.order }}
SIZE = "{{ chart.size }}"
{%- if chart.plotly != "basic" %}
PLOTLY = "{{ chart.plotly }}"  # the bundle in app/static/vendor that draws it
{%- endif %}
SQL = {{ chart.sql }}


{{ kind.function(chart) }}
