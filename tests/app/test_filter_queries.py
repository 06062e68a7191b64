"""What the filters of the generated app let through, offer and say."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.support.projects import START, alone, inside, start_error


def test_values_that_nobody_can_choose_are_not_kept(project: Path) -> None:
    inside(
        project,
        """
        assert get("/?region=North").status_code == 200
        before = cached_files()
        chart = "/charts/revenue-by-region/data.json"
        for query in ("region=Nowhere", "region=North&region=No", "date=x"):
            for url in (f"/?{query}", f"{chart}?{query}"):
                tag = get(url).headers["ETag"]
                assert get(url, **{"If-None-Match": tag}).status_code == 304
        assert cached_files() == before
        assert json.loads(get(f"{chart}?region=Nowhere").data)["rows"] == []
        assert get(f"{chart}?region=North&date.from=2023-02-01").headers["ETag"]
        """,
    )
    alone(
        project,
        """
        assert get("/?region=North").status_code == 200
        assert not {"pandas", "duckdb"} & set(sys.modules)
        """,
    )


def test_a_chosen_value_beyond_the_first_ones_stays(project: Path) -> None:
    inside(
        project,
        """
        from dataclasses import replace
        from app.engine.models import Filter
        for slug, chart in engine.charts.items():
            engine.charts[slug] = replace(chart, filters={**chart.filters, "region": "choice"})
        def control(*values):
            controls = engine.controls([*engine.charts.values()], [Filter("region", values)])
            return next(control for control in controls if control.column == "region")
        assert control().more == 0
        assert control().choices == ("East", "North", "South", "West")
        app.engine.query.MOST_CHOICES = 2
        data["sales"]._facts.cache_clear()
        assert control().more == 2
        assert control("West").choices == ("East", "North", "West")
        assert b'value="West" checked' in get("/?region=West").data
        assert "ETag" in get("/?region=West").headers
        before = cached_files()
        assert get("/?region=West&region=Nowhere").status_code == 200
        assert cached_files() == before
        """,
    )


def set_filters(project: Path, forms: str) -> None:
    """Give the chart of revenue by region these FILTERS."""
    path = project / "app/charts/revenue_by_region.py"
    text, n = re.subn(r"FILTERS = .*", f"FILTERS = {forms}", path.read_text("utf-8"))
    assert n == 1
    path.write_text(text, "utf-8")


ROWS = """
from urllib.parse import parse_qsl
from app.engine import filters
from werkzeug.datastructures import MultiDict
data["sales"].build()
charts = [*engine.charts.values()]
def rows(query):
    return client.get(f"/charts/total-revenue/data.json?{query}")
def active(query):
    return filters.from_query(MultiDict(parse_qsl(query, True)), engine.filter_forms(charts))
def count(query):
    return data["sales"].count(active(query))
def controls(query=""):
    return {control.column: control for control in engine.controls(charts, active(query))}
"""


def test_choices_are_those_of_the_rows_under_the_other_filters(project: Path) -> None:
    set_filters(project, '["date", "region", "product", "revenue"]')
    inside(
        project,
        """
        from app.engine.narrow import narrow
        all_rows = data["sales"].query("SELECT * FROM sales").assign(
            date=lambda df: df["date"].astype(str).str[:10]
        )
        def offered(query):
            return {
                control.column: control.within if control.ends[0] else
                    {choice for choice in control.choices if choice not in control.empty}
                for control in narrow([*controls(query).values()], active(query)) if control.data
            }
        def expected(**masks):
            answer = {}
            for column in ("date", "region", "product", "revenue"):
                rows = all_rows
                for other, mask in masks.items():
                    rows = rows[mask(rows[other])] if other != column else rows
                values = rows[column]
                ends = values.min(), values.max()
                ends = tuple(f"{end:.10g}" for end in ends) if column == "revenue" else ends
                answer[column] = ends if column in {"date", "revenue"} else set(values)
            return answer
        early, cheap = (lambda day: day <= "2023-01-02"), (lambda number: number <= 20)
        north = lambda region: region == "North"
        assert offered("region=North") == expected(region=north)
        assert offered("date.to=2023-01-02") == expected(date=early)
        assert len(offered("date.to=2023-01-02")["region"]) == 2
        assert offered("date.to=2023-01-02&region=North&revenue.to=20") == expected(
            date=early, region=north, revenue=cheap
        )
        empty = {"date": ("", ""), "region": set(), "product": set(), "revenue": ("", "")}
        assert offered("product=Juice&date.to=1999-01-01") == empty
        page = get("/?date.to=2023-01-01&region=West").text
        chosen = '<input type="checkbox" name="region" value="West" checked>'
        assert f'<label class="empty">{chosen}' in page
        assert '<label><input type="checkbox" name="region" value="North">' in page
        def fail(offers):
            raise AssertionError
        data["sales"].offered = fail  # a page without filters does not ask
        assert get("/").status_code == 200
        """,
        START + ROWS,
    )


def test_a_range_of_numbers_lets_its_rows_through(project: Path) -> None:
    set_filters(project, '["revenue", "units"]')
    inside(
        project,
        """
        control = controls("revenue.from=13.5&revenue.to=garbage")["revenue"]
        assert control.form == "range"
        chosen = control.chosen
        assert (chosen.low, chosen.high, control.ends) == ("13.5", "", ("13.5", "84.5"))
        assert controls()["units"].form == "choice"  # whole numbers, and few of them
        table = "SELECT revenue, units FROM sales"
        revenues = sorted(data["sales"].query(table)["revenue"])
        for query, expected in {
            "revenue.from=13.5": [r for r in revenues if r >= 13.5],
            "revenue.from=20&revenue.to=40.5": [r for r in revenues if 20 <= r <= 40.5],
            "revenue.to=1e1": [r for r in revenues if r <= 10],
            "revenue.from=nan": revenues, "revenue.from=inf": revenues, "revenue.to=": revenues,
            "revenue.from=2023-01-01": revenues,
            "revenue.from=40&revenue.to=30": [],
        }.items():
            assert count(query) == len(expected), query
        assert 0 < count("units.from=4&units.to=6") < len(revenues)
        # What anybody can type is not kept here; a browser may keep it.
        before = cached_files()
        assert rows("revenue.from=13.5").headers["Cache-Control"] == "no-cache"
        assert before == cached_files()
        assert "ETag" in rows("units=4").headers
        """,
        START + ROWS,
    )


def test_a_search_finds_text_as_it_is(project: Path) -> None:
    source = project / "data/sales.csv"
    odd = ["100% Tea", "100 Tea", "a_b", "aXb", "GRÜN", "back\\slash", "it's"]
    lines = [f"2024-05-{n + 1:02},{n},{odd[n % 7]},1,1" for n in range(28)]
    source.write_text(source.read_text("utf-8") + "\n".join(lines) + "\n", "utf-8")
    set_filters(project, '{"product": "search", "region": "single"}')
    inside(
        project,
        r"""
        assert controls("product.has=+tea+")["product"].chosen.text == "tea"
        assert controls()["region"].form == "single"
        for text, expected in {
            "100%25": 4, "0%25": 4, "%25": 4, "_": 4, "A_B": 4, "grün": 4, "GRün+": 4, "k\\s": 4,
            "t's": 4, "%00": 0, "nothing": 0, "": 388, "x"*5000: 0, "'+OR+1=1+--": 0,
        }.items():
            assert count(f"product.has={text}") == expected, text
        assert count("product.has=tea") == 8 + 120
        assert count("product.has=tea&product=100%25+Tea") == 4
        before = cached_files()
        assert rows("product.has=tea&product=100%25+Tea").headers["Cache-Control"] == "no-cache"
        assert before == cached_files()
        """,
        START + ROWS,
    )


def test_what_has_too_many_values_is_searched(project: Path) -> None:
    set_filters(project, '["product", "region"]')
    inside(
        project,
        """
        app.engine.query.MOST_CHOICES = 3
        assert controls()["product"].form == "choice"
        assert controls()["region"].form == "choice"
        page = get("/?region=East&region.has=a").text
        assert '<noscript><input type="search" name="region.has" value="a"' in page
        assert '<input type="hidden" name="region.has" value="a">' in page  # a script keeps it
        assert page.count('name="region" value=') == page.count('value="East" checked') == 1
        assert "ETag" in get("/?region=East").headers
        before = cached_files()
        assert get("/?region=Nowhere").status_code == 200
        assert cached_files() == before
        """,
        START + ROWS,
    )


@pytest.mark.parametrize(
    ("forms", "message"),
    [
        ('{"region": "range"}', "FILTERS has 'region' as 'range', but it is VARCHAR"),
        ('{"revenue": "days"}', "FILTERS has 'revenue' as 'days', but it is DOUBLE"),
        ('{"regon": "choice"}', "FILTERS has 'regon', which sales does not have"),
    ],
)
def test_a_form_that_does_not_fit_its_column_fails_its_chart(
    project: Path, forms: str, message: str
) -> None:
    set_filters(project, forms)
    code = 'data["sales"].build(); assert get("/").text.count("could not be drawn") == 1'
    assert message in inside(project, code)


def test_a_form_that_there_is_not_fails_at_the_start(project: Path) -> None:
    set_filters(project, '{"region": "dropdown"}')
    last = start_error(project)
    assert last.endswith(
        "app/charts/revenue_by_region.py: FILTERS has 'dropdown'. "
        "Write one of choice, single, range, days, search."
    )


def test_spans_of_days_end_with_the_data(project: Path) -> None:
    source = project / "data/sales.csv"
    header = source.read_text("utf-8").splitlines()[0]

    def spans(*days: str) -> list[str]:
        lines = [f"{day},North,Tea,1,{n}.5" for n, day in enumerate(days)]
        source.write_text("\n".join([header, *lines]) + "\n", "utf-8")
        code = """
            from app.engine.controls import presets
            data["sales"].build(force=True)
            spans = presets(controls("region=North")["date"], [])
            print(*(" ".join(span) for span in spans), sep="\\n")
            """
        set_filters(project, '["date"]')
        return inside(project, code, START + ROWS).strip().splitlines()

    assert spans(*(f"2024-{m:02}-{d:02}" for m in (1, 2, 3) for d in range(1, 29, 3))) == [
        "Last 7 days date.from=2024-03-22&date.to=2024-03-28",
        "Last 30 days date.from=2024-02-28&date.to=2024-03-28",
        "Last week date.from=2024-03-18&date.to=2024-03-24",
        "This month date.from=2024-03-01&date.to=2024-03-28",
    ]  # this year is all of it, and 90 days ago there was nothing
    assert spans(*(f"{y}-{m:02}-01" for y in (2022, 2023, 2024) for m in range(1, 13))) == [
        "Last 90 days date.from=2024-09-03&date.to=2024-12-01",
        "This quarter date.from=2024-10-01&date.to=2024-12-01",
        "Last quarter date.from=2024-07-01&date.to=2024-09-30",
        "This year date.from=2024-01-01&date.to=2024-12-01",
        "Last year date.from=2023-01-01&date.to=2023-12-31",
    ]
    assert spans(*(f"{y}-01-01" for y in range(1990, 2024))) == []
    days = (date(2022, 1, 1) + timedelta(n) for n in range(960))  # to Saturday, 2024-08-17
    assert [span.split(" date")[0] for span in spans(*map(str, days))] == [
        *("Last 7 days", "Last 30 days", "Last 90 days", "This week", "This month"),
        *("This quarter", "This year", "Last year"),
    ]  # at most eight
    days = (date(2023, 1, 1) + timedelta(n) for n in range(393))  # to Sunday, 2024-01-28
    assert [span.split(" date")[0] for span in spans(*map(str, days))] == [
        *("Last 7 days", "Last 30 days", "Last 90 days", "Last week", "This month"),
        *("Last quarter", "Last year"),
    ]  # without names for the same days


def test_chips_name_each_active_filter_and_link_to_the_page_without_it(project: Path) -> None:
    set_filters(project, '["date", "region", "product", "revenue"]')
    inside(
        project,
        """
        import html, re
        data["sales"].build()
        def chips(query):
            page = get(f"/?{query}").text
            chips = re.findall(r'<a class="chip" href="[?]([^"]*)"[^>]*>([^<]*)<', page)
            return {html.unescape(text): html.unescape(link) for link, text in chips}, page
        query = "date.from=2023-02-01&date.to=2023-02-28&region=East&region=North&product.has=te"
        links, page = chips(query + "&revenue.to=40&nonsense=1&revenue.from=x")
        assert links == {
            "Date: 2023-02-01 \u2013 2023-02-28":
                "region=East&region=North&product.has=te&revenue.to=40",
            "Region: East": "date.from=2023-02-01&date.to=2023-02-28&region=North"
                "&product.has=te&revenue.to=40",
            "Region: North": "date.from=2023-02-01&date.to=2023-02-28&region=East"
                "&product.has=te&revenue.to=40",
            "Product has “te”": "date.from=2023-02-01&date.to=2023-02-28&region=East"
                "&region=North&revenue.to=40",
            "Revenue: to 40": query,
        }
        assert re.search(r"<span>[1-9] of 360 rows</span>", page)
        assert page.count('class="reset"') == 1
        for link in links.values():
            assert len(chips(link)[0]) == 4
        links, page = chips("")
        assert not links and 'class="reset"' not in page and "<span>360 rows</span>" in page
        links, _ = chips("&".join(f"region={n}" for n in range(9)))
        assert links == {"Region: 9 values": ""}
        hostile = "</a><script>alert(1)</script>"
        links, page = chips(f"region={hostile}&product.has={hostile}")
        assert hostile not in page and f"Region: {hostile}" in links
        """,
    )


def test_counts_of_several_loaders(project: Path) -> None:
    (project / "app/loaders/costs.py").write_text(
        "import pandas as pd\n\nSOURCE = __file__\n\n\ndef load():\n"
        "    return pd.DataFrame({'region': ['North', 'South'] * 3, 'cost': range(6)})\n",
        "utf-8",
    )
    chart = (project / "app/charts/total_revenue.py").read_text("utf-8")
    costs = chart.replace('"sales"', '"costs"').replace("sum(revenue)", "sum(cost)")
    costs = costs.replace("FROM sales", "FROM costs")
    costs = re.sub("FILTERS = .*", 'FILTERS = ["region"]', costs)
    (project / "app/charts/costs.py").write_text(costs, "utf-8")
    inside(
        project,
        """
        data["sales"].build(), data["costs"].build()
        page = get("/?region=North").text
        assert "<span>costs: 3 of 6 rows</span>" in page
        assert "<span>sales: " in page and " of 360 rows</span>" in page
        page = get("/?date.to=2023-01-10").text
        assert "<span>costs: 6 of 6 rows</span>" in page  # it has no dates
        assert "<span>sales: 10 of 360 rows</span>" in page
        """,
    )


def test_no_data_is_said_of_each_kind(project: Path) -> None:
    inside(
        project,
        """
        import re
        data["sales"].build()
        page = get("/?date.to=1999-01-01").text
        cards = dict(re.findall(r'<article [^>]*id="([^"]*)"[^>]*>(.*?)</article>', page, re.S))
        assert len(cards) >= 8
        for slug, card in cards.items():
            empty = "No data for these filters." in card
            assert empty or (slug == "rows-chart" and '<p class="value">0</p>' in card), slug
            assert empty == ("No data for" in get(f"/charts/{slug}?date.to=1999-01-01").text)
        """,
    )


def test_a_default_applies_until_the_url_names_its_column(project: Path) -> None:
    set_filters(
        project, '{"date": "days=this year", "region": "=North, East", "units": "range=5.."}'
    )
    inside(
        project,
        """
        import html, re
        from urllib.parse import unquote_plus
        sales = data["sales"].query("SELECT * FROM sales")
        year = sales["date"].astype(str) >= "2024"
        chosen, many = sales["region"].isin(["North", "East"]), sales["units"] >= 5
        def page(query=""):
            text = get(f"/?{query}").text
            passed = re.search("<span>([0-9]+)(?: of 360)? rows</span>", text)[1]
            chips = re.findall(r'<a class="chip" href="[?]([^"]*)"[^>]*>([^<]*)<', text)
            return int(passed), {label: unquote_plus(html.unescape(url)) for url, label in chips}
        assert page() == (sum(year & chosen & many), {
            "Date: 2024-01-01 \u2013 2024-01-24": "date=", "Region: East": "region=North",
            "Region: North": "region=East", "Units: from 5": "units=",
        })
        assert page("region=") == (sum(year & many), {
            "Date: 2024-01-01 \u2013 2024-01-24": "region=&date=", "Units: from 5": "region=&units=",
        })
        assert page("date=&region=&units=") == (360, {})
        assert page("date.from=x&region=West&units.to=6")[0] == sum(
            (sales["region"] == "West") & (sales["units"] <= 6)
        )
        assert page("region=West&date=")[1] == {
            "Region: West": "date=&region=", "Units: from 5": "date=&region=West&units="
        }
        text = get("/").text
        assert 'class="reset"' not in text and 'class="reset"' in get("/?region=").text
        assert 'data-default="date.from=2024-01-01&amp;date.to=2024-01-24"' in text
        assert 'data-default="region=East&amp;region=North"' in text
        assert 'value="North" checked' in text and 'name="units.from" value="5"' in text
        assert 'href="?date.from=2023-12-26&amp;date.to=2024-01-24">Last 30 days' in text
        # Links, rows and files agree.
        assert 'href="/charts/total-revenue"' in text
        assert 'href="/charts/total-revenue?region="' in get("/?region=").text
        total = "/charts/total-revenue/data.json"
        rows = lambda query: round(json.loads(get(f"{total}?{query}").data)["rows"][0][0], 2)
        assert rows("") == sales["revenue"][year & chosen & many].sum()
        assert rows("region=&units=") == round(sales["revenue"][year].sum(), 2)
        assert get("/charts/total-revenue.csv").text.split()[1] == f"{rows('')}"
        before = get("/").headers["ETag"]
        assert len({before, get("/?region=").headers["ETag"], get("/?date=").headers["ETag"]}) == 3
        """,
        START + ROWS,
    )
    alone(
        project,
        """
        assert get("/").status_code == get("/?region=").status_code == 200
        assert not {"pandas", "duckdb"} & set(sys.modules)
        """,
    )


@pytest.mark.parametrize(
    ("forms", "message"),
    [
        (
            '{"date": "days=this yaer"}',
            "FILTERS has 'date' with the default 'this yaer'. Write one of last 7 days,",
        ),
        (
            '{"date": "days=2024-01-31..x"}',
            "this year, last year, or days such as 2024-01-31..2024-02-29.",
        ),
        (
            '{"revenue": "range=10"}',
            "FILTERS has 'revenue' with the default '10'. Write limits such as 10..20, 10.. or ..20.",
        ),
        (
            '{"region": "single=North, South"}',
            "FILTERS has 'region' with the default 'North, South'. Write one value, such as North.",
        ),
        ('{"region": "choice=,"}', "with the default ','. Write values, such as North, East."),
        ('{"region": "choice="}', "with the default ''. Write values, such as North, East."),
    ],
)
def test_a_default_that_does_not_fit_fails_its_chart(
    project: Path, forms: str, message: str
) -> None:
    set_filters(project, forms)
    code = 'data["sales"].build(); assert get("/").text.count("could not be drawn") == 1'
    assert message in inside(project, code)


def test_defaults_of_each_form(project: Path) -> None:
    set_filters(project, '["date"]')
    inside(
        project,
        """
        from app.engine.defaults import default_filter
        from app.engine.controls import find_controls
        def default(column, declared):
            control, = find_controls([data["sales"]], {column: declared}, ())
            return filters.to_pairs([default_filter(control)])
        assert default("date", "=Last 30 Days") == [
            ("date.from", "2023-12-26"), ("date.to", "2024-01-24")
        ]
        assert default("date", "days=..2023-05-01") == [("date.to", "2023-05-01")]
        assert default("revenue", "=10 .. 20.50") == [
            ("revenue.from", "10"), ("revenue.to", "20.5")
        ]
        assert default("units", "=4") == [("units", "4")]
        assert default("region", "single=North") == [("region", "North")]
        assert default("product", "search=tea, x") == [("product.has", "tea, x")]
        """,
        START + ROWS,
    )


def test_all_but_some_values_and_missing_ones(project: Path) -> None:
    source = project / "data/sales.csv"
    lines = [f"2024-05-{n + 1:02},{'' if n % 2 else 'North'},Tea,{n},1.5" for n in range(8)]
    source.write_text(source.read_text("utf-8") + "\n".join(lines) + "\n", "utf-8")
    set_filters(project, '{"region": "", "product": "single", "units": ""}')
    inside(
        project,
        """
        import html, re
        regions = data["sales"].query("SELECT region FROM sales")["region"]
        north, blank = regions == "North", regions.isna()
        assert blank.sum() == 4
        for query, expected in {
            "region.not=North": ~north, "region.not=North&region.not=East":
                ~regions.isin(["North", "East"]),
            "region.blank=1": blank, "region.blank=0": ~blank,
            "region.blank=1&region=North": blank | north,
            "region.blank=0&region.not=North": ~blank & ~north,
            "region.not=&region=North": ~north,  # a form without a script
            "region.not=&region.blank=1": ~blank, "region.not=": north | True,
            "region.not=x'+OR+1=1+--": north | True,
        }.items():
            assert count(query) == expected.sum(), query
            pairs = filters.to_pairs(active(query))
            assert filters.from_query(MultiDict(pairs), {"region": ""}) == active(query)
        control = controls("region.not=North&region.blank=0")["region"]
        assert control.choices == ("East", "North", "South", "West", "")
        assert controls()["product"].choices == ("Cocoa", "Coffee", "Tea")
        def page(query):
            text = get(f"/?{query}").text
            chips = re.findall(r'<a class="chip" href="[?]([^"]*)"[^>]*>([^<]*)<', text)
            return text, {label: html.unescape(url) for url, label in chips}
        text, chips = page("region.not=North&region.blank=0")
        assert chips == {
            "Region: not blank": "region.not=North", "Region: not North": "region.blank=0"
        }
        assert '<span class="count">not 2</span>' in text
        assert 'name="region.not" value="" checked' in text
        assert 'name="region.blank" value="1" checked> (blank)' in text
        assert page("region.blank=1")[1] == {"Region: blank": ""}
        many = "&".join(f"region.not={n}" for n in range(9))
        assert page(many)[1] == {"Region: not 9 values": ""}
        assert "ETag" in get("/?region.not=North").headers
        before = cached_files()
        assert get("/?region.not=Nowhere").status_code == 200
        assert cached_files() == before
        """,
        START + ROWS,
    )
