"""The dashboard in Streamlit, as its guide has it: the script runs at each choice, data and answers are cached."""

import os
from typing import Any

import pandas as pd
import plotly.express as px
import streamlit as st

st.set_page_config(page_title="Sales", layout="wide")


@st.cache_data
def read() -> pd.DataFrame:
    """Return the sales, read once."""
    return pd.read_csv(os.environ["BENCH_DATA"], parse_dates=["order_date"])


@st.cache_data
def answer(regions: tuple[str, ...]) -> tuple[dict[str, str], list[Any]]:
    """Return the texts of the KPIs and the figures for some regions, or for all."""
    sales = read()
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


st.title("Sales")
chosen = st.multiselect("Region", sorted(read()["region"].unique()))
kpis, figures = answer(tuple(sorted(chosen)))
for column, (name, value) in zip(st.columns(len(kpis)), kpis.items(), strict=True):
    column.metric(name, value)
left, right = st.columns(2)
for number, figure in enumerate(figures):
    (right if number % 2 else left).plotly_chart(figure, key=str(number))
