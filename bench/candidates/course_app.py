"""The dashboard as courses teach it: Flask and pandas, figures by Plotly Express a request."""

import os
from pathlib import Path

import pandas as pd
import plotly
import plotly.express as px
from flask import Flask, render_template, request

PLOTLY_JS = Path(plotly.__file__).parent / "package_data"
sales = pd.read_csv(Path(os.environ["BENCH_DATA"]), parse_dates=["order_date"])
app = Flask(__name__, static_folder=str(PLOTLY_JS), static_url_path="/static")


@app.get("/")
def dashboard() -> str:
    """Show the dashboard for the regions that the form asks for."""
    chosen = request.args.getlist("region")
    df = sales[sales["region"].isin(chosen)] if chosen else sales
    by_month = df.groupby(df["order_date"].dt.to_period("M").dt.to_timestamp())["revenue"].sum()
    by_region = df.groupby("region")["revenue"].sum().sort_values()
    by_product = df.groupby("product")["revenue"].sum().sort_values()
    bins = (df["revenue"] // 100 * 100).value_counts().sort_index()
    figures = [
        px.line(by_month.reset_index(), x="order_date", y="revenue", title="Revenue by month"),
        px.bar(by_region.reset_index(), x="revenue", y="region", title="Revenue by region"),
        px.bar(by_product.reset_index(), x="revenue", y="product", title="Revenue by product"),
        px.bar(bins.reset_index(), x="revenue", y="count", title="Distribution of revenue"),
    ]
    return render_template(
        "course.html",
        regions=sorted(sales["region"].unique()),
        chosen=chosen,
        kpis={
            "Revenue": f"{df['revenue'].sum():,.0f}",
            "Orders": f"{len(df):,}",
            "Average": f"{df['revenue'].mean():,.2f}",
        },
        charts=[figure.to_html(full_html=False, include_plotlyjs=False) for figure in figures],
    )
