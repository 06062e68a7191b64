"""Charts as people paste them from plotly.express: one for each of its functions that takes a table."""

from __future__ import annotations

from pathlib import Path

CHART = '''"""{name}."""

import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
from plotly.subplots import make_subplots

TITLE = {name!r}
DATA = "sales"
FILTERS = ["region"]
DASHBOARDS = [{dashboard!r}]
SQL = {sql!r}


def figure(df):
    """Draw it."""
    {code}
'''
ROWS = "SELECT * FROM sales ORDER BY date"
COUNTRIES = "country = df['region'].map(dict(North='NOR', South='ZAF', East='JPN', West='USA'))"
PLACED = "df = df.assign(lat=df['units'] * 4, lon=df['revenue'] - 60); "
DRAWN = {
    "area": "px.area(df, x='date', y='revenue', color='region')",
    "bar": "px.bar(df, x='region', y='revenue', color='product', barmode='group', title='Bars')",
    "bar_polar": "px.bar_polar(df, r='revenue', theta='region', color='product')",
    "box": "px.box(df, x='region', y='revenue', color='product', points='all')",
    "choropleth": f"px.choropleth(df.assign({COUNTRIES}), locations='country', color='revenue')",
    "density_contour": "px.density_contour(df, x='units', y='revenue', color='product')",
    "density_heatmap": "px.density_heatmap(df, x='units', y='revenue', marginal_x='histogram')",
    "ecdf": "px.ecdf(df, x='revenue', color='region')",
    "funnel": "px.funnel(df.head(4), x='revenue', y='region')",
    "funnel_area": "px.funnel_area(df.head(40), names='region', values='revenue')",
    "histogram": "px.histogram(df, x='revenue', color='region', marginal='box', nbins=20)",
    "icicle": "px.icicle(df, path=['region', 'product'], values='revenue')",
    "imshow": "px.imshow(df.pivot_table(index='region', columns='product', values='revenue'))",
    "line": "px.line(df, x='date', y='revenue', color='region', template='plotly_dark')",
    "line_geo": f"px.line_geo(df.assign({COUNTRIES}), locations='country')",
    "line_polar": "px.line_polar(df.head(3), r='revenue', theta='product', line_close=True)",
    "line_ternary": "px.line_ternary(df.head(9), a='units', b='revenue', c='units')",
    "parallel_categories": "px.parallel_categories(df, ['region', 'product'], color='revenue')",
    "pie": "px.pie(df, names='region', values='revenue', color='region')",
    "scatter": "px.scatter(df, x='units', y='revenue', color='units', size='units', facet_col='region')",
    "scatter_geo": f"px.scatter_geo(df.assign({COUNTRIES}), locations='country', size='units')",
    "scatter_polar": "px.scatter_polar(df, r='revenue', theta='units', color='region')",
    "scatter_ternary": "px.scatter_ternary(df, a='units', b='revenue', c='units', color='region')",
    "strip": "px.strip(df, x='region', y='revenue', color='product')",
    "sunburst": "px.sunburst(df, path=['region', 'product'], values='revenue', color='revenue')",
    "timeline": "px.timeline(df.head(9).assign(end=pd.Timestamp('2023-02-01')), x_start='date',"
    " x_end='end', y='region', color='product')",
    "treemap": "px.treemap(df, path=[px.Constant('all'), 'region', 'product'], values='revenue')",
    "violin": "px.violin(df, x='region', y='revenue', box=True)",
}
REFUSED = {
    "choropleth_map": f"px.choropleth_map(df.assign({COUNTRIES}), geojson={{}}, locations='country')",
    "density_map": "px.density_map(df, lat='lat', lon='lon', z='revenue')",
    "line_3d": "px.line_3d(df, x='units', y='revenue', z='units')",
    "line_map": "px.line_map(df, lat='lat', lon='lon')",
    "parallel_coordinates": "px.parallel_coordinates(df, ['units', 'revenue'])",
    "scatter_3d": "px.scatter_3d(df, x='units', y='revenue', z='units')",
    "scatter_map": "px.scatter_map(df, lat='lat', lon='lon')",
    "scatter_matrix": "px.scatter_matrix(df, ['units', 'revenue'])",
}
OWN = {
    "title": "px.bar(df, x='region', y='revenue', title='A long title that says <b>everything</b> of'"
    " ' the revenue by region, as people write it in a notebook, in many words')",
    "legend": "px.histogram(df, x='region', y='revenue', color='product', template='plotly_white')"
    ".update_layout(legend=dict(x=0.7, y=0.9, orientation='v', bgcolor='white'), font=dict(size=13))",
    "right_axis": "make_subplots(specs=[[{'secondary_y': True}]])"
    ".add_bar(x=df['region'], y=df['revenue'], name='revenue', marker_color='crimson')"
    ".add_scatter(x=df['region'], y=df['units'] * 1e6, name='units', mode='markers', secondary_y=True)"
    ".update_yaxes(title_text='Units of all', secondary_y=True)",
    "height": "px.scatter(df, x='units', y='revenue', height=640, width=300).add_hline(y=50)",
    "left_names": "px.bar(df.assign(name=[None, *'The very long name of ' + df['region'][1:]]), x='revenue',"
    " y='name', orientation='h').update_layout(margin=dict(l=0, r=0, t=0, b=0))",
    "facets": "px.line(df, x='date', y='revenue', color='product', facet_col='region', facet_col_wrap=2)",
    "animation": "px.bar(df, x='region', y='revenue', animation_frame='product', range_y=[0, 2000])",
    "many_rows": "px.scatter(pd.concat([df] * 9), x='units', y='revenue', color='revenue')",
    "one_date": "px.line(df[df['date'] == df['date'].min()].assign(date='2024-03-01'), x='date', y='revenue')",
    "one_each": "go.Figure([go.Scatter(x=['2024-03-05'], y=[n], mode='lines', name=str(n)) for n in (1, 2)])",
    "few_days": "go.Figure(go.Scatter(x=['2024-03-05', '2024-03-06', '2024-03-08'], y=[1, 3, 2], mode='lines'))",
    "few_months": "go.Figure(go.Bar(x=['2024-01-01', '2024-02-01', '2024-03-01'], y=[1, 3, 2]))",
    "between_gaps": "go.Figure(go.Scatter(x=[1, 2, 3, 4, 5], y=[1, 2, None, 4, None], mode='lines'))",
    "number": "go.Figure(go.Indicator(mode='number+delta', value=3, delta={'reference': 2}))",
}


def write_chart(
    root: Path, name: str, code: str, dashboard: str, sql: str = ROWS, before: str = ""
) -> None:
    """Write the file of a chart, whose figure is an expression that follows statements."""
    text = CHART.format(name=name, dashboard=dashboard, sql=sql, code=f"{before}return {code}")
    (root / f"app/charts/{name}.py").write_text(text, "utf-8")


def write_charts(root: Path) -> None:
    """Write a chart for each function of plotly.express, on the dashboards Drawn and Refused."""
    for dashboard, charts in {"Drawn": DRAWN, "Refused": REFUSED, "Own": OWN}.items():
        for name, code in charts.items():
            write_chart(root, name, code, dashboard, before=PLACED)
