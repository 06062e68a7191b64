"""The dashboard in Shiny: an output for the KPIs and one for the figures, from one cached calculation."""

import os
from pathlib import Path
from typing import Any

import pandas as pd
import plotly
import plotly.express as px
from shiny import App, Inputs, reactive, render, ui

PLOTLY_JS = Path(plotly.__file__).parent / "package_data"
sales = pd.read_csv(Path(os.environ["BENCH_DATA"]), parse_dates=["order_date"])
app_ui = ui.page_fluid(
    ui.head_content(ui.tags.script(src="static/plotly.min.js")),
    ui.h1("Sales"),
    ui.input_selectize("region", "Region", sorted(sales["region"].unique()), multiple=True),
    ui.output_ui("kpis"),
    ui.output_ui("charts"),
)


def server(input: Inputs) -> None:
    """Answer a session."""

    @reactive.calc
    def answer() -> tuple[dict[str, str], list[Any]]:
        regions = input.region()
        df = sales[sales["region"].isin(regions)] if regions else sales
        by_month = df.groupby(df["order_date"].dt.to_period("M").dt.to_timestamp())["revenue"].sum()
        by_region = df.groupby("region")["revenue"].sum().sort_values()
        by_product = df.groupby("product")["revenue"].sum().sort_values()
        bins = (df["revenue"] // 100 * 100).value_counts().sort_index()
        kpis = {
            "Revenue": f"{df['revenue'].sum():,.0f}",
            "Orders": f"{len(df):,}",
            "Average": f"{df['revenue'].mean():,.2f}",
        }
        return kpis, [
            px.line(by_month.reset_index(), x="order_date", y="revenue", title="Revenue by month"),
            px.bar(by_region.reset_index(), x="revenue", y="region", title="Revenue by region"),
            px.bar(by_product.reset_index(), x="revenue", y="product", title="Revenue by product"),
            px.bar(bins.reset_index(), x="revenue", y="count", title="Distribution of revenue"),
        ]

    @render.ui
    def kpis() -> ui.Tag:
        return ui.div(
            *(
                ui.div(ui.h2(name), ui.p(value, class_="value"), class_="kpi")
                for name, value in answer()[0].items()
            ),
            style="display: flex; gap: 2rem",
        )

    @render.ui
    def charts() -> ui.Tag:
        parts = (figure.to_html(full_html=False, include_plotlyjs=False) for figure in answer()[1])
        return ui.div(
            *(ui.div(ui.HTML(part)) for part in parts),
            style="display: grid; grid-template-columns: 1fr 1fr",
        )


app = App(app_ui, server, static_assets={"/static": PLOTLY_JS})
