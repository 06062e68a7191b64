"""The dashboard in Dash, as its guide has it: one callback, memoised with flask-caching."""

import os
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.express as px
from dash import Dash, Input, Output, callback, dcc, html
from flask_caching import Cache

data = Path(os.environ["BENCH_DATA"])
if data.suffix == ".parquet":  # as one does with big data: the columns needed, texts as categories
    needed = ["order_date", "region", "product", "revenue"]
    sales = pd.read_parquet(data, columns=needed).astype(
        {"order_date": "datetime64[s]", "region": "category", "product": "category"}
    )
else:
    sales = pd.read_csv(data, parse_dates=["order_date"])
app = Dash(__name__, title="Sales")
server = app.server
cache = Cache(
    server,
    config={
        "CACHE_TYPE": "FileSystemCache",
        "CACHE_DIR": os.environ["BENCH_STATE"],
        "CACHE_DEFAULT_TIMEOUT": 0,
    },
)
KPIS = ("revenue", "orders", "average")
CHARTS = ("month", "region-bars", "product-bars", "histogram")

app.layout = html.Main(
    [
        html.H1("Sales"),
        dcc.Dropdown(sorted(sales["region"].unique()), multi=True, id="region"),
        html.Div(
            [
                html.Div([html.H2(name), html.P(id=name, className="value")], className="kpi")
                for name in KPIS
            ],
            style={"display": "flex", "gap": "2rem"},
        ),
        html.Div(
            [dcc.Graph(id=name) for name in CHARTS],
            style={"display": "grid", "gridTemplateColumns": "1fr 1fr"},
        ),
    ]
)


@callback(
    [Output(name, "children") for name in KPIS] + [Output(name, "figure") for name in CHARTS],
    Input("region", "value"),
)
def update(regions: list[str] | None) -> list[Any]:
    """Answer a choice of regions: the KPIs and the figures."""
    return answer(tuple(sorted(regions or ())))


@cache.memoize()
def answer(regions: tuple[str, ...]) -> list[Any]:
    """Return the texts of the KPIs and the figures for some regions, or for all."""
    df = sales[sales["region"].isin(regions)] if regions else sales
    by_month = df.groupby(df["order_date"].dt.to_period("M").dt.to_timestamp())["revenue"].sum()
    by_region = df.groupby("region", observed=True)["revenue"].sum().sort_values()
    by_product = df.groupby("product", observed=True)["revenue"].sum().sort_values()
    bins = (df["revenue"] // 100 * 100).value_counts().sort_index()
    return [
        f"{df['revenue'].sum():,.0f}",
        f"{len(df):,}",
        f"{df['revenue'].mean():,.2f}",
        px.line(by_month.reset_index(), x="order_date", y="revenue", title="Revenue by month"),
        px.bar(by_region.reset_index(), x="revenue", y="region", title="Revenue by region"),
        px.bar(by_product.reset_index(), x="revenue", y="product", title="Revenue by product"),
        px.bar(bins.reset_index(), x="revenue", y="count", title="Distribution of revenue"),
    ]
